//! What specs refer to, by ARN or by name.

use std::{collections::BTreeSet, sync::Arc};

use connect_api::Arn;
use serde_json::json;

use super::{
    super::{Catalog, NameIndex, ReferenceKind, SpecIssue, Unresolved, UnresolvedReason, explain},
    Parsed, Parts, parse,
};
use crate::api::{ConnectUserSpec, IgnoredField, fixtures};

fn catalog(named: &[(&str, &str)]) -> Catalog {
    named.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect()
}

fn index() -> NameIndex {
    let mut groups =
        catalog(&[("g-1", "North"), ("g-2", "Hamburg"), ("g-3", "Hamburg"), ("g-4", "North/Hamburg"), ("g-5", "Bremen")]);
    for (id, path) in [("g-2", vec!["North", "Hamburg"]), ("g-3", vec!["South", "Hamburg"]), ("g-4", vec!["North/Hamburg"])] {
        groups.place(id, path.into_iter().map(str::to_owned).collect());
    }
    let mut index = NameIndex::default();
    let routing = [("r-1", "Basic Routing Profile"), ("r-2", "Sales"), ("r-3", "sales"), ("r-4", "Twice"), ("r-5", "Twice")];
    index.insert(ReferenceKind::RoutingProfile, Arc::new(catalog(&routing)));
    index.insert(ReferenceKind::SecurityProfile, Arc::new(catalog(&[("s-1", "Agent"), ("s-2", "Admin")])));
    index.insert(ReferenceKind::HierarchyGroup, Arc::new(groups));
    index
}

const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001";

/// A spec that gives the routing profile by name, and the rest by ARN.
fn spec() -> ConnectUserSpec {
    fixtures::spec(json!({ "routingProfileArn": null, "routingProfileName": "Sales" }))
}

fn names(routing: &str, security: &[&str], group: Option<&str>) -> ConnectUserSpec {
    ConnectUserSpec {
        routing_profile_name: Some(routing.to_owned()),
        security_profile_arns: None,
        security_profile_names: Some(security.iter().map(|name| (*name).to_owned()).collect()),
        hierarchy_group_path: group.map(str::to_owned),
        ..spec()
    }
}

fn resolve_without(not_managed: &[IgnoredField], spec: &ConnectUserSpec, index: &NameIndex) -> Result<Parsed, Vec<Unresolved>> {
    let not_managed = not_managed.iter().copied().collect();
    parse(spec, &INSTANCE.parse::<Arn>().unwrap(), index, &not_managed).map_err(|issue| match issue {
        SpecIssue::Names(names) => names,
        SpecIssue::Spec(error) => panic!("{error}"),
    })
}

fn resolve(spec: &ConnectUserSpec, index: &NameIndex) -> Result<(Parts, NameIndex), Vec<Unresolved>> {
    resolve_without(&[], spec, index).map(|Parsed { parts, names, unresolved }| {
        assert_eq!(unresolved, []);
        (parts, names)
    })
}

fn why(routing: &str) -> UnresolvedReason {
    resolve(&names(routing, &["Agent"], None), &index()).unwrap_err().remove(0).why
}

#[test]
fn names_become_ids() {
    let found = resolve(&names("Sales", &["Admin", "Agent"], Some("/North/Hamburg")), &index()).unwrap();
    assert_eq!(found.0.routing_profile, Some("r-2".into()));
    assert_eq!(found.0.security_profiles, Some(["s-1".into(), "s-2".into()].into()));
    assert_eq!(found.0.hierarchy_group, Some(Some("g-2".into())));
    assert_eq!(found.1, index());
}

#[test]
fn names_are_case_sensitive_and_other_cases_are_near() {
    assert_eq!(why("SALES"), UnresolvedReason::Unknown { near: vec!["Sales".into(), "sales".into()] });
}

