//! A user as created and as described.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, CreateUser, IdentityInfo, PersistentConnectionConfig,
    PhoneConfig, PhoneNumberConfig, PhoneType, VoiceEnhancementConfig, VoiceEnhancementMode,
};

use crate::fixture::Fixture;

pub(crate) async fn an_instance_is_described(fixture: &Fixture<'_>) {
    let instance = &fixture.instance;
    assert!(instance.arn.ends_with(&format!(":instance/{}", instance.id)), "{instance:?}");
    assert!(instance.identity_management_type.is_some());
    assert_eq!(instance.status.as_deref(), Some("ACTIVE"));
}

pub(crate) fn desk_phone() -> PhoneConfig {
    PhoneConfig {
        phone_type: PhoneType::DeskPhone,
        auto_accept: true,
        after_contact_work_time_limit: 45,
        desk_phone_number: Some("+12065550142".into()),
        persistent_connection: Some(false),
    }
}

pub(crate) async fn a_user_is_described_as_it_was_created(fixture: &Fixture<'_>) {
    let phone_config = desk_phone();
    let identity_info = IdentityInfo {
        first_name: Some("Jane".into()),
        last_name: Some("Doe".into()),
        email: None,
        secondary_email: Some("jane.doe@example.com".into()),
        mobile: Some("+12065550143".into()),
    };
    let group = fixture.hierarchy_group(1).await.id;
    let mut request = CreateUser {
        identity_info: Some(identity_info.clone()),
        phone_config: Some(phone_config.clone()),
        security_profile_ids: [fixture.security_profile(2), fixture.security_profile(0)].into(),
        routing_profile_id: fixture.routing_profile(1),
        hierarchy_group_id: Some(group.clone()),
        ..fixture.new_user()
    };
    request.tags.insert("a key/with:odd_signs+and-more@home=1".into(), String::new());
    let user = fixture.user(request.clone()).await;
    assert_eq!(user.arn, format!("{}/agent/{}", fixture.instance.arn, user.id));
    assert_eq!((user.username, user.identity_info, user.phone_config), (request.username, identity_info, Some(phone_config)));
    assert_eq!(user.security_profile_ids, request.security_profile_ids);
    assert_eq!((user.routing_profile_id, user.hierarchy_group_id), (Some(fixture.routing_profile(1)), Some(group)));
    assert_eq!(user.tags, request.tags);
    assert!(user.directory_user_id.is_some_and(|id| !id.is_empty()), "Connect generates one");
    assert!(user.last_modified_time.is_some());
}

pub(crate) async fn a_user_needs_no_more_than_the_api_requires(fixture: &Fixture<'_>) {
    let request = CreateUser { tags: Default::default(), ..fixture.new_user() };
    let user = fixture.user(request.clone()).await;
    assert_eq!((user.username, user.hierarchy_group_id), (request.username, None));
    assert_eq!((user.tags, user.security_profile_ids), (Default::default(), request.security_profile_ids));
    assert_eq!((user.identity_info.mobile, user.identity_info.secondary_email), (None, None));
}

pub(crate) async fn settings_by_channel_are_taken_at_creation(fixture: &Fixture<'_>) {
    let channel_configs = ChannelConfigs {
        auto_accept: Some(vec![AutoAcceptConfig::new(Channel::Chat, true)]),
        after_contact_work: Some(vec![AfterContactWorkConfig {
            agent_first_callback_after_contact_work_time_limit: Some(20),
            ..AfterContactWorkConfig::new(Channel::Voice, 30)
        }]),
        phone_number: Some(vec![PhoneNumberConfig {
            channel: Channel::Voice,
            phone_type: PhoneType::DeskPhone,
            phone_number: Some("+12065550144".into()),
        }]),
        persistent_connection: Some(vec![PersistentConnectionConfig { channel: Channel::Voice, persistent_connection: true }]),
        voice_enhancement: Some(vec![VoiceEnhancementConfig {
            channel: Channel::Voice,
            voice_enhancement_mode: VoiceEnhancementMode::NoiseSuppression,
        }]),
    };
    let user = fixture.user(CreateUser { channel_configs: channel_configs.clone(), ..fixture.new_user() }).await;
    assert_shown(&user.channel_configs, &channel_configs);
}

/// Asserts that every given setting is shown. Others may be shown too.
pub(crate) fn assert_shown(shown: &ChannelConfigs, given: &ChannelConfigs) {
    fn assert_in<T: PartialEq + std::fmt::Debug>(shown: Option<&Vec<T>>, given: Option<&Vec<T>>) {
        for setting in given.into_iter().flatten() {
            assert!(shown.is_some_and(|shown| shown.contains(setting)), "{setting:?} is not in {shown:?}");
        }
    }
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } = given;
    assert_in(shown.auto_accept.as_ref(), auto_accept.as_ref());
    assert_in(shown.after_contact_work.as_ref(), after_contact_work.as_ref());
    assert_in(shown.phone_number.as_ref(), phone_number.as_ref());
    assert_in(shown.persistent_connection.as_ref(), persistent_connection.as_ref());
    assert_in(shown.voice_enhancement.as_ref(), voice_enhancement.as_ref());
}
