//! A fleet in sync without changes: resync, restart, a day.

use std::{collections::HashSet, time::Duration};

use connect_api::OperationName;

use super::{Calls, DAY, HOUR, MINUTE, calls::PASSES};
use crate::{Agent, Fleet, Requests, Setup, in_virtual_time};

/// The cost of a resync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResyncReport {
    /// The number of ConnectUsers.
    pub users: usize,
    /// Watches that were cut and resumed.
    pub reconnects: u64,
    /// Passes after that.
    pub passes_after_reconnect: u64,
    /// Passes after the second list, which follows a 410.
    pub passes_after_relist: u64,
    /// All requests to the API server.
    pub requests: Requests,
    /// The writes among them.
    pub kubernetes_writes: u64,
    /// Calls to Connect.
    pub calls: Calls,
    /// The violations.
    pub violations: Vec<String>,
}

/// Cuts the watch of a fleet in sync, then forces a second list, between two sweeps.
pub fn resync(users: usize) -> ResyncReport {
    in_virtual_time(async {
        // No user reaches its drift interval meanwhile.
        let fleet = Fleet::new(Setup { drift_interval: 3650 * DAY, ..Setup::default() });
        fleet.seed(&Agent::fleet("sales", users)).await;
        let operator = fleet.start();
        operator.swept(10 * MINUTE, 1).await;
        let mut passes = operator.counted(PASSES);
        let mut made = |operator: &crate::Operator| {
            let before = std::mem::replace(&mut passes, operator.counted(PASSES));
            passes - before
        };
        // Between one sweep and the next there are more than four minutes.
        tokio::time::sleep(Duration::from_secs(10)).await;
        made(&operator);
        fleet.reset();
        let mark = fleet.journal().len();
        fleet.api().cut_watches();
        tokio::time::sleep(MINUTE).await;
        let passes_after_reconnect = made(&operator);
        let reconnects = fleet.api().requests().get("watch connectusers").copied().unwrap_or_default();
        fleet.api().compact();
        tokio::time::sleep(MINUTE).await;
        let report = ResyncReport {
            users,
            reconnects,
            passes_after_reconnect,
            passes_after_relist: made(&operator),
            requests: fleet.api().requests(),
            kubernetes_writes: fleet.api().writes(),
            calls: fleet.journal().counts(mark),
            violations: fleet.violations(),
        };
        operator.stop().await;
        report
    })
}

/// The cost of a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestartReport {
    /// The number of ConnectUsers, all in sync.
    pub users: usize,
    /// From the start to the end of the first sweep.
    pub first_sweep_after: Duration,
    /// Calls to Connect until then.
    pub calls: Calls,
    /// Requests to the API server until then, and in the minute that follows.
    pub requests: Requests,
    /// The writes among them.
    pub kubernetes_writes: u64,
    /// Calls to Connect in the next hour without changes: sweeps, and reads at the drift interval.
    pub calls_in_the_next_hour: Calls,
    /// The violations.
    pub violations: Vec<String>,
}

/// Starts an operator for a fleet that another one left in sync.
pub fn restart(users: usize) -> RestartReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        fleet.seed(&Agent::fleet("sales", users)).await;
        let mark = fleet.journal().len();
        let operator = fleet.start();
        let first_sweep_after = operator.swept(10 * MINUTE, 1).await.unwrap_or(10 * MINUTE);
        let calls = fleet.journal().counts(mark);
        tokio::time::sleep(MINUTE).await;
        let mut report = RestartReport {
            users,
            first_sweep_after,
            calls,
            requests: fleet.api().requests(),
            kubernetes_writes: fleet.api().writes(),
            ..RestartReport::default()
        };
        let mark = fleet.journal().len();
        tokio::time::sleep(HOUR).await;
        report.calls_in_the_next_hour = fleet.journal().counts(mark);
        report.violations = fleet.violations();
        operator.stop().await;
        report
    })
}

/// The reads of users in a day of sweeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayReport {
    /// The number of ConnectUsers, all in sync.
    pub users: usize,
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
        let mark = fleet.journal().len();
        tokio::time::sleep(DAY + 10 * MINUTE).await;
        let sent = fleet.journal().since(mark);
        let reads = || sent.iter().filter(|call| call.operation == OperationName::DescribeUser);
        let report = DayReport {
            users,
            read: reads().map(|call| &call.key).collect::<HashSet<_>>().len(),
            reads: reads().count(),
            violations: fleet.violations(),
        };
        operator.stop().await;
        report
    })
}