#[test]
fn near_names_are_typing_errors_and_renamings() {
    for slip in ["Basic Routing Profle", "basic routing profile", "Basic Routing Profile 2", " Basic Routing Profile"] {
        assert_eq!(why(slip), UnresolvedReason::Unknown { near: vec!["Basic Routing Profile".into()] }, "{slip}");
    }
    assert_eq!(why("Sales EMEA"), UnresolvedReason::Unknown { near: vec!["Sales".into(), "sales".into()] });
    assert_eq!(why("Quality"), UnresolvedReason::Unknown { near: vec![] });
}

#[test]
fn at_most_three_near_names_are_listed() {
    let mut index = index();
    let alike: Vec<_> = (0..9).map(|n| (format!("r-{n}"), format!("Team {n}"))).collect();
    index.insert(ReferenceKind::RoutingProfile, Arc::new(alike.into_iter().collect()));
    let unresolved = resolve(&names("Team", &["Agent"], None), &index).unwrap_err();
    assert_eq!(unresolved[0].why, UnresolvedReason::Unknown { near: ["Team 0", "Team 1", "Team 2"].map(str::to_owned).into() });
}

#[test]
fn shared_name_is_ambiguous() {
    assert_eq!(why("Twice"), UnresolvedReason::Ambiguous { ids: vec!["r-4".into(), "r-5".into()] });
}

#[test]
fn group_is_found_by_its_path_and_not_by_its_name_alone() {
    let at = |path: &str| resolve(&names("Sales", &["Agent"], Some(path)), &index());
    assert_eq!(at("/South/Hamburg").unwrap().0.hierarchy_group, Some(Some("g-3".into())));
    assert_eq!(at("").unwrap().0.hierarchy_group, Some(None));
    let near = |path: &str| at(path).unwrap_err().remove(0).why;
    assert_eq!(near("/Hamburg"), UnresolvedReason::Unknown { near: vec!["/South/Hamburg".into(), "/North/Hamburg".into()] });
    assert_eq!(near("/Noth/Hamburg"), UnresolvedReason::Unknown { near: vec!["/North/Hamburg".into(), "/South/Hamburg".into()] });
    assert_eq!(near("/North/Bremn"), UnresolvedReason::Unknown { near: vec!["…/Bremen".into()] });
    // Its place was not looked up yet.
    assert_eq!(near("/North/Bremen"), UnresolvedReason::Unread);
}

#[test]
fn group_with_a_slash_in_its_name_needs_its_arn() {
    let mut index = index();
    let groups = [("g-7", "Sales/EMEA"), ("g-8", "EMEA West")].map(|(id, name)| (id.to_owned(), name.to_owned()));
    index.insert(ReferenceKind::HierarchyGroup, Arc::new(groups.into_iter().collect()));
    for path in ["/North/Sales/EMEA", "/Sales/EMEA", "Sales/EMEA"] {
        let unresolved = resolve(&names("Sales", &["Agent"], Some(path)), &index).unwrap_err();
        let message = explain(&unresolved, &"11111111-aaaa-4bbb-8ccc-000000000001".into());
        assert!(message.contains("the group \"Sales/EMEA\" (g-7)") && message.contains("Use hierarchyGroupArn"), "{message}");
    }
    let unresolved = resolve(&names("Sales", &["Agent"], Some("/North/EMEA")), &index).unwrap_err();
    assert!(matches!(unresolved[0].why, UnresolvedReason::Unknown { .. }));
}

#[test]
fn all_unresolved_names_are_listed_at_once() {
    let unresolved = resolve(&names("Twice", &["Agnet", "Admin", "Intern"], Some("/East")), &index()).unwrap_err();
    assert_eq!(
        explain(&unresolved, &"11111111-aaaa-4bbb-8ccc-000000000001".into()),
        "routingProfileName \"Twice\" is ambiguous: 2 routing profiles have this name (r-4, r-5). Use routingProfileArn instead; \
         securityProfileNames \"Agnet\" does not exist in instance 11111111-aaaa-4bbb-8ccc-000000000001. Near names: \"Agent\"; \
         securityProfileNames \"Intern\" does not exist in instance 11111111-aaaa-4bbb-8ccc-000000000001, and nothing there has a name like it: \
         create it in Connect, or correct the name; \
         hierarchyGroupPath \"/East\" does not exist in instance 11111111-aaaa-4bbb-8ccc-000000000001, and nothing there has a name like it: \
         create it in Connect, or correct the name"
    );
}

