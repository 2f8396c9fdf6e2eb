//! CreateUser, DescribeUser, DeleteUser, ListUsers, and the updates of what a user refers to.

use std::{collections::BTreeSet, time::Duration};

use connect_api::{
    Class, CreateUser, DeleteUser, HierarchyGroupId, ListUsers, Password, UpdateUserHierarchy, UpdateUserRoutingProfile,
    UpdateUserSecurityProfiles, UserId,
};
use connect_sim::{Config, InstanceConfig, Scope, Sim, UnknownReference};

use crate::support::*;

fn delete(sim: &Sim, user: &UserId) -> Result<(), connect_api::Error> {
    call(sim, DeleteUser { instance: instance(), user: user.clone() })
}

#[test]
fn a_created_user_is_read_back_whole_and_without_its_password() {
    let sim = sim();
    let group = sim.hierarchy_group_id(&instance(), "/EMEA/Berlin").unwrap();
    let tags: connect_api::Tags = [("team".to_owned(), "blue".to_owned())].into();
    let new = CreateUser { hierarchy_group_id: Some(group.clone()), tags: tags.clone(), ..new_user(&sim, "jane@example.com") };
    let created = call(&sim, new.clone()).unwrap();
    let user = describe(&sim, &created.id).unwrap();
    assert_eq!(user.arn, created.arn);
    assert_eq!(user.arn, format!("arn:aws:connect:us-west-2:123456789012:instance/i-1/agent/{}", created.id));
    assert_eq!(user.username, "jane@example.com");
    assert_eq!(user.identity_info, names());
    assert_eq!(user.security_profile_ids, new.security_profile_ids);
    assert_eq!(user.routing_profile_id, Some(new.routing_profile_id));
    assert_eq!(user.hierarchy_group_id, Some(group));
    assert_eq!(user.tags, tags);
    assert!(user.directory_user_id.is_some(), "Connect fills it");
    assert_eq!(user.last_modified_time, Some(sim.now()));
    let view = sim.user(&instance(), "jane@example.com").unwrap();
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
fn a_username_is_taken_once_whatever_its_case() {
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
fn a_deleted_users_name_is_free_at_once_or_after_a_while() {
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
fn the_quota_of_users_is_an_error_of_its_own() {
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
fn what_is_gone_is_not_found() {
    let sim = sim();
    let id = create(&sim, "jane").id;
    delete(&sim, &id).unwrap();
    assert_eq!(refusal(describe(&sim, &id)), not_found());
    assert_eq!(refusal(delete(&sim, &id)), not_found());
    assert_eq!(sim.users(&instance()), []);
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
fn arns_are_as_good_as_ids_but_not_those_of_another_instance_or_kind() {
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
fn another_regions_or_accounts_instance_is_not_found() {
    let sim = sim();
    let call = |scope: Scope| sim.call(&scope, connect_api::DescribeInstance { instance: instance() }.into());
    assert!(call(Scope::region("us-west-2")).is_ok());
    assert_eq!(refusal(call(Scope::region("eu-central-1"))), not_found());
    let account = Scope { region: Some("us-west-2".into()), account: Some("210987654321".into()) };
    assert_eq!(refusal(call(account)), not_found());
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
fn the_hierarchy_group_is_cleared_by_leaving_it_out() {
    let sim = sim();
    let group = sim.hierarchy_group_id(&instance(), "/Americas");
    let user = call(&sim, CreateUser { hierarchy_group_id: group, ..new_user(&sim, "jane") }).unwrap().id;
    let set =
        |hierarchy_group_id| call(&sim, UpdateUserHierarchy { instance: instance(), user: user.clone(), hierarchy_group_id });
    assert_eq!(refusal(set(Some("".into()))), invalid_parameter());
    assert!(describe(&sim, &user).unwrap().hierarchy_group_id.is_some());
    set(None).unwrap();
    assert_eq!(describe(&sim, &user).unwrap().hierarchy_group_id, None);
}

#[test]
fn an_update_moves_the_time_of_the_last_change() {
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
fn users_are_listed_page_by_page_even_while_some_go() {
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
    for max_results in [0, 1001] {
        let bad = ListUsers { instance: instance(), max_results, next_token: None };
        assert_eq!(refusal(call(&sim, bad)), invalid_parameter());
    }
}

#[test]
fn a_weak_password_is_refused_without_being_repeated() {
    let sim = sim();
    let weak = CreateUser { password: Some(Password::new("weak-secret")), ..new_user(&sim, "jane") };
    let error = call(&sim, weak).unwrap_err();
    assert_eq!(error.code.as_deref(), Some("InvalidParameterException"));
    assert!(!error.to_string().contains("weak-secret"));
    assert_eq!(sim.users(&instance()), []);
}
