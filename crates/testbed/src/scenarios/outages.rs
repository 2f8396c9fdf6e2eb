//! Connect, or the way to it, down for an hour.

use std::time::Duration;

use connect_api::OperationName;
use connect_sim::Effect;
use serde_json::json;

use super::{Calls, DAY, HOUR, MINUTE, SECOND};
use crate::{Agent, Fleet, Sent, Setup, in_virtual_time, most_within};

/// How Connect is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every call is answered with InternalServiceException, and nothing is done.
    InternalError,
    /// No call arrives.
    NoConnection,
    /// Every call takes effect, and no reply arrives.
    LostReplies,
}

/// What an hour without Connect came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutageReport {
    /// How many users were in sync before.
    pub standing: usize,
    /// How many ConnectUsers were applied, and how many of the others edited, while Connect was down.
    pub waiting: usize,
    /// Calls that were sent in each ten minutes of the hour.
    pub calls_during: Vec<usize>,
    /// The most calls of one operation within a second of that hour: AWS' bucket lets 7 through, 5 at once and 2 that come in.
    pub most_during: usize,
    /// Calls that were sent in each of the first ten minutes after it.
    pub calls_after: Vec<usize>,
    /// The most calls of one operation within a second of those.
    pub most_after: usize,
    /// From Connect's coming back until all were in sync and nobody was looked at any more. None: they were not, in a day.
    pub in_sync_after: Option<Duration>,
    /// Calls by operation, from Connect's coming back until then.
    pub calls_until_in_sync: Calls,
    /// Calls that Connect throttled after its coming back.
    pub throttled: usize,
    /// What was not as it must be.
    pub violations: Vec<String>,
}

/// Takes Connect away for an hour from a fleet in sync, in which so many are applied and as many edited meanwhile.
pub fn outage(standing: usize, waiting: usize, fault: Fault) -> OutageReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        let agents = Agent::fleet("sales", standing);
        fleet.seed(&agents).await;
        let operator = fleet.start();
        operator.swept(10 * MINUTE, 1).await;
        tokio::time::sleep(MINUTE).await;
        let effect = match fault {
            Fault::InternalError => Effect::internal_error(),
            Fault::NoConnection => Effect::LostRequest,
            Fault::LostReplies => Effect::LostReply,
        };
        fleet.sim().inject(connect_sim::Fault::any(effect).always());
        for (number, agent) in agents.iter().take(waiting).enumerate() {
            fleet.apply(&Agent::plain("support", number));
            fleet.api().edit(&agent.place(), |spec| spec["identityInfo"]["lastName"] = json!("Moved"));
        }
        let (mark, down) = (fleet.journal().len(), fleet.elapsed());
        tokio::time::sleep(HOUR).await;
        let during = fleet.journal().since(mark);
        fleet.sim().clear_faults();
        let (mark, back) = (fleet.journal().len(), fleet.elapsed());
        let in_sync_after = fleet.settled(DAY).await;
        let calls_until_in_sync = fleet.journal().counts(mark);
        tokio::time::sleep(10 * MINUTE).await;
        let after = fleet.journal().since(mark);
        let report = OutageReport {
            standing,
            waiting,
            calls_during: each(&during, down, 10 * MINUTE, 6),
            most_during: most_of_one(&during),
            calls_after: each(&after, back, MINUTE, 10),
            most_after: most_of_one(&after),
            in_sync_after,
            calls_until_in_sync,
            throttled: fleet.journal().failed(mark, connect_api::Class::Throttled),
            violations: fleet.violations(),
        };
        operator.stop().await;
        report
    })
}

/// How many calls there were in each of so many stretches.
fn each(calls: &[Sent], from: Duration, stretch: Duration, count: u32) -> Vec<usize> {
    let within = |n: u32| (from + stretch * n)..(from + stretch * (n + 1));
    (0..count).map(|n| calls.iter().filter(|call| within(n).contains(&call.at)).count()).collect()
}

/// The most calls of any one operation within a second.
fn most_of_one(calls: &[Sent]) -> usize {
    let of = |operation: OperationName| calls.iter().filter(|call| call.operation == operation).cloned().collect::<Vec<_>>();
    OperationName::ALL.iter().map(|operation| most_within(&of(*operation), SECOND)).max().unwrap_or_default()
}
