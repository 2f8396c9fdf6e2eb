//! The simulator's configuration: the account's instances, the clock, lags, rates and the switches.

mod instances;
mod rules;
pub(crate) mod security_profiles;
mod sts;
mod throttling;

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;

pub use instances::{InstanceConfig, NamedConfig};
pub use rules::{
    DescribeLagCovers, EmailRule, EmptyLists, IdentityUpdate, LongSearchValues, Rules, UnknownReference, UserConfigUpdate,
};
pub use security_profiles::SecurityProfileConfig;
pub use sts::{RoleConfig, StsConfig};
pub use throttling::{Rate, Throttling};

use crate::{ClockMode, request};

/// The whole configuration. Everything has a default, so that `Config::default()` is a working account with one instance.
///
/// In YAML the members are in camelCase, and unknown ones are errors.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// The seed of ids, request ids and random numbers. Default 0.
    pub seed: u64,
    /// What moves the clock. Default: real time.
    pub clock: ClockMode,
    /// The start of a manual clock. Default 2026-01-01T00:00:00Z.
    pub start: Timestamp,
    /// How far SearchUsers lags behind writes. Default 3 s.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub search_lag: Duration,
    /// How far DescribeUser, ListUsers and ListUserProficiencies lag behind writes. Default 0 s.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub describe_lag: Duration,
    /// The writes that `describe_lag` delays. Default: only creates.
    pub describe_lag_covers: DescribeLagCovers,
    /// The most items on a page, for any request. Default: no limit.
    pub page_limit: Option<usize>,
    /// Rates by account, Region and operation.
    pub throttling: Throttling,
    /// Operations that answer AccessDeniedException. Default: none.
    pub denied_operations: BTreeSet<String>,
    /// The switches for behaviour that AWS does not document or enforce.
    pub rules: Rules,
    /// The instances. Default: one, CONNECT_MANAGED, in us-west-2.
    pub instances: Vec<InstanceConfig>,
    /// The accounts of access keys, and the roles that may be assumed. Default: every key sees every account, and no roles.
    pub sts: StsConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            clock: ClockMode::Real,
            start: Timestamp::constant(1_767_225_600, 0),
            search_lag: Duration::from_secs(3),
            describe_lag: Duration::ZERO,
            describe_lag_covers: DescribeLagCovers::default(),
            page_limit: None,
            throttling: Throttling::default(),
            denied_operations: BTreeSet::new(),
            rules: Rules::default(),
            instances: vec![InstanceConfig::default()],
            sts: StsConfig::default(),
        }
    }
}

/// The error for an inconsistent configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub(crate) String);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Returns the defaults, with a clock that only [`Sim::advance`](crate::Sim::advance) moves.
    pub fn manual() -> Self {
        Self { clock: ClockMode::Manual, ..Self::default() }
    }

    /// Reads a configuration and checks it.
    ///
    /// # Errors
    /// The invalid member and the reason.
    pub fn from_yaml(yaml: &str) -> Result<Self, ConfigError> {
        let config: Self = serde_saphyr::from_str(yaml).map_err(|e| ConfigError(e.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// Checks what types cannot: that ids are unique, rates are positive and operations exist.
    ///
    /// # Errors
    /// The invalid member and the reason.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.page_limit == Some(0) {
            return Err(ConfigError("pageLimit: a page without items never ends; give 1 or more".into()));
        }
        self.throttling.check()?;
        for operation in &self.denied_operations {
            known_operation(operation).map_err(|e| ConfigError(format!("deniedOperations: {e}")))?;
        }
        self.sts.check().map_err(|e| ConfigError(format!("sts: {e}")))?;
        if self.instances.is_empty() {
            return Err(ConfigError("instances: give at least one".into()));
        }
        let mut seen = BTreeSet::new();
        for instance in &self.instances {
            instance.check().map_err(|e| ConfigError(format!("instances: {}: {e}", instance.id)))?;
            // A replica has the id of the instance that it replicates, in another Region of the account.
            if !seen.insert((&instance.id, &instance.account, &instance.region)) {
                return Err(ConfigError(format!("instances: {} appears twice", instance.id)));
            }
        }
        Ok(())
    }
}

/// Checks that an operation exists, since a mistyped one would silently have no effect.
pub(crate) fn known_operation(name: &str) -> Result<(), ConfigError> {
    if request::operations().any(|known| known == name) {
        return Ok(());
    }
    let all = request::operations().collect::<Vec<_>>().join(", ");
    Err(ConfigError(format!("{name} is not a simulated operation; expected one of {all}")))
}
