//! The switches for behaviour that AWS does not document, or documents but does not enforce. [`Rules`] says how sure each is.

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

/// The answer of SearchUsers to a name outside 2 to 25 characters, for which AWS guarantees nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LongSearchValues {
    /// Like other values.
    AsGiven,
    /// Only the first 25 characters count, so that too many users are found.
    Truncated,
    /// Nothing is found.
    #[default]
    NoMatch,
}

/// The read that shows an empty list of per-channel settings as such. Otherwise the list is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EmptyLists {
    /// SearchUsers does, and DescribeUser does not.
    #[default]
    InSearch,
    /// DescribeUser does, and SearchUsers does not.
    InDescribe,
    /// None does.
    Nowhere,
}

/// The switches for behaviour that AWS does not document or enforce.
///
/// The default of each is the hardest reading that AWS' documentation or a report allows; [`lenient`](Self::lenient) has the others.
/// *Documented*, *reported* and *unknown* say where a default comes from. Nothing was tried on AWS itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rules {
    /// Usernames that differ only in case belong to two users. Default false. Reported: AWS' SCIM sample met duplicates.
    pub case_sensitive_usernames: bool,
    /// Usernames have at most 20 characters unless the instance is SAML. Default false. Documented, but reported not to be enforced:
    /// tests of Terraform's provider create users with 43.
    pub short_usernames: bool,
    /// A username with an `@` must be an e-mail address. Default true. Documented.
    pub email_usernames: bool,
    /// How long a deleted user's name stays taken. Default 0 s. Unknown: neither documented nor reported.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub username_held_for: Duration,
    /// CreateUser checks whether the username is taken after everything else, so that another fault hides a user that exists. Default
    /// true. Unknown.
    pub username_checked_last: bool,
    /// CreateUser checks the users quota before the username. Default true. Unknown.
    pub quota_before_username: bool,
    /// Which users have an e-mail address. Default: it is optional. Documented in contradictory ways; the default is reported.
    pub email: EmailRule,
    /// E-mail addresses are kept in lower case. Default true. Unknown; usual for directories.
    pub lower_case_emails: bool,
    /// Names, e-mail addresses and telephone numbers of `UserIdentityInfo` are kept without spaces around them. Default true. Unknown.
    pub trimmed_values: bool,
    /// An empty SecondaryEmail, Mobile or Email clears the member. Otherwise it is refused. Default false. The documented patterns of
    /// SecondaryEmail and Mobile do not match an empty value; how to clear them is not documented.
    pub empty_string_clears: bool,
    /// The error for an unknown profile or group. Default 404. Unknown.
    pub unknown_reference: UnknownReference,
    /// UpdateUserIdentityInfo. Default: omitted members are cleared. Unknown.
    pub identity_update: IdentityUpdate,
    /// UpdateUserConfig. Default: a given list replaces the old one. Unknown.
    pub user_config_update: UserConfigUpdate,
    /// After-contact work of the channel CHAT is cut at 5,400 s. Default true. Documented in prose since 2026.
    pub chat_work_capped: bool,
    /// Reads also list channels without a setting, with false or 0. Default false. Unknown.
    pub show_unset_channels: bool,
    /// Which read shows empty lists. Default: SearchUsers alone. Unknown.
    pub empty_lists: EmptyLists,
    /// SearchUsers returns milliseconds in the per-channel lists too. Default true. Documented for SearchUsers as a whole.
    pub search_lists_in_milliseconds: bool,
    /// Proficiency levels are whole numbers. Default true. Documented in prose; the model has a floating-point number.
    pub whole_levels: bool,
    /// The most proficiencies of a user. Default 10. Documented.
    pub proficiencies_per_user: usize,
    /// A change of tags moves LastModifiedTime. Default false. Unknown.
    pub tags_touch_user: bool,
    /// A change of proficiencies moves the user's LastModifiedTime. Default false. Unknown; proficiencies have a time of their own.
    pub proficiencies_touch_user: bool,
    /// ListUsers shows LastModifiedTime. Default true. Documented. False is reported by users of boto3.
    pub listed_times: bool,
    /// Names of 1 or more than 25 characters in SearchUsers. Default: nothing is found. Documented: their results may be wrong.
    pub long_search_values: LongSearchValues,
    /// Each new user has a setting of a channel that API models do not name yet. Default false. Documented: AWS may add values; it
    /// added EMAIL.
    pub unknown_channel: bool,
    /// How long a page token is valid. Default 24 h. Documented.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub token_lifetime: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            case_sensitive_usernames: false,
            short_usernames: false,
            email_usernames: true,
            username_held_for: Duration::ZERO,
            username_checked_last: true,
            quota_before_username: true,
            email: EmailRule::default(),
            lower_case_emails: true,
            trimmed_values: true,
            empty_string_clears: false,
            unknown_reference: UnknownReference::default(),
            identity_update: IdentityUpdate::default(),
            user_config_update: UserConfigUpdate::default(),
            chat_work_capped: true,
            show_unset_channels: false,
            empty_lists: EmptyLists::default(),
            search_lists_in_milliseconds: true,
            whole_levels: true,
            proficiencies_per_user: 10,
            tags_touch_user: false,
            proficiencies_touch_user: false,
            listed_times: true,
            long_search_values: LongSearchValues::default(),
            unknown_channel: false,
            token_lifetime: Duration::from_secs(24 * 3600),
        }
    }
}

impl Rules {
    /// Returns the easiest reading of each.
    pub fn lenient() -> Self {
        Self {
            email_usernames: false,
            username_checked_last: false,
            quota_before_username: false,
            lower_case_emails: false,
            trimmed_values: false,
            empty_string_clears: true,
            identity_update: IdentityUpdate::Merge,
            user_config_update: UserConfigUpdate::MergeChannels,
            chat_work_capped: false,
            empty_lists: EmptyLists::Nowhere,
            search_lists_in_milliseconds: false,
            whole_levels: false,
            tags_touch_user: true,
            proficiencies_touch_user: true,
            long_search_values: LongSearchValues::AsGiven,
            ..Self::default()
        }
    }
}
