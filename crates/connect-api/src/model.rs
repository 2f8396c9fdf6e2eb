//! Connect's view of a user, in the units that the operator uses: seconds, sets, bare ids.

#![expect(missing_docs, reason = "members have the API's names; a comment is only where it adds something")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{HierarchyGroupId, RoutingProfileId, SecurityProfileId, UnknownName, UserId};

/// Tags of a Connect resource: key to value. A value may be empty.
pub type Tags = BTreeMap<String, String>;

/// Defines an enum of the API that AWS may add values to.
macro_rules! names {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A value that this version does not know.
            Other(UnknownName),
        }

        impl $name {
            /// Every known value.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$variant),*];

            /// Returns the name that the API uses.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(name) => name.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            /// Reads a name that the API uses.
            fn from(name: &str) -> Self {
                Self::ALL.into_iter().find(|known| known.as_str() == name).unwrap_or_else(|| Self::Other(name.into()))
            }
        }
    )*};
}

names! {
    /// `PhoneType`: where calls ring.
    #[derive(Default)]
    PhoneType {
        /// In the browser. Connect's default.
        #[default]
        SoftPhone = "SOFT_PHONE",
        /// At [`PhoneConfig::desk_phone_number`].
        DeskPhone = "DESK_PHONE",
    }

    /// `Channel` of the per-channel settings.
    Channel {
        Voice = "VOICE",
        Chat = "CHAT",
        Task = "TASK",
        Email = "EMAIL",
    }

    /// `VoiceEnhancementMode`.
    VoiceEnhancementMode {
        /// Removes noise and other voices.
        VoiceIsolation = "VOICE_ISOLATION",
        /// Removes noise.
        NoiseSuppression = "NOISE_SUPPRESSION",
        /// Removes nothing.
        None = "NONE",
    }
}

/// `UserIdentityInfo`. A member that is None is not sent, or was not returned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IdentityInfo {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// E-mail address, which receives password resets.
    pub email: Option<String>,
    /// Secondary e-mail address, which receives all notices except password resets.
    pub secondary_email: Option<String>,
    /// Mobile number, E.164.
    pub mobile: Option<String>,
}

/// `UserPhoneConfig`: settings that apply to all channels.
///
/// The API does not distinguish an absent `auto_accept` or after-contact work limit from its zero value, and neither does this
/// type: UpdateUserPhoneConfig replaces all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PhoneConfig {
    pub phone_type: PhoneType,
    /// Whether contacts are accepted without an action of the agent.
    pub auto_accept: bool,
    /// After-contact work time limit, always in **seconds**. 0 means no limit: the agent must end the work.
    pub after_contact_work_time_limit: i32,
    /// The desk phone's number, E.164; only with [`PhoneType::DeskPhone`].
    pub desk_phone_number: Option<String>,
    /// Whether the connection stays open between calls.
    pub persistent_connection: Option<bool>,
}

/// `AutoAcceptConfig` of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AutoAcceptConfig {
    pub channel: Channel,
    pub auto_accept: bool,
    /// The same for agent-first callbacks (VOICE only).
    pub agent_first_callback_auto_accept: Option<bool>,
}

impl AutoAcceptConfig {
    /// A setting without one of its own for agent-first callbacks.
    pub fn new(channel: Channel, auto_accept: bool) -> Self {
        Self { channel, auto_accept, agent_first_callback_auto_accept: None }
    }
}

/// `AfterContactWorkConfigPerChannel`: limits in seconds. 0 means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AfterContactWorkConfig {
    pub channel: Channel,
    pub after_contact_work_time_limit: i32,
    /// The same after an agent-first callback (VOICE only).
    pub agent_first_callback_after_contact_work_time_limit: Option<i32>,
}

impl AfterContactWorkConfig {
    /// A limit without one of its own for agent-first callbacks.
    pub fn new(channel: Channel, after_contact_work_time_limit: i32) -> Self {
        Self { channel, after_contact_work_time_limit, agent_first_callback_after_contact_work_time_limit: None }
    }
}

/// `PhoneNumberConfig` of one channel (VOICE only).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PhoneNumberConfig {
    pub channel: Channel,
    pub phone_type: PhoneType,
    /// The desk phone's number, E.164.
    pub phone_number: Option<String>,
}

/// `PersistentConnectionConfig` of one channel (VOICE only).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PersistentConnectionConfig {
    pub channel: Channel,
    pub persistent_connection: bool,
}

/// `VoiceEnhancementConfig` of one channel (VOICE only).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VoiceEnhancementConfig {
    pub channel: Channel,
    pub voice_enhancement_mode: VoiceEnhancementMode,
}

