//! The parts of the configuration: instances and what they hold, rates, and the switches.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use connect_api::{IdentityManagementType, InstanceId};
use serde::Deserialize;

use crate::config::{ConfigError, known_operation};

/// An instance and what it holds at first.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceConfig {
    /// Its id: the part of its ARN after `instance/`.
    pub id: InstanceId,
    /// The AWS account. Default 123456789012.
    #[serde(default = "account")]
    pub account: String,
    /// The Region. Default us-west-2.
    #[serde(default = "region")]
    pub region: String,
    /// The partition. Default aws.
    #[serde(default = "partition")]
    pub partition: String,
    /// Its alias.
    #[serde(default)]
    pub alias: Option<String>,
    /// How its users sign in: `SAML`, `CONNECT_MANAGED` (default) or `EXISTING_DIRECTORY`.
    #[serde(default = "connect_managed", deserialize_with = "identity_management_type")]
    pub identity_management_type: IdentityManagementType,
    /// Whether Connect can read the directory of an EXISTING_DIRECTORY instance; else CreateUser needs a DirectoryUserId.
    /// Default true.
    #[serde(default = "yes")]
    pub directory_reachable: bool,
    /// Users at most. Default 500, as AWS'.
    #[serde(default = "users_quota")]
    pub users_quota: usize,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Routing profiles. Default: the one that AWS puts into a new instance.
    #[serde(default = "routing_profiles")]
    pub routing_profiles: Vec<NamedConfig>,
    /// Security profiles. Default: those that AWS puts into a new instance.
    #[serde(default = "security_profiles")]
    pub security_profiles: Vec<NamedConfig>,
    /// Hierarchy groups by path (`/Level one/Level two`); the groups above come by themselves. Default: none.
    #[serde(default)]
    pub hierarchy_groups: Vec<NamedConfig>,
    /// Predefined attributes with their values. Default: none.
    #[serde(default)]
    pub predefined_attributes: BTreeMap<String, Vec<String>>,
}

impl Default for InstanceConfig {
    fn default() -> Self {
        Self {
            id: "5a1e0000-c0ff-4eee-8000-000000000001".into(),
            account: account(),
            region: region(),
            partition: partition(),
            alias: Some("sample".into()),
            identity_management_type: connect_managed(),
            directory_reachable: true,
            users_quota: users_quota(),
            tags: BTreeMap::new(),
            routing_profiles: routing_profiles(),
            security_profiles: security_profiles(),
            hierarchy_groups: Vec::new(),
            predefined_attributes: BTreeMap::new(),
        }
    }
}

impl InstanceConfig {
    /// The defaults with this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: InstanceId::new(id), ..Self::default() }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if self.id.as_str().is_empty() || self.id.as_str().contains(['/', ':']) {
            return Err("an id has neither slash nor colon and is not empty".into());
        }
        if self.account.len() != 12 || !self.account.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("account: {:?} is not 12 digits (in YAML, quote it)", self.account));
        }
        for (kind, named) in [
            ("routingProfiles", &self.routing_profiles),
            ("securityProfiles", &self.security_profiles),
            ("hierarchyGroups", &self.hierarchy_groups),
        ] {
            let mut names = BTreeSet::new();
            if let Some(twice) = named.iter().find(|n| !names.insert(&n.name)) {
                return Err(format!("{kind}: {} is there twice", twice.name));
            }
        }
        for group in &self.hierarchy_groups {
            let levels = group.name.strip_prefix('/').map(|path| path.split('/').collect::<Vec<_>>());
            if !levels.is_some_and(|levels| levels.len() <= 5 && levels.iter().all(|l| !l.is_empty())) {
                return Err(format!("hierarchyGroups: {:?} is not a path of 1 to 5 names, each after a slash", group.name));
            }
        }
        Ok(())
    }
}

fn account() -> String {
    "123456789012".into()
}

fn region() -> String {
    "us-west-2".into()
}

fn partition() -> String {
    "aws".into()
}

fn connect_managed() -> IdentityManagementType {
    IdentityManagementType::ConnectManaged
}

fn yes() -> bool {
    true
}

fn users_quota() -> usize {
    500
}

fn routing_profiles() -> Vec<NamedConfig> {
    vec!["Basic Routing Profile".into()]
}

fn security_profiles() -> Vec<NamedConfig> {
    ["Admin", "Agent", "CallCenterManager", "QualityAnalyst"].map(NamedConfig::from).into()
}

fn identity_management_type<'de, D: serde::Deserializer<'de>>(d: D) -> Result<IdentityManagementType, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Spelling {
        Saml,
        ConnectManaged,
        ExistingDirectory,
    }
    Ok(match Spelling::deserialize(d)? {
        Spelling::Saml => IdentityManagementType::Saml,
        Spelling::ConnectManaged => IdentityManagementType::ConnectManaged,
        Spelling::ExistingDirectory => IdentityManagementType::ExistingDirectory,
    })
}

/// A profile by its name, or a hierarchy group by its path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamedConfig {
    /// Name or path.
    pub name: String,
    /// Id. Default: derived from the instance's id and the name, so that it is the same at every start.
    #[serde(default)]
    pub id: Option<String>,
}

impl From<&str> for NamedConfig {
    fn from(name: &str) -> Self {
        Self { name: name.into(), id: None }
    }
}

/// A token bucket: what it holds and what flows in.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// Calls a second.
    pub per_second: f64,
    /// Calls at once.
    pub burst: u32,
}

/// How many calls pass.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Throttling {
    /// Whether there is any. Default true.
    pub enabled: bool,
    /// For each operation that is not named below. Default 2 a second, 5 at once.
    pub default: Rate,
    /// By operation. Default: none.
    pub operations: BTreeMap<String, Rate>,
    /// The share of throttles that arrive as TooManyRequestsException and not as ThrottlingException, 0 to 1. Default 0.
    pub too_many_requests_share: f64,
}

impl Default for Throttling {
    fn default() -> Self {
        Self {
            enabled: true,
            default: Rate { per_second: 2.0, burst: 5 },
            operations: BTreeMap::new(),
            too_many_requests_share: 0.0,
        }
    }
}

impl Throttling {
    /// No throttling at all.
    pub fn off() -> Self {
        Self { enabled: false, ..Self::default() }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: String| Err(ConfigError(format!("throttling: {what}")));
        if !(0.0..=1.0).contains(&self.too_many_requests_share) {
            return wrong(format!("tooManyRequestsShare: {} is not between 0 and 1", self.too_many_requests_share));
        }
        for (operation, rate) in &self.operations {
            known_operation(operation).map_err(|e| ConfigError(format!("throttling: operations: {e}")))?;
            check_rate(operation, rate)?;
        }
        check_rate("default", &self.default)
    }
}

fn check_rate(of: &str, rate: &Rate) -> Result<(), ConfigError> {
    if rate.per_second.is_finite() && rate.per_second > 0.0 && rate.burst > 0 {
        return Ok(());
    }
    Err(ConfigError(format!("throttling: {of}: perSecond and burst must be above 0")))
}

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
