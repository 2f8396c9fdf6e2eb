//! CreateUser, DescribeUser, DeleteUser, ListUsers, and the updates of what a user refers to.

use std::{collections::BTreeSet, time::Duration};

use connect_api::{
    Class, CreateUser, DeleteUser, HierarchyGroupId, ListUsers, UpdateUserHierarchy, UpdateUserRoutingProfile,
    UpdateUserSecurityProfiles, UserId,
};
use connect_sim::{Config, InstanceConfig, Sim, UnknownReference};

use crate::support::*;

fn delete(sim: &Sim, user: &UserId) -> Result<(), connect_api::Error> {
    call(sim, DeleteUser { instance: instance(), user: user.clone() })
}

#[test]
fn a_password_is_recorded_but_not_shown() {
    let sim = sim();
    create(&sim, "jane");
    let view = sim.user(&instance(), "jane").unwrap();
    assert!(view.has_password);
    assert!(!format!("{view:?} {sim:?}").contains("Passw0rd"));
}

#[test]
fn the_same_seed_makes_the_same_ids() {
    let ids = |seed| {
        let sim = Sim::new(Config { seed, ..config() }).unwrap();
        [create(&sim, "a").id, create(&sim, "b").id]
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
}

#[test]
fn usernames_are_unique_ignoring_case_unless_switched() {
    let sim = sim();
    create(&sim, "Jane");
    assert_eq!(refusal(call(&sim, new_user(&sim, "jANE"))), (409, "DuplicateResourceException".into()));
    assert_eq!(sim.users(&instance()).len(), 1);

    let mut config = config();
    config.rules.case_sensitive_usernames = true;
    let sim = Sim::new(config).unwrap();
    create(&sim, "Jane");
    create(&sim, "jANE");
    assert_eq!(refusal(call(&sim, new_user(&sim, "Jane"))).0, 409);
}

#[test]
fn a_deleted_users_name_is_free_at_once_or_later() {
    let plain = sim();
    let first = create(&plain, "jane").id;
    delete(&plain, &first).unwrap();
    assert_ne!(create(&plain, "jane").id, first);

    let mut config = config();
    config.rules.username_held_for = seconds(60);
    let sim = Sim::new(config).unwrap();
    let first = create(&sim, "jane").id;
    delete(&sim, &first).unwrap();
    assert_eq!(refusal(call(&sim, new_user(&sim, "JANE"))).0, 409);
    sim.advance(seconds(60));
    create(&sim, "jane");
}

#[test]
fn the_user_quota_is_enforced_and_freed_by_deletion() {
    let sim = sim();
    assert!(sim.set_users_quota(&instance(), 1));
    let first = create(&sim, "a").id;
    let error = call(&sim, new_user(&sim, "b")).unwrap_err();
    assert_eq!((error.status, error.class), (Some(429), Class::Quota));
    assert_eq!(error.code.as_deref(), Some("LimitExceededException"));
    delete(&sim, &first).unwrap();
    create(&sim, "b");
    assert!(!sim.set_users_quota(&"elsewhere".into(), 1));
}

#[test]
fn unknown_references_are_404_or_400() {
    for (rule, expected) in [(UnknownReference::NotFound, not_found()), (UnknownReference::InvalidParameter, invalid_parameter())]
    {
        let mut config = config();
        config.rules.unknown_reference = rule;
        let sim = Sim::new(config).unwrap();
        let good = new_user(&sim, "jane");
        let user = create(&sim, "joe").id;
        for bad in [
            CreateUser { routing_profile_id: "nope".into(), ..good.clone() },
            CreateUser { security_profile_ids: ["nope".into()].into(), ..good.clone() },
            CreateUser { hierarchy_group_id: Some("nope".into()), ..good.clone() },
        ] {
            assert_eq!(refusal(call(&sim, bad)), expected);
        }
        let instance = instance();
        let update =
            UpdateUserRoutingProfile { instance: instance.clone(), user: user.clone(), routing_profile_id: "nope".into() };
        assert_eq!(refusal(call(&sim, update)), expected);
        let group = UpdateUserHierarchy { instance, user, hierarchy_group_id: Some("nope".into()) };
        assert_eq!(refusal(call(&sim, group)), expected);
        assert_eq!(sim.users(&crate::support::instance()).len(), 1);
    }
}

#[test]
fn arns_of_this_instance_are_accepted_as_ids() {
    let mut config = config();
    config.instances.push(InstanceConfig::new("i-2"));
    let sim = Sim::new(config).unwrap();
    let (here, there) = (instance(), "i-2".into());
    let arn = |name| sim.routing_profile_arn(&here, name).unwrap();
    let new = CreateUser {
        instance: "arn:aws:connect:us-west-2:123456789012:instance/i-1".into(),
        routing_profile_id: arn("Sales").as_str().into(),
        security_profile_ids: [sim.security_profile_arn(&here, "Admin").unwrap().as_str().into()].into(),
        hierarchy_group_id: sim.hierarchy_group_arn(&here, "/EMEA").map(HierarchyGroupId::new),
        ..new_user(&sim, "jane")
    };
    let created = call(&sim, new.clone()).unwrap();
    let user = describe(&sim, &created.arn.as_str().into()).unwrap();
    assert_eq!(user.id, created.id);
    assert_eq!(user.routing_profile_id, sim.routing_profile_id(&here, "Sales"));
    assert_eq!(user.hierarchy_group_id, sim.hierarchy_group_id(&here, "/EMEA"));
    for foreign in [
        sim.routing_profile_arn(&there, "Basic Routing Profile").unwrap(),
        sim.security_profile_arn(&here, "Admin").unwrap(),
        "arn:aws:connect:nonsense".into(),
    ] {
        let bad = CreateUser { username: "joe".into(), routing_profile_id: foreign.as_str().into(), ..new.clone() };
        assert_eq!(refusal(call(&sim, bad)), not_found(), "{foreign}");
    }
}

#[test]
fn a_user_has_one_to_ten_security_profiles() {
    let sim = sim();
    let user = create(&sim, "jane").id;
    let set = |n: usize| {
        let ids = (0..n).map(|i| sim.create_security_profile(&instance(), &format!("{n} {i}"))).collect::<BTreeSet<_>>();
        let request = UpdateUserSecurityProfiles { instance: instance(), user: user.clone(), security_profile_ids: ids.clone() };
        (ids, call(&sim, request))
    };
    assert_eq!(refusal(set(0).1), invalid_parameter());
    assert_eq!(refusal(set(11).1), invalid_parameter());
    let (ids, result) = set(10);
    result.unwrap();
    assert_eq!(describe(&sim, &user).unwrap().security_profile_ids, ids);
    let bad = CreateUser { security_profile_ids: BTreeSet::new(), ..new_user(&sim, "joe") };
    assert_eq!(refusal(call(&sim, bad)), invalid_parameter());
}

#[test]
fn an_update_changes_the_last_modified_time() {
    let sim = sim();
    let user = create(&sim, "jane").id;
    let before = sim.now();
    sim.advance(Duration::from_millis(1500));
    let routing_profile_id = sim.routing_profile_id(&instance(), "Sales").unwrap();
    let update =
        UpdateUserRoutingProfile { instance: instance(), user: user.clone(), routing_profile_id: routing_profile_id.clone() };
    call(&sim, update).unwrap();
    let user = describe(&sim, &user).unwrap();
    assert_eq!(user.routing_profile_id, Some(routing_profile_id));
    assert_eq!(user.last_modified_time, Some(before + Duration::from_millis(1500)));
    let page = call(&sim, ListUsers { instance: instance(), max_results: 10, next_token: None }).unwrap();
    assert_eq!(page.items[0].last_modified_time, user.last_modified_time);
}

#[test]
fn users_are_listed_over_pages_while_some_are_deleted() {
    let sim = sim();
    for i in 0..7 {
        create(&sim, &format!("user{i}"));
    }
    let list = |next_token| call(&sim, ListUsers { instance: instance(), max_results: 3, next_token }).unwrap();
    let first = list(None);
    let second = list(first.next_token.clone());
    delete(&sim, &second.items[2].id).unwrap();
    let third = list(second.next_token);
    assert_eq!((first.items.len(), second.items.len(), third.items.len()), (3, 3, 1));
    assert_eq!(third.next_token, None);
    let all: BTreeSet<_> = first.items.iter().chain(&second.items).chain(&third.items).map(|u| &u.username).collect();
    assert_eq!(all.len(), 7);
    let foreign = connect_api::ListRoutingProfiles { instance: instance(), max_results: 3, next_token: first.next_token };
    assert_eq!(refusal(call(&sim, foreign)), invalid_parameter());
}
