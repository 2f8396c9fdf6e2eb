//! Requests, values with every member set, and their JSON.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, CreateUser, DescribeUser, IdentityInfo,
    PersistentConnectionConfig, PhoneConfig, PhoneNumberConfig, PhoneType, VoiceEnhancementConfig, VoiceEnhancementMode,
};
use serde_json::{Value, json};

use crate::server::ScriptedAnswer;

pub(crate) fn minimal_create() -> CreateUser {
    CreateUser::new("11111111-aaaa-4bbb-8ccc-000000000001", "jdoe", "rp-1", ["sp-2", "sp-1"])
}

pub(crate) fn describe_user() -> DescribeUser {
    DescribeUser { instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(), user: "user-1".into() }
}

/// Answers [`describe_user`] with a user that has nothing but the required members.
pub(crate) fn minimal_user() -> ScriptedAnswer {
    ScriptedAnswer::json(json!({"User": {"Id": "user-1", "Arn": "user-arn", "Username": "jdoe"}}))
}

/// Returns an object with the members of both.
pub(crate) fn merged(mut one: Value, other: Value) -> Value {
    let Value::Object(other) = other else { panic!("not an object: {other}") };
    one.as_object_mut().unwrap().extend(other);
    one
}

pub(crate) fn full_identity() -> IdentityInfo {
    IdentityInfo {
        first_name: Some("Jane".into()),
        last_name: Some("Doe".into()),
        email: Some("jane@example.com".into()),
        secondary_email: Some("doe@example.org".into()),
        mobile: Some("+15555550101".into()),
    }
}

pub(crate) fn identity_json() -> Value {
    json!({"FirstName": "Jane", "LastName": "Doe", "Email": "jane@example.com", "SecondaryEmail": "doe@example.org",
        "Mobile": "+15555550101"})
}

pub(crate) fn full_phone() -> PhoneConfig {
    PhoneConfig {
        phone_type: PhoneType::DeskPhone,
        auto_accept: true,
        after_contact_work_time_limit: 45,
        desk_phone_number: Some("+15555550102".into()),
        persistent_connection: Some(false),
    }
}

pub(crate) fn phone_json() -> Value {
    json!({"PhoneType": "DESK_PHONE", "AutoAccept": true, "AfterContactWorkTimeLimit": 45, "DeskPhoneNumber": "+15555550102",
        "PersistentConnection": false})
}

pub(crate) fn full_channels() -> ChannelConfigs {
    ChannelConfigs {
        auto_accept: Some(vec![
            AutoAcceptConfig { agent_first_callback_auto_accept: Some(false), ..AutoAcceptConfig::new(Channel::Voice, true) },
            AutoAcceptConfig::new(Channel::Chat, false),
        ]),
        after_contact_work: Some(vec![
            AfterContactWorkConfig {
                agent_first_callback_after_contact_work_time_limit: Some(60),
                ..AfterContactWorkConfig::new(Channel::Voice, 30)
            },
            AfterContactWorkConfig::new(Channel::Task, 0),
        ]),
        phone_number: Some(vec![PhoneNumberConfig {
            channel: Channel::Voice,
            phone_type: PhoneType::DeskPhone,
            phone_number: Some("+15555550103".into()),
        }]),
        persistent_connection: Some(vec![PersistentConnectionConfig { channel: Channel::Voice, persistent_connection: false }]),
        voice_enhancement: Some(vec![VoiceEnhancementConfig {
            channel: Channel::Voice,
            voice_enhancement_mode: VoiceEnhancementMode::NoiseSuppression,
        }]),
    }
}

/// Returns [`full_channels`] as Connect writes them, with limits in the given unit.
pub(crate) fn channels_json(units_per_second: i64) -> Value {
    let limit = |seconds: i64| json!({"AfterContactWorkTimeLimit": seconds * units_per_second});
    json!({
        "AutoAcceptConfigs": [
            {"Channel": "VOICE", "AutoAccept": true, "AgentFirstCallbackAutoAccept": false},
            {"Channel": "CHAT", "AutoAccept": false},
        ],
        "AfterContactWorkConfigs": [
            {"Channel": "VOICE", "AfterContactWorkConfig": limit(30),
             "AgentFirstCallbackAfterContactWorkConfig": limit(60)},
            {"Channel": "TASK", "AfterContactWorkConfig": {}},
        ],
        "PhoneNumberConfigs": [{"Channel": "VOICE", "PhoneType": "DESK_PHONE", "PhoneNumber": "+15555550103"}],
        "PersistentConnectionConfigs": [{"Channel": "VOICE", "PersistentConnection": false}],
        "VoiceEnhancementConfigs": [{"Channel": "VOICE", "VoiceEnhancementMode": "NOISE_SUPPRESSION"}],
    })
}
