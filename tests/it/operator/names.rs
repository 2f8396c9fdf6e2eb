//! Names in place of ARNs: the calls that they cost, and what happens to a resource whose names are unknown, or no longer known.

use connect_api::{Arn, HierarchyGroupId, InstanceId, OperationName as Op, RoutingProfileId, UpdateUserRoutingProfile};
use serde_json::{Value, json};

use super::scene::{SAML, Scene, Setting, condition, scene};

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
fn reads(scene: &Scene<'_>) -> [u64; 4] {
    let reads = [Op::ListRoutingProfiles, Op::ListSecurityProfiles, Op::ListUserHierarchyGroups, Op::DescribeUserHierarchyGroup];
    reads.map(|operation| scene.sim.calls().of(operation))
}

/// Counts the writes to Connect.
fn writes(scene: &Scene<'_>) -> u64 {
    Op::ALL.iter().filter(|operation| operation.is_write()).map(|operation| scene.sim.calls().of(*operation)).sum()
}

fn routing_profile(scene: &Scene<'_>, name: &str) -> RoutingProfileId {
    scene.sim.routing_profile_id(&scene.instance(), name).unwrap()
}

fn group(scene: &Scene<'_>, path: &str) -> HierarchyGroupId {
    scene.sim.hierarchy_group_id(&scene.instance(), path).unwrap()
}

