//! Quotas that others use too, or that are used up.

use std::time::Duration;

use testbed::scenarios;

#[test]
fn beside_a_tool_that_uses_half_the_rate_all_is_done_and_afterwards_it_goes_fast_again() {
    let report = scenarios::shared_quota(600);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.in_sync_after.is_some());
    // Each throttle slows down for a while: there are few for each user that is created.
    assert!(report.throttled <= 120, "{}", report.throttled);
    assert!(report.rate_beside >= 0.8, "{}", report.rate_beside);
    assert!(report.rate_afterwards >= 1.9, "{}", report.rate_afterwards);
    assert_eq!(report.throttled_afterwards, 0);
}

#[test]
fn where_the_instance_is_full_the_rest_say_so_ask_seldom_and_are_created_once_there_is_room() {
    let report = scenarios::users_quota(700, 503);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.quota, report.created, report.stalled), (500, 500, 200));
    let calls: usize = report.calls_in_an_hour.values().sum();
    // Each of 200 every ten minutes, and the sweeps.
    assert!(calls <= 200 * 6 + 60, "{:?}", report.calls_in_an_hour);
    assert!(report.in_sync_after_raise.is_some_and(|after| after <= Duration::from_secs(15 * 60)), "{report:?}");
}
