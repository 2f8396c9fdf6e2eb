//! Types in the words of the spec and in those of the port to Connect.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, IdentityInfo, PersistentConnectionConfig, PhoneNumberConfig, PhoneType,
    VoiceEnhancementConfig, VoiceEnhancementMode,
};

use crate::api::{self, AfterContactWorkConfigPerChannel};

/// Converts a type to the one of the same name and back: enums with the same variants, structs with the same members.
macro_rules! alike {
    (enum $name:ident { $($variant:ident),* }) => {
        alike! { @enum api::$name => $name { $($variant),* } }
        alike! { @enum $name => api::$name { $($variant),* } }
    };
    (struct $name:ident { $($member:ident),* }) => {
        alike! { @struct api::$name => $name { $($member),* } }
        alike! { @struct $name => api::$name { $($member),* } }
    };
    (@enum $from:ty => $to:ty { $($variant:ident),* }) => {
        impl From<$from> for $to {
            fn from(value: $from) -> Self {
                type Source = $from;
                match value {
                    $(Source::$variant => Self::$variant,)*
                    Source::Other(name) => Self::Other(name),
                }
            }
        }
    };
    (@struct $from:ty => $to:ty { $($member:ident),* }) => {
        impl From<$from> for $to {
            fn from(value: $from) -> Self {
                type Source = $from;
                let Source { $($member),* } = value;
                Self { $($member: $member.into()),* }
            }
        }
    };
}

alike! { enum PhoneType { SoftPhone, DeskPhone } }
alike! { enum Channel { Voice, Chat, Task, Email } }
alike! { enum VoiceEnhancementMode { VoiceIsolation, NoiseSuppression, None } }
alike! { struct IdentityInfo { first_name, last_name, email, secondary_email, mobile } }
alike! { struct AutoAcceptConfig { channel, auto_accept, agent_first_callback_auto_accept } }
alike! { struct PhoneNumberConfig { channel, phone_type, phone_number } }
alike! { struct PersistentConnectionConfig { channel, persistent_connection } }
alike! { struct VoiceEnhancementConfig { channel, voice_enhancement_mode } }

impl From<AfterContactWorkConfigPerChannel> for AfterContactWorkConfig {
    fn from(config: AfterContactWorkConfigPerChannel) -> Self {
        let limit = |config: api::AfterContactWorkConfig| config.after_contact_work_time_limit;
        Self {
            channel: config.channel.into(),
            after_contact_work_time_limit: limit(config.after_contact_work_config),
            agent_first_callback_after_contact_work_time_limit: config.agent_first_callback_after_contact_work_config.map(limit),
        }
    }
}

impl From<AfterContactWorkConfig> for AfterContactWorkConfigPerChannel {
    fn from(config: AfterContactWorkConfig) -> Self {
        let limit = |after_contact_work_time_limit| api::AfterContactWorkConfig { after_contact_work_time_limit };
        let callback = config.agent_first_callback_after_contact_work_time_limit;
        Self {
            channel: config.channel.into(),
            after_contact_work_config: limit(config.after_contact_work_time_limit),
            agent_first_callback_after_contact_work_config: callback.map(limit),
        }
    }
}
