//! A fleet in sync without changes.

use std::collections::HashSet;

use connect_api::OperationName;

use super::{DAY, MINUTE};
use crate::{Agent, Fleet, Setup, in_virtual_time};

/// The reads of users in a day of sweeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayReport {
    /// Users that were read.
    pub read: usize,
    /// Calls that read a user.
    pub reads: usize,
    /// The violations.
    pub violations: Vec<String>,
}

/// Runs a fleet in sync for a day and a sweep, in which all sweeps succeed and nothing changes.
pub fn day(users: usize) -> DayReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        fleet.seed(&Agent::fleet("sales", users)).await;
        let operator = fleet.start();
        let mark = fleet.journal().mark();
        tokio::time::sleep(DAY + 10 * MINUTE).await;
        let sent = fleet.journal().since(mark);
        let reads = || sent.iter().filter(|call| call.operation == OperationName::DescribeUser);
        let report = DayReport {
            read: reads().map(|call| &call.key).collect::<HashSet<_>>().len(),
            reads: reads().count(),
            violations: fleet.violations(),
        };
        operator.stop().await;
        report
    })
}
