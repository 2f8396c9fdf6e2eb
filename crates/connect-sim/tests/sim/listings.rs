//! What users refer to: listed, described, made and removed.

use connect_api::{
    CreateUser, DescribeInstance, DescribeUserHierarchyGroup, IdentityManagementType, ListRoutingProfiles, ListSecurityProfiles, ListUserHierarchyGroups,
};
use connect_sim::{Config, Sim};

use crate::support::*;

fn names<T>(page: connect_api::Page<T>, name: impl Fn(&T) -> &str) -> Vec<String> {
    let mut names: Vec<String> = page.items.iter().map(|item| name(item).to_owned()).collect();
    names.sort();
    names
}

#[test]
fn an_instance_is_described() {
    let sim = Sim::new(config_of(IdentityManagementType::Saml)).unwrap();
    let shown = call(&sim, DescribeInstance { instance: instance() }).unwrap();
    assert_eq!(shown.arn, "arn:aws:connect:us-west-2:123456789012:instance/i-1");
    assert_eq!(shown.identity_management_type, Some(IdentityManagementType::Saml));
    assert_eq!(shown.status.as_deref(), Some("ACTIVE"));
    assert_eq!(refusal(call(&sim, DescribeInstance { instance: "i-2".into() })), not_found());
}

#[test]
fn everything_is_listed_by_name() {
    let sim = sim();
    let instance = instance();
    let (max_results, next_token) = (100, None);
    let request = ListRoutingProfiles { instance: instance.clone(), max_results, next_token: next_token.clone() };
    let page = call(&sim, request).unwrap();
    assert_eq!(Some(page.items[0].arn.clone()), sim.routing_profile_arn(&instance, &page.items[0].name));
    assert_eq!(names(page, |p| &p.name), ["Basic Routing Profile", "Sales"]);
    let request = ListSecurityProfiles { instance: instance.clone(), max_results, next_token: next_token.clone() };
    assert_eq!(names(call(&sim, request).unwrap(), |p| &p.name), ["Admin", "Agent", "CallCenterManager", "QualityAnalyst"]);
    let request = ListUserHierarchyGroups { instance, max_results, next_token };
    assert_eq!(names(call(&sim, request).unwrap(), |g| &g.name), ["Americas", "Berlin", "EMEA", "Paris"]);
}

#[test]
fn a_group_is_described_with_its_path() {
    let sim = sim();
    let id = sim.hierarchy_group_id(&instance(), "/EMEA/Paris").unwrap();
    let shown = call(&sim, DescribeUserHierarchyGroup { instance: instance(), group: id.clone() }).unwrap();
    assert_eq!((shown.id, shown.path), (id, vec!["EMEA".to_owned(), "Paris".to_owned()]));
    let unknown = DescribeUserHierarchyGroup { instance: instance(), group: "nope".into() };
    assert_eq!(refusal(call(&sim, unknown)), not_found());
}

#[test]
fn pages_may_be_short() {
    let sim = Sim::new(Config { page_limit: Some(1), ..config() }).unwrap();
    let page = |next_token| call(&sim, ListRoutingProfiles { instance: instance(), max_results: 1000, next_token }).unwrap();
    let first = page(None);
    let second = page(first.next_token);
    assert_eq!((first.items.len(), second.items.len(), second.next_token), (1, 1, None));
}

#[test]
fn a_token_lives_for_a_day() {
    let sim = Sim::new(Config { page_limit: Some(1), ..config() }).unwrap();
    let page = |next_token| call(&sim, ListRoutingProfiles { instance: instance(), max_results: 1000, next_token });
    let token = page(None).unwrap().next_token;
    sim.advance(seconds(24 * 3600 - 1));
    assert!(page(token.clone()).is_ok());
    sim.advance(seconds(1));
    let error = page(token).unwrap_err();
    assert_eq!(error.code.as_deref(), Some("InvalidParameterException"));
    assert!(error.message.contains("InvalidToken"));
}

#[test]
fn what_users_refer_to_comes_and_goes_while_it_runs() {
    let sim = sim();
    let i = instance();
    let profile = sim.create_routing_profile(&i, "Night");
    sim.rename_routing_profile(&i, &profile, "Day");
    assert_eq!(sim.routing_profile_id(&i, "Day"), Some(profile.clone()));
    assert_eq!(sim.routing_profile_id(&i, "Night"), None);
    call(&sim, CreateUser { routing_profile_id: profile.clone(), ..new_user(&sim, "jane") }).unwrap();

    let rome = sim.create_hierarchy_group(&i, sim.hierarchy_group_id(&i, "/EMEA").as_ref(), "Rome");
    assert_eq!(sim.hierarchy_group_id(&i, "/EMEA/Rome"), Some(rome.clone()));
    sim.rename_hierarchy_group(&i, &rome, "Roma");
    assert_eq!(sim.hierarchy_group_id(&i, "/EMEA/Roma"), Some(rome.clone()));
    sim.delete_hierarchy_group(&i, &rome);
    assert_eq!(sim.hierarchy_group_id(&i, "/EMEA/Roma"), None);

    let security = sim.create_security_profile(&i, "Robots");
    sim.delete_security_profile(&i, &security);
    assert_eq!(sim.security_profile_id(&i, "Robots"), None);
}

#[test]
#[should_panic(expected = "users or groups refer to it")]
fn a_profile_in_use_is_not_removed() {
    let sim = sim();
    let profile = new_user(&sim, "jane").routing_profile_id;
    create(&sim, "jane");
    sim.delete_routing_profile(&instance(), &profile);
}
