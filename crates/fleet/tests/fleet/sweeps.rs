//! A full sweep, and a client that asks for each user beside it.

use connect_api::OperationName as Op;
use fleet::scenarios;

#[test]
fn a_sweep_of_ten_thousand_with_one_in_a_hundred_drifted_costs_forty_calls_and_one_for_each_that_drifted() {
    let (users, drifted) = (10_000, 100);
    let report = scenarios::sweep(users, drifted);
    println!("{report:#?}");
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.put_right_after.is_some());
    assert!(report.batch_reads() <= 40, "{:?}", report.reads);
    assert_eq!(report.read(Op::DescribeUser), drifted);
    assert_eq!(report.repairs, [(Op::UpdateUserRoutingProfile, drifted)].into());

    let naive = scenarios::naive(users);
    println!("{naive:#?}");
    assert!(naive.calls >= users, "{naive:?}");
}
