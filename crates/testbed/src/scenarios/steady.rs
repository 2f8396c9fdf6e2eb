//! A fleet in sync, of which nobody wants anything: resynced, restarted.

use std::{collections::HashSet, time::Duration};

use connect_api::OperationName;

use super::{Calls, DAY, HOUR, MINUTE, calls::PASSES};
use crate::{Agent, Fleet, Requests, Setup, in_virtual_time};

/// What it costs to be told of every object once more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResyncReport {
    /// How many ConnectUsers there are.
    pub users: usize,
    /// Watches that were cut, and went on where they were.
    pub reconnects: u64,
    /// Passes that came of it.
    pub passes_after_reconnect: u64,
    /// Passes that came of the list anew, after a 410.
    pub passes_after_relist: u64,
    /// Requests to the API server, all in all.
    pub requests: Requests,
    /// Those of them that asked for a write.
    pub kubernetes_writes: u64,
    /// Calls to Connect.
    pub calls: Calls,
    /// What was not as it must be.
    pub violations: Vec<String>,
}

/// Cuts the watch of a fleet in sync, then has it listed anew. Without sweeps, which have a report of their own.
pub fn resync(users: usize) -> ResyncReport {
    in_virtual_time(async {
        // Nobody's turn to be read by itself comes meanwhile.
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

/// What a restart costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestartReport {
    /// How many ConnectUsers there are, all in sync.
    pub users: usize,
    /// From the start to the end of the first sweep.
    pub first_sweep_after: Duration,
    /// Calls to Connect until then.
    pub calls: Calls,
    /// Requests to the API server until then, and in the minute that follows.
    pub requests: Requests,
    /// Those of them that asked for a write.
    pub kubernetes_writes: u64,
    /// Calls to Connect in the hour that follows, in which nothing happens: its sweeps, and the turns of who is due to be read.
    pub calls_in_the_next_hour: Calls,
    /// What was not as it must be.
    pub violations: Vec<String>,
}

/// Starts an operator beside a fleet that another one left in sync.
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

/// What a day of sweeps leaves each user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayReport {
    /// How many ConnectUsers there are, all in sync.
    pub users: usize,
    /// Users that were read by themselves.
    pub read: usize,
    /// Calls that read one.
    pub reads: usize,
    /// What was not as it must be.
    pub violations: Vec<String>,
}

/// Lets a fleet in sync live through a day and a sweep, in which all sweeps succeed and nothing happens.
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
