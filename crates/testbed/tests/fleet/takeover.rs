//! Users that exist before their ConnectUsers: what taking all of them over costs.

use connect_api::OperationName as Op;
use testbed::{
    scenarios::{Takeover, TakeoverReport, taken_over},
    size,
};

fn taken(how: Takeover) -> TakeoverReport {
    let report = taken_over(how, size(600, 10_000));
    println!("{how:?}: {report:#?}");
    assert_eq!((report.violations.as_slice(), report.throttled), (&[][..], 0), "{how:?}");
    assert!(report.done_after.is_some(), "{how:?}: not done within a day");
    assert!(report.listing() <= report.most_listings(), "{how:?}: {:?}", report.calls);
    report
}

/// If two operators tag a user at once, the list of its tags shows its owner.
#[test]
fn adoption_costs_one_read_and_one_tag_for_each_user() {
    for how in [Takeover::Adopt, Takeover::AdoptOrCreate] {
        let report = taken(how);
        assert_eq!(report.of(&[Op::TagResource]), report.users, "{how:?}");
        assert_eq!(report.of(&[Op::ListTagsForResource]), report.users, "{how:?}");
        assert!(report.of(&[Op::DescribeUser]) <= report.users, "{how:?}: {:?}", report.calls);
        assert!(report.writes() <= report.users + 20, "{how:?}: {:?}", report.calls);
    }
}

#[test]
fn restore_and_observation_cost_one_read_a_user_and_no_write() {
    for how in [Takeover::Restored, Takeover::Observe] {
        let report = taken(how);
        assert!(report.of(&[Op::DescribeUser]) <= report.users, "{how:?}: {:?}", report.calls);
        // The first resources try to create their users, before anything shows that they exist.
        assert!(report.writes() <= 20, "{how:?}: {:?}", report.calls);
    }
}
