//! Many ConnectUsers at once, and how long other changes wait meanwhile. The benchmark does the same with ten thousand, which takes
//! too long in a debug build.

use std::time::Duration;

use connect_api::OperationName as Op;
use testbed::{
    Agent,
    scenarios::{self, Beside},
    size,
};

#[test]
fn users_applied_at_once_are_created_at_the_allowed_rate() {
    let users = size(500, 1_500);
    let report = scenarios::applied_at_once(&Agent::fleet("sales", users));
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.calls.get(&Op::CreateUser), report.users_left), (Some(&users), users));
    assert!(report.done_after.is_some_and(|after| after <= Duration::from_secs(800)), "{:?}", report.done_after);
    assert_eq!(report.throttled, 0);
}

#[test]
fn many_creates_use_the_whole_rate_without_a_throttle() {
    let users = size(500, 1_000);
    let agents: Vec<_> = (0..users).map(|number| Agent::plain("sales", number)).collect();
    let report = scenarios::applied_at_once(&agents);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.done_after.is_some());
    assert_eq!((report.calls.get(&Op::CreateUser), report.throttled), (Some(&users), 0));
    assert!(report.share_of_create_bucket >= 0.98, "{}", report.share_of_create_bucket);
}

/// Few are in sync, since each sweep compares them and sweeps follow each other at once.
#[test]
fn edit_does_not_wait_for_thousands_of_creates_and_a_sweep() {
    let report = scenarios::edits_beside(Beside { standing: 300, queued: 3000, edits: 100 });
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.forgotten, report.throttled), (0, 0));
    assert!(report.sweeps > 0 && report.creates > 300 && report.still_queued > 1000);
    assert!(report.edits.p99 <= Duration::from_secs(1), "{:?}", report.edits);
    // Another namespace's creates take turns with the thousands.
    assert!(report.newcomers.longest <= Duration::from_secs(10), "{:?}", report.newcomers);
}

#[test]
fn users_deleted_at_once_are_gone_and_forgotten() {
    let users = size(500, 1_500);
    let report = scenarios::deleted_at_once(users);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.resources_left, report.users_left, report.remembered), (0, 0, 0));
    assert_eq!((report.calls.get(&Op::DeleteUser), report.throttled), (Some(&users), 0));
}

#[test]
fn deletion_of_a_large_namespace_does_not_block_others() {
    let report = scenarios::namespace_deleted(1000, 90);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!(report.forgotten, 0);
    assert!(report.gone_after.is_some());
    assert_eq!(report.deletes, 1000 + 30);
    let promptly = Duration::from_secs(3);
    assert!(report.edits.longest <= promptly, "{:?}", report.edits);
    assert!(report.creates.longest <= promptly, "{:?}", report.creates);
    assert!(report.deletions.longest <= promptly, "{:?}", report.deletions);
}

/// They also hold no single deletion in another namespace.
#[test]
fn deletions_held_for_a_day_cost_one_write_each() {
    let users = size(60, 500);
    let report = scenarios::held_deletions(users);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.held, report.calls), (users, [].into()));
    assert_eq!((report.status_writes, report.events, report.leavers), (users as u64, users as u64 + 12, 12));
    // One for each deletion, and then one a minute for all that are held.
    assert!(report.namespace_reads <= users as u64 + 12 + 24 * 60, "{}", report.namespace_reads);
    assert!(report.gone_after.is_some());
    assert_eq!(report.calls_afterwards.get(&Op::DeleteUser), Some(&users));
}
