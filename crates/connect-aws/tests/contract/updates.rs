//! Updates, each of which changes its own fields only.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, CreateUser, IdentityInfo, PhoneConfig, PhoneType,
    UpdateUserConfig, UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserPhoneConfig, UpdateUserRoutingProfile,
    UpdateUserSecurityProfiles, User,
};

use crate::{fixture::Fixture, users::assert_shown};

pub(crate) async fn identity_info_is_replaced(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    for (first, mobile) in [("Erika", "+12065550145"), ("Max", "+12065550146")] {
        let identity_info = IdentityInfo {
            first_name: Some(first.into()),
            last_name: Some("Mustermann".into()),
            email: user.identity_info.email.clone(),
            secondary_email: Some(format!("{first}@example.com")),
            mobile: Some(mobile.into()),
        };
        let request = UpdateUserIdentityInfo {
            instance: fixture.instance.id.clone(),
            user: user.id.clone(),
            identity_info: identity_info.clone(),
        };
        fixture.call(request).await.unwrap();
        fixture.assert_is(User { identity_info, ..user.clone() }).await;
    }
}

pub(crate) async fn the_phone_config_is_replaced_zero_values_included(fixture: &Fixture<'_>) {
    let full = PhoneConfig {
        phone_type: PhoneType::DeskPhone,
        auto_accept: true,
        after_contact_work_time_limit: 60,
        desk_phone_number: Some("+12065550147".into()),
        persistent_connection: Some(true),
    };
    let user = fixture.user(CreateUser { phone_config: Some(full.clone()), ..fixture.new_user() }).await;
    assert_eq!(user.phone_config.as_ref(), Some(&full));
    let off = PhoneConfig { persistent_connection: Some(false), ..PhoneConfig::default() };
    for phone_config in [off, full] {
        let request = UpdateUserPhoneConfig {
            instance: fixture.instance.id.clone(),
            user: user.id.clone(),
            phone_config: phone_config.clone(),
        };
        fixture.call(request).await.unwrap();
        let channel_configs = fixture.describe(&user.id).await.unwrap().channel_configs;
        fixture.assert_is(User { phone_config: Some(phone_config), channel_configs, ..user.clone() }).await;
    }
}

pub(crate) async fn settings_by_channel_are_set(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    for (auto_accept, seconds) in [(true, 15), (false, 0)] {
        let channel_configs = ChannelConfigs {
            auto_accept: Some(
                Channel::ALL
                    .map(|channel| AutoAcceptConfig { channel, auto_accept, agent_first_callback_auto_accept: None })
                    .into(),
            ),
            after_contact_work: Some(
                Channel::ALL
                    .map(|channel| AfterContactWorkConfig {
                        channel,
                        after_contact_work_time_limit: seconds,
                        agent_first_callback_after_contact_work_time_limit: None,
                    })
                    .into(),
            ),
            ..ChannelConfigs::default()
        };
        let request = UpdateUserConfig {
            instance: fixture.instance.id.clone(),
            user: user.id.clone(),
            channel_configs: channel_configs.clone(),
        };
        fixture.call(request).await.unwrap();
        let now = fixture.describe(&user.id).await.unwrap();
        assert_shown(&now.channel_configs, &channel_configs);
        fixture
            .assert_is(User {
                phone_config: now.phone_config.clone(),
                channel_configs: now.channel_configs.clone(),
                ..user.clone()
            })
            .await;
    }
}

pub(crate) async fn the_routing_profile_is_set(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    for n in [1, 0] {
        let routing_profile_id = fixture.routing_profile(n);
        let request = UpdateUserRoutingProfile {
            instance: fixture.instance.id.clone(),
            user: user.id.clone(),
            routing_profile_id: routing_profile_id.clone(),
        };
        fixture.call(request).await.unwrap();
        fixture.assert_is(User { routing_profile_id: Some(routing_profile_id), ..user.clone() }).await;
    }
}

pub(crate) async fn the_security_profiles_are_replaced(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    for set in [&[1, 2][..], &[0, 1, 2], &[2]] {
        let security_profile_ids: std::collections::BTreeSet<_> = set.iter().map(|n| fixture.security_profile(*n)).collect();
        let request = UpdateUserSecurityProfiles {
            instance: fixture.instance.id.clone(),
            user: user.id.clone(),
            security_profile_ids: security_profile_ids.clone(),
        };
        fixture.call(request).await.unwrap();
        fixture.assert_is(User { security_profile_ids, ..user.clone() }).await;
    }
}

pub(crate) async fn the_hierarchy_group_is_set_and_cleared(fixture: &Fixture<'_>) {
    let user = fixture.user(fixture.new_user()).await;
    let groups = [fixture.hierarchy_group(0).await.id, fixture.hierarchy_group(1).await.id];
    let [first, second] = groups.map(Some);
    for hierarchy_group_id in [first, second, None, None] {
        let request = UpdateUserHierarchy {
            instance: fixture.instance.id.clone(),
            user: user.id.clone(),
            hierarchy_group_id: hierarchy_group_id.clone(),
        };
        fixture.call(request).await.unwrap();
        fixture.assert_is(User { hierarchy_group_id, ..user.clone() }).await;
    }
}
