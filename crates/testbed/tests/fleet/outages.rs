//! Connect down for an hour.

use testbed::scenarios::{self, Fault, OutageReport};

/// Fewer than ten thousand, whose sweeps take long in a debug build: the benchmark asks it of them.
const STANDING: usize = 2000;
const WAITING: usize = 50;

fn held(report: &OutageReport) {
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.in_sync_after.is_some());
    assert_eq!(report.throttled, 0, "a herd");
    // Whoever waits for something, or whose daily turn has come, asks every five minutes; all others are left alone.
    assert!(report.calls_during.iter().skip(1).all(|calls| *calls <= 500), "{:?}", report.calls_during);
    assert!(report.most_during <= 7 && report.most_after <= 7);
}

#[test]
fn an_hour_of_errors_ends_without_a_herd_and_with_everything_in_sync() {
    held(&scenarios::outage(STANDING, WAITING, Fault::InternalError));
}

#[test]
fn an_hour_without_connection_ends_without_a_herd_and_with_everything_in_sync() {
    held(&scenarios::outage(STANDING, WAITING, Fault::NoConnection));
}

#[test]
fn an_hour_of_lost_replies_doubles_nobody() {
    held(&scenarios::outage(STANDING, WAITING, Fault::LostReplies));
}