/// Waits until the names of a resource are reported as unknown, and returns the message.
async fn unresolved(scene: &Scene<'_>, name: &str) -> String {
    let message = scene.shown(name, "ReferencesResolved", "False", "DependencyNotFound").await;
    assert_eq!(scene.shown(name, "Ready", "False", "DependencyNotFound").await, message);
    assert!(condition(&scene.users().get(name).await.unwrap(), "Stalled").is_none());
    message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn names_are_read_once_for_all_users_that_use_them() {
    let scene = scene("names").await;
    let spec = by_name(json!({ "hierarchyGroupPath": "/North/Hamburg" }));
    scene.applied("first", &spec).await;
    let live = scene.live("first").user;
    assert_eq!(live.routing_profile_id, Some(routing_profile(&scene, "Basic Routing Profile")));
    assert_eq!(live.security_profile_ids, [scene.sim.security_profile_id(&scene.instance(), "Agent").unwrap()].into());
    assert_eq!(live.hierarchy_group_id, Some(group(&scene, "/North/Hamburg")));
    assert_eq!(reads(&scene), [1, 1, 1, 1]);

    let names: Vec<String> = (0..20).map(|n| format!("user-{n}")).collect();
    for name in &names {
        scene.apply(name, &spec).await;
    }
    for name in &names {
        scene.ready(name).await;
    }
    assert_eq!(scene.sim.users(&scene.instance()).len(), 21);
    assert_eq!(reads(&scene), [1, 1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn names_are_read_once_for_users_that_are_applied_at_once() {
    let scene = scene("names").await;
    let names: Vec<String> = (0..20).map(|n| format!("user-{n}")).collect();
    futures::future::join_all(names.iter().map(|name| async { scene.apply(name, &by_name(json!({}))).await })).await;
    for name in &names {
        scene.ready(name).await;
    }
    assert_eq!(reads(&scene), [1, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_user_by_arns_reads_no_names() {
    let scene = scene("names").await;
    scene.applied("arns", &json!({ "hierarchyGroupArn": scene.hierarchy_group("/North/Hamburg") })).await;
    scene.requeue("arns").await;
    assert_eq!(reads(&scene), [0; 4]);
    scene.applied("group", &json!({ "hierarchyGroupPath": "" })).await;
    assert_eq!(reads(&scene), [0; 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn replacing_arns_by_names_of_the_same_things_writes_nothing() {
    let scene = scene("names").await;
    scene.applied("jane", &json!({ "hierarchyGroupArn": scene.hierarchy_group("/North/Hamburg") })).await;
    scene.sim.reset_calls();
    let names = by_name(json!({ "hierarchyGroupPath": "/North/Hamburg", "hierarchyGroupArn": null }));
    let user = scene.applied("jane", &names).await;
    assert_eq!((writes(&scene), reads(&scene)), (0, [1, 1, 1, 1]));
    let observed = user.status.unwrap().observed.unwrap();
    assert_eq!(observed.routing_profile_arn, Some(scene.routing_profile("Basic Routing Profile")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn edits_and_drift_are_reported_by_name() {
    let scene = scene("names").await;
    scene.applied("jane", &by_name(json!({ "hierarchyGroupPath": "/North/Hamburg" }))).await;
    let edit = json!({
        "routingProfileName": "Sales",
        "securityProfileNames": ["Agent", "QualityAnalyst"],
        "hierarchyGroupPath": "/South/Munich",
    });
    scene.applied("jane", &by_name(edit)).await;
    let note = scene.event_note("jane", "Updated").await;
    for change in
        [r#"routingProfileName: "Basic Routing Profile" → "Sales""#, r#"hierarchyGroupPath: "/North/Hamburg" → "/South/Munich""#]
    {
        assert!(note.contains(change), "{note}");
    }
    // Sets are shown in the order of the ids.
    assert!(note.contains(r#"securityProfileNames: "Agent" → "#) && note.contains("QualityAnalyst"), "{note}");

    let id = scene.live("jane").user.id;
    let basic = routing_profile(&scene, "Basic Routing Profile");
    scene.console(UpdateUserRoutingProfile { instance: scene.instance(), user: id, routing_profile_id: basic }).await;
    scene.requeue("jane").await;
    let note = scene.event_note("jane", "DriftCorrected").await;
    assert_eq!(note, r#"routingProfileName: "Basic Routing Profile" → "Sales""#);
    assert_eq!(scene.live("jane").user.routing_profile_id, Some(routing_profile(&scene, "Sales")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn unknown_names_block_the_spec_and_are_all_reported() {
    let scene = scene("names").await;
    let spec = json!({
        "routingProfileName": "Basic Routing Profle",
        "securityProfileNames": ["Agent", "admin", "Robots"],
        "hierarchyGroupPath": "/South/Hamburg",
    });
    scene.apply("jane", &by_name(spec)).await;
    let message = unresolved(&scene, "jane").await;
    let instance = scene.instance();
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
    assert!(scene.event_note("jane", "CreateFailed").await.contains("DependencyNotFound"));
    // Other resources are not held up.
    scene.applied("other", &by_name(json!({}))).await;
    assert_eq!(scene.sim.calls().creates.get("jane").map_or(0, |creates| creates.attempts), 0);

    scene.sim.create_routing_profile(&instance, "Basic Routing Profle");
    for name in ["admin", "Robots"] {
        scene.sim.create_security_profile(&instance, name);
    }
    scene.sim.create_hierarchy_group(&instance, Some(&group(&scene, "/South")), "Hamburg");
    scene.requeue("jane").await;
    scene.ready("jane").await;
    assert_eq!(scene.live("jane").user.security_profile_ids.len(), 3);
    assert_eq!(scene.sim.calls().creates["jane"].attempts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_unknown_name_in_an_edit_leaves_the_user_as_it_is() {
    let scene = scene("names").await;
    scene.applied("jane", &by_name(json!({}))).await;
    let before = (scene.live("jane"), writes(&scene));
    let edit = json!({ "routingProfileName": "Sales", "securityProfileNames": ["Admin", "Agnet"], "tags": { "team": "blue" } });
    scene.apply("jane", &by_name(edit)).await;
    assert!(unresolved(&scene, "jane").await.contains("\"Agnet\" does not exist"));
    scene.requeue("jane").await;
    assert_eq!((scene.live("jane"), writes(&scene)), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ambiguous_group_name_is_refused_with_an_alternative() {
    let scene = scene("names").await;
    let twin = scene.sim.create_hierarchy_group(&scene.instance(), Some(&group(&scene, "/North")), "Kiel");
    let hamburg = group(&scene, "/North/Hamburg");
    scene.sim.rename_hierarchy_group(&scene.instance(), &twin, "Hamburg");
    scene.apply("jane", &by_name(json!({ "hierarchyGroupPath": "/North/Hamburg" }))).await;
    let message = unresolved(&scene, "jane").await;
    assert!(message.contains("hierarchyGroupPath \"/North/Hamburg\" is ambiguous: 2 hierarchy groups"), "{message}");
    assert!(message.contains(twin.as_str()) && message.contains(hamburg.as_str()), "{message}");
    assert!(message.contains("Use hierarchyGroupArn instead"), "{message}");
    assert_eq!(scene.sim.calls().of(Op::CreateUser), 0);

    let arn = json!({ "hierarchyGroupArn": scene.hierarchy_group("/South/Munich") });
    scene.applied("jane", &by_name(arn)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn renamed_profile_is_reported_and_the_user_is_left_unchanged() {
    let scene = scene("names").await;
    scene.applied("jane", &by_name(json!({ "routingProfileName": "Sales" }))).await;
    let (sales, before) = (routing_profile(&scene, "Sales"), (scene.live("jane"), writes(&scene)));
    scene.sim.rename_routing_profile(&scene.instance(), &sales, "Sales EMEA");
    scene.requeue("jane").await;
    let message = unresolved(&scene, "jane").await;
    assert!(message.contains("routingProfileName \"Sales\" does not exist"), "{message}");
    assert!(message.contains("Near names: \"Sales EMEA\""), "{message}");
    scene.applied("jane", &by_name(json!({ "routingProfileName": "Sales EMEA" }))).await;
    assert_eq!((scene.live("jane"), writes(&scene)), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn renamed_group_is_noticed_without_a_request() {
    let scene = Setting::shared("names").flag("--drift-interval=2s").start().await;
    scene.applied("jane", &by_name(json!({ "hierarchyGroupPath": "/North/Hamburg" }))).await;
    let before = scene.live("jane");
    scene.sim.rename_hierarchy_group(&scene.instance(), &group(&scene, "/North"), "Nord");
    let message = unresolved(&scene, "jane").await;
    assert!(message.contains("Near names: \"/Nord/Hamburg\""), "{message}");
    assert_eq!(scene.live("jane"), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn name_of_a_new_profile_moves_the_user_there() {
    let scene = scene("names").await;
    scene.applied("jane", &by_name(json!({ "routingProfileName": "Sales" }))).await;
    let old = routing_profile(&scene, "Sales");
    scene.sim.rename_routing_profile(&scene.instance(), &old, "Sales (old)");
    let new = scene.sim.create_routing_profile(&scene.instance(), "Sales");
    scene.requeue("jane").await;
    assert_eq!(scene.live("jane").user.routing_profile_id, Some(new));
    scene.ready("jane").await;
}

/// Moves the user to another profile and deletes the one that its spec names.
async fn delete_sales(scene: &Scene<'_>) {
    let (instance, user) = (scene.instance(), scene.live("jane").user.id);
    let (sales, basic) = (routing_profile(scene, "Sales"), routing_profile(scene, "Basic Routing Profile"));
    scene.console(UpdateUserRoutingProfile { instance: instance.clone(), user, routing_profile_id: basic }).await;
    scene.sim.delete_routing_profile(&instance, &sales);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_deleted_profile_is_noticed() {
    let scene = scene("names").await;
    scene.applied("jane", &by_name(json!({ "routingProfileName": "Sales" }))).await;
    delete_sales(&scene).await;
    let before = writes(&scene);
    scene.requeue("jane").await;
    assert!(unresolved(&scene, "jane").await.contains("routingProfileName \"Sales\" does not exist"));
    assert_eq!(writes(&scene), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn profile_that_connect_no_longer_knows_is_looked_up_again() {
    let scene = scene("names").await;
    scene.applied("other", &by_name(json!({ "routingProfileName": "Sales" }))).await;
    // The names that were read for the other user still contain it.
    scene
        .console(UpdateUserRoutingProfile {
            instance: scene.instance(),
            user: scene.live("other").user.id,
            routing_profile_id: routing_profile(&scene, "Basic Routing Profile"),
        })
        .await;
    scene.sim.delete_routing_profile(&scene.instance(), &routing_profile(&scene, "Sales"));
    scene.apply("jane", &by_name(json!({ "routingProfileName": "Sales" }))).await;
    let message = unresolved(&scene, "jane").await;
    assert!(message.contains("Routing profile not found"), "{message}");
    assert!(message.contains("Check instanceArn, routingProfileName, securityProfileNames and hierarchyGroupArn"), "{message}");
    scene.requeue("jane").await;
    assert!(unresolved(&scene, "jane").await.contains("routingProfileName \"Sales\" does not exist"));
    assert_eq!(scene.sim.calls().creates["jane"].attempts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_manifest_serves_two_instances() {
    let scene = scene("names").await;
    let saml: InstanceId = SAML.into();
    let arn: Arn = scene.sim.instances().iter().find(|i| i.id == saml).unwrap().arn.parse().unwrap();
    scene.applied("here", &by_name(json!({}))).await;
    // The other instance's users have no passwords in Connect.
    scene.applied("there", &by_name(json!({ "instanceArn": arn.to_string(), "passwordSecretRef": null }))).await;
    let [here, there] =
        [scene.instance(), saml].map(|instance| (scene.sim.users(&instance), scene.sim.security_profile_id(&instance, "Agent")));
    for (users, agent) in [&here, &there] {
        assert_eq!(users.len(), 1);
        assert_eq!(users[0].user.security_profile_ids, [agent.clone().unwrap()].into());
    }
    assert_ne!(here.1, there.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deletion_needs_no_names() {
    let scene = scene("names").await;
    scene.applied("jane", &by_name(json!({ "routingProfileName": "Sales" }))).await;
    scene.apply("jane", &by_name(json!({ "routingProfileName": "Nowhere" }))).await;
    unresolved(&scene, "jane").await;
    scene.apply("never-created", &by_name(json!({ "routingProfileName": "Nowhere" }))).await;
    unresolved(&scene, "never-created").await;
    scene.sim.deny([Op::ListRoutingProfiles, Op::ListSecurityProfiles]);
    let before = reads(&scene);
    for name in ["jane", "never-created"] {
        scene.delete(name).await;
        scene.gone(name).await;
    }
    assert_eq!(scene.sim.users(&scene.instance()).len(), 0);
    assert_eq!(reads(&scene), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn names_that_may_not_be_read_name_the_iam_action() {
    let scene = scene("names").await;
    scene.sim.deny([Op::ListSecurityProfiles]);
    scene.apply("jane", &by_name(json!({}))).await;
    let message = scene.shown("jane", "Ready", "False", "AccessDenied").await;
    assert!(message.contains("connect:ListSecurityProfiles"), "{message}");
    scene.sim.deny::<Op>([]);
    scene.requeue("jane").await;
    scene.ready("jane").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn observer_reports_drift_and_unknown_names() {
    let scene = scene("names").await;
    scene.applied("jane", &by_name(json!({}))).await;
    let observed =
        json!({ "username": "jane", "managementPolicy": "Observe", "routingProfileName": "Sales", "passwordSecretRef": null });
    scene.apply("observer", &by_name(observed.clone())).await;
    let user = scene.until("observer", "drifted", |user| user.status.as_ref().is_some_and(|s| !s.drift.is_empty())).await;
    let drift: Vec<_> = user.status.unwrap().drift.into_iter().map(|d| (d.path, d.desired, d.observed)).collect();
    let (sales, basic) = (Some("Sales".to_owned()), Some("Basic Routing Profile".to_owned()));
    assert!(drift.contains(&("routingProfileName".to_owned(), sales, basic)), "{drift:?}");

    let mut nowhere = observed;
    nowhere["routingProfileName"] = json!("Nowhere");
    scene.apply("observer", &by_name(nowhere)).await;
    assert!(unresolved(&scene, "observer").await.contains("\"Nowhere\" does not exist"));
}
