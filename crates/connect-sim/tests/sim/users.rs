//! CreateUser, DescribeUser, DeleteUser, ListUsers, and the updates of what a user refers to.

use std::{collections::BTreeSet, time::Duration};

use connect_api::{
    AssociateUserProficiencies, Call, CreateUser, DeleteUser, HierarchyGroupId, ListUsers, TagResource, UpdateUserHierarchy,
    UpdateUserRoutingProfile, UpdateUserSecurityProfiles, UserId,
};
use connect_sim::{Config, InstanceConfig, Rules, Sim, UnknownReference};

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

    let sim = sim_with(|config| config.rules.case_sensitive_usernames = true);
    create(&sim, "Jane");
    create(&sim, "jANE");
    assert_eq!(refusal(call(&sim, new_user(&sim, "Jane"))).0, 409);
}

#[test]
fn a_switch_holds_a_deleted_users_name() {
    let sim = sim_with(|config| config.rules.username_held_for = seconds(60));
    let first = create(&sim, "jane").id;
    delete(&sim, &first).unwrap();
    assert_eq!(refusal(call(&sim, new_user(&sim, "JANE"))).0, 409);
    sim.advance(seconds(60));
    create(&sim, "jane");
}

#[test]
fn a_deletion_frees_the_user_quota() {
    let sim = sim();
    assert!(sim.set_users_quota(&instance(), 1));
    let first = create(&sim, "a").id;
    assert_eq!(refusal(call(&sim, new_user(&sim, "b"))), (429, "LimitExceededException".into()));
    delete(&sim, &first).unwrap();
    create(&sim, "b");
    assert!(!sim.set_users_quota(&"elsewhere".into(), 1));
}

#[test]
fn a_switch_makes_unknown_references_invalid_parameters() {
    let sim = sim_with(|config| config.rules.unknown_reference = UnknownReference::InvalidParameter);
    let good = new_user(&sim, "jane");
    let user = create(&sim, "joe").id;
    for bad in [
        Call::CreateUser(CreateUser { routing_profile_id: "nope".into(), ..good.clone() }),
        Call::CreateUser(CreateUser { security_profile_ids: ["nope".into()].into(), ..good.clone() }),
        Call::CreateUser(CreateUser { hierarchy_group_id: Some("nope".into()), ..good }),
        UpdateUserRoutingProfile { instance: instance(), user: user.clone(), routing_profile_id: "nope".into() }.into(),
        UpdateUserHierarchy { instance: instance(), user, hierarchy_group_id: Some("nope".into()) }.into(),
    ] {
        assert_eq!(refusal(send(&sim, bad.clone())), invalid_parameter(), "{bad:?}");
    }
    assert_eq!(sim.users(&instance()).len(), 1);
}

#[test]
fn arns_of_this_instance_are_accepted_as_ids() {
    let sim = sim_with(|config| config.instances.push(InstanceConfig::new("11111111-aaaa-4bbb-8ccc-000000000002")));
    let (here, there) = (instance(), "11111111-aaaa-4bbb-8ccc-000000000002".into());
    let arn = |name| sim.routing_profile_arn(&here, name).unwrap();
    let new = CreateUser {
        instance: "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001".into(),
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
    sim.advance(Duration::from_millis(1500));
    let routing_profile_id = sim.routing_profile_id(&instance(), "Sales").unwrap();
    call(&sim, UpdateUserRoutingProfile { instance: instance(), user: user.clone(), routing_profile_id }).unwrap();
    assert_eq!(describe(&sim, &user).unwrap().last_modified_time, Some(sim.now()));
    let page = call(&sim, ListUsers { instance: instance(), max_results: 10, next_token: None }).unwrap();
    assert_eq!(page.items[0].last_modified_time, Some(sim.now()));
}

#[test]
fn switches_let_tags_and_proficiencies_change_the_time() {
    for (tags_touch_user, proficiencies_touch_user) in [(false, false), (true, false), (false, true)] {
        let sim = sim_with(|config| config.rules = Rules { tags_touch_user, proficiencies_touch_user, ..Rules::default() });
        let (created, user) = (sim.now(), create(&sim, "jane"));
        let modified = || describe(&sim, &user.id).unwrap().last_modified_time;
        sim.advance(seconds(5));
        call(&sim, TagResource { arn: user.arn.clone(), tags: [("a".into(), "1".into())].into() }).unwrap();
        assert_eq!(modified(), Some(if tags_touch_user { sim.now() } else { created }));
        let before = modified();
        sim.advance(seconds(5));
        let proficiencies = vec![proficiency("Language", "german", 4.0)];
        let (instance, user) = (instance(), user.id.clone());
        call(&sim, AssociateUserProficiencies { instance, user, proficiencies }).unwrap();
        assert_eq!(modified(), if proficiencies_touch_user { Some(sim.now()) } else { before });
    }
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

#[test]
fn a_taken_name_is_checked_first_or_last() {
    for (last, quota_first, faulty, alone) in [
        (true, true, invalid_request(), (429, "LimitExceededException".to_owned())),
        (true, false, invalid_request(), (409, "DuplicateResourceException".to_owned())),
        (false, true, (429, "LimitExceededException".to_owned()), (429, "LimitExceededException".to_owned())),
        (false, false, (409, "DuplicateResourceException".to_owned()), (409, "DuplicateResourceException".to_owned())),
    ] {
        let sim = sim_with(|config| {
            config.instances[0].users_quota = 1;
            (config.rules.username_checked_last, config.rules.quota_before_username) = (last, quota_first);
        });
        create(&sim, "jane");
        let without_password = CreateUser { password: None, ..new_user(&sim, "jane") };
        assert_eq!(refusal(call(&sim, without_password)), faulty);
        assert_eq!(refusal(call(&sim, new_user(&sim, "jane"))), alone);
    }
}

#[test]
fn a_rule_hides_the_times_of_a_list() {
    for listed_times in [true, false] {
        let sim = sim_with(|config| config.rules.listed_times = listed_times);
        create(&sim, "jane");
        let request = ListUsers { instance: instance(), max_results: 10, next_token: None };
        assert_eq!(call(&sim, request).unwrap().items[0].last_modified_time.is_some(), listed_times);
    }
}
