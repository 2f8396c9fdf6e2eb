//! Quotas that are shared with another tool, or exhausted.

use std::time::Duration;

use testbed::scenarios;

#[test]
fn rate_recovers_after_another_tool_used_half_of_it() {
    let report = scenarios::shared_quota(600);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.in_sync_after.is_some());
    // Each throttle slows the operator down for a while, so there are few for each created user.
    assert!(report.throttled <= 120, "{}", report.throttled);
    assert!(report.rate_beside >= 0.8, "{}", report.rate_beside);
    assert!(report.rate_afterwards >= 1.9, "{}", report.rate_afterwards);
    assert_eq!(report.throttled_afterwards, 0);
}

#[test]
fn users_above_the_quota_stall_and_are_created_after_a_raise() {
    let report = scenarios::users_quota(700, 503);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.quota, report.created, report.stalled), (500, 500, 200));
    let calls: usize = report.calls_in_an_hour.values().sum();
    // Each of 200 every ten minutes, and the sweeps.
    assert!(calls <= 200 * 6 + 60, "{:?}", report.calls_in_an_hour);
    assert!(report.in_sync_after_raise.is_some_and(|after| after <= Duration::from_secs(15 * 60)), "{report:?}");
}
