//! Values with every member set, and their JSON.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, IdentityInfo, PersistentConnectionConfig, PhoneConfig,
    PhoneNumberConfig, PhoneType, VoiceEnhancementConfig, VoiceEnhancementMode,
};
use serde_json::{Value, json};

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
            AutoAcceptConfig { channel: Channel::Voice, auto_accept: true, agent_first_callback_auto_accept: Some(false) },
            AutoAcceptConfig { channel: Channel::Chat, auto_accept: false, agent_first_callback_auto_accept: None },
        ]),
        after_contact_work: Some(vec![
            AfterContactWorkConfig {
                channel: Channel::Voice,
                after_contact_work_time_limit: 30,
                agent_first_callback_after_contact_work_time_limit: Some(60),
            },
            AfterContactWorkConfig {
                channel: Channel::Task,
                after_contact_work_time_limit: 0,
                agent_first_callback_after_contact_work_time_limit: None,
            },
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
