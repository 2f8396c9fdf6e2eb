//! Connect's view of a user, in the units that the operator uses: seconds, sets, bare ids.

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
        /// Calls.
        Voice = "VOICE",
        /// Chats.
        Chat = "CHAT",
        /// Tasks.
        Task = "TASK",
        /// E-mails.
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
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
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
    /// Soft phone or desk phone.
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
    /// The channel.
    pub channel: Channel,
    /// Whether its contacts are accepted without an action of the agent.
    pub auto_accept: bool,
    /// The same for agent-first callbacks (VOICE only).
    pub agent_first_callback_auto_accept: Option<bool>,
}

/// `AfterContactWorkConfigPerChannel`: limits in seconds. 0 means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AfterContactWorkConfig {
    /// The channel.
    pub channel: Channel,
    /// The limit after a contact.
    pub after_contact_work_time_limit: i32,
    /// The same after an agent-first callback (VOICE only).
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

/// `VoiceEnhancementConfig` of one channel (VOICE only).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VoiceEnhancementConfig {
    /// The channel.
    pub channel: Channel,
    /// What is removed from the voice.
    pub voice_enhancement_mode: VoiceEnhancementMode,
}

/// The five per-channel lists of UpdateUserConfig. A list that is None is not sent, or was not returned.
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

/// A user as DescribeUser returns it: everything but the password and the proficiencies.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// Its ARN.
    pub arn: String,
    /// The name that the user signs in with. It cannot be changed.
    pub username: String,
    /// Names, e-mail, mobile.
    pub identity_info: IdentityInfo,
    /// Settings for all channels. None if Connect returns none.
    pub phone_config: Option<PhoneConfig>,
    /// Settings by channel.
    pub channel_configs: ChannelConfigs,
    /// The id in the directory. Connect generates one if CreateUser has none.
    pub directory_user_id: Option<String>,
    /// Security profiles, a set.
    pub security_profile_ids: BTreeSet<SecurityProfileId>,
    /// The routing profile. A user of Connect always has one.
    pub routing_profile_id: Option<RoutingProfileId>,
    /// The hierarchy group, if the user is in one.
    pub hierarchy_group_id: Option<HierarchyGroupId>,
    /// Tags.
    pub tags: Tags,
    /// When the user last changed.
    pub last_modified_time: Option<Timestamp>,
}

/// A user as SearchUsers returns it. The index lags behind writes by seconds, and lacks e-mail, secondary e-mail, mobile,
/// proficiencies and the time of the last change. Limits are in seconds here too (in the response they are in milliseconds).
///
/// It is a type of its own, so that a member that the index lacks cannot be mistaken for one that the user lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundUser {
    /// The user's id.
    pub id: UserId,
    /// Its ARN.
    pub arn: String,
    /// The name that the user signs in with.
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

/// A user as ListUsers returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// The user's id.
    pub id: UserId,
    /// Its ARN.
    pub arn: String,
    /// The name that the user signs in with.
    pub username: String,
    /// When the user last changed.
    pub last_modified_time: Option<Timestamp>,
}

/// The output of CreateUser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedUser {
    /// The new user's id.
    pub id: UserId,
    /// The new user's ARN.
    pub arn: String,
}

/// The identity of a proficiency: attribute name and value.
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
    /// Returns the name that the API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saml => "SAML",
            Self::ConnectManaged => "CONNECT_MANAGED",
            Self::ExistingDirectory => "EXISTING_DIRECTORY",
        }
    }
}

/// An instance as DescribeInstance returns it.
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

/// A profile or hierarchy group as its List operation returns it.
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

/// A quick connect: a target that agents can transfer contacts to. It remains when the user that it points to is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickConnect {
    /// Its id.
    pub id: crate::QuickConnectId,
    /// Its ARN.
    pub arn: String,
    /// The name that agents see.
    pub name: String,
    /// The user that it points to. None if it is not of type `USER`.
    pub user: Option<UserId>,
}

/// One page of a listing. A listing is complete only when a page without a `next_token` has been read.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The page's items.
    pub items: Vec<T>,
    /// The token of the next page. It expires after 24 hours.
    pub next_token: Option<String>,
}
