//! A fleet in sync costs nothing.

use std::time::Duration;

use connect_operator::api::RECONCILE_REQUESTED_AT;
use serde_json::Value;
use testbed::{Agent, Fleet, Setup, in_virtual_time, scenarios};

const USERS: usize = 10_000;

#[test]
fn resync_of_ten_thousand_users_writes_nothing() {
    let report = scenarios::resync(USERS);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.reconnects, report.passes_after_reconnect), (1, 0));
    assert!(report.passes_after_relist >= 10_000, "{}", report.passes_after_relist);
    assert_eq!((report.kubernetes_writes, report.calls), (0, [].into()));
}

#[test]
fn restart_with_ten_thousand_users_costs_one_sweep() {
    let report = scenarios::restart(USERS);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    let calls: usize = report.calls.values().sum();
    assert!((30..=40).contains(&calls), "{:?}", report.calls);
    assert_eq!(report.kubernetes_writes, 0);
}

/// Changes that no list shows are found too.
#[test]
fn each_user_is_read_once_a_day_beside_successful_sweeps() {
    let report = scenarios::day(200);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!(report.read, report.users);
    // A user that was read early may be read again at the end: an interval is up to a tenth shorter.
    assert!(report.reads <= report.users * 5 / 4, "{}", report.reads);
}

/// The fleets of these tests are copies of a few users that the operator created.
#[test]
fn copy_equals_the_result_of_the_operator() {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup { sweep_interval: None, ..Setup::default() });
        let agents = Agent::fleet("sales", 40);
        fleet.seed(&agents).await;
        let statuses = || {
            let strip = |mut object: Value| {
                object["status"]["lastHandledReconcileAt"] = Value::Null;
                // It changes with the request.
                object["status"]["lastSyncTime"] = Value::Null;
                object["status"].take()
            };
            fleet.api().all().into_iter().map(strip).collect::<Vec<_>>()
        };
        let before = statuses();
        let operator = fleet.start();
        agents.iter().for_each(|agent| fleet.api().annotate(&agent.resource(), RECONCILE_REQUESTED_AT, "now"));
        tokio::time::sleep(Duration::from_secs(120)).await;
        operator.stop().await;
        assert_eq!(fleet.sim().calls().of("DescribeUser"), 40);
        assert_eq!(fleet.sim().calls().writes(), 0);
        for (before, after) in before.iter().zip(statuses()) {
            assert_eq!(before, &after);
        }
    });
}
