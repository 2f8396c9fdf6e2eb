//! Settings in the words of the spec and in those of the port to Connect.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, PersistentConnectionConfig, PhoneNumberConfig, PhoneType,
    VoiceEnhancementConfig, VoiceEnhancementMode,
};

use crate::api::{self, AfterContactWorkConfigPerChannel};

impl From<api::PhoneType> for PhoneType {
    fn from(phone_type: api::PhoneType) -> Self {
        match phone_type {
            api::PhoneType::SoftPhone => Self::SoftPhone,
            api::PhoneType::DeskPhone => Self::DeskPhone,
            api::PhoneType::Other(name) => Self::Other(name),
        }
    }
}

impl From<PhoneType> for api::PhoneType {
    fn from(phone_type: PhoneType) -> Self {
        match phone_type {
            PhoneType::SoftPhone => Self::SoftPhone,
            PhoneType::DeskPhone => Self::DeskPhone,
            PhoneType::Other(name) => Self::Other(name),
        }
    }
}

impl From<api::Channel> for Channel {
    fn from(channel: api::Channel) -> Self {
        match channel {
            api::Channel::Voice => Self::Voice,
            api::Channel::Chat => Self::Chat,
            api::Channel::Task => Self::Task,
            api::Channel::Email => Self::Email,
            api::Channel::Other(name) => Self::Other(name),
        }
    }
}

impl From<Channel> for api::Channel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Voice => Self::Voice,
            Channel::Chat => Self::Chat,
            Channel::Task => Self::Task,
            Channel::Email => Self::Email,
            Channel::Other(name) => Self::Other(name),
        }
    }
}

impl From<api::AutoAcceptConfig> for AutoAcceptConfig {
    fn from(config: api::AutoAcceptConfig) -> Self {
        let api::AutoAcceptConfig { channel, auto_accept, agent_first_callback_auto_accept } = config;
        Self { channel: channel.into(), auto_accept, agent_first_callback_auto_accept }
    }
}

impl From<AutoAcceptConfig> for api::AutoAcceptConfig {
    fn from(config: AutoAcceptConfig) -> Self {
        let AutoAcceptConfig { channel, auto_accept, agent_first_callback_auto_accept } = config;
        Self { channel: channel.into(), auto_accept, agent_first_callback_auto_accept }
    }
}

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

impl From<api::PhoneNumberConfig> for PhoneNumberConfig {
    fn from(config: api::PhoneNumberConfig) -> Self {
        let api::PhoneNumberConfig { channel, phone_type, phone_number } = config;
        Self { channel: channel.into(), phone_type: phone_type.into(), phone_number }
    }
}

impl From<PhoneNumberConfig> for api::PhoneNumberConfig {
    fn from(config: PhoneNumberConfig) -> Self {
        let PhoneNumberConfig { channel, phone_type, phone_number } = config;
        Self { channel: channel.into(), phone_type: phone_type.into(), phone_number }
    }
}

impl From<api::PersistentConnectionConfig> for PersistentConnectionConfig {
    fn from(config: api::PersistentConnectionConfig) -> Self {
        let api::PersistentConnectionConfig { channel, persistent_connection } = config;
        Self { channel: channel.into(), persistent_connection }
    }
}

impl From<PersistentConnectionConfig> for api::PersistentConnectionConfig {
    fn from(config: PersistentConnectionConfig) -> Self {
        let PersistentConnectionConfig { channel, persistent_connection } = config;
        Self { channel: channel.into(), persistent_connection }
    }
}

impl From<api::VoiceEnhancementConfig> for VoiceEnhancementConfig {
    fn from(config: api::VoiceEnhancementConfig) -> Self {
        let voice_enhancement_mode = match config.voice_enhancement_mode {
            api::VoiceEnhancementMode::VoiceIsolation => VoiceEnhancementMode::VoiceIsolation,
            api::VoiceEnhancementMode::NoiseSuppression => VoiceEnhancementMode::NoiseSuppression,
            api::VoiceEnhancementMode::None => VoiceEnhancementMode::None,
            api::VoiceEnhancementMode::Other(name) => VoiceEnhancementMode::Other(name),
        };
        Self { channel: config.channel.into(), voice_enhancement_mode }
    }
}

impl From<VoiceEnhancementConfig> for api::VoiceEnhancementConfig {
    fn from(config: VoiceEnhancementConfig) -> Self {
        let voice_enhancement_mode = match config.voice_enhancement_mode {
            VoiceEnhancementMode::VoiceIsolation => api::VoiceEnhancementMode::VoiceIsolation,
            VoiceEnhancementMode::NoiseSuppression => api::VoiceEnhancementMode::NoiseSuppression,
            VoiceEnhancementMode::None => api::VoiceEnhancementMode::None,
            VoiceEnhancementMode::Other(name) => api::VoiceEnhancementMode::Other(name),
        };
        Self { channel: config.channel.into(), voice_enhancement_mode }
    }
}
