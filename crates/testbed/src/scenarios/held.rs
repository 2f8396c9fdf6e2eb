//! Deletions that the guard against mass deletion holds.

use std::time::Duration;

use connect_api::OperationName;
use connect_operator::{api::CONFIRM_DELETION, reconcile::DeletionGuard};

use super::{Calls, DAY, MINUTE};
use crate::{Agent, Fleet, Setup, in_virtual_time};

/// The cost of deletions that are held for a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldReport {
    /// The number of ConnectUsers whose deletion was held.
    pub held: usize,
    /// Calls to Connect for them in that day, by operation. Sweeps of the instance are not among them.
    pub calls: Calls,
    /// Writes of statuses in that day.
    pub status_writes: u64,
    /// Events in that day: of those that are held, and of the leavers.
    pub events: u64,
    /// Reads of namespaces in that day.
    pub namespace_reads: u64,
    /// Deletions of single ConnectUsers in another namespace that ended meanwhile.
    pub leavers: usize,
    /// The time from the confirmation until all were gone. None: not within a day.
    pub gone_after: Option<Duration>,
    /// Calls to Connect for them after the confirmation.
    pub calls_afterwards: Calls,
    /// The violations.
    pub violations: Vec<String>,
}

/// The number of single deletions in the other namespace.
const LEAVERS: usize = 12;

/// Empties a namespace with the guard's default limits, and confirms that a day later. In another namespace, a ConnectUser is deleted
/// every two hours.
pub fn held_deletions(users: usize) -> HeldReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup { deletion_guard: DeletionGuard::default(), ..Setup::default() });
        let (sales, support) = (Agent::fleet("sales", users), Agent::fleet("support", 100));
        fleet.seed(&[sales.clone(), support.clone()].concat()).await;
        let operator = fleet.start();
        operator.swept(10 * MINUTE, 1).await;
        fleet.reset();
        let mark = fleet.journal().mark();
        fleet.api().delete_namespace("sales");
        for agent in &support[..LEAVERS] {
            fleet.api().delete(&agent.resource());
            tokio::time::sleep(DAY / LEAVERS as u32).await;
        }
        let (held, requests) = (count_held(&fleet), fleet.api().requests());
        let calls = fleet.journal().since(mark).into_iter().filter(|call| call.group == "sales");
        let calls = count(calls.map(|call| call.operation));
        let left = support.iter().filter(|agent| fleet.api().get(&agent.resource()).is_some()).count();
        let mark = fleet.journal().mark();
        let now = fleet.sim().now().to_string();
        sales.iter().for_each(|agent| fleet.api().annotate(&agent.resource(), CONFIRM_DELETION, &now));
        let gone = fleet.until(DAY, |fleet| fleet.api().tally().deleting == 0).await;
        let afterwards = fleet.journal().since(mark).into_iter().filter(|call| call.group == "sales");
        let report = HeldReport {
            held,
            calls,
            status_writes: sum(&requests, "connectusers/status"),
            events: sum(&requests, "events"),
            namespace_reads: sum(&requests, "namespaces"),
            leavers: support.len() - left,
            gone_after: gone,
            calls_afterwards: count(afterwards.map(|call| call.operation)),
            violations: fleet.violations(),
        };
        operator.stop().await;
        report
    })
}

fn count(operations: impl Iterator<Item = OperationName>) -> Calls {
    let mut calls = Calls::new();
    operations.for_each(|operation| *calls.entry(operation).or_default() += 1);
    calls
}

fn sum(requests: &crate::Requests, resource: &str) -> u64 {
    requests.iter().filter(|(what, _)| what.ends_with(&format!(" {resource}"))).map(|(_, count)| count).sum()
}

/// Returns the number of ConnectUsers that report to be held.
fn count_held(fleet: &Fleet) -> usize {
    let is_held = |object: &serde_json::Value| {
        let conditions = object["status"]["conditions"].as_array();
        conditions.is_some_and(|all| all.iter().any(|c| c["type"] == "Ready" && c["reason"] == "DeletionHeld"))
    };
    fleet.api().all().iter().filter(|object| is_held(object)).count()
}
