//! Settings by channel in the words of the spec and in those of the port to Connect: read at the edge, written for the status.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, PersistentConnectionConfig, PhoneNumberConfig, PhoneType,
    VoiceEnhancementConfig, VoiceEnhancementMode,
};

use super::SpecError;
use crate::api::{self, AfterContactWorkConfigPerChannel, ConnectUserSpec};

/// Reads the lists of a spec. A list that is left out is None.
///
/// # Errors
/// A list that names a channel twice, or one that does not have the setting; a list that is given beside its member of
/// `phoneConfig`: with two owners, each pass would undo what the one before did.
pub(super) fn channel_configs(spec: &ConnectUserSpec) -> Result<ChannelConfigs, SpecError> {
    let phone = spec.phone_config.clone().unwrap_or_default();
    let voice = &[Channel::Voice][..];
    let number = phone.phone_type.is_some() || phone.desk_phone_number.is_some();
    Ok(ChannelConfigs {
        auto_accept: list("autoAcceptConfigs", &spec.auto_accept_configs, &Channel::ALL, |c: &AutoAcceptConfig| c.channel)
            .and_then(|l| alone("autoAcceptConfigs", l, phone.auto_accept.is_some()))?,
        after_contact_work: list(
            "afterContactWorkConfigs",
            &spec.after_contact_work_configs,
            &Channel::ALL,
            |c: &AfterContactWorkConfig| c.channel,
        )
        .and_then(|l| alone("afterContactWorkConfigs", l, phone.after_contact_work_time_limit.is_some()))?,
        phone_number: list("phoneNumberConfigs", &spec.phone_number_configs, voice, |c: &PhoneNumberConfig| c.channel)
            .and_then(|l| alone("phoneNumberConfigs", l, number))?,
        persistent_connection: list(
            "persistentConnectionConfigs",
            &spec.persistent_connection_configs,
            voice,
            |c: &PersistentConnectionConfig| c.channel,
        )
        .and_then(|l| alone("persistentConnectionConfigs", l, phone.persistent_connection.is_some()))?,
        voice_enhancement: list(
            "voiceEnhancementConfigs",
            &spec.voice_enhancement_configs,
            voice,
            |c: &VoiceEnhancementConfig| c.channel,
        )?,
    })
}

fn list<A: Clone, S: From<A>>(
    field: &'static str,
    list: &Option<Vec<A>>,
    channels: &[Channel],
    channel: impl Fn(&S) -> Channel,
) -> Result<Option<Vec<S>>, SpecError> {
    let Some(list) = list else { return Ok(None) };
    let list: Vec<S> = list.iter().cloned().map(S::from).collect();
    for (n, setting) in list.iter().enumerate() {
        let name = channel(setting).as_str();
        if !channels.contains(&channel(setting)) {
            return Err(SpecError { field, message: format!("there is no such setting for the channel {name}") });
        }
        if list.iter().take(n).any(|other| channel(other) == channel(setting)) {
            return Err(SpecError { field, message: format!("it names the channel {name} twice") });
        }
    }
    Ok(Some(list))
}

fn alone<S>(field: &'static str, list: Option<Vec<S>>, in_phone_config: bool) -> Result<Option<Vec<S>>, SpecError> {
    if list.is_some() && in_phone_config {
        let message = "phoneConfig sets the same thing: keep one of the two".to_owned();
        return Err(SpecError { field, message });
    }
    Ok(list)
}

