//! The accounts of access keys, and the roles that may be assumed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Deserialize;

use super::instances::is_account;

/// The part of AWS STS that determines accounts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StsConfig {
    /// The accounts of access keys. Such a key sees only the instances of its account. All other keys see the instances of every
    /// account, and belong to the first instance's account. Default: none.
    pub access_keys: BTreeMap<String, String>,
    /// The roles that may be assumed. Default: none.
    pub roles: Vec<RoleConfig>,
}

/// A role that any caller with its external id may assume.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleConfig {
    /// The role's ARN.
    pub arn: String,
    /// The external id that its trust policy requires. Default: none.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The length of a session. Default 1 h.
    #[serde(default = "hour", with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub session_duration: Duration,
}

impl RoleConfig {
    /// Returns a role that requires no external id.
    pub fn new(arn: impl Into<String>) -> Self {
        Self { arn: arn.into(), external_id: None, session_duration: hour() }
    }

    /// Returns account and name.
    pub(crate) fn parts(&self) -> Option<(&str, &str)> {
        let mut parts = self.arn.splitn(6, ':').skip(4);
        let (account, path) = (parts.next()?, parts.next()?);
        Some((account, path.strip_prefix("role/")?.rsplit('/').next()?))
    }
}

impl StsConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if let Some((key, account)) = self.access_keys.iter().find(|(_, account)| !is_account(account)) {
            return Err(format!("accessKeys: {key}: {account:?} is not 12 digits (in YAML, quote it)"));
        }
        let mut arns = BTreeSet::new();
        for role in &self.roles {
            if !role.parts().is_some_and(|(account, name)| is_account(account) && !name.is_empty()) {
                return Err(format!("roles: {:?} is not the ARN of a role", role.arn));
            }
            if !arns.insert(&role.arn) {
                return Err(format!("roles: {} appears twice", role.arn));
            }
        }
        Ok(())
    }
}

fn hour() -> Duration {
    Duration::from_secs(3600)
}
