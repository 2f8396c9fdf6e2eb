//! The five lists of settings by channel.

use aws_sdk_connect::types;
use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, PersistentConnectionConfig, PhoneNumberConfig, VoiceEnhancementConfig,
};

use super::TimeUnit;

/// A setting of one channel, with the type that the SDK has for it.
pub(crate) trait Setting: Sized {
    type Wire;
    fn to_wire(self) -> Self::Wire;
    /// Returns None if a required member is missing.
    fn from_wire(wire: Self::Wire, unit: TimeUnit) -> Option<Self>;
}

/// Converts a list. A list that is None is not sent, but an empty one is.
pub(crate) fn to_wire<S: Setting>(list: Option<Vec<S>>) -> Option<Vec<S::Wire>> {
    list.map(|list| list.into_iter().map(S::to_wire).collect())
}

pub(crate) fn from_wire<S: Setting>(list: Option<Vec<S::Wire>>, unit: TimeUnit) -> Option<Vec<S>> {
    list.map(|list| list.into_iter().filter_map(|wire| S::from_wire(wire, unit)).collect())
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

    fn from_wire(wire: Self::Wire, _: TimeUnit) -> Option<Self> {
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

    fn from_wire(wire: Self::Wire, unit: TimeUnit) -> Option<Self> {
        let limit = |config: types::AfterContactWorkConfig| list_seconds(config.after_contact_work_time_limit, unit);
        Some(Self {
            channel: given(wire.channel.as_str())?.into(),
            after_contact_work_time_limit: wire.after_contact_work_config.map_or(0, limit),
            agent_first_callback_after_contact_work_time_limit: wire.agent_first_callback_after_contact_work_config.map(limit),
        })
    }
}

/// Returns the seconds of a limit in one of the lists.
///
/// AWS' page on SearchUsers says that it returns after-contact work in milliseconds, but not whether that applies to these lists
/// as well as to `PhoneConfig`, and it is unconfirmed. Limits are set in whole seconds, so milliseconds are always a multiple of
/// 1,000, and any other number must be seconds. Reading multiples as milliseconds is right if the page applies to the lists. If
/// it does not, only limits of 1,000 s, 2,000 s and so on are read wrongly. SearchUsers is a hint: the operator reads a user that
/// differs in it with DescribeUser before it acts.
fn list_seconds(value: i32, unit: TimeUnit) -> i32 {
    match unit {
        TimeUnit::Milliseconds if value % 1000 == 0 => value / 1000,
        TimeUnit::Milliseconds | TimeUnit::Seconds => value,
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

    fn from_wire(wire: Self::Wire, _: TimeUnit) -> Option<Self> {
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
        types::PersistentConnectionConfig::builder()
            .channel(self.channel.as_str().into())
            .persistent_connection(self.persistent_connection)
            .build()
            .expect("channel and setting are set")
    }

    fn from_wire(wire: Self::Wire, _: TimeUnit) -> Option<Self> {
        Some(Self { channel: given(wire.channel.as_str())?.into(), persistent_connection: wire.persistent_connection })
    }
}

impl Setting for VoiceEnhancementConfig {
    type Wire = types::VoiceEnhancementConfig;

    fn to_wire(self) -> Self::Wire {
        types::VoiceEnhancementConfig::builder()
            .channel(self.channel.as_str().into())
            .voice_enhancement_mode(self.voice_enhancement_mode.as_str().into())
            .build()
            .expect("channel and mode are set")
    }

    fn from_wire(wire: Self::Wire, _: TimeUnit) -> Option<Self> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_found_users_are_read_in_either_unit() {
        for (value, seconds) in
            [(0, 0), (30_000, 30), (2_000_000_000, 2_000_000), (30, 30), (5_400, 5_400), (1_999_999, 1_999_999)]
        {
            assert_eq!(list_seconds(value, TimeUnit::Milliseconds), seconds, "{value}");
        }
        assert_eq!(list_seconds(30_000, TimeUnit::Seconds), 30_000);
    }
}