/// A list that Connect shows in the words of the spec, in one order. One without elements tells nothing, and is not shown.
pub(crate) fn shown<S: Clone, A: From<S>>(list: &Option<Vec<S>>, channel: impl Fn(&S) -> Channel) -> Option<Vec<A>> {
    let mut list = list.clone().filter(|list| !list.is_empty())?;
    list.sort_by_key(channel);
    Some(list.into_iter().map(A::from).collect())
}

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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn spec(more: Value) -> ConnectUserSpec {
        let mut spec = json!({
            "instanceArn": "arn:aws:connect:us-west-2:123456789012:instance/i-1",
            "username": "jane.doe",
            "routingProfileArn": "arn:aws:connect:us-west-2:123456789012:instance/i-1/routing-profile/r-1",
            "securityProfileArns": ["arn:aws:connect:us-west-2:123456789012:instance/i-1/security-profile/s-1"],
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn lists_are_read_and_shown_in_the_same_words() {
        let lists = json!({
            "autoAcceptConfigs": [
                { "channel": "VOICE", "autoAccept": false, "agentFirstCallbackAutoAccept": true },
                { "channel": "TASK", "autoAccept": true },
            ],
            "afterContactWorkConfigs": [
                {
                    "channel": "VOICE",
                    "afterContactWorkConfig": { "afterContactWorkTimeLimit": 30 },
                    "agentFirstCallbackAfterContactWorkConfig": { "afterContactWorkTimeLimit": 45 },
                },
                { "channel": "CHAT", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 60 } },
                { "channel": "EMAIL", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 0 } },
            ],
            "phoneNumberConfigs": [{ "channel": "VOICE", "phoneType": "DESK_PHONE", "phoneNumber": "+12065550100" }],
            "persistentConnectionConfigs": [{ "channel": "VOICE", "persistentConnection": true }],
            "voiceEnhancementConfigs": [{ "channel": "VOICE", "voiceEnhancementMode": "NOISE_SUPPRESSION" }],
        });
        let mut read = channel_configs(&spec(lists.clone())).unwrap();
        let voice =
            AutoAcceptConfig { channel: Channel::Voice, auto_accept: false, agent_first_callback_auto_accept: Some(true) };
        let task = AutoAcceptConfig { channel: Channel::Task, auto_accept: true, agent_first_callback_auto_accept: None };
        assert_eq!(read.auto_accept, Some(vec![voice, task]));
        let work = AfterContactWorkConfig {
            channel: Channel::Voice,
            after_contact_work_time_limit: 30,
            agent_first_callback_after_contact_work_time_limit: Some(45),
        };
        assert_eq!(read.after_contact_work.as_ref().unwrap()[0], work);

        // Connect may show them in any order.
        read.after_contact_work.as_mut().unwrap().reverse();
        let observed = json!({
            "autoAcceptConfigs": shown::<_, api::AutoAcceptConfig>(&read.auto_accept, |c| c.channel),
            "afterContactWorkConfigs": shown::<_, AfterContactWorkConfigPerChannel>(&read.after_contact_work, |c| c.channel),
            "phoneNumberConfigs": shown::<_, api::PhoneNumberConfig>(&read.phone_number, |c| c.channel),
            "persistentConnectionConfigs":
                shown::<_, api::PersistentConnectionConfig>(&read.persistent_connection, |c| c.channel),
            "voiceEnhancementConfigs": shown::<_, api::VoiceEnhancementConfig>(&read.voice_enhancement, |c| c.channel),
        });
        assert_eq!(observed, lists);
    }

    #[test]
    fn a_list_that_is_left_out_is_not_one_without_elements() {
        assert_eq!(channel_configs(&spec(json!({}))), Ok(ChannelConfigs::default()));
        let empty = json!({ "autoAcceptConfigs": [], "voiceEnhancementConfigs": [] });
        let read = channel_configs(&spec(empty)).unwrap();
        assert_eq!((read.auto_accept, read.voice_enhancement, read.phone_number), (Some(vec![]), Some(vec![]), None));
    }

    #[test]
    fn what_the_api_server_should_have_refused_is_told_and_not_guessed() {
        let soft = |channel| json!({ "channel": channel, "phoneType": "SOFT_PHONE" });
        let persistent = json!([{ "channel": "VOICE", "persistentConnection": true }]);
        let work = json!([{ "channel": "CHAT", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 1 } }]);
        let table = [
            ("phoneNumberConfigs", json!({ "phoneNumberConfigs": [soft("CHAT")] })),
            ("phoneNumberConfigs", json!({ "phoneNumberConfigs": [soft("VOICE"), soft("VOICE")] })),
            ("phoneNumberConfigs", json!({ "phoneNumberConfigs": [], "phoneConfig": { "deskPhoneNumber": "+12065550100" } })),
            ("autoAcceptConfigs", json!({ "autoAcceptConfigs": [], "phoneConfig": { "autoAccept": false } })),
            (
                "afterContactWorkConfigs",
                json!({ "afterContactWorkConfigs": work, "phoneConfig": { "afterContactWorkTimeLimit": 1 } }),
            ),
            (
                "persistentConnectionConfigs",
                json!({ "persistentConnectionConfigs": persistent, "phoneConfig": { "persistentConnection": true } }),
            ),
        ];
        for (field, more) in table {
            assert_eq!(channel_configs(&spec(more)).unwrap_err().field, field);
        }
    }
}
