//! Changes of people while others are created.

use std::time::Duration;

use connect_api::Class;
use serde_json::json;

use super::{MINUTE, SECOND, Waits};
use crate::{Agent, Fleet, Sent, Setup, in_virtual_time};

/// The load beside the edits of people.
#[derive(Clone, Copy, Debug)]
pub struct Beside {
    /// The number of users in sync, which are swept all the time and of which some are edited.
    pub standing: usize,
    /// The number of ConnectUsers of another namespace that wait to be created.
    pub queued: usize,
    /// The number of edits, about one every 2 s.
    pub edits: usize,
}

/// The waiting times of edits and new users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditsReport {
    /// From an edit of the spec to the call that carries it to Connect.
    pub edits: Waits,
    /// From a new ConnectUser in a third namespace, applied once for every ten edits, to its CreateUser.
    pub newcomers: Waits,
    /// Edits and newcomers without a call.
    pub forgotten: usize,
    /// Creates of the queue meanwhile.
    pub creates: usize,
    /// The rest of the queue at the end.
    pub still_queued: usize,
    /// Completed sweeps meanwhile.
    pub sweeps: u64,
    /// Calls that Connect throttled.
    pub throttled: usize,
    /// The violations.
    pub violations: Vec<String>,
}

/// Edits specs while others are created and sweeps run without a pause.
pub fn edits_beside(beside: Beside) -> EditsReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup { sweep_interval: Some(5 * SECOND), ..Setup::default() });
        let agents = Agent::fleet("sales", beside.standing);
        fleet.seed(&agents).await;
        let operator = fleet.start();
        operator.swept(10 * MINUTE, 1).await;
        for number in 0..beside.queued {
            fleet.apply(&Agent::plain("backlog", number));
        }
        tokio::time::sleep(MINUTE).await;
        let (mark, sweeps) = (fleet.journal().mark(), operator.sweeps());
        let mut edited = Vec::new();
        let mut applied = Vec::new();
        for edit in 0..beside.edits {
            let agent = &agents[edit * agents.len() / beside.edits];
            let uid = fleet.api().edit(&agent.resource(), |spec| match edit % 3 {
                0 => spec["tags"]["team"] = json!("moved"),
                1 => spec["identityInfo"]["lastName"] = json!("Moved"),
                _ => spec["phoneConfig"]["afterContactWorkTimeLimit"] = json!(55),
            });
            edited.extend(uid.map(|uid| (uid, fleet.elapsed())));
            if edit % 10 == 0 {
                applied.push((fleet.apply(&Agent::plain("support", edit)), fleet.elapsed()));
            }
            tokio::time::sleep(SECOND.mul_f64(1.0 + 2.0 * fastrand::f64())).await;
        }
        tokio::time::sleep(MINUTE).await;
        let calls = fleet.journal().since(mark);
        let backlog = |call: &&Sent| call.group == "backlog" && call.error.is_none();
        let mut report = EditsReport {
            edits: waits(&calls, &edited),
            newcomers: waits(&calls, &applied),
            creates: calls.iter().filter(backlog).count(),
            sweeps: operator.sweeps() - sweeps,
            throttled: fleet.journal().failed(mark, Class::Throttled),
            ..EditsReport::default()
        };
        report.forgotten = edited.len() + applied.len() - report.edits.count - report.newcomers.count;
        operator.stop().await;
        let tally = fleet.api().tally();
        report.still_queued = tally.objects - tally.in_sync;
        report.violations = fleet.violations();
        report
    })
}

/// Returns how long each of these, by UID and from this time on, waited for its write.
pub(super) fn waits(calls: &[Sent], asked: &[(String, Duration)]) -> Waits {
    let mut first = std::collections::HashMap::<&str, Vec<Duration>>::new();
    for call in calls.iter().filter(|call| call.operation.is_write()) {
        first.entry(&call.key).or_default().push(call.at);
    }
    let wait =
        |(uid, at): &(String, Duration)| first.get(uid.as_str())?.iter().filter(|sent| *sent >= at).min().map(|s| *s - *at);
    Waits::of(asked.iter().filter_map(wait).collect())
}
