//! The elements of the five lists, and what a phone configuration means for each.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, PersistentConnectionConfig, PhoneConfig, PhoneNumberConfig, PhoneType,
    VoiceEnhancementConfig, VoiceEnhancementMode,
};

/// An element of one of the lists.
pub(in crate::plan::parts) trait Setting: Clone {
    /// The name of the list in the spec.
    const LIST: &'static str;
    /// The channels that have the setting.
    const CHANNELS: &'static [Channel] = &[Channel::Voice];

    fn channel(&self) -> Channel;
    /// Returns the setting that a phone configuration means for a channel. The default one means Connect's default.
    fn of_phone(channel: Channel, phone: &PhoneConfig) -> Self;
    /// Returns the members by their path in the spec. Unset and set to the default are the same.
    fn members(&self) -> Vec<(&'static str, Option<String>)>;

    /// Returns the members to compare with those of the wanted setting.
    fn members_beside(&self, _want: &Self) -> Vec<(&'static str, Option<String>)> {
        self.members()
    }
    /// Returns the wanted setting, with unmanaged members as they are.
    fn over(&self, _is: &Self) -> Self {
        self.clone()
    }
    /// Returns whether all members are managed.
    fn is_complete(&self) -> bool {
        true
    }
    /// Returns the setting with every member at Connect's default.
    fn cleared(channel: Channel) -> Self {
        Self::of_phone(channel, &PhoneConfig::default())
    }
}

impl Setting for AutoAcceptConfig {
    const LIST: &'static str = "autoAcceptConfigs";
    const CHANNELS: &'static [Channel] = &Channel::ALL;

    fn channel(&self) -> Channel {
        self.channel
    }

    fn of_phone(channel: Channel, phone: &PhoneConfig) -> Self {
        Self { channel, auto_accept: phone.auto_accept, agent_first_callback_auto_accept: None }
    }

    fn members(&self) -> Vec<(&'static str, Option<String>)> {
        let callback = self.agent_first_callback_auto_accept.unwrap_or_default();
        vec![("autoAccept", Some(self.auto_accept.to_string())), ("agentFirstCallbackAutoAccept", Some(callback.to_string()))]
    }

    fn over(&self, is: &Self) -> Self {
        let callback = self.agent_first_callback_auto_accept.or(is.agent_first_callback_auto_accept);
        Self { agent_first_callback_auto_accept: callback, ..*self }
    }

    fn is_complete(&self) -> bool {
        // Only the voice channel has callbacks.
        self.agent_first_callback_auto_accept.is_some() || self.channel != Channel::Voice
    }

    fn cleared(channel: Channel) -> Self {
        // Explicit: Connect might keep a member that is left out.
        let callback = (channel == Channel::Voice).then_some(false);
        Self { channel, auto_accept: false, agent_first_callback_auto_accept: callback }
    }
}

impl Setting for AfterContactWorkConfig {
    const LIST: &'static str = "afterContactWorkConfigs";
    const CHANNELS: &'static [Channel] = &Channel::ALL;

    fn channel(&self) -> Channel {
        self.channel
    }

    fn of_phone(channel: Channel, phone: &PhoneConfig) -> Self {
        Self {
            channel,
            after_contact_work_time_limit: phone.after_contact_work_time_limit,
            agent_first_callback_after_contact_work_time_limit: None,
        }
    }

    fn members(&self) -> Vec<(&'static str, Option<String>)> {
        let callback = self.agent_first_callback_after_contact_work_time_limit.unwrap_or_default();
        vec![
            ("afterContactWorkConfig.afterContactWorkTimeLimit", Some(self.after_contact_work_time_limit.to_string())),
            ("agentFirstCallbackAfterContactWorkConfig.afterContactWorkTimeLimit", Some(callback.to_string())),
        ]
    }

    fn over(&self, is: &Self) -> Self {
        let callback =
            self.agent_first_callback_after_contact_work_time_limit.or(is.agent_first_callback_after_contact_work_time_limit);
        Self { agent_first_callback_after_contact_work_time_limit: callback, ..*self }
    }

    fn is_complete(&self) -> bool {
        self.agent_first_callback_after_contact_work_time_limit.is_some() || self.channel != Channel::Voice
    }

    fn cleared(channel: Channel) -> Self {
        let callback = (channel == Channel::Voice).then_some(0);
        Self { channel, after_contact_work_time_limit: 0, agent_first_callback_after_contact_work_time_limit: callback }
    }
}

impl Setting for PhoneNumberConfig {
    const LIST: &'static str = "phoneNumberConfigs";

    fn channel(&self) -> Channel {
        self.channel
    }

    fn of_phone(channel: Channel, phone: &PhoneConfig) -> Self {
        Self { channel, phone_type: phone.phone_type, phone_number: phone.desk_phone_number.clone() }
    }

    fn members(&self) -> Vec<(&'static str, Option<String>)> {
        vec![("phoneType", Some(self.phone_type.as_str().into())), ("phoneNumber", self.phone_number.clone())]
    }

    fn members_beside(&self, want: &Self) -> Vec<(&'static str, Option<String>)> {
        // Connect keeps the number of a desk phone that a soft phone has replaced. It makes no difference unless the spec gives one.
        let is_left = want.phone_type == PhoneType::SoftPhone && want.phone_number.is_none();
        let number = self.phone_number.clone().filter(|_| !is_left);
        Self { phone_number: number, ..self.clone() }.members()
    }

    fn over(&self, is: &Self) -> Self {
        let phone_number = match self.phone_type {
            PhoneType::DeskPhone | PhoneType::Other(_) => self.phone_number.clone().or_else(|| is.phone_number.clone()),
            PhoneType::SoftPhone => self.phone_number.clone(),
        };
        Self { phone_number, ..self.clone() }
    }

    fn is_complete(&self) -> bool {
        self.phone_number.is_some() || self.phone_type == PhoneType::SoftPhone
    }
}

impl Setting for PersistentConnectionConfig {
    const LIST: &'static str = "persistentConnectionConfigs";

    fn channel(&self) -> Channel {
        self.channel
    }

    fn of_phone(channel: Channel, phone: &PhoneConfig) -> Self {
        // Connect leaves the member out if it was never set: that is the same as false.
        Self { channel, persistent_connection: phone.persistent_connection.unwrap_or_default() }
    }

    fn members(&self) -> Vec<(&'static str, Option<String>)> {
        vec![("persistentConnection", Some(self.persistent_connection.to_string()))]
    }
}

impl Setting for VoiceEnhancementConfig {
    const LIST: &'static str = "voiceEnhancementConfigs";

    fn channel(&self) -> Channel {
        self.channel
    }

    fn of_phone(channel: Channel, _: &PhoneConfig) -> Self {
        Self { channel, voice_enhancement_mode: VoiceEnhancementMode::None }
    }

    fn members(&self) -> Vec<(&'static str, Option<String>)> {
        vec![("voiceEnhancementMode", Some(self.voice_enhancement_mode.as_str().into()))]
    }
}
