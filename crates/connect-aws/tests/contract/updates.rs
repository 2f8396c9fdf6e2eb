//! Updates, each of which changes its own fields only.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, CreateUser, IdentityInfo, PhoneConfig, UpdateUserConfig,
    UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserPhoneConfig, UpdateUserRoutingProfile, UpdateUserSecurityProfiles,
    User,
};

use crate::{
    fixture::Fixture,
    users::{assert_shown, desk_phone},
};

pub(crate) async fn identity_info_is_replaced(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let update = |identity_info| UpdateUserIdentityInfo { instance: fixture.id(), user: user.id.clone(), identity_info };
    for (first, mobile) in [("Erika", "+12065550145"), ("Max", "+12065550146")] {
        let identity_info = IdentityInfo {
            first_name: Some(first.into()),
            last_name: Some("Mustermann".into()),
            email: user.identity_info.email.clone(),
            secondary_email: Some(format!("{}@example.com", first.to_lowercase())),
            mobile: Some(mobile.into()),
        };
        fixture.call(update(identity_info.clone())).await.unwrap();
        fixture.assert_is(User { identity_info, ..user.clone() }).await;
    }
}

pub(crate) async fn the_phone_config_is_replaced_zero_values_included(fixture: &Fixture<'_>) {
    let full = PhoneConfig { persistent_connection: Some(true), ..desk_phone() };
    let user = fixture.user(CreateUser { phone_config: Some(full.clone()), ..fixture.new_user() }).await;
    assert_eq!(user.phone_config.as_ref(), Some(&full));
    let off = PhoneConfig { persistent_connection: Some(false), ..PhoneConfig::default() };
    let update = |phone_config| UpdateUserPhoneConfig { instance: fixture.id(), user: user.id.clone(), phone_config };
    for phone_config in [off, full] {
        fixture.call(update(phone_config.clone())).await.unwrap();
        let channel_configs = fixture.describe(&user.id).await.unwrap().channel_configs;
        fixture.assert_is(User { phone_config: Some(phone_config), channel_configs, ..user.clone() }).await;
    }
}

pub(crate) async fn settings_by_channel_are_set(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let update = |channel_configs| UpdateUserConfig { instance: fixture.id(), user: user.id.clone(), channel_configs };
    for (auto_accept, seconds) in [(true, 15), (false, 0)] {
        let channel_configs = ChannelConfigs {
            auto_accept: Some(Channel::ALL.map(|channel| AutoAcceptConfig::new(channel, auto_accept)).into()),
            after_contact_work: Some(Channel::ALL.map(|channel| AfterContactWorkConfig::new(channel, seconds)).into()),
            ..ChannelConfigs::default()
        };
        fixture.call(update(channel_configs.clone())).await.unwrap();
        let User { phone_config, channel_configs: shown, .. } = fixture.describe(&user.id).await.unwrap();
        assert_shown(&shown, &channel_configs);
        fixture.assert_is(User { phone_config, channel_configs: shown, ..user.clone() }).await;
    }
}

pub(crate) async fn the_routing_profile_is_set(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let update =
        |routing_profile_id| UpdateUserRoutingProfile { instance: fixture.id(), user: user.id.clone(), routing_profile_id };
    for n in [1, 0] {
        let routing_profile_id = fixture.routing_profile(n);
        fixture.call(update(routing_profile_id.clone())).await.unwrap();
        fixture.assert_is(User { routing_profile_id: Some(routing_profile_id), ..user.clone() }).await;
    }
}

pub(crate) async fn the_security_profiles_are_replaced(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let update =
        |security_profile_ids| UpdateUserSecurityProfiles { instance: fixture.id(), user: user.id.clone(), security_profile_ids };
    for set in [&[1, 2][..], &[0, 1, 2], &[2]] {
        let security_profile_ids: std::collections::BTreeSet<_> = set.iter().map(|n| fixture.security_profile(*n)).collect();
        fixture.call(update(security_profile_ids.clone())).await.unwrap();
        fixture.assert_is(User { security_profile_ids, ..user.clone() }).await;
    }
}

pub(crate) async fn the_hierarchy_group_is_set_and_cleared(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let groups = [fixture.hierarchy_group(0).await.id, fixture.hierarchy_group(1).await.id];
    let [first, second] = groups.map(Some);
    let update = |hierarchy_group_id| UpdateUserHierarchy { instance: fixture.id(), user: user.id.clone(), hierarchy_group_id };
    for hierarchy_group_id in [first, second, None, None] {
        fixture.call(update(hierarchy_group_id.clone())).await.unwrap();
        fixture.assert_is(User { hierarchy_group_id, ..user.clone() }).await;
    }
}
