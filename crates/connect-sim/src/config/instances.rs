//! Instances and their initial content.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::{Arn, IdentityManagementType, InstanceId, Resource};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::security_profiles::SecurityProfileConfig;

/// An instance and its initial content.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct InstanceConfig {
    /// The id: the part of the ARN after `instance/`. Required in YAML.
    #[serde(default = "no_id")]
    pub id: InstanceId,
    /// The AWS account. Default 123456789012.
    pub account: String,
    /// The Region. Default us-west-2.
    pub region: String,
    /// The partition. Default aws.
    pub partition: String,
    /// The alias. Default in YAML: none.
    #[serde(default)]
    pub alias: Option<String>,
    /// How users sign in: `SAML`, `CONNECT_MANAGED` (default) or `EXISTING_DIRECTORY`.
    #[serde(deserialize_with = "identity_management_type")]
    pub identity_management_type: IdentityManagementType,
    /// Whether Connect can read the directory of an EXISTING_DIRECTORY instance. Otherwise CreateUser needs a DirectoryUserId.
    /// Default true.
    pub directory_reachable: bool,
    /// The quota of users. Default 500, as in AWS.
    pub users_quota: usize,
    /// Tags of the instance.
    pub tags: BTreeMap<String, String>,
    /// Routing profiles. Default: the one of a new instance.
    pub routing_profiles: Vec<NamedConfig>,
    /// Security profiles. Default: those of a new instance.
    pub security_profiles: Vec<SecurityProfileConfig>,
    /// Hierarchy groups by path (`/Level one/Level two`); missing parent groups are created. Default: none.
    pub hierarchy_groups: Vec<NamedConfig>,
    /// Predefined attributes with their values. Default: none.
    pub predefined_attributes: BTreeMap<String, Vec<String>>,
}

impl Default for InstanceConfig {
    fn default() -> Self {
        Self {
            id: "5a1e0000-c0ff-4eee-8000-000000000001".into(),
            account: "123456789012".into(),
            region: "us-west-2".into(),
            partition: "aws".into(),
            alias: Some("sample".into()),
            identity_management_type: IdentityManagementType::ConnectManaged,
            directory_reachable: true,
            users_quota: 500,
            tags: BTreeMap::new(),
            routing_profiles: vec!["Basic Routing Profile".into()],
            security_profiles: ["Admin", "Agent", "CallCenterManager", "QualityAnalyst"].map(SecurityProfileConfig::from).into(),
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

    /// Returns the instance's ARN.
    pub(crate) fn arn(&self) -> Arn {
        Arn {
            partition: self.partition.clone(),
            region: self.region.clone(),
            account: self.account.clone(),
            instance: self.id.clone(),
            resource: Resource::Instance,
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if !is_account(&self.account) {
            return Err(format!("account: {:?} is not 12 digits (in YAML, quote it)", self.account));
        }
        self.arn().to_string().parse::<Arn>().map_err(|error| format!("id, region and partition: {error}"))?;
        let named = |all: &[NamedConfig]| all.iter().map(|one| one.name.clone()).collect();
        let security_profiles: Vec<String> = self.security_profiles.iter().map(|one| one.name.clone()).collect();
        for (kind, names) in [
            ("routingProfiles", named(&self.routing_profiles)),
            ("securityProfiles", security_profiles),
            ("hierarchyGroups", named(&self.hierarchy_groups)),
        ] {
            let mut seen = BTreeSet::new();
            if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
                return Err(format!("{kind}: {twice} appears twice"));
            }
        }
        for profile in &self.security_profiles {
            profile.check().map_err(|e| format!("securityProfiles: {e}"))?;
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

/// An id that [`InstanceConfig::check`] refuses.
fn no_id() -> InstanceId {
    InstanceId::new("")
}

fn identity_management_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IdentityManagementType, D::Error> {
    use IdentityManagementType::{ConnectManaged, ExistingDirectory, Saml};
    let name = String::deserialize(deserializer)?;
    let known = [Saml, ConnectManaged, ExistingDirectory].into_iter().find(|known| known.as_str() == name);
    known.ok_or_else(|| D::Error::unknown_variant(&name, &["SAML", "CONNECT_MANAGED", "EXISTING_DIRECTORY"]))
}

/// A routing profile by its name, or a hierarchy group by its path.
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
