//! The real operator with a fleet of users in virtual time: ten thousand with `FLEET=all`.
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

/// Returns the most listing calls of one sweep, with some to spare: a search shows 500 users a page, a list 1,000.
fn pages(users: usize) -> usize {
    users.div_ceil(500) + users.div_ceil(1000) + 10
}

/// Stops the operator of a fleet that must have no violations.
async fn end(fleet: &Fleet, operator: Operator) {
    assert_eq!(fleet.violations(), Vec::<String>::new());
    operator.stop().await;
}
