//! Names in place of ARNs: the calls that they cost, and what happens to a resource whose names are unknown, or no longer known.

use connect_api::{Arn, HierarchyGroupId, InstanceId, OperationName as Op, RoutingProfileId};
use serde_json::{Value, json};

use super::harness::{Harness, SAML, condition, harness};

/// Returns the manifest's references by name, with other members overlaid.
fn by_name(other: Value) -> Value {
    let mut spec = json!({
        "routingProfileArn": null,
        "routingProfileName": "Basic Routing Profile",
        "securityProfileArns": null,
        "securityProfileNames": ["Agent"],
    });
    spec.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    spec
}

/// Counts the reads of names: of routing profiles, security profiles and groups, and of the places of groups.
fn reads(harness: &Harness<'_>) -> [u64; 4] {
    let reads = [Op::ListRoutingProfiles, Op::ListSecurityProfiles, Op::ListUserHierarchyGroups, Op::DescribeUserHierarchyGroup];
    reads.map(|operation| harness.sim.calls().of(operation))
}

/// Counts the writes to Connect.
fn writes(harness: &Harness<'_>) -> u64 {
    harness.sim.calls().writes()
}

fn routing_profile(harness: &Harness<'_>, name: &str) -> RoutingProfileId {
    harness.sim.routing_profile_id(&harness.instance(), name).unwrap()
}

fn group(harness: &Harness<'_>, path: &str) -> HierarchyGroupId {
    harness.sim.hierarchy_group_id(&harness.instance(), path).unwrap()
}

