//! Each update changes its own fields, and no others.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, CreateUser, IdentityInfo, PhoneConfig, PhoneType,
    UpdateUserConfig, UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserPhoneConfig, UpdateUserRoutingProfile,
    UpdateUserSecurityProfiles, User,
};

use crate::{place::Place, users::assert_shown};

pub(crate) async fn identity_info_is_replaced(place: &Place<'_>) {
    let user = place.user(place.new_user()).await;
    for (first, mobile) in [("Erika", "+12065550145"), ("Max", "+12065550146")] {
        let identity_info = IdentityInfo {
            first_name: Some(first.into()),
            last_name: Some("Mustermann".into()),
            email: user.identity_info.email.clone(),
            secondary_email: Some(format!("{first}@example.com")),
            mobile: Some(mobile.into()),
        };
        let request = UpdateUserIdentityInfo {
            instance: place.instance.id.clone(),
            user: user.id.clone(),
            identity_info: identity_info.clone(),
        };
        place.call(request).await.unwrap();
        place.assert_is(User { identity_info, ..user.clone() }).await;
    }
}

pub(crate) async fn the_phone_config_is_replaced_zero_values_included(place: &Place<'_>) {
    let full = PhoneConfig {
        phone_type: PhoneType::DeskPhone,
        auto_accept: true,
        after_contact_work_time_limit: 60,
        desk_phone_number: Some("+12065550147".into()),
        persistent_connection: Some(true),
    };
    let user = place.user(CreateUser { phone_config: Some(full.clone()), ..place.new_user() }).await;
    assert_eq!(user.phone_config.as_ref(), Some(&full));
    let off = PhoneConfig { persistent_connection: Some(false), ..PhoneConfig::default() };
    for phone_config in [off, full] {
        let request = UpdateUserPhoneConfig {
            instance: place.instance.id.clone(),
            user: user.id.clone(),
            phone_config: phone_config.clone(),
        };
        place.call(request).await.unwrap();
        let channel_configs = place.describe(&user.id).await.unwrap().channel_configs;
        place.assert_is(User { phone_config: Some(phone_config), channel_configs, ..user.clone() }).await;
    }
}

pub(crate) async fn settings_by_channel_are_set(place: &Place<'_>) {
    let user = place.user(place.new_user()).await;
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
            instance: place.instance.id.clone(),
            user: user.id.clone(),
            channel_configs: channel_configs.clone(),
        };
        place.call(request).await.unwrap();
        let now = place.describe(&user.id).await.unwrap();
        assert_shown(&now.channel_configs, &channel_configs);
        place
            .assert_is(User {
                phone_config: now.phone_config.clone(),
                channel_configs: now.channel_configs.clone(),
                ..user.clone()
            })
            .await;
    }
}

pub(crate) async fn the_routing_profile_is_set(place: &Place<'_>) {
    let user = place.user(place.new_user()).await;
    for n in [1, 0] {
        let routing_profile_id = place.routing_profile(n);
        let request = UpdateUserRoutingProfile {
            instance: place.instance.id.clone(),
            user: user.id.clone(),
            routing_profile_id: routing_profile_id.clone(),
        };
        place.call(request).await.unwrap();
        place.assert_is(User { routing_profile_id: Some(routing_profile_id), ..user.clone() }).await;
    }
}

pub(crate) async fn the_security_profiles_are_replaced(place: &Place<'_>) {
    let user = place.user(place.new_user()).await;
    for set in [&[1, 2][..], &[0, 1, 2], &[2]] {
        let security_profile_ids: std::collections::BTreeSet<_> = set.iter().map(|n| place.security_profile(*n)).collect();
        let request = UpdateUserSecurityProfiles {
            instance: place.instance.id.clone(),
            user: user.id.clone(),
            security_profile_ids: security_profile_ids.clone(),
        };
        place.call(request).await.unwrap();
        place.assert_is(User { security_profile_ids, ..user.clone() }).await;
    }
}

pub(crate) async fn the_hierarchy_group_is_set_and_cleared(place: &Place<'_>) {
    let user = place.user(place.new_user()).await;
    let groups = [place.hierarchy_group(0).await.id, place.hierarchy_group(1).await.id];
    let [first, second] = groups.map(Some);
    for hierarchy_group_id in [first, second, None, None] {
        let request = UpdateUserHierarchy {
            instance: place.instance.id.clone(),
            user: user.id.clone(),
            hierarchy_group_id: hierarchy_group_id.clone(),
        };
        place.call(request).await.unwrap();
        place.assert_is(User { hierarchy_group_id, ..user.clone() }).await;
    }
}
