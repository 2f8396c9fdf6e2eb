//! An outage of Connect for an hour.

use connect_sim::Effect;
use testbed::scenarios;

/// The benchmark does this with ten thousand, whose sweeps take too long in a debug build.
const STANDING: usize = 2000;
const WAITING: usize = 50;

fn assert_recovers(effect: Effect) {
    let report = scenarios::outage(STANDING, WAITING, effect);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.in_sync_after.is_some());
    assert_eq!(report.throttled, 0, "a herd");
    // Users with a pending change, or at their drift interval, are retried every five minutes; no other calls are made.
    assert!(report.calls_during.iter().skip(1).all(|calls| *calls <= 500), "{:?}", report.calls_during);
    assert!(report.most_during <= 7 && report.most_after <= 7);
}

#[test]
fn hour_of_errors_ends_in_sync_without_a_herd() {
    assert_recovers(Effect::internal_error());
}

#[test]
fn hour_without_connection_ends_in_sync_without_a_herd() {
    assert_recovers(Effect::LostRequest);
}

#[test]
fn hour_of_lost_replies_duplicates_no_user() {
    assert_recovers(Effect::LostReply);
}
