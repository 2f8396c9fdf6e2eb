//! A fleet in sync costs nothing.

use fleet::scenarios;

const USERS: usize = 10_000;

#[test]
fn a_resync_of_ten_thousand_makes_as_many_passes_and_writes_nothing() {
    let report = scenarios::resync(USERS);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!((report.reconnects, report.passes_after_reconnect), (1, 0));
    assert!(report.passes_after_relist >= 10_000, "{}", report.passes_after_relist);
    assert_eq!((report.kubernetes_writes, report.calls), (0, [].into()));
}

#[test]
fn a_restart_beside_ten_thousand_costs_one_sweep_and_writes_nothing() {
    let report = scenarios::restart(USERS);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    let calls: usize = report.calls.values().sum();
    assert!((30..=40).contains(&calls), "{:?}", report.calls);
    assert_eq!(report.kubernetes_writes, 0);
}
