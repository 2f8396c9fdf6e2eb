//! A sweep, and a client that reads each user.

use std::time::Duration;

use connect_api::{OperationName as Op, Quota, Quotas};
use connect_sim::{Rate, Throttling};
use testbed::{Setup, scenarios};

#[test]
fn sweep_of_ten_thousand_costs_forty_calls_and_one_per_drift() {
    let (users, drifted) = (10_000, 100);
    let report = scenarios::sweep(users, drifted);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.put_right_after.is_some());
    assert!(report.batch_reads.values().sum::<usize>() <= 40, "{:?}", report.batch_reads);
    assert_eq!(report.reads_of_drifted.get(&Op::DescribeUser), Some(&drifted));
    // In a minute, few users reach their drift interval.
    assert!(report.reads_of_others.values().sum::<usize>() <= 20, "{:?}", report.reads_of_others);
    assert_eq!(report.repairs, [(Op::UpdateUserRoutingProfile, drifted)].into());

    let naive = scenarios::naive(users);
    println!("{naive:#?}");
    assert_eq!((naive.calls, naive.throttled), (users, 0));
}

/// Reading the drifted users takes longer than the interval: the next sweeps see some as they were before the correction.
#[test]
fn user_corrected_during_a_sweep_is_not_read_again() {
    let (users, drifted) = (3_000, 100);
    let setup = Setup { sweep_interval: Some(Duration::from_secs(20)), ..Setup::default() };
    let report = scenarios::sweep_in(setup, users, drifted);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.put_right_after.is_some_and(|after| after > Duration::from_secs(40)), "several sweeps: {report:?}");
    assert_eq!(report.reads_of_drifted.get(&Op::DescribeUser), Some(&drifted));
    assert_eq!(report.repairs, [(Op::UpdateUserRoutingProfile, drifted)].into());
}

/// Reads are fast and corrections slow: a user that waits for its correction is not read again.
#[test]
fn user_waiting_for_its_correction_is_not_read_again() {
    let (users, drifted) = (1_000, 100);
    let reads = [Op::DescribeUser, Op::ListUserProficiencies];
    let setup = Setup {
        throttling: Throttling {
            operations: reads.map(|op| (op.as_str().to_owned(), Rate { per_second: 10.0, burst: 10 })).into(),
            ..Throttling::default()
        },
        quotas: Some(Quotas {
            by_operation: reads.map(|op| (op, Quota { rate: 10.0, burst: 10.0 })).into(),
            ..Quotas::default()
        }),
        ..Setup::default()
    };
    let report = scenarios::sweep_in(setup, users, drifted);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.put_right_after.is_some());
    assert_eq!(report.reads_of_drifted.get(&Op::DescribeUser), Some(&drifted));
    assert_eq!(report.repairs, [(Op::UpdateUserRoutingProfile, drifted)].into());
}