/// The five per-channel lists of UpdateUserConfig. A list that is None is not sent, or was not returned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ChannelConfigs {
    pub auto_accept: Option<Vec<AutoAcceptConfig>>,
    pub after_contact_work: Option<Vec<AfterContactWorkConfig>>,
    pub phone_number: Option<Vec<PhoneNumberConfig>>,
    pub persistent_connection: Option<Vec<PersistentConnectionConfig>>,
    pub voice_enhancement: Option<Vec<VoiceEnhancementConfig>>,
}

/// A user as DescribeUser returns it: everything but the password and the proficiencies.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub id: UserId,
    pub arn: String,
    /// The name that the user signs in with. It cannot be changed.
    pub username: String,
    pub identity_info: IdentityInfo,
    /// Settings for all channels. None if Connect returns none.
    pub phone_config: Option<PhoneConfig>,
    pub channel_configs: ChannelConfigs,
    /// The id in the directory. Connect generates one if CreateUser has none.
    pub directory_user_id: Option<String>,
    pub security_profile_ids: BTreeSet<SecurityProfileId>,
    /// The routing profile. A user of Connect always has one.
    pub routing_profile_id: Option<RoutingProfileId>,
    /// The hierarchy group, if the user is in one.
    pub hierarchy_group_id: Option<HierarchyGroupId>,
    pub tags: Tags,
    pub last_modified_time: Option<Timestamp>,
}

/// A user as SearchUsers returns it. The index lags behind writes by seconds, and lacks e-mail, secondary e-mail, mobile,
/// proficiencies and the time of the last change. Limits are in seconds here too (in the response they are in milliseconds).
///
/// It is a type of its own, so that a member that the index lacks cannot be mistaken for one that the user lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundUser {
    pub id: UserId,
    pub arn: String,
    pub username: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone_config: Option<PhoneConfig>,
    pub channel_configs: ChannelConfigs,
    pub directory_user_id: Option<String>,
    pub security_profile_ids: BTreeSet<SecurityProfileId>,
    pub routing_profile_id: Option<RoutingProfileId>,
    pub hierarchy_group_id: Option<HierarchyGroupId>,
    pub tags: Tags,
}

/// A user as ListUsers returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    pub id: UserId,
    pub arn: String,
    pub username: String,
    pub last_modified_time: Option<Timestamp>,
}

/// The output of CreateUser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedUser {
    pub id: UserId,
    pub arn: String,
}

/// The identity of a proficiency: attribute name and value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProficiencyKey {
    pub attribute_name: String,
    pub attribute_value: String,
}

impl ProficiencyKey {
    /// A value of a predefined attribute.
    pub fn new(attribute_name: impl Into<String>, attribute_value: impl Into<String>) -> Self {
        Self { attribute_name: attribute_name.into(), attribute_value: attribute_value.into() }
    }
}

/// A user's proficiency: how good the user is at a value of a predefined attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Proficiency {
    pub key: ProficiencyKey,
    /// 1.0 to 5.0, in practice whole numbers.
    pub level: f32,
}

/// `IdentityManagementType` of an instance. It never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityManagementType {
    /// Users sign in through SAML 2.0 and have no passwords.
    Saml,
    /// Connect manages users and passwords.
    ConnectManaged,
    /// Users come from a directory and have no passwords.
    ExistingDirectory,
}

impl IdentityManagementType {
    /// Every known type.
    pub const ALL: [Self; 3] = [Self::Saml, Self::ConnectManaged, Self::ExistingDirectory];

    /// Returns the name that the API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saml => "SAML",
            Self::ConnectManaged => "CONNECT_MANAGED",
            Self::ExistingDirectory => "EXISTING_DIRECTORY",
        }
    }
}

/// An instance as DescribeInstance and ListInstances return it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    pub id: crate::InstanceId,
    pub arn: String,
    pub alias: Option<String>,
    /// How its users sign in. None for a type that this version does not know.
    pub identity_management_type: Option<IdentityManagementType>,
    /// `ACTIVE`, `CREATION_IN_PROGRESS`, `CREATION_FAILED`.
    pub status: Option<String>,
}

/// A profile or hierarchy group as its List operation returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: String,
    pub arn: String,
    pub name: String,
}

/// A hierarchy group with its place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HierarchyGroup {
    pub id: HierarchyGroupId,
    pub arn: String,
    /// Names from the top level down to the group itself.
    pub path: Vec<String>,
}

/// A quick connect: a target that agents can transfer contacts to. It remains when the user that it points to is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickConnect {
    pub id: crate::QuickConnectId,
    pub arn: String,
    /// The name that agents see.
    pub name: String,
    /// The user that it points to. None if it is not of type `USER`.
    pub user: Option<UserId>,
}

/// One page of a listing. A listing is complete only when a page without a `next_token` has been read.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The token of the next page. It expires after 24 hours.
    pub next_token: Option<String>,
}
