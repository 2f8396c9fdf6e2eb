//! Whose access keys are, and which roles may be assumed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Deserialize;

use super::instances::is_account;

/// AWS STS, as far as accounts come from it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StsConfig {
    /// The account of an access key, which then sees the instances of that account alone. Default: none; all other keys see the
    /// instances of every account, and are the first instance's account's.
    pub access_keys: BTreeMap<String, String>,
    /// Roles that may be assumed. Default: none.
    pub roles: Vec<RoleConfig>,
}

/// A role that may be assumed, by whoever gives its external id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleConfig {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy asks for. Default: nothing.
    #[serde(default)]
    pub external_id: Option<String>,
    /// How long a session lasts. Default 1 h.
    #[serde(default = "hour", with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub session_duration: Duration,
}

impl RoleConfig {
    /// A role that asks for no external id.
    pub fn new(arn: impl Into<String>) -> Self {
        Self { arn: arn.into(), external_id: None, session_duration: hour() }
    }

    /// Account and name.
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
                return Err(format!("roles: {} is there twice", role.arn));
            }
        }
        Ok(())
    }
}

fn hour() -> Duration {
    Duration::from_secs(3600)
}
