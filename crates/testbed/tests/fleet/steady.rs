//! A fleet in sync costs nothing.

use std::time::Duration;

use connect_operator::api::RECONCILE_REQUESTED_AT;
use serde_json::Value;
use testbed::{Agent, Fleet, Setup, in_virtual_time, scenarios};

const USERS: usize = 10_000;

#[test]
fn a_resync_of_ten_thousand_makes_as_many_passes_and_writes_nothing() {
    let report = scenarios::resync(USERS);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.reconnects, report.passes_after_reconnect), (1, 0));
    assert!(report.passes_after_relist >= 10_000, "{}", report.passes_after_relist);
    assert_eq!((report.kubernetes_writes, report.calls), (0, [].into()));
}

#[test]
fn a_restart_beside_ten_thousand_costs_one_sweep_and_writes_nothing() {
    let report = scenarios::restart(USERS);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    let calls: usize = report.calls.values().sum();
    assert!((30..=40).contains(&calls), "{:?}", report.calls);
    assert_eq!(report.kubernetes_writes, 0);
}

/// What no list shows is found all the same.
#[test]
fn each_user_is_read_once_a_day_though_all_sweeps_succeed() {
    let report = scenarios::day(200);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!(report.read, report.users);
    // Who was read early in it may be read again at its end: an interval is up to a tenth shorter.
    assert!(report.reads <= report.users * 5 / 4, "{}", report.reads);
}

/// The fleets of these tests are copies of a few users that the operator made.
#[test]
fn a_copy_is_as_the_operator_would_have_left_it() {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup { sweep_interval: None, ..Setup::default() });
        let agents = Agent::fleet("sales", 40);
        fleet.seed(&agents).await;
        let statuses = || {
            let strip = |mut object: Value| {
                object["status"]["lastHandledReconcileAt"] = Value::Null;
                // It moves with the other.
                object["status"]["lastSyncTime"] = Value::Null;
                object["status"].take()
            };
            fleet.api().all().into_iter().map(strip).collect::<Vec<_>>()
        };
        let before = statuses();
        let operator = fleet.start();
        agents.iter().for_each(|agent| fleet.api().annotate(&agent.place(), RECONCILE_REQUESTED_AT, "now"));
        tokio::time::sleep(Duration::from_secs(120)).await;
        operator.stop().await;
        assert_eq!(fleet.sim().calls().of("DescribeUser"), 40);
        assert_eq!(fleet.sim().calls().writes(), 0);
        for (before, after) in before.iter().zip(statuses()) {
            assert_eq!(before, &after);
        }
    });
}