/// Waits until the names of a resource are reported as unknown, and returns the message.
async fn unresolved(harness: &Harness<'_>, name: &str) -> String {
    let message = harness.wait_for_condition(name, "ReferencesResolved", "False", "DependencyNotFound").await;
    assert_eq!(harness.wait_for_condition(name, "Ready", "False", "DependencyNotFound").await, message);
    assert!(condition(&harness.users().get(name).await.unwrap(), "Stalled").is_none());
    message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn names_are_read_once_for_all_users_that_use_them() {
    let harness = harness("names").await;
    let spec = by_name(json!({ "hierarchyGroupPath": "/North/Hamburg" }));
    harness.apply_until_ready("first", &spec).await;
    let live = harness.live("first").user;
    assert_eq!(live.routing_profile_id, Some(routing_profile(&harness, "Basic Routing Profile")));
    assert_eq!(live.security_profile_ids, [harness.sim.security_profile_id(&harness.instance(), "Agent").unwrap()].into());
    assert_eq!(live.hierarchy_group_id, Some(group(&harness, "/North/Hamburg")));
    assert_eq!(reads(&harness), [1, 1, 1, 1]);

    let names: Vec<String> = (0..20).map(|n| format!("user-{n}")).collect();
    harness.apply_all_until_ready(&names, &spec).await;
    assert_eq!(harness.sim.users(&harness.instance()).len(), 21);
    assert_eq!(reads(&harness), [1, 1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn names_are_read_once_for_users_that_are_applied_at_once() {
    let harness = harness("names").await;
    let names: Vec<String> = (0..20).map(|n| format!("user-{n}")).collect();
    futures::future::join_all(names.iter().map(|name| async { harness.apply(name, &by_name(json!({}))).await })).await;
    harness.wait_until_all_ready(&names).await;
    assert_eq!(reads(&harness), [1, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_with_arns_reads_no_names() {
    let harness = harness("names").await;
    harness.apply_until_ready("arns", &json!({ "hierarchyGroupArn": harness.hierarchy_group("/North/Hamburg") })).await;
    harness.requeue("arns").await;
    assert_eq!(reads(&harness), [0; 4]);
    harness.apply_until_ready("group", &json!({ "hierarchyGroupPath": "" })).await;
    assert_eq!(reads(&harness), [0; 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn replacing_arns_by_names_of_the_same_things_writes_nothing() {
    let harness = harness("names").await;
    harness.apply_until_ready("jane", &json!({ "hierarchyGroupArn": harness.hierarchy_group("/North/Hamburg") })).await;
    harness.sim.reset_calls();
    let names = by_name(json!({ "hierarchyGroupPath": "/North/Hamburg", "hierarchyGroupArn": null }));
    let user = harness.apply_until_ready("jane", &names).await;
    assert_eq!((writes(&harness), reads(&harness)), (0, [1, 1, 1, 1]));
    let observed = user.status.unwrap().observed.unwrap();
    assert_eq!(observed.routing_profile_arn, Some(harness.routing_profile("Basic Routing Profile")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn edits_and_drift_are_reported_by_name() {
    let harness = harness("names").await;
    harness.apply_until_ready("jane", &by_name(json!({ "hierarchyGroupPath": "/North/Hamburg" }))).await;
    let edit = json!({
        "routingProfileName": "Sales",
        "securityProfileNames": ["Agent", "QualityAnalyst"],
        "hierarchyGroupPath": "/South/Munich",
    });
    harness.apply_until_ready("jane", &by_name(edit)).await;
    let note = harness.wait_for_event("jane", "Updated").await;
    for change in
        [r#"routingProfileName: "Basic Routing Profile" → "Sales""#, r#"hierarchyGroupPath: "/North/Hamburg" → "/South/Munich""#]
    {
        assert!(note.contains(change), "{note}");
    }
    // Sets are shown in the order of the ids.
    assert!(note.contains(r#"securityProfileNames: "Agent" → "#) && note.contains("QualityAnalyst"), "{note}");

    harness.route("jane", "Basic Routing Profile").await;
    harness.requeue("jane").await;
    let note = harness.wait_for_event("jane", "DriftCorrected").await;
    assert_eq!(note, r#"routingProfileName: "Basic Routing Profile" → "Sales""#);
    assert!(harness.is_routed("jane", "Sales"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn unknown_names_block_the_spec_and_are_all_reported() {
    let harness = harness("names").await;
    let spec = json!({
        "routingProfileName": "Basic Routing Profle",
        "securityProfileNames": ["Agent", "admin", "Robots"],
        "hierarchyGroupPath": "/South/Hamburg",
    });
    harness.apply("jane", &by_name(spec)).await;
    let message = unresolved(&harness, "jane").await;
    let instance = harness.instance();
    for part in [
        format!(
            "routingProfileName \"Basic Routing Profle\" does not exist in instance {instance}. Near names: \"Basic Routing Profile\""
        ),
        "securityProfileNames \"admin\" does not exist".to_owned(),
        "Near names: \"Admin\"".to_owned(),
        "securityProfileNames \"Robots\" does not exist".to_owned(),
        "hierarchyGroupPath \"/South/Hamburg\" does not exist".to_owned(),
        "Near names: \"/North/Hamburg\"".to_owned(),
    ] {
        assert!(message.contains(&part), "{message}");
    }
    assert!(harness.wait_for_event("jane", "CreateFailed").await.contains("DependencyNotFound"));
    // Other resources are not held up.
    harness.apply_until_ready("other", &by_name(json!({}))).await;
    assert_eq!(harness.sim.calls().creates.get("jane").map_or(0, |creates| creates.attempts), 0);

    harness.sim.create_routing_profile(&instance, "Basic Routing Profle");
    for name in ["admin", "Robots"] {
        harness.sim.create_security_profile(&instance, name);
    }
    harness.sim.create_hierarchy_group(&instance, Some(&group(&harness, "/South")), "Hamburg");
    harness.requeue("jane").await;
    harness.wait_until_ready("jane").await;
    assert_eq!(harness.live("jane").user.security_profile_ids.len(), 3);
    assert_eq!(harness.sim.calls().creates["jane"].attempts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn edit_with_an_unknown_name_leaves_the_user_unchanged() {
    let harness = harness("names").await;
    harness.apply_until_ready("jane", &by_name(json!({}))).await;
    let before = (harness.live("jane"), writes(&harness));
    let edit = json!({ "routingProfileName": "Sales", "securityProfileNames": ["Admin", "Agnet"], "tags": { "team": "blue" } });
    harness.apply("jane", &by_name(edit)).await;
    assert!(unresolved(&harness, "jane").await.contains("\"Agnet\" does not exist"));
    harness.requeue("jane").await;
    assert_eq!((harness.live("jane"), writes(&harness)), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ambiguous_group_name_is_refused_with_an_alternative() {
    let harness = harness("names").await;
    let twin = harness.sim.create_hierarchy_group(&harness.instance(), Some(&group(&harness, "/North")), "Kiel");
    let hamburg = group(&harness, "/North/Hamburg");
    harness.sim.rename_hierarchy_group(&harness.instance(), &twin, "Hamburg");
    harness.apply("jane", &by_name(json!({ "hierarchyGroupPath": "/North/Hamburg" }))).await;
    let message = unresolved(&harness, "jane").await;
    assert!(message.contains("hierarchyGroupPath \"/North/Hamburg\" is ambiguous: 2 hierarchy groups"), "{message}");
    assert!(message.contains(twin.as_str()) && message.contains(hamburg.as_str()), "{message}");
    assert!(message.contains("Use hierarchyGroupArn instead"), "{message}");
    assert_eq!(harness.sim.calls().of(Op::CreateUser), 0);

    let arn = json!({ "hierarchyGroupArn": harness.hierarchy_group("/South/Munich") });
    harness.apply_until_ready("jane", &by_name(arn)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn renamed_profile_is_reported_and_the_user_is_left_unchanged() {
    let harness = harness("names").await;
    harness.apply_until_ready("jane", &by_name(json!({ "routingProfileName": "Sales" }))).await;
    let (sales, before) = (routing_profile(&harness, "Sales"), (harness.live("jane"), writes(&harness)));
    harness.sim.rename_routing_profile(&harness.instance(), &sales, "Sales EMEA");
    harness.requeue("jane").await;
    let message = unresolved(&harness, "jane").await;
    assert!(message.contains("routingProfileName \"Sales\" does not exist"), "{message}");
    assert!(message.contains("Near names: \"Sales EMEA\""), "{message}");
    harness.apply_until_ready("jane", &by_name(json!({ "routingProfileName": "Sales EMEA" }))).await;
    assert_eq!((harness.live("jane"), writes(&harness)), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn name_of_a_new_profile_moves_the_user_there() {
    let harness = harness("names").await;
    harness.apply_until_ready("jane", &by_name(json!({ "routingProfileName": "Sales" }))).await;
    let old = routing_profile(&harness, "Sales");
    harness.sim.rename_routing_profile(&harness.instance(), &old, "Sales (old)");
    let new = harness.sim.create_routing_profile(&harness.instance(), "Sales");
    harness.requeue("jane").await;
    assert_eq!(harness.live("jane").user.routing_profile_id, Some(new));
    harness.wait_until_ready("jane").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deleted_profile_is_reported() {
    let harness = harness("names").await;
    harness.apply_until_ready("jane", &by_name(json!({ "routingProfileName": "Sales" }))).await;
    harness.route("jane", "Basic Routing Profile").await;
    harness.sim.delete_routing_profile(&harness.instance(), &routing_profile(&harness, "Sales"));
    let before = writes(&harness);
    harness.requeue("jane").await;
    assert!(unresolved(&harness, "jane").await.contains("routingProfileName \"Sales\" does not exist"));
    assert_eq!(writes(&harness), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_manifest_serves_two_instances() {
    let harness = harness("names").await;
    let saml: InstanceId = SAML.into();
    let arn: Arn = harness.sim.instances().iter().find(|i| i.id == saml).unwrap().arn.parse().unwrap();
    harness.apply_until_ready("here", &by_name(json!({}))).await;
    // The other instance's users have no passwords in Connect.
    harness.apply_until_ready("there", &by_name(json!({ "instanceArn": arn.to_string(), "passwordSecretRef": null }))).await;
    let [here, there] = [harness.instance(), saml]
        .map(|instance| (harness.sim.users(&instance), harness.sim.security_profile_id(&instance, "Agent")));
    for (users, agent) in [&here, &there] {
        assert_eq!(users.len(), 1);
        assert_eq!(users[0].user.security_profile_ids, [agent.clone().unwrap()].into());
    }
    assert_ne!(here.1, there.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deletion_needs_no_names() {
    let harness = harness("names").await;
    harness.apply_until_ready("jane", &by_name(json!({ "routingProfileName": "Sales" }))).await;
    harness.apply("jane", &by_name(json!({ "routingProfileName": "Nowhere" }))).await;
    unresolved(&harness, "jane").await;
    harness.apply("never-created", &by_name(json!({ "routingProfileName": "Nowhere" }))).await;
    unresolved(&harness, "never-created").await;
    harness.sim.deny([Op::ListRoutingProfiles, Op::ListSecurityProfiles]);
    let before = reads(&harness);
    for name in ["jane", "never-created"] {
        harness.delete_until_gone(name).await;
    }
    assert_eq!(harness.usernames(), [""; 0]);
    assert_eq!((reads(&harness), harness.sim.calls().of(Op::DeleteUser)), (before, 1), "the other was never created");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn denied_list_of_names_reports_the_iam_action() {
    let harness = harness("names").await;
    harness.sim.deny([Op::ListSecurityProfiles]);
    harness.apply("jane", &by_name(json!({}))).await;
    let message = harness.wait_for_condition("jane", "Ready", "False", "AccessDenied").await;
    assert!(message.contains("connect:ListSecurityProfiles"), "{message}");
    harness.sim.deny::<Op>([]);
    harness.requeue("jane").await;
    harness.wait_until_ready("jane").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn observer_reports_drift_and_unknown_names() {
    let harness = harness("names").await;
    harness.apply_until_ready("jane", &by_name(json!({}))).await;
    let observed =
        json!({ "username": "jane", "managementPolicy": "Observe", "routingProfileName": "Sales", "passwordSecretRef": null });
    harness.apply("observer", &by_name(observed.clone())).await;
    let user = harness.wait_until("observer", "drifted", |user| user.status.as_ref().is_some_and(|s| !s.drift.is_empty())).await;
    let drift: Vec<_> = user.status.unwrap().drift.into_iter().map(|d| (d.path, d.desired, d.observed)).collect();
    let (sales, basic) = (Some("Sales".to_owned()), Some("Basic Routing Profile".to_owned()));
    assert!(drift.contains(&("routingProfileName".to_owned(), sales, basic)), "{drift:?}");

    let mut nowhere = observed;
    nowhere["routingProfileName"] = json!("Nowhere");
    harness.apply("observer", &by_name(nowhere)).await;
    assert!(unresolved(&harness, "observer").await.contains("\"Nowhere\" does not exist"));
}
