//! Many creates, and how long other changes wait meanwhile.

use std::time::Duration;

use connect_api::OperationName as Op;
use testbed::scenarios::{self, Beside};

#[test]
fn thousand_creates_use_the_whole_rate_without_a_throttle() {
    let report = scenarios::creates(1000);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.in_sync_after.is_some());
    assert_eq!((report.calls.get(&Op::CreateUser), report.throttled), (Some(&1000), 0));
    assert!(report.share_of_bucket >= 0.98, "{}", report.share_of_bucket);
}

/// The benchmark does this with ten thousand, which takes too long in a debug build. Few are in sync, since each sweep compares them
/// and sweeps follow each other at once.
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
