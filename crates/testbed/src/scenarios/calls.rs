//! The calls that one resource costs: created, changed, unchanged.

use serde_json::json;

use super::{Calls, HOUR, MINUTE};
use crate::{Agent, Fleet, Setup, agent::ROUTING_PROFILES, in_virtual_time};

/// Calls to Connect and writes to Kubernetes for one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallsReport {
    /// The creation of a ConnectUser without proficiencies.
    pub create: Calls,
    /// The creation of one with proficiencies, which CreateUser cannot carry.
    pub create_proficient: Calls,
    /// An edit of one field, where the spec owns the whole structure that Connect takes: the routing profile.
    pub edit: Calls,
    /// An edit of one field, where members that the spec does not manage have to be carried over: the last name.
    pub edit_carrying_over: Calls,
    /// A change without an effect: an annotation, an hour later.
    pub no_op: Calls,
    /// The passes that followed.
    pub no_op_passes: u64,
    /// Their writes to Kubernetes.
    pub no_op_writes: u64,
    /// The violations.
    pub violations: Vec<String>,
}

/// Measures the calls.
pub fn calls() -> CallsReport {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup { sweep_interval: None, ..Setup::default() });
        let (plain, proficient) = (Agent::plain("sales", 1), Agent { proficient: true, ..Agent::plain("sales", 2) });
        let operator = fleet.start();
        let mut report = CallsReport::default();

        let mark = fleet.journal().len();
        fleet.apply(&plain);
        fleet.settled(MINUTE).await;
        report.create = fleet.journal().counts(mark);

        let mark = fleet.journal().len();
        fleet.apply(&proficient);
        fleet.settled(MINUTE).await;
        report.create_proficient = fleet.journal().counts(mark);

        tokio::time::sleep(HOUR).await;
        let other = fleet.sim().routing_profile_arn(&fleet.instance().id, ROUTING_PROFILES[0]);
        let mark = fleet.journal().len();
        fleet.api().edit(&plain.resource(), |spec| spec["routingProfileArn"] = json!(other));
        fleet.settled(MINUTE).await;
        report.edit = fleet.journal().counts(mark);

        let mark = fleet.journal().len();
        fleet.api().edit(&plain.resource(), |spec| spec["identityInfo"]["lastName"] = json!("Married"));
        fleet.settled(MINUTE).await;
        report.edit_carrying_over = fleet.journal().counts(mark);

        tokio::time::sleep(HOUR).await;
        let (mark, passes) = (fleet.journal().len(), operator.counted(PASSES));
        fleet.api().reset_requests();
        fleet.api().annotate(&plain.resource(), "example.com/note", "read");
        tokio::time::sleep(MINUTE).await;
        report.no_op = fleet.journal().counts(mark);
        report.no_op_passes = operator.counted(PASSES) - passes;
        report.no_op_writes = fleet.api().writes();
        report.violations = fleet.violations();
        operator.stop().await;
        report
    })
}

/// The metric that counts passes with any result.
pub(super) const PASSES: &str = "connect_operator_reconcile";
