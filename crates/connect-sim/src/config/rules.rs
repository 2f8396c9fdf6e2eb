//! The switches: one for each thing that AWS leaves open, or says but does not enforce.

use std::time::Duration;

use serde::Deserialize;

/// Which writes `describeLag` delays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DescribeLagCovers {
    /// A new user is not found yet; nothing else lags.
    #[default]
    Creates,
    /// Everything: a deleted user is still found, and old values are shown.
    AllWrites,
}

/// How a reference to a profile or group that does not exist is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnknownReference {
    /// ResourceNotFoundException, 404.
    #[default]
    NotFound,
    /// InvalidParameterException, 400.
    InvalidParameter,
}

/// What becomes of the members that UpdateUserIdentityInfo leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IdentityUpdate {
    /// They are wiped.
    #[default]
    Replace,
    /// They stay.
    Merge,
}

/// What becomes of the channels and lists that UpdateUserConfig leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserConfigUpdate {
    /// Channels that are left out stay as they are.
    MergeChannels,
    /// A list that is given replaces the old one; a list that is left out stays.
    #[default]
    ReplaceLists,
    /// All five lists are replaced; a list that is left out is emptied.
    ReplaceAll,
}

/// Whether Email belongs to a user, on which AWS' pages contradict each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EmailRule {
    /// It may be given or not, as AWS' customers see it.
    #[default]
    Lenient,
    /// It must be given with CONNECT_MANAGED and must not with SAML.
    Documented,
}

/// How SearchUsers answers a value outside 2 to 25 characters, for which AWS promises nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LongSearchValues {
    /// As any other.
    #[default]
    AsGiven,
    /// Only the first 25 characters count: too much is found.
    Truncated,
    /// Nothing is found.
    NoMatch,
}

/// Where AWS leaves open, or does not enforce, what it says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rules {
    /// Usernames that differ in case alone are two users. Default false.
    pub case_sensitive_usernames: bool,
    /// Usernames have at most 20 characters where the instance is not SAML. Default false.
    pub short_usernames: bool,
    /// An `@` in a username is allowed in an e-mail address only. Default false.
    pub email_usernames: bool,
    /// How long a deleted user's name stays taken. Default 0 s.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub username_held_for: Duration,
    /// Who needs an e-mail address.
    pub email: EmailRule,
    /// An empty SecondaryEmail, Mobile or Email clears it; else it is refused. Default true.
    pub empty_string_clears: bool,
    /// How an unknown profile or group is answered. Default 404.
    pub unknown_reference: UnknownReference,
    /// UpdateUserIdentityInfo. Default: what is left out is wiped.
    pub identity_update: IdentityUpdate,
    /// UpdateUserConfig. Default: a list that is given replaces the old one.
    pub user_config_update: UserConfigUpdate,
    /// Reads list channels that nobody set too, with false or 0. Default false.
    pub show_unset_channels: bool,
    /// SearchUsers tells after-contact work in milliseconds in the per-channel lists too. Default true.
    pub search_lists_in_milliseconds: bool,
    /// Proficiency levels are whole numbers. Default false.
    pub whole_levels: bool,
    /// Proficiencies that a user has at most. Default 10.
    pub proficiencies_per_user: usize,
    /// A change of tags moves LastModifiedTime. Default false.
    pub tags_touch_user: bool,
    /// A change of proficiencies moves the user's LastModifiedTime. Default false.
    pub proficiencies_touch_user: bool,
    /// Search values outside 2 to 25 characters. Default: as any other.
    pub long_search_values: LongSearchValues,
    /// How long a page's token is good for. Default 24 h.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub token_lifetime: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            case_sensitive_usernames: false,
            short_usernames: false,
            email_usernames: false,
            username_held_for: Duration::ZERO,
            email: EmailRule::default(),
            empty_string_clears: true,
            unknown_reference: UnknownReference::default(),
            identity_update: IdentityUpdate::default(),
            user_config_update: UserConfigUpdate::default(),
            show_unset_channels: false,
            search_lists_in_milliseconds: true,
            whole_levels: false,
            proficiencies_per_user: 10,
            tags_touch_user: false,
            proficiencies_touch_user: false,
            long_search_values: LongSearchValues::default(),
            token_lifetime: Duration::from_secs(24 * 3600),
        }
    }
}
