//! The calls that one resource costs.

use connect_api::OperationName as Op;
use testbed::scenarios;

#[test]
fn create_costs_one_call_and_an_unchanged_user_none() {
    let report = scenarios::calls();
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!(report.create, [(Op::CreateUser, 1)].into());
    assert_eq!(report.create_proficient, [(Op::CreateUser, 1), (Op::AssociateUserProficiencies, 1)].into());
    assert_eq!(report.edit.get(&Op::UpdateUserRoutingProfile), Some(&1));
    assert!(report.edit.values().sum::<usize>() <= 2, "{:?}", report.edit);
    assert_eq!(report.edit_carrying_over, [(Op::DescribeUser, 1), (Op::UpdateUserIdentityInfo, 1)].into());
    assert!(report.no_op_passes > 0, "no pass was made");
    assert_eq!((report.no_op, report.no_op_writes), ([].into(), 0));
}
