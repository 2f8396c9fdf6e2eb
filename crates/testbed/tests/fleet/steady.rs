//! A fleet in sync costs nothing.

use std::time::Duration;

use connect_operator::api::RECONCILE_REQUESTED_AT;
use serde_json::Value;
use testbed::{Agent, Fleet, Setup, in_virtual_time, scenarios, size};

use crate::{DAY, HOUR, MINUTE, PASSES, end, pages};

/// Cuts the watch, then forces a second list, between two sweeps.
#[test]
fn resync_of_a_fleet_writes_nothing() {
    let users = size(1_000, 10_000);
    in_virtual_time(async {
        // No user reaches its drift interval meanwhile.
        let fleet = Fleet::new(Setup { drift_interval: 3650 * DAY, ..Setup::default() });
        fleet.seed(&Agent::fleet("sales", users)).await;
        let operator = fleet.start();
        operator.swept(10 * MINUTE, 1).await;
        // Between one sweep and the next there are more than four minutes.
        tokio::time::sleep(Duration::from_secs(10)).await;
        fleet.reset();
        let (mark, before) = (fleet.journal().mark(), operator.counted(PASSES));
        fleet.api().cut_watches();
        tokio::time::sleep(MINUTE).await;
        assert_eq!((fleet.api().requests()["watch connectusers"], operator.counted(PASSES) - before), (1, 0));
        fleet.api().compact();
        tokio::time::sleep(MINUTE).await;
        let passes = operator.counted(PASSES) - before;
        assert!(passes >= users as u64, "{passes}");
        assert_eq!((fleet.api().writes(), fleet.journal().counts(mark)), (0, [].into()));
        end(&fleet, operator).await;
    });
}

#[test]
fn restart_with_a_fleet_costs_one_sweep() {
    let users = size(1_000, 10_000);
    in_virtual_time(async {
        let fleet = Fleet::new(Setup::default());
        fleet.seed(&Agent::fleet("sales", users)).await;
        let mark = fleet.journal().mark();
        let operator = fleet.start();
        operator.swept(10 * MINUTE, 1).await;
        let calls = fleet.journal().counts(mark);
        assert!((pages(users) - 10..=pages(users)).contains(&calls.values().sum::<usize>()), "{calls:?}");
        tokio::time::sleep(MINUTE).await;
        assert_eq!(fleet.api().writes(), 0);
        // Users that reach their drift interval are read.
        tokio::time::sleep(HOUR).await;
        end(&fleet, operator).await;
    });
}

/// Changes that no list shows are found too.
#[test]
fn each_user_is_read_once_a_day_beside_successful_sweeps() {
    let users = 200;
    let report = scenarios::day(users);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!(report.read, users);
    // A user that was read early may be read again at the end: an interval is up to a tenth shorter.
    assert!(report.reads <= users * 5 / 4, "{}", report.reads);
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
