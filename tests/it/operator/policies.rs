//! What the operator is allowed to do: adoption, deletion, observation, pause.

use connect_api::{DescribeUser, OperationName};
use connect_operator::api::PAUSED;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use super::harness::{Harness, condition, harness};

fn our_tags(harness: &Harness<'_>, username: &str) -> usize {
    harness.live(username).user.tags.keys().filter(|k| k.starts_with("connect-operator.dev/")).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_created_by_a_person_is_adopted_on_request() {
    let harness = harness("policies").await;
    harness
        .create_by_hand("adopted", |create| {
            create.tags = [("made".to_owned(), "by hand".to_owned())].into();
            create.identity_info.as_mut().unwrap().mobile = Some("+12065550111".into());
        })
        .await;
    let before = harness.live("adopted").user.id;
    harness.apply("adopted", &json!({})).await;
    let advice = harness.wait_for_condition("adopted", "Ready", "False", "Conflict").await;
    assert!(advice.contains("adoptionPolicy: AdoptOrCreate"), "{advice}");

    let resource = harness.apply_until_ready("adopted", &json!({ "adoptionPolicy": "AdoptOrCreate" })).await;
    let after = harness.live("adopted").user;
    assert_eq!(after.id, before);
    assert_eq!(resource.status.unwrap().user_id.as_deref(), Some(before.as_str()));
    assert_eq!(our_tags(&harness, "adopted"), 4);
    assert_eq!(after.tags["made"], "by hand", "foreign tags stay");
    assert_eq!(after.identity_info.mobile.as_deref(), Some("+12065550111"), "fields that the spec does not manage stay");
    assert!(harness.wait_for_event("adopted", "Adopted").await.contains(before.as_str()));
    let creates = &harness.sim.calls().creates["adopted"];
    assert_eq!(creates.created, 0, "none was created: {creates:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn adopt_never_creates_and_continues_when_the_user_appears() {
    let harness = harness("policies").await;
    harness.apply("awaited", &json!({ "adoptionPolicy": "Adopt", "passwordSecretRef": null })).await;
    let message = harness.wait_for_condition("awaited", "Ready", "False", "DependencyNotFound").await;
    assert!(message.contains("no user \"awaited\"") && message.contains("AdoptOrCreate"), "{message}");
    harness.create_by_hand("awaited", |_| {}).await;
    harness.requeue("awaited").await;
    harness.wait_until_ready("awaited").await;
    assert_eq!(harness.sim.calls().of(OperationName::CreateUser), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn retained_user_stays_without_our_tags_and_can_be_adopted() {
    let harness = harness("policies").await;
    let kept = json!({ "deletionPolicy": "Retain", "adoptionPolicy": "AdoptOrCreate", "tags": { "team": "blue" } });
    harness.apply_until_ready("kept", &kept).await;
    let before = harness.live("kept").user;
    harness.delete_until_gone("kept").await;
    let after = harness.live("kept").user;
    assert_eq!(after.id, before.id);
    assert_eq!(our_tags(&harness, "kept"), 0);
    assert_eq!(after.tags["team"], "blue");
    assert!(harness.wait_for_event("kept", "Retained").await.contains(before.id.as_str()));

    harness.apply_until_ready("kept", &kept).await;
    assert_eq!(harness.live("kept").user.id, before.id);
    assert_eq!(our_tags(&harness, "kept"), 4);
    assert_eq!(harness.sim.calls().of(OperationName::DeleteUser), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deletion_policy_of_resource_precedes_namespace_and_operator() {
    let harness = Harness::builder("policies").flag("--default-deletion-policy=Retain").start().await;
    harness.apply_until_ready("by-operator", &json!({})).await;
    harness.delete_until_gone("by-operator").await;
    assert_eq!(our_tags(&harness, "by-operator"), 0);

    let namespaces: Api<Namespace> = Api::all(harness.client());
    let annotation = json!({ "metadata": { "annotations": { "connect-operator.dev/deletion-policy": "Delete" } } });
    namespaces.patch(harness.namespace(), &PatchParams::default(), &Patch::Merge(&annotation)).await.unwrap();
    harness.apply_until_ready("by-namespace", &json!({})).await;
    harness.apply_until_ready("by-resource", &json!({ "deletionPolicy": "Retain" })).await;
    for name in ["by-namespace", "by-resource"] {
        harness.delete_until_gone(name).await;
    }
    assert_eq!(harness.usernames(), ["by-operator", "by-resource"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn observe_reports_drift_and_writes_nothing() {
    let harness = harness("policies").await;
    harness.create_by_hand("watched", |_| {}).await;
    let before = harness.live("watched");
    harness.apply("watched", &json!({ "managementPolicy": "Observe" })).await;
    let message = harness.wait_for_condition("watched", "Synced", "False", "Drifted").await;
    assert!(message.contains("identityInfo.firstName: \"By\" → "), "{message}");
    let resource = harness.users().get("watched").await.unwrap();
    assert_eq!(condition(&resource, "Ready").map(|c| c.status.as_str()), Some("True"));
    let status = resource.status.unwrap();
    assert_eq!(status.user_id.as_deref(), Some(before.user.id.as_str()));
    assert!(
        status.drift.iter().any(|d| d.path == "identityInfo.firstName" && d.observed.as_deref() == Some("By")),
        "{:?}",
        status.drift
    );
    assert!(harness.wait_for_event("watched", "DriftDetected").await.contains("identityInfo.firstName"));
    assert_eq!(harness.live("watched"), before);
    assert_eq!(harness.sim.calls().writes(), 0);

    // The policy can be changed to Full and back at any time.
    harness.apply_until_ready("watched", &json!({ "adoptionPolicy": "Adopt", "passwordSecretRef": null })).await;
    let status = harness.users().get("watched").await.unwrap().status.unwrap();
    assert!(status.drift.is_empty(), "{:?}", status.drift);
    harness.apply_until_ready("watched", &json!({ "managementPolicy": "Observe" })).await;
    // From now on the user stays, even if its resource is lost.
    assert_eq!(harness.live("watched").user.tags["connect-operator.dev/uid"], "retained");
    let writes = harness.sim.calls().writes();
    harness.route("watched", "Sales").await;
    harness.requeue("watched").await;
    harness.wait_for_condition("watched", "Synced", "False", "Drifted").await;
    harness.delete_until_gone("watched").await;
    let after = harness.live("watched").user;
    assert_eq!((after.id, after.tags), (before.user.id, before.user.tags), "it is handed back");
    assert_eq!(harness.sim.calls().writes(), writes + 1, "no further write");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_directory_id_of_an_adopted_user_is_reported() {
    let harness = harness("policies").await;
    harness.create_by_hand("directory", |_| {}).await;
    let is = harness.live("directory").user.directory_user_id.unwrap();
    harness
        .apply("directory", &json!({ "adoptionPolicy": "Adopt", "passwordSecretRef": null, "directoryUserId": "another" }))
        .await;
    let message = harness.wait_for_condition("directory", "Synced", "False", "NotKept").await;
    let change = format!("directoryUserId: {is:?} → \"another\"");
    assert!(message.contains(&change) && message.contains("only when it creates a user"), "{message}");
    assert_eq!(harness.wait_for_event("directory", "NotKept").await, change);

    let observing = json!({ "managementPolicy": "Observe", "directoryUserId": "another", "username": "directory" });
    harness.apply("observer", &observing).await;
    let message = harness.wait_for_condition("observer", "Synced", "False", "Drifted").await;
    assert!(message.contains(&change), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn pause_that_means_neither_true_nor_false_is_reported() {
    let harness = harness("policies").await;
    harness.apply_until_ready("ture", &json!({})).await;
    harness.annotate("ture", PAUSED, json!("ture")).await;
    let note = harness.wait_for_event("ture", "PauseIgnored").await;
    assert!(note.contains(PAUSED) && note.contains("\"ture\"") && note.contains("not paused"), "{note}");
    let edited = harness.apply_until_ready("ture", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    assert_eq!(condition(&edited, "Synced").map(|c| c.reason.as_str()), Some("InSync"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn paused_resource_is_left_alone_even_when_deleted() {
    let harness = harness("policies").await;
    harness.apply_until_ready("paused", &json!({})).await;
    let before = harness.live("paused");
    harness.annotate("paused", PAUSED, json!("true")).await;
    harness.wait_for_condition("paused", "Synced", "False", "Paused").await;
    assert!(harness.wait_for_event("paused", "Paused").await.contains("connect-operator.dev/paused"));
    let resource = harness.users().get("paused").await.unwrap();
    assert_eq!(condition(&resource, "Ready").map(|c| c.status.as_str()), Some("True"), "as last known");
    assert_eq!(condition(&resource, "Stalled"), None);

    harness.sim.reset_calls();
    harness.apply("paused", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    harness
        .wait_until("paused", "its edit was seen", |u| {
            u.status.as_ref().is_some_and(|s| Some(s.observed_generation) == u.metadata.generation)
        })
        .await;
    harness.delete("paused").await;
    let message = harness
        .wait_until("paused", "the deletion waits", |u| {
            condition(u, "Synced").is_some_and(|c| c.reason == "Paused" && c.message.contains("the deletion waits"))
        })
        .await;
    assert!(message.metadata.deletion_timestamp.is_some());
    assert_eq!(harness.live("paused"), before);
    assert_eq!(harness.sim.calls().total(), 0, "{:?}", harness.sim.calls());

    harness.annotate("paused", PAUSED, Value::Null).await;
    harness.wait_until_gone("paused").await;
    let gone = harness.sim.client().call_now(DescribeUser { instance: harness.instance(), user: before.user.id }.into());
    assert!(gone.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn resource_may_be_read_less_often_than_others() {
    let harness = Harness::builder("policies").flag("--drift-interval=1s").start().await;
    harness.apply_until_ready("often", &json!({})).await;
    harness.apply_until_ready("seldom", &json!({ "driftInterval": "24h" })).await;
    harness.route("seldom", "Sales").await;
    harness.route("often", "Sales").await;
    harness.wait_for_event("often", "DriftCorrected").await;
    assert!(harness.event_notes("seldom", "DriftCorrected").await.is_empty());
}
