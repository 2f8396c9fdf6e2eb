//! What Connect knows of a user, in the units that the rest of the operator uses: seconds, sets, bare ids.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{HierarchyGroupId, RoutingProfileId, SecurityProfileId, UnknownName, UserId};

/// Tags of a Connect resource: key to value. A value may be empty.
pub type Tags = BTreeMap<String, String>;

/// `UserIdentityInfo`. A member that is None was not sent, or not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IdentityInfo {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// E-mail address; password resets go there.
    pub email: Option<String>,
    /// Secondary e-mail address: takes all notices but password resets.
    pub secondary_email: Option<String>,
    /// Mobile number, E.164.
    pub mobile: Option<String>,
}

/// `PhoneType`: where contacts ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PhoneType {
    /// In the browser. Connect's default.
    #[default]
    SoftPhone,
    /// At [`PhoneConfig::desk_phone_number`].
    DeskPhone,
    /// A type that this version does not know.
    Other(UnknownName),
}

impl PhoneType {
    /// Every known type.
    pub const ALL: [Self; 2] = [Self::SoftPhone, Self::DeskPhone];

    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SoftPhone => "SOFT_PHONE",
            Self::DeskPhone => "DESK_PHONE",
            Self::Other(name) => name.as_str(),
        }
    }
}

impl From<&str> for PhoneType {
    /// Reads a type as the API writes it.
    fn from(name: &str) -> Self {
        Self::ALL.into_iter().find(|known| known.as_str() == name).unwrap_or_else(|| Self::Other(name.into()))
    }
}

/// `UserPhoneConfig`: settings that hold for all channels alike.
///
/// The API knows no difference between "not given" and the zero value for `auto_accept` and the after-contact work limit,
/// so neither has this type: UpdateUserPhoneConfig replaces them all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PhoneConfig {
    /// Soft phone or desk phone.
    pub phone_type: PhoneType,
    /// Whether contacts are accepted without the agent's doing.
    pub auto_accept: bool,
    /// After-contact work time limit in **seconds**, everywhere; 0 means no limit: the agent must close it.
    pub after_contact_work_time_limit: i32,
    /// The desk phone's number, E.164; only with [`PhoneType::DeskPhone`].
    pub desk_phone_number: Option<String>,
    /// Whether the connection stays open between calls.
    pub persistent_connection: Option<bool>,
}

/// `Channel` of the per-channel settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Calls.
    Voice,
    /// Chats.
    Chat,
    /// Tasks.
    Task,
    /// E-mails.
    Email,
    /// A channel that this version does not know.
    Other(UnknownName),
}

impl Channel {
    /// Every known channel.
    pub const ALL: [Self; 4] = [Self::Voice, Self::Chat, Self::Task, Self::Email];

    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "VOICE",
            Self::Chat => "CHAT",
            Self::Task => "TASK",
            Self::Email => "EMAIL",
            Self::Other(name) => name.as_str(),
        }
    }
}

impl From<&str> for Channel {
    /// Reads a channel as the API writes it.
    fn from(name: &str) -> Self {
        Self::ALL.into_iter().find(|known| known.as_str() == name).unwrap_or_else(|| Self::Other(name.into()))
    }
}

/// `AutoAcceptConfig` of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AutoAcceptConfig {
    /// The channel.
    pub channel: Channel,
    /// Whether its contacts are accepted without the agent's doing.
    pub auto_accept: bool,
    /// The same for agent-first callbacks; VOICE only.
    pub agent_first_callback_auto_accept: Option<bool>,
}

/// `AfterContactWorkConfigPerChannel`: limits in seconds, 0 means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AfterContactWorkConfig {
    /// The channel.
    pub channel: Channel,
    /// Seconds of after-contact work.
    pub after_contact_work_time_limit: i32,
    /// The same after an agent-first callback; VOICE only.
    pub agent_first_callback_after_contact_work_time_limit: Option<i32>,
}

/// `PhoneNumberConfig` of one channel (VOICE only).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PhoneNumberConfig {
    /// The channel.
    pub channel: Channel,
    /// Soft phone or desk phone.
    pub phone_type: PhoneType,
    /// The desk phone's number, E.164.
    pub phone_number: Option<String>,
}

/// `PersistentConnectionConfig` of one channel (VOICE only).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PersistentConnectionConfig {
    /// The channel.
    pub channel: Channel,
    /// Whether the connection stays open between calls.
    pub persistent_connection: bool,
}

/// `VoiceEnhancementMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VoiceEnhancementMode {
    /// Other voices are removed too.
    VoiceIsolation,
    /// Noise is removed.
    NoiseSuppression,
    /// Nothing is removed.
    None,
    /// A mode that this version does not know.
    Other(UnknownName),
}

impl VoiceEnhancementMode {
    /// Every known mode.
    pub const ALL: [Self; 3] = [Self::VoiceIsolation, Self::NoiseSuppression, Self::None];

    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VoiceIsolation => "VOICE_ISOLATION",
            Self::NoiseSuppression => "NOISE_SUPPRESSION",
            Self::None => "NONE",
            Self::Other(name) => name.as_str(),
        }
    }
}

impl From<&str> for VoiceEnhancementMode {
    /// Reads a mode as the API writes it.
    fn from(name: &str) -> Self {
        Self::ALL.into_iter().find(|known| known.as_str() == name).unwrap_or_else(|| Self::Other(name.into()))
    }
}

