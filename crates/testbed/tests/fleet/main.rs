//! The real operator with ten thousand users in virtual time.
//!
//! Counts, states and virtual times do not depend on the machine: virtual time consists of waits for rates and timers.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod api_server;
mod calls;
mod crowds;
mod outages;
mod quotas;
mod steady;
mod sweeps;

use std::time::Duration;

use testbed::{Fleet, Operator};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The metric that counts passes with any result.
const PASSES: &str = "connect_operator_reconcile_total";

/// Stops the operator of a fleet that must have no violations.
async fn end(fleet: &Fleet, operator: Operator) {
    assert_eq!(fleet.violations(), Vec::<String>::new());
    operator.stop().await;
}
