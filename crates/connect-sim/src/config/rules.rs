//! The switches for behaviour that AWS does not document, or documents but does not enforce.

use std::time::Duration;

use serde::Deserialize;

/// The writes that `describeLag` delays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DescribeLagCovers {
    /// New users are not found yet. Nothing else lags.
    #[default]
    Creates,
    /// All writes: deleted users are still found, and old values are shown.
    AllWrites,
}

/// The error for a reference to a profile or group that does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnknownReference {
    /// ResourceNotFoundException, 404.
    #[default]
    NotFound,
    /// InvalidParameterException, 400.
    InvalidParameter,
}

/// The effect of UpdateUserIdentityInfo on omitted members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IdentityUpdate {
    /// They are cleared.
    #[default]
    Replace,
    /// They stay.
    Merge,
}

/// The effect of UpdateUserConfig on omitted channels and lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserConfigUpdate {
    /// Omitted channels stay as they are.
    MergeChannels,
    /// A given list replaces the old one. An omitted list stays.
    #[default]
    ReplaceLists,
    /// All five lists are replaced. An omitted list is cleared.
    ReplaceAll,
}

/// Whether a user may have Email. AWS' pages contradict each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EmailRule {
    /// It is optional, as in practice.
    #[default]
    Lenient,
    /// It is required with CONNECT_MANAGED and refused with SAML.
    Documented,
}

/// The answer of SearchUsers to a value outside 2 to 25 characters, for which AWS guarantees nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LongSearchValues {
    /// Like other values.
    #[default]
    AsGiven,
    /// Only the first 25 characters count, so that too many users are found.
    Truncated,
    /// Nothing is found.
    NoMatch,
}

/// The switches for behaviour that AWS does not document or enforce.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rules {
    /// Usernames that differ only in case belong to two users. Default false.
    pub case_sensitive_usernames: bool,
    /// Usernames have at most 20 characters unless the instance is SAML. Default false.
    pub short_usernames: bool,
    /// A username with an `@` must be an e-mail address. Default false.
    pub email_usernames: bool,
    /// How long a deleted user's name stays taken. Default 0 s.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub username_held_for: Duration,
    /// Which users have an e-mail address.
    pub email: EmailRule,
    /// E-mail addresses are kept in lower case. Default false.
    pub lower_case_emails: bool,
    /// An empty SecondaryEmail, Mobile or Email clears the member. Otherwise it is refused. Default true.
    pub empty_string_clears: bool,
    /// The error for an unknown profile or group. Default 404.
    pub unknown_reference: UnknownReference,
    /// UpdateUserIdentityInfo. Default: omitted members are cleared.
    pub identity_update: IdentityUpdate,
    /// UpdateUserConfig. Default: a given list replaces the old one.
    pub user_config_update: UserConfigUpdate,
    /// Reads also list channels without a setting, with false or 0. Default false.
    pub show_unset_channels: bool,
    /// SearchUsers returns milliseconds in the per-channel lists too. Default true.
    pub search_lists_in_milliseconds: bool,
    /// Proficiency levels are whole numbers. Default false.
    pub whole_levels: bool,
    /// The most proficiencies of a user. Default 10.
    pub proficiencies_per_user: usize,
    /// A change of tags moves LastModifiedTime. Default false.
    pub tags_touch_user: bool,
    /// A change of proficiencies moves the user's LastModifiedTime. Default false.
    pub proficiencies_touch_user: bool,
    /// Search values outside 2 to 25 characters. Default: like other values.
    pub long_search_values: LongSearchValues,
    /// How long a page token is valid. Default 24 h.
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
            lower_case_emails: false,
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
