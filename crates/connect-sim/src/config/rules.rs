//! The switches for behaviour that AWS does not document, or documents but does not enforce.

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

/// The switches for behaviour that AWS does not document or enforce.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rules {
    /// Which users have an e-mail address.
    pub email: EmailRule,
    /// UpdateUserConfig. Default: a given list replaces the old one.
    pub user_config_update: UserConfigUpdate,
    /// SearchUsers returns milliseconds in the per-channel lists too. Default true.
    pub search_lists_in_milliseconds: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { email: EmailRule::default(), user_config_update: UserConfigUpdate::default(), search_lists_in_milliseconds: true }
    }
}
