//! The Events and log lines that the operator publishes about its work.

use connect_api::OperationName;
use connect_operator::api::{PAUSED, RECONCILE_REQUESTED_AT};
use connect_sim::Fault;
use serde_json::{Value, json};

use super::harness::{condition, harness, throttled};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_edit_has_an_event_with_its_own_fields() {
    let harness = harness("telling").await;
    harness.apply_until_ready("jane", &json!({})).await;
    harness.apply_until_ready("jane", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    let both = json!({ "routingProfileArn": harness.routing_profile("Sales"), "hierarchyGroupArn": harness.hierarchy_group("/South/Munich") });
    harness.apply_until_ready("jane", &both).await;
    // The Events of a pass are published before the pass ends, so those of the earlier passes exist after this one.
    harness.requeue("jane").await;
    let mut notes = harness.event_notes("jane", "Updated").await;
    notes.sort();
    assert!(
        matches!(&notes[..], [a, b] if a.starts_with("hierarchyGroupArn") && b.starts_with("routingProfileArn")),
        "{notes:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn reconcile_request_is_reported_when_handled_and_not_if_paused() {
    let harness = harness("telling").await;
    harness.apply_until_ready("asked", &json!({})).await;
    assert!(harness.event_notes("asked", "ReconcileRequestHandled").await.is_empty());
    harness.requeue("asked").await;
    assert!(harness.wait_for_event("asked", "ReconcileRequestHandled").await.contains("reconcile-requested-at: \"after "));
    harness.requeue("asked").await;

    harness.annotate("asked", PAUSED, json!("true")).await;
    harness.annotate("asked", RECONCILE_REQUESTED_AT, json!("while paused")).await;
    harness.apply("asked", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    let handled = |user: &connect_operator::api::ConnectUser| user.status.as_ref().unwrap().last_handled_reconcile_at.clone();
    let paused = harness
        .wait_until("asked", "its edit was seen", |user| {
            condition(user, "Synced").is_some_and(|c| c.reason == "Paused" && c.observed_generation == user.metadata.generation)
        })
        .await;
    assert_ne!(handled(&paused).as_deref(), Some("while paused"));
    harness.annotate("asked", PAUSED, Value::Null).await;
    harness.wait_until("asked", "handled", |user| handled(user).as_deref() == Some("while paused")).await;
    harness.requeue("asked").await;
    // The first, the second, the one that waited, and the last, whose Event may not have been published yet.
    let notes = harness.event_notes("asked", "ReconcileRequestHandled").await;
    assert!((3..=4).contains(&notes.len()), "{notes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn resource_with_the_longest_name_has_events() {
    let harness = harness("telling").await;
    let name = format!("{}.{}", "a".repeat(235), "b".repeat(17));
    harness.sim.inject(Fault::on(OperationName::CreateUser, throttled()).times(2));
    harness
        .apply_until_ready(&name, &json!({ "username": "long", "identityInfo": { "firstName": "Jane", "lastName": "Doe" } }))
        .await;
    assert!(harness.wait_for_event(&name, "Created").await.contains("long"));
    assert!(!harness.event_notes(&name, "Throttled").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn throttles_are_reported_by_one_event() {
    let harness = harness("telling").await;
    harness.sim.inject(Fault::on(OperationName::CreateUser, throttled()).times(2));
    harness.apply_until_ready("patient", &json!({})).await;
    harness.sim.inject(Fault::on(OperationName::UpdateUserRoutingProfile, throttled()).times(1));
    harness.apply_until_ready("patient", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    harness.requeue("patient").await;
    let events = harness.events("patient").await;
    let throttled: Vec<_> = events.iter().filter(|e| e.reason.as_deref() == Some("Throttled")).collect();
    assert_eq!(throttled.len(), 1, "{events:#?}");
    assert!(throttled[0].series.as_ref().is_some_and(|series| series.count >= 2), "{throttled:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn failed_observation_is_not_reported_as_a_failed_update() {
    let harness = harness("telling").await;
    harness.apply("watched", &json!({ "managementPolicy": "Observe" })).await;
    let note = harness.wait_for_event("watched", "ObserveFailed").await;
    assert!(note.contains("there is no user"), "{note}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn log_line_names_its_resource_once() {
    let harness = harness("telling").await;
    harness.apply_until_ready("named", &json!({})).await;
    let log = harness.operator.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let created: Vec<_> = lines.filter(|line| line["message"] == "created the user").collect();
    assert_eq!(created.len(), 1, "{log}");
    let spans = json!([{ "name": "reconcile", "namespace": harness.namespace(), "resource": "named" }]);
    assert_eq!(created[0]["spans"], spans);
}