#[test]
fn name_that_is_not_managed_is_not_even_looked_up() {
    let spec = names("Gone", &["Agent"], None);
    let mut index = index();
    let found = resolve_without(&[IgnoredField::RoutingProfileName], &spec, &index).unwrap();
    assert_eq!((found.parts.routing_profile, found.unresolved), (None, vec![]));
    index = NameIndex::default();
    let unread = resolve_without(&[IgnoredField::RoutingProfileName], &spec, &index).unwrap_err();
    assert_eq!(unread.iter().map(|name| name.kind).collect::<Vec<_>>(), [ReferenceKind::SecurityProfile]);
}

#[test]
fn unknown_name_in_a_listed_field_leaves_its_part_alone() {
    let listed = |fields: &[IgnoredField]| {
        let ignore_drift = Some(fields.to_vec());
        resolve_without(&[], &ConnectUserSpec { ignore_drift, ..names("Gone", &["Agent", "Agnet"], Some("/East")) }, &index())
    };
    let all = [IgnoredField::RoutingProfileName, IgnoredField::SecurityProfileNames, IgnoredField::HierarchyGroupPath];
    let found = listed(&all).unwrap();
    let Parts { routing_profile, security_profiles, hierarchy_group, .. } = found.parts;
    assert_eq!((routing_profile, security_profiles, hierarchy_group), (None, None, None));
    assert_eq!(found.unresolved.len(), 3);
    assert_eq!(listed(&all[..2]).unwrap_err().len(), 3, "a name in another field must resolve");
    // Names that were not looked up are.
    let spec = ConnectUserSpec { ignore_drift: Some(all.to_vec()), ..names("Gone", &["Agent"], None) };
    assert!(resolve_without(&[], &spec, &NameIndex::default()).is_err());
}

#[test]
fn only_kinds_given_by_name_need_the_index() {
    let unread = resolve(&spec(), &NameIndex::default()).unwrap_err();
    assert_eq!(unread, [Unresolved { kind: ReferenceKind::RoutingProfile, name: "Sales".into(), why: UnresolvedReason::Unread }]);
    let found = resolve(&spec(), &index()).unwrap();
    assert_eq!(found.1.field(ReferenceKind::RoutingProfile), "routingProfileName");
    assert_eq!(found.1.field(ReferenceKind::SecurityProfile), "securityProfileArns");
}

#[test]
fn spec_of_arns_needs_no_index() {
    let by_arn = ConnectUserSpec {
        routing_profile_name: None,
        routing_profile_arn: Some(format!("{INSTANCE}/routing-profile/r-7")),
        ..spec()
    };
    let found = resolve(&by_arn, &NameIndex::default()).unwrap();
    assert_eq!((found.0.routing_profile, found.1), (Some("r-7".into()), NameIndex::default()));
}

#[test]
fn neither_or_both_of_arn_and_name_is_an_error() {
    let field = |spec: ConnectUserSpec| match parse(&spec, &INSTANCE.parse::<Arn>().unwrap(), &index(), &BTreeSet::new()) {
        Err(SpecIssue::Spec(error)) => error.field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(ConnectUserSpec { routing_profile_name: None, ..spec() }), "routingProfileArn");
    assert_eq!(field(ConnectUserSpec { routing_profile_arn: Some(String::new()), ..spec() }), "routingProfileArn");
    assert_eq!(field(ConnectUserSpec { security_profile_names: Some(vec!["Agent".into()]), ..spec() }), "securityProfileArns");
    let both = ConnectUserSpec { hierarchy_group_arn: Some(String::new()), hierarchy_group_path: Some(String::new()), ..spec() };
    assert_eq!(field(both), "hierarchyGroupArn");
}
