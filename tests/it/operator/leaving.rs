//! A ConnectUser is deleted, and its user with it.

use connect_api::{DeleteUser, OperationName};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, api::DeleteParams};
use serde_json::json;

use super::scene::{Setting, scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deleting_a_resource_deletes_its_user_immediately() {
    let scene = scene("leaving").await;
    scene.applied("leaver", &json!({})).await;
    scene.applied("stayer", &json!({})).await;
    let id = scene.live("leaver").user.id;
    scene.sim.reset_calls();
    scene.delete("leaver").await;
    scene.gone("leaver").await;
    let left: Vec<_> = scene.sim.users(&scene.instance()).into_iter().map(|user| user.user.username).collect();
    assert_eq!(left, ["stayer"]);
    let calls = scene.sim.calls();
    assert_eq!((calls.of(OperationName::DeleteUser), calls.writes()), (1, 1), "{calls:#?}");
    assert!(scene.event_note("leaver", "Deleted").await.contains(id.as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deletion_needs_neither_the_secret_nor_an_existing_profile() {
    let scene = scene("leaving").await;
    scene.applied("bare", &json!({})).await;
    scene.delete_secret().await;
    let missing = format!("{}-gone", scene.routing_profile("Sales"));
    scene.apply("bare", &json!({ "routingProfileArn": missing })).await;
    scene.shown("bare", "Ready", "False", "DependencyNotFound").await;
    scene.delete("bare").await;
    scene.gone("bare").await;
    assert!(scene.sim.users(&scene.instance()).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn resource_of_a_missing_user_is_released_once_that_is_certain() {
    let scene = Setting::shared("leaving").flag("--settle-window=1s").start().await;
    let user = scene.applied("vanished", &json!({})).await.status.unwrap().user_id.unwrap();
    scene.console(DeleteUser { instance: scene.instance(), user: user.as_str().into() }).await;
    scene.delete("vanished").await;
    scene.gone("vanished").await;
    assert!(scene.sim.users(&scene.instance()).is_empty());
    assert_eq!(scene.sim.calls().of(OperationName::DeleteUser), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn refused_resource_is_released_without_a_delete_call() {
    let scene = scene("leaving").await;
    let missing = format!("{}-gone", scene.routing_profile("Sales"));
    scene.apply("refused", &json!({ "routingProfileArn": missing })).await;
    scene.shown("refused", "Ready", "False", "DependencyNotFound").await;
    scene.delete("refused").await;
    scene.gone("refused").await;
    assert_eq!(scene.sim.calls().of(OperationName::DeleteUser), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn namespace_with_users_and_secrets_can_be_deleted() {
    let scene = scene("ending").await;
    let names = ["ada", "bob", "cleo", "dora", "emil"];
    for name in names {
        scene.apply(name, &json!({})).await;
    }
    for name in names {
        scene.ready(name).await;
    }
    assert_eq!(scene.sim.users(&scene.instance()).len(), names.len());
    let namespaces: Api<Namespace> = Api::all(scene.client());
    namespaces.delete(scene.namespace(), &DeleteParams::default()).await.unwrap();
    scene.namespace_gone().await;
    assert!(scene.sim.users(&scene.instance()).is_empty());
    assert_eq!(scene.sim.calls().of(OperationName::DeleteUser), names.len() as u64);
}
