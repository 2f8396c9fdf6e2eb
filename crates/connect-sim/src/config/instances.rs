//! Instances and their initial content.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::{IdentityManagementType, InstanceId};
use serde::Deserialize;

/// An instance and its initial content.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstanceConfig {
    /// The id: the part of the ARN after `instance/`.
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
    /// The alias.
    #[serde(default)]
    pub alias: Option<String>,
    /// How users sign in: `SAML`, `CONNECT_MANAGED` (default) or `EXISTING_DIRECTORY`.
    #[serde(default = "connect_managed", deserialize_with = "identity_management_type")]
    pub identity_management_type: IdentityManagementType,
    /// Whether Connect can read the directory of an EXISTING_DIRECTORY instance. Otherwise CreateUser needs a DirectoryUserId.
    /// Default true.
    #[serde(default = "yes")]
    pub directory_reachable: bool,
    /// The quota of users. Default 500, as in AWS.
    #[serde(default = "users_quota")]
    pub users_quota: usize,
    /// Tags of the instance.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Routing profiles. Default: the one of a new instance.
    #[serde(default = "routing_profiles")]
    pub routing_profiles: Vec<NamedConfig>,
    /// Security profiles. Default: those of a new instance.
    #[serde(default = "security_profiles")]
    pub security_profiles: Vec<NamedConfig>,
    /// Hierarchy groups by path (`/Level one/Level two`); missing parent groups are created. Default: none.
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
    /// Returns the defaults with this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: InstanceId::new(id), ..Self::default() }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if self.id.as_str().is_empty() || self.id.as_str().contains(['/', ':']) {
            return Err("an id must not be empty and must not contain a slash or a colon".into());
        }
        if !is_account(&self.account) {
            return Err(format!("account: {:?} is not 12 digits (in YAML, quote it)", self.account));
        }
        for (kind, named) in [
            ("routingProfiles", &self.routing_profiles),
            ("securityProfiles", &self.security_profiles),
            ("hierarchyGroups", &self.hierarchy_groups),
        ] {
            let mut names = BTreeSet::new();
            if let Some(twice) = named.iter().find(|n| !names.insert(&n.name)) {
                return Err(format!("{kind}: {} appears twice", twice.name));
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

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
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
    /// The name or path.
    pub name: String,
    /// The id. Default: derived from the instance's id and the name, so that it is the same at every start.
    #[serde(default)]
    pub id: Option<String>,
}

impl From<&str> for NamedConfig {
    fn from(name: &str) -> Self {
        Self { name: name.into(), id: None }
    }
}
