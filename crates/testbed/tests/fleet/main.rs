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
mod takeover;

use std::time::Duration;

use testbed::{Fleet, Operator};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The metric that counts passes with any result.
const PASSES: &str = "connect_operator_reconcile_total";

/// Returns the number of users of a test: fewer by default, and the ten thousand of the benchmark with `FLEET=all`.
fn users(by_default: usize) -> usize {
    if std::env::var("FLEET").is_ok_and(|fleet| fleet == "all") { 10_000 } else { by_default }
}

/// Stops the operator of a fleet that must have no violations.
async fn end(fleet: &Fleet, operator: Operator) {
    assert_eq!(fleet.violations(), Vec::<String>::new());
    operator.stop().await;
}
