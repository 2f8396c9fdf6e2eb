//! Connect down for an hour.

use fleet::scenarios::{self, Fault, OutageReport};

/// Fewer than ten thousand: a fleet that cannot be swept is looked at one by one, as fast as the rate allows, and an hour of such
/// passes that fail takes long in a debug build.
const STANDING: usize = 300;
const WAITING: usize = 50;

fn held(report: &OutageReport) {
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.in_sync_after.is_some());
    assert_eq!(report.throttled, 0, "a herd");
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
