//! The calls that one resource costs: created, changed, unchanged.

use connect_api::OperationName as Op;
use serde_json::json;
use testbed::{Agent, Fleet, ROUTING_PROFILES, Setup, in_virtual_time};

use crate::{HOUR, MINUTE, PASSES, end};

#[test]
fn create_costs_one_call_and_an_unchanged_user_none() {
    in_virtual_time(async {
        let fleet = Fleet::new(Setup { sweep_interval: None, ..Setup::default() });
        let (plain, proficient) = (Agent::plain("sales", 1), Agent { proficient: true, ..Agent::plain("sales", 2) });
        let operator = fleet.start();
        let calls_of = async |change: &dyn Fn()| {
            let mark = fleet.journal().mark();
            change();
            fleet.settled(MINUTE).await;
            fleet.journal().counts(mark)
        };
        assert_eq!(calls_of(&|| _ = fleet.apply(&plain)).await, [(Op::CreateUser, 1)].into());
        let create = calls_of(&|| _ = fleet.apply(&proficient)).await;
        assert_eq!(create, [(Op::CreateUser, 1), (Op::AssociateUserProficiencies, 1)].into());

        tokio::time::sleep(HOUR).await;
        // The spec owns the whole structure that Connect takes.
        let other = fleet.sim().routing_profile_arn(&fleet.instance().id, ROUTING_PROFILES[0]);
        let edit = |field: &str, value| _ = fleet.api().edit(&plain.resource(), |spec| *spec.pointer_mut(field).unwrap() = value);
        let calls = calls_of(&|| edit("/routingProfileArn", json!(other))).await;
        assert_eq!(calls.get(&Op::UpdateUserRoutingProfile), Some(&1));
        assert!(calls.values().sum::<usize>() <= 2, "{calls:?}");
        // Members that the spec does not manage have to be carried over.
        let calls = calls_of(&|| edit("/identityInfo/lastName", json!("Married"))).await;
        assert_eq!(calls, [(Op::DescribeUser, 1), (Op::UpdateUserIdentityInfo, 1)].into());

        tokio::time::sleep(HOUR).await;
        let (mark, passes) = (fleet.journal().mark(), operator.counted(PASSES));
        fleet.api().reset_requests();
        fleet.api().annotate(&plain.resource(), "example.com/note", "read");
        tokio::time::sleep(MINUTE).await;
        assert!(operator.counted(PASSES) > passes, "no pass was made");
        assert_eq!((fleet.journal().counts(mark), fleet.api().writes()), ([].into(), 0));
        end(&fleet, operator).await;
    });
}