/// `VoiceEnhancementConfig` of one channel (VOICE only).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VoiceEnhancementConfig {
    /// The channel.
    pub channel: Channel,
    /// What is removed from the voice.
    pub voice_enhancement_mode: VoiceEnhancementMode,
}

/// The five per-channel lists of UpdateUserConfig. None means: not sent, or not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ChannelConfigs {
    /// `AutoAcceptConfigs`.
    pub auto_accept: Option<Vec<AutoAcceptConfig>>,
    /// `AfterContactWorkConfigs`.
    pub after_contact_work: Option<Vec<AfterContactWorkConfig>>,
    /// `PhoneNumberConfigs`.
    pub phone_number: Option<Vec<PhoneNumberConfig>>,
    /// `PersistentConnectionConfigs`.
    pub persistent_connection: Option<Vec<PersistentConnectionConfig>>,
    /// `VoiceEnhancementConfigs`.
    pub voice_enhancement: Option<Vec<VoiceEnhancementConfig>>,
}

/// A user as DescribeUser shows it: everything but the password and the proficiencies.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its ARN.
    pub arn: String,
    /// The name it signs in with. It cannot be changed.
    pub username: String,
    /// Names, e-mail, mobile.
    pub identity_info: IdentityInfo,
    /// Settings for all channels. None where Connect shows none.
    pub phone_config: Option<PhoneConfig>,
    /// Settings by channel.
    pub channel_configs: ChannelConfigs,
    /// The id in the directory; Connect fills it even where nobody gave one.
    pub directory_user_id: Option<String>,
    /// Security profiles, a set.
    pub security_profile_ids: BTreeSet<SecurityProfileId>,
    /// The routing profile. Connect always has one.
    pub routing_profile_id: Option<RoutingProfileId>,
    /// The hierarchy group, if it is in one.
    pub hierarchy_group_id: Option<HierarchyGroupId>,
    /// Tags.
    pub tags: Tags,
    /// When Connect last saw a change of it.
    pub last_modified_time: Option<Timestamp>,
}

/// A user as SearchUsers shows it: an index that lags behind writes by seconds and lacks e-mail, secondary e-mail, mobile,
/// proficiencies and the time of the last change. Times are in seconds here too (on the wire they are milliseconds).
#[derive(Clone, Debug, PartialEq)]
pub struct FoundUser {
    /// Its id.
    pub id: UserId,
    /// Its ARN.
    pub arn: String,
    /// The name it signs in with.
    pub username: String,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Settings for all channels.
    pub phone_config: Option<PhoneConfig>,
    /// Settings by channel.
    pub channel_configs: ChannelConfigs,
    /// The id in the directory.
    pub directory_user_id: Option<String>,
    /// Security profiles, a set.
    pub security_profile_ids: BTreeSet<SecurityProfileId>,
    /// The routing profile.
    pub routing_profile_id: Option<RoutingProfileId>,
    /// The hierarchy group.
    pub hierarchy_group_id: Option<HierarchyGroupId>,
    /// Tags.
    pub tags: Tags,
}

/// A user as ListUsers shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// Its id.
    pub id: UserId,
    /// Its ARN.
    pub arn: String,
    /// The name it signs in with.
    pub username: String,
    /// When Connect last saw a change of it.
    pub last_modified_time: Option<Timestamp>,
}

/// What CreateUser answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedUser {
    /// The new user's id.
    pub id: UserId,
    /// The new user's ARN.
    pub arn: String,
}

/// Name and value of a proficiency: what tells two apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProficiencyKey {
    /// The predefined attribute's name.
    pub attribute_name: String,
    /// One of its values.
    pub attribute_value: String,
}

/// A user's proficiency: how good the user is at a value of a predefined attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Proficiency {
    /// Attribute and value.
    pub key: ProficiencyKey,
    /// 1.0 to 5.0, in practice whole numbers.
    pub level: f32,
}

/// `IdentityManagementType` of an instance; fixed for its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityManagementType {
    /// Users sign in by SAML 2.0: no passwords.
    Saml,
    /// Connect keeps users and passwords.
    ConnectManaged,
    /// Users come from a directory: no passwords.
    ExistingDirectory,
}

impl IdentityManagementType {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saml => "SAML",
            Self::ConnectManaged => "CONNECT_MANAGED",
            Self::ExistingDirectory => "EXISTING_DIRECTORY",
        }
    }
}

/// An instance as DescribeInstance shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: crate::InstanceId,
    /// Its ARN.
    pub arn: String,
    /// Its alias, if it has one.
    pub alias: Option<String>,
    /// How its users sign in. None for a type that this version does not know.
    pub identity_management_type: Option<IdentityManagementType>,
    /// `ACTIVE`, `CREATION_IN_PROGRESS`, `CREATION_FAILED`.
    pub status: Option<String>,
}

/// A profile or hierarchy group as its List operation shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

/// A hierarchy group with its place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HierarchyGroup {
    /// Its id.
    pub id: HierarchyGroupId,
    /// Its ARN.
    pub arn: String,
    /// Names from the top level down to the group itself.
    pub path: Vec<String>,
}

/// A quick connect: a target that agents can transfer contacts to. It outlives the user that it points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickConnect {
    /// Its id.
    pub id: crate::QuickConnectId,
    /// Its ARN.
    pub arn: String,
    /// The name that agents see.
    pub name: String,
    /// The user that it points to; None where it is not of type `USER`.
    pub user: Option<UserId>,
}

/// One page of a listing. A listing is complete only when a page without a `next_token` was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// Where the next page starts. Expires after 24 hours.
    pub next_token: Option<String>,
}
