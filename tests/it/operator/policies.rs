//! How far the operator may go: adoption, deletion, observation, pause.

use connect_api::{CreateUser, DescribeUser, OperationName, UpdateUserRoutingProfile};
use connect_operator::api::PAUSED;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use super::scene::{Scene, Setting, condition, scene};

/// Creates a user in Connect, as a person would.
pub async fn by_hand(scene: &Scene<'_>, username: &str) {
    scene
        .console(CreateUser {
            instance: scene.instance(),
            username: username.into(),
            password: Some(connect_api::Password::new("By-hand-0123")),
            identity_info: Some(connect_api::IdentityInfo {
                first_name: Some("By".into()),
                last_name: Some("Hand".into()),
                mobile: Some("+12065550111".into()),
                ..Default::default()
            }),
            phone_config: None,
            channel_configs: Default::default(),
            directory_user_id: None,
            security_profile_ids: [scene.sim.security_profile_id(&scene.instance(), "Admin").unwrap()].into(),
            routing_profile_id: scene.sim.routing_profile_id(&scene.instance(), "Sales").unwrap(),
            hierarchy_group_id: None,
            tags: [("made".to_owned(), "by hand".to_owned())].into(),
        })
        .await;
}

fn our_tags(scene: &Scene<'_>, username: &str) -> usize {
    scene.live(username).user.tags.keys().filter(|k| k.starts_with("connect-operator.dev/")).count()
}

