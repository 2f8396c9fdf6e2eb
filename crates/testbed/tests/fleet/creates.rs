//! Many creates, and what people wait for beside them.

use std::time::Duration;

use connect_api::OperationName as Op;
use testbed::scenarios::{self, Beside};

#[test]
fn a_thousand_creates_use_the_whole_rate_and_are_never_throttled() {
    let report = scenarios::creates(1000);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.in_sync_after.is_some());
    assert_eq!((report.calls.get(&Op::CreateUser), report.throttled), (Some(&1000), 0));
    assert!(report.share_of_bucket >= 0.98, "{}", report.share_of_bucket);
}

/// Fewer than ten thousand, which a debug build takes longer for than a test should: the benchmark asks it of them. Fewer still are
/// in sync, since each is compared in each of the sweeps, which follow each other at once.
#[test]
fn an_edit_does_not_wait_for_thousands_of_creates_and_a_sweep() {
    let report = scenarios::edits_beside(Beside { standing: 300, queued: 3000, edits: 100 });
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.forgotten, report.throttled), (0, 0));
    assert!(report.sweeps > 0 && report.creates > 300 && report.still_queued > 1000);
    assert!(report.edits.p99 <= Duration::from_secs(1), "{:?}", report.edits);
    // Another namespace's creates take turns with the thousands.
    assert!(report.newcomers.longest <= Duration::from_secs(10), "{:?}", report.newcomers);
}
