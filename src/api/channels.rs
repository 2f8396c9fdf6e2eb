//! Settings by channel, as UpdateUserConfig and AWS::Connect::User spell them: the elements of the five lists of the spec.
//!
//! Rules for a list as a whole are at its field in the spec.

use connect_api::UnknownName;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::PhoneType;

/// A channel by which contacts reach the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Channel {
    /// Calls.
    Voice,
    /// Chats.
    Chat,
    /// Tasks.
    Task,
    /// E-mails.
    Email,
    /// A channel that this version does not know: never in a spec, but perhaps in what Connect shows.
    #[serde(untagged)]
    #[schemars(!untagged, skip)]
    Other(UnknownName),
}

/// Whether contacts of a channel are accepted automatically.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.channel == 'VOICE' || !has(self.agentFirstCallbackAutoAccept)")
    .message("autoAcceptConfigs: agentFirstCallbackAutoAccept goes with channel: VOICE alone, since callbacks are calls: take it out")
    .field_path(".agentFirstCallbackAutoAccept"))]
pub struct AutoAcceptConfig {
    /// The channel.
    pub channel: Channel,
    /// Whether contacts of the channel are accepted automatically.
    pub auto_accept: bool,
    /// The same for agent-first callbacks; `VOICE` only. Left out: not managed.
    pub agent_first_callback_auto_accept: Option<bool>,
}

/// After-contact work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AfterContactWorkConfig {
    /// Time limit in seconds. 0: no limit, the agent must close it.
    #[schemars(range(min = 0, max = 2_000_000))]
    pub after_contact_work_time_limit: i32,
}

/// After-contact work of a channel.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.channel == 'VOICE' || !has(self.agentFirstCallbackAfterContactWorkConfig)")
    .message("afterContactWorkConfigs: agentFirstCallbackAfterContactWorkConfig goes with channel: VOICE alone, since callbacks are calls: take it out")
    .field_path(".agentFirstCallbackAfterContactWorkConfig"))]
pub struct AfterContactWorkConfigPerChannel {
    /// The channel.
    pub channel: Channel,
    /// After a contact of this channel.
    pub after_contact_work_config: AfterContactWorkConfig,
    /// After an agent-first callback; `VOICE` only. Left out: not managed.
    pub agent_first_callback_after_contact_work_config: Option<AfterContactWorkConfig>,
}

/// Where contacts of a channel ring.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.channel == 'VOICE'")
        .message("phoneNumberConfigs takes channel: VOICE alone: take the others out")
        .field_path(".channel"),
    validation = Rule::new("has(self.phoneNumber) || self.phoneType != 'DESK_PHONE'")
        .message("phoneNumberConfigs: phoneNumber is needed with phoneType: DESK_PHONE: set both, or choose SOFT_PHONE")
        .field_path(".phoneNumber")
)]
pub struct PhoneNumberConfig {
    /// The channel: `VOICE`.
    pub channel: Channel,
    /// `SOFT_PHONE`, in the browser, or `DESK_PHONE`, at `phoneNumber`.
    pub phone_type: PhoneType,
    /// The desk phone's number in E.164 form. With `SOFT_PHONE`, Connect keeps it for later.
    #[schemars(length(max = 40))]
    #[x_kube(validation = Rule::new(r"self.matches('^\\+[1-9][0-9]{1,14}$')")
        .message("phoneNumberConfigs: phoneNumber must be in E.164 form, such as +12065550100"))]
    pub phone_number: Option<String>,
}

/// Whether the connection of a channel stays open between contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.channel == 'VOICE'")
    .message("persistentConnectionConfigs takes channel: VOICE alone: take the others out")
    .field_path(".channel"))]
pub struct PersistentConnectionConfig {
    /// The channel: `VOICE`.
    pub channel: Channel,
    /// Whether the connection stays open between calls.
    pub persistent_connection: bool,
}

/// What is removed from the voice that the user's contacts hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VoiceEnhancementMode {
    /// Noise and other voices.
    VoiceIsolation,
    /// Noise.
    NoiseSuppression,
    /// Nothing.
    None,
    /// A mode that this version does not know: never in a spec, but perhaps in what Connect shows.
    #[serde(untagged)]
    #[schemars(!untagged, skip)]
    Other(UnknownName),
}

/// What is removed from the voice on a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.channel == 'VOICE'")
    .message("voiceEnhancementConfigs takes channel: VOICE alone: take the others out")
    .field_path(".channel"))]
pub struct VoiceEnhancementConfig {
    /// The channel: `VOICE`.
    pub channel: Channel,
    /// `VOICE_ISOLATION` (other voices and noise are removed), `NOISE_SUPPRESSION` (noise is) or `NONE`.
    pub voice_enhancement_mode: VoiceEnhancementMode,
}
