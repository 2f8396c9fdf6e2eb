//! A ConnectUser is deleted, and its user with it.

use connect_api::{DeleteUser, OperationName};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, api::DeleteParams};
use serde_json::json;

use super::harness::{Harness, harness};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deleting_a_resource_deletes_its_user_immediately() {
    let harness = harness("leaving").await;
    harness.apply_until_ready("leaver", &json!({})).await;
    harness.apply_until_ready("stayer", &json!({})).await;
    let id = harness.live("leaver").user.id;
    harness.sim.reset_calls();
    harness.delete_until_gone("leaver").await;
    assert_eq!(harness.usernames(), ["stayer"]);
    let calls = harness.sim.calls();
    assert_eq!((calls.of(OperationName::DeleteUser), calls.writes()), (1, 1), "{calls:#?}");
    assert!(harness.wait_for_event("leaver", "Deleted").await.contains(id.as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deletion_needs_neither_the_secret_nor_an_existing_profile() {
    let harness = harness("leaving").await;
    harness.apply_until_ready("bare", &json!({})).await;
    harness.delete_secret().await;
    let missing = format!("{}-gone", harness.routing_profile("Sales"));
    harness.apply("bare", &json!({ "routingProfileArn": missing })).await;
    harness.wait_for_condition("bare", "Ready", "False", "DependencyNotFound").await;
    harness.delete_until_gone("bare").await;
    assert!(harness.sim.users(&harness.instance()).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn resource_of_a_missing_user_is_released_once_that_is_certain() {
    let harness = Harness::builder("leaving").flag("--settle-window=1s").start().await;
    let user = harness.apply_until_ready("vanished", &json!({})).await.status.unwrap().user_id.unwrap();
    harness.call_at_console(DeleteUser { instance: harness.instance(), user: user.as_str().into() }).await;
    harness.delete_until_gone("vanished").await;
    assert!(harness.sim.users(&harness.instance()).is_empty());
    assert_eq!(harness.sim.calls().of(OperationName::DeleteUser), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn namespace_with_users_and_secrets_can_be_deleted() {
    let harness = harness("ending").await;
    let names = ["ada", "bob", "cleo", "dora", "emil"];
    harness.apply_all_until_ready(&names, &json!({})).await;
    assert_eq!(harness.sim.users(&harness.instance()).len(), names.len());
    let namespaces: Api<Namespace> = Api::all(harness.client());
    namespaces.delete(harness.namespace(), &DeleteParams::default()).await.unwrap();
    harness.wait_until_namespace_gone().await;
    assert!(harness.sim.users(&harness.instance()).is_empty());
    assert_eq!(harness.sim.calls().of(OperationName::DeleteUser), names.len() as u64);
}
