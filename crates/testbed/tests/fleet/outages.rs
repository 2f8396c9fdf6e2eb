//! An outage of Connect for an hour.

use testbed::scenarios::{self, OutageKind, OutageReport};

/// The benchmark does this with ten thousand, whose sweeps take too long in a debug build.
const STANDING: usize = 2000;
const WAITING: usize = 50;

fn assert_recovered(report: &OutageReport) {
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
    assert_recovered(&scenarios::outage(STANDING, WAITING, OutageKind::InternalError));
}

#[test]
fn hour_without_connection_ends_in_sync_without_a_herd() {
    assert_recovered(&scenarios::outage(STANDING, WAITING, OutageKind::NoConnection));
}

#[test]
fn hour_of_lost_replies_duplicates_no_user() {
    assert_recovered(&scenarios::outage(STANDING, WAITING, OutageKind::LostReplies));
}
