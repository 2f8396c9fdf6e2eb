//! The five lists of settings by channel.

use aws_sdk_connect::types;
use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, PersistentConnectionConfig, PhoneNumberConfig, VoiceEnhancementConfig,
};

/// A setting of one channel, with the type that the SDK has for it.
pub(crate) trait Setting: Sized {
    type Wire;
    fn to_wire(self) -> Self::Wire;
    /// Returns None if a required member is missing. Limits stay in the unit of the reply.
    fn from_wire(wire: Self::Wire) -> Option<Self>;
}

/// Converts a list. A list that is None is not sent, but an empty one is.
pub(crate) fn to_wire<S: Setting>(list: Option<Vec<S>>) -> Option<Vec<S::Wire>> {
    list.map(|list| list.into_iter().map(S::to_wire).collect())
}

pub(crate) fn from_wire<S: Setting>(list: Option<Vec<S::Wire>>) -> Option<Vec<S>> {
    list.map(|list| list.into_iter().filter_map(S::from_wire).collect())
}

impl Setting for AutoAcceptConfig {
    type Wire = types::AutoAcceptConfig;

    fn to_wire(self) -> Self::Wire {
        types::AutoAcceptConfig::builder()
            .channel(self.channel.as_str().into())
            .auto_accept(self.auto_accept)
            .set_agent_first_callback_auto_accept(self.agent_first_callback_auto_accept)
            .build()
            .expect("channel and setting are set")
    }

    fn from_wire(wire: Self::Wire) -> Option<Self> {
        Some(Self {
            channel: given(wire.channel.as_str())?.into(),
            auto_accept: wire.auto_accept,
            agent_first_callback_auto_accept: wire.agent_first_callback_auto_accept,
        })
    }
}

impl Setting for AfterContactWorkConfig {
    type Wire = types::AfterContactWorkConfigPerChannel;

    fn to_wire(self) -> Self::Wire {
        let limit = |seconds| types::AfterContactWorkConfig::builder().after_contact_work_time_limit(seconds).build();
        types::AfterContactWorkConfigPerChannel::builder()
            .channel(self.channel.as_str().into())
            .after_contact_work_config(limit(self.after_contact_work_time_limit))
            .set_agent_first_callback_after_contact_work_config(
                self.agent_first_callback_after_contact_work_time_limit.map(limit),
            )
            .build()
            .expect("channel and limit are set")
    }

    fn from_wire(wire: Self::Wire) -> Option<Self> {
        let limit = |config: types::AfterContactWorkConfig| config.after_contact_work_time_limit;
        Some(Self {
            channel: given(wire.channel.as_str())?.into(),
            after_contact_work_time_limit: wire.after_contact_work_config.map_or(0, limit),
            agent_first_callback_after_contact_work_time_limit: wire.agent_first_callback_after_contact_work_config.map(limit),
        })
    }
}

impl Setting for PhoneNumberConfig {
    type Wire = types::PhoneNumberConfig;

    fn to_wire(self) -> Self::Wire {
        types::PhoneNumberConfig::builder()
            .channel(self.channel.as_str().into())
            .phone_type(self.phone_type.as_str().into())
            .set_phone_number(self.phone_number)
            .build()
            .expect("channel and type are set")
    }

    fn from_wire(wire: Self::Wire) -> Option<Self> {
        Some(Self {
            channel: given(wire.channel.as_str())?.into(),
            phone_type: given(wire.phone_type.as_str())?.into(),
            phone_number: wire.phone_number,
        })
    }
}

impl Setting for PersistentConnectionConfig {
    type Wire = types::PersistentConnectionConfig;

    fn to_wire(self) -> Self::Wire {
        let wire = types::PersistentConnectionConfig::builder().channel(self.channel.as_str().into());
        wire.persistent_connection(self.persistent_connection).build().expect("channel and setting are set")
    }

    fn from_wire(wire: Self::Wire) -> Option<Self> {
        Some(Self { channel: given(wire.channel.as_str())?.into(), persistent_connection: wire.persistent_connection })
    }
}

impl Setting for VoiceEnhancementConfig {
    type Wire = types::VoiceEnhancementConfig;

    fn to_wire(self) -> Self::Wire {
        let (channel, mode) = (self.channel.as_str(), self.voice_enhancement_mode.as_str());
        let wire = types::VoiceEnhancementConfig::builder().channel(channel.into()).voice_enhancement_mode(mode.into());
        wire.build().expect("channel and mode are set")
    }

    fn from_wire(wire: Self::Wire) -> Option<Self> {
        Some(Self {
            channel: given(wire.channel.as_str())?.into(),
            voice_enhancement_mode: given(wire.voice_enhancement_mode.as_str())?.into(),
        })
    }
}

/// The value of a required member. The SDK puts a text of its own in the place of one that is missing.
fn given(value: &str) -> Option<&str> {
    Some(value).filter(|value| *value != "no value was set")
}