async fn annotate(scene: &Scene<'_>, name: &str, annotation: &str, value: Value) {
    let patch = json!({ "metadata": { "annotations": { annotation: value } } });
    scene.users().patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_created_by_a_person_is_adopted_on_request() {
    let scene = scene("policies").await;
    by_hand(&scene, "adopted").await;
    let before = scene.live("adopted").user.id;
    scene.apply("adopted", &json!({})).await;
    let advice = scene.shown("adopted", "Ready", "False", "Conflict").await;
    assert!(advice.contains("adoptionPolicy: AdoptOrCreate"), "{advice}");

    let resource = scene.applied("adopted", &json!({ "adoptionPolicy": "AdoptOrCreate" })).await;
    let after = scene.live("adopted").user;
    assert_eq!(after.id, before);
    assert_eq!(resource.status.unwrap().user_id.as_deref(), Some(before.as_str()));
    assert_eq!(our_tags(&scene, "adopted"), 4);
    assert_eq!(after.tags["made"], "by hand", "foreign tags stay");
    assert_eq!(after.identity_info.mobile.as_deref(), Some("+12065550111"), "what the spec does not manage stays");
    assert!(scene.event_note("adopted", "Adopted").await.contains(before.as_str()));
    let creates = &scene.sim.calls().creates["adopted"];
    assert_eq!(creates.created, 0, "none was created: {creates:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn adopt_never_creates_and_continues_when_the_user_appears() {
    let scene = scene("policies").await;
    scene.apply("awaited", &json!({ "adoptionPolicy": "Adopt", "passwordSecretRef": null })).await;
    let message = scene.shown("awaited", "Ready", "False", "DependencyNotFound").await;
    assert!(message.contains("no user \"awaited\"") && message.contains("AdoptOrCreate"), "{message}");
    by_hand(&scene, "awaited").await;
    scene.requeue("awaited").await;
    scene.ready("awaited").await;
    assert_eq!(scene.sim.calls().of(OperationName::CreateUser), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn another_resources_user_is_never_taken() {
    let here = scene("policies").await;
    let there = Setting::shared("policies").sharing_connect_with(&here).start().await;
    here.applied("first", &json!({ "username": "mine" })).await;
    let before = here.live("mine");
    there.apply("second", &json!({ "username": "mine", "adoptionPolicy": "AdoptOrCreate" })).await;
    let message = there.shown("second", "Ready", "False", "Conflict").await;
    assert!(message.contains(&format!("ConnectUser {}/first", here.namespace())), "{message}");
    assert_eq!(here.live("mine"), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn retained_user_stays_without_our_tags_and_can_be_adopted() {
    let scene = scene("policies").await;
    let kept = json!({ "deletionPolicy": "Retain", "adoptionPolicy": "AdoptOrCreate", "tags": { "team": "blue" } });
    scene.applied("kept", &kept).await;
    let before = scene.live("kept").user;
    scene.delete("kept").await;
    scene.gone("kept").await;
    let after = scene.live("kept").user;
    assert_eq!(after.id, before.id);
    assert_eq!(our_tags(&scene, "kept"), 0);
    assert_eq!(after.tags["team"], "blue");
    assert!(scene.event_note("kept", "Retained").await.contains(before.id.as_str()));

    scene.applied("kept", &kept).await;
    assert_eq!(scene.live("kept").user.id, before.id);
    assert_eq!(our_tags(&scene, "kept"), 4);
    assert_eq!(scene.sim.calls().of(OperationName::DeleteUser), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deletion_policy_of_resource_precedes_namespace_and_operator() {
    let scene = Setting::shared("policies").flag("--default-deletion-policy=Retain").start().await;
    scene.applied("by-operator", &json!({})).await;
    scene.delete("by-operator").await;
    scene.gone("by-operator").await;
    assert_eq!(our_tags(&scene, "by-operator"), 0);

    let namespaces: Api<Namespace> = Api::all(scene.client());
    let annotation = json!({ "metadata": { "annotations": { "connect-operator.dev/deletion-policy": "Delete" } } });
    namespaces.patch(scene.namespace(), &PatchParams::default(), &Patch::Merge(&annotation)).await.unwrap();
    scene.applied("by-namespace", &json!({})).await;
    scene.applied("by-resource", &json!({ "deletionPolicy": "Retain" })).await;
    for name in ["by-namespace", "by-resource"] {
        scene.delete(name).await;
        scene.gone(name).await;
    }
    let mut left: Vec<_> = scene.sim.users(&scene.instance()).into_iter().map(|u| u.user.username).collect();
    left.sort();
    assert_eq!(left, ["by-operator", "by-resource"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_observer_shows_drift_and_writes_nothing() {
    let scene = scene("policies").await;
    by_hand(&scene, "watched").await;
    let before = scene.live("watched");
    scene.apply("watched", &json!({ "managementPolicy": "Observe" })).await;
    let message = scene.shown("watched", "Synced", "False", "Drifted").await;
    assert!(message.contains("identityInfo.firstName: \"By\" → "), "{message}");
    let resource = scene.users().get("watched").await.unwrap();
    assert_eq!(condition(&resource, "Ready").map(|c| c.status.as_str()), Some("True"));
    let status = resource.status.unwrap();
    assert_eq!(status.user_id.as_deref(), Some(before.user.id.as_str()));
    assert!(
        status.drift.iter().any(|d| d.path == "identityInfo.firstName" && d.observed.as_deref() == Some("By")),
        "{:?}",
        status.drift
    );
    assert!(scene.event_note("watched", "DriftDetected").await.contains("identityInfo.firstName"));
    assert_eq!(scene.live("watched"), before);
    assert_eq!(scene.sim.calls().writes(), 0);

    // The policy can be changed to Full and back at any time.
    scene.applied("watched", &json!({ "adoptionPolicy": "Adopt", "passwordSecretRef": null })).await;
    let status = scene.users().get("watched").await.unwrap().status.unwrap();
    assert!(status.drift.is_empty(), "{:?}", status.drift);
    scene.applied("watched", &json!({ "managementPolicy": "Observe" })).await;
    let writes = scene.sim.calls().writes();
    scene
        .console(UpdateUserRoutingProfile {
            instance: scene.instance(),
            user: before.user.id.clone(),
            routing_profile_id: scene.sim.routing_profile_id(&scene.instance(), "Sales").unwrap(),
        })
        .await;
    scene.requeue("watched").await;
    scene.shown("watched", "Synced", "False", "Drifted").await;
    scene.delete("watched").await;
    scene.gone("watched").await;
    assert_eq!(scene.live("watched").user.id, before.user.id);
    assert_eq!(scene.sim.calls().writes(), writes, "no further write");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_paused_resource_is_left_alone_its_deletion_included() {
    let scene = scene("policies").await;
    scene.applied("paused", &json!({})).await;
    let before = scene.live("paused");
    annotate(&scene, "paused", PAUSED, json!("true")).await;
    scene.shown("paused", "Synced", "False", "Paused").await;
    assert!(scene.event_note("paused", "Paused").await.contains("connect-operator.dev/paused"));
    let resource = scene.users().get("paused").await.unwrap();
    assert_eq!(condition(&resource, "Ready").map(|c| c.status.as_str()), Some("True"), "as last known");
    assert_eq!(condition(&resource, "Stalled"), None);

    scene.sim.reset_calls();
    scene.apply("paused", &json!({ "routingProfileArn": scene.routing_profile("Sales") })).await;
    scene
        .until("paused", "its edit was seen", |u| {
            u.status.as_ref().is_some_and(|s| Some(s.observed_generation) == u.metadata.generation)
        })
        .await;
    scene.delete("paused").await;
    let message = scene
        .until("paused", "the deletion waits", |u| {
            condition(u, "Synced").is_some_and(|c| c.reason == "Paused" && c.message.contains("the deletion waits"))
        })
        .await;
    assert!(message.metadata.deletion_timestamp.is_some());
    assert_eq!(scene.live("paused"), before);
    assert_eq!(scene.sim.calls().total(), 0, "{:?}", scene.sim.calls());

    annotate(&scene, "paused", PAUSED, Value::Null).await;
    scene.gone("paused").await;
    let gone = scene.sim.client().call_now(DescribeUser { instance: scene.instance(), user: before.user.id }.into());
    assert!(gone.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn resource_may_be_read_less_often_than_others() {
    let scene = Setting::shared("policies").flag("--drift-interval=1s").start().await;
    scene.applied("often", &json!({})).await;
    scene.applied("seldom", &json!({ "driftInterval": "24h" })).await;
    let change = |username: &str| UpdateUserRoutingProfile {
        instance: scene.instance(),
        user: scene.live(username).user.id,
        routing_profile_id: scene.sim.routing_profile_id(&scene.instance(), "Sales").unwrap(),
    };
    scene.console(change("seldom")).await;
    scene.console(change("often")).await;
    scene.event_note("often", "DriftCorrected").await;
    assert!(scene.notes("seldom", "DriftCorrected").await.is_empty());
}
