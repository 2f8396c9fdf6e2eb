//! An outage of Connect, or of the network to it, for an hour.

use std::time::Duration;

use connect_api::OperationName;
use connect_sim::Effect;
use serde_json::json;

use super::{DAY, HOUR, MINUTE, SECOND};
use crate::{Agent, Fleet, Sent, Setup, in_virtual_time, journal::most_within};

/// The result of an hour without Connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutageReport {
    /// Calls in each ten minutes of the hour.
    pub calls_during: Vec<usize>,
    /// The most calls of one operation within a second of that hour. AWS' bucket allows 7: 5 at once and 2 refilled.
    pub most_during: usize,
    /// Calls in each of the first ten minutes after it.
    pub calls_after: Vec<usize>,
    /// The most calls of one operation within a second of those minutes.
    pub most_after: usize,
    /// The time from the end of the outage until all were in sync. None: not within a day.
    pub in_sync_after: Option<Duration>,
    /// Throttled calls after the outage.
    pub throttled: usize,
    /// The violations.
    pub violations: Vec<String>,
}

/// Gives every call this effect for an hour beside a fleet in sync, in which ConnectUsers are applied and as many others edited meanwhile.
pub fn outage(standing: usize, waiting: usize, effect: Effect) -> OutageReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        let agents = Agent::fleet("sales", standing);
        fleet.seed(&agents).await;
        let operator = fleet.start();
        operator.swept(10 * MINUTE, 1).await;
        tokio::time::sleep(MINUTE).await;
        fleet.sim().inject(connect_sim::Fault::any(effect).always());
        for (number, agent) in agents.iter().take(waiting).enumerate() {
            fleet.apply(&Agent::plain("support", number));
            fleet.api().edit(&agent.resource(), |spec| spec["identityInfo"]["lastName"] = json!("Moved"));
        }
        let (mark, down) = (fleet.journal().mark(), fleet.elapsed());
        tokio::time::sleep(HOUR).await;
        let during = fleet.journal().since(mark);
        fleet.sim().clear_faults();
        let (mark, back) = (fleet.journal().mark(), fleet.elapsed());
        let in_sync_after = fleet.settled(DAY).await;
        tokio::time::sleep(10 * MINUTE).await;
        let after = fleet.journal().since(mark);
        let report = OutageReport {
            calls_during: each(&during, down, 10 * MINUTE, 6),
            most_during: most_of_one(&during),
            calls_after: each(&after, back, MINUTE, 10),
            most_after: most_of_one(&after),
            in_sync_after,
            throttled: fleet.journal().failed(mark, connect_api::Class::Throttled),
            violations: fleet.violations(),
        };
        operator.stop().await;
        report
    })
}

/// Returns the number of calls in each of a number of periods.
fn each(calls: &[Sent], from: Duration, stretch: Duration, count: u32) -> Vec<usize> {
    let within = |n: u32| (from + stretch * n)..(from + stretch * (n + 1));
    (0..count).map(|n| calls.iter().filter(|call| within(n).contains(&call.at)).count()).collect()
}

/// Returns the most calls of one operation within a second.
fn most_of_one(calls: &[Sent]) -> usize {
    let of = |operation: OperationName| calls.iter().filter(|call| call.operation == operation).cloned().collect::<Vec<_>>();
    OperationName::ALL.iter().map(|operation| most_within(&of(*operation), SECOND)).max().unwrap_or_default()
}
