//! The rates of calls.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ConfigError, known_operation};

/// The size and refill rate of a token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// Calls per second.
    pub per_second: f64,
    /// The most calls at once.
    pub burst: u32,
}

/// The rates of calls.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Throttling {
    /// Whether calls are throttled. Default true.
    pub enabled: bool,
    /// The rate of operations that are not named below. Default 2 per second, 5 at once.
    pub default: Rate,
    /// Rates by operation. Default: none.
    pub operations: BTreeMap<String, Rate>,
    /// The share of throttles with TooManyRequestsException instead of ThrottlingException, 0 to 1. Default 0.
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
    /// Returns a configuration without throttling.
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
