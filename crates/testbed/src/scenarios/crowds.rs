//! Many ConnectUsers at once: applied, deleted, a namespace deleted beside another one with changes.

use std::time::Duration;

use connect_api::{Class, OperationName};
use serde_json::json;

use super::{Calls, DAY, MINUTE, SECOND, Waits, edits::waits};
use crate::{Agent, Fleet, Sent, Setup, in_virtual_time};

/// The result of a change of many ConnectUsers at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AtOnceReport {
    /// Their number.
    pub users: usize,
    /// The time that it took. None: not within a week.
    pub done_after: Option<Duration>,
    /// Calls, by operation.
    pub calls: Calls,
    /// The share of CreateUser's bucket (5 at once, 2 per second) that was used between the first and the last create.
    pub share_of_create_bucket: f64,
    /// Calls that Connect throttled.
    pub throttled: usize,
    /// The ConnectUsers that are left.
    pub resources_left: usize,
    /// The users that are left, without foreign ones.
    pub users_left: usize,
    /// The resources that the operator still remembers.
    pub remembered: usize,
    /// The violations.
    pub violations: Vec<String>,
}

async fn report(
    fleet: &Fleet,
    operator: crate::Operator,
    users: usize,
    bystanders: usize,
    done: Option<Duration>,
) -> AtOnceReport {
    let creates = fleet.journal().since(0).into_iter().filter(|call| call.operation == OperationName::CreateUser);
    // The watch may still have events to report.
    tokio::time::sleep(10 * SECOND).await;
    let report = AtOnceReport {
        users,
        done_after: done,
        calls: fleet.journal().counts(0),
        share_of_create_bucket: share_of_bucket(&creates.collect::<Vec<_>>()),
        throttled: fleet.journal().failed(0, Class::Throttled),
        resources_left: fleet.api().tally().objects,
        users_left: fleet.sim().users(&fleet.instance().id).len() - bystanders,
        remembered: operator.remembers(),
        violations: fleet.violations(),
    };
    operator.stop().await;
    report
}

/// Returns the share of AWS' bucket for an operation that these calls used.
fn share_of_bucket(calls: &[Sent]) -> f64 {
    let times = || calls.iter().map(|call| call.at);
    let lasted = times().max().unwrap_or_default() - times().min().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "no fleet has 2^52 users")]
    let sent = calls.len() as f64;
    sent / (5.0 + 2.0 * lasted.as_secs_f64())
}

/// Applies the ConnectUsers of these agents at once, and waits until all are in sync.
pub fn applied_at_once(agents: &[Agent]) -> AtOnceReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        let bystanders = fleet.sim().users(&fleet.instance().id).len();
        let operator = fleet.start();
        agents.iter().for_each(|agent| _ = fleet.apply(agent));
        let done = fleet.settled(7 * DAY).await;
        report(&fleet, operator, agents.len(), bystanders, done).await
    })
}

/// Deletes a mixed fleet in sync at once, and waits until all are gone.
pub fn deleted_at_once(users: usize) -> AtOnceReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        let bystanders = fleet.sim().users(&fleet.instance().id).len();
        fleet.seed(&Agent::fleet("sales", users)).await;
        let operator = fleet.start();
        tokio::time::sleep(SECOND).await;
        fleet.api().delete_namespace("sales");
        let done = fleet.until(7 * DAY, |fleet| fleet.api().tally().objects == 0).await;
        report(&fleet, operator, users, bystanders, done).await
    })
}

/// The effect of the deletion of one namespace on another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceReport {
    /// The time until all of its ConnectUsers were gone. None: not within a week.
    pub gone_after: Option<Duration>,
    /// Edits in the other namespace meanwhile: from the edit to the call that carries it to Connect.
    pub edits: Waits,
    /// New ConnectUsers in the other namespace meanwhile: from their being applied to their CreateUser.
    pub creates: Waits,
    /// Deletions of single ConnectUsers in the other namespace meanwhile: to their DeleteUser.
    pub deletions: Waits,
    /// Those of them without a call.
    pub forgotten: usize,
    /// The number of DeleteUser calls.
    pub deletes: usize,
    /// The violations.
    pub violations: Vec<String>,
}

/// Deletes a namespace while changes are made in another one: an edit, a new user or a deletion every 5 s.
pub fn namespace_deleted(users: usize, others: usize) -> NamespaceReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        let agents = Agent::fleet("support", others);
        fleet.seed(&[Agent::fleet("sales", users), agents.clone()].concat()).await;
        let operator = fleet.start();
        operator.swept(10 * MINUTE, 1).await;
        let (mark, began) = (fleet.journal().mark(), fleet.elapsed());
        fleet.api().delete_namespace("sales");
        let (mut edited, mut applied, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
        for (nth, agent) in agents.iter().enumerate() {
            let now = fleet.elapsed();
            match nth % 3 {
                0 => {
                    let uid = fleet.api().edit(&agent.resource(), |spec| spec["identityInfo"]["lastName"] = json!("Moved"));
                    edited.extend(uid.map(|uid| (uid, now)));
                }
                1 => applied.push((fleet.apply(&Agent::plain("support", others + nth)), now)),
                _ => {
                    let uid = fleet.api().get(&agent.resource()).map(|object| object["metadata"]["uid"].clone());
                    deleted.extend(uid.and_then(|uid| Some((uid.as_str()?.to_owned(), now))));
                    fleet.api().delete(&agent.resource());
                }
            }
            tokio::time::sleep(5 * SECOND).await;
        }
        let is_left = |fleet: &Fleet| fleet.api().tally().deleting > 0;
        let gone = fleet.until(7 * DAY, |fleet| !is_left(fleet)).await.map(|_| fleet.elapsed() - began);
        let calls = fleet.journal().since(mark);
        let mut report = NamespaceReport {
            gone_after: gone,
            edits: waits(&calls, &edited),
            creates: waits(&calls, &applied),
            deletions: waits(&calls, &deleted),
            deletes: calls.iter().filter(|call| call.operation == OperationName::DeleteUser).count(),
            violations: fleet.violations(),
            ..NamespaceReport::default()
        };
        let heard = report.edits.count + report.creates.count + report.deletions.count;
        report.forgotten = edited.len() + applied.len() + deleted.len() - heard;
        operator.stop().await;
        report
    })
}
