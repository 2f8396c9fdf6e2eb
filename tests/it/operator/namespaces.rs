//! An operator that watches some namespaces, and nothing beyond them.

use std::time::Duration;

use connect_operator::api::ConnectUser;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use kube_runtime::wait::await_condition;
use serde_json::json;

use super::harness::{Harness, PASSWORD, SECRET, is_ready, manifest};
use crate::support::namespace;

/// Applies a ConnectUser in a namespace other than the harness's.
async fn apply(harness: &Harness<'_>, namespace: &str, name: &str) -> Api<ConnectUser> {
    let params = PatchParams::apply("git").force();
    let secrets: Api<Secret> = Api::namespaced(harness.client(), namespace);
    let secret =
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": SECRET }, "stringData": { "password": PASSWORD } });
    secrets.patch(SECRET, &params, &Patch::Apply(secret)).await.unwrap();
    let users: Api<ConnectUser> = Api::namespaced(harness.client(), namespace);
    let manifest = manifest(&harness.sim, namespace, name, &json!({}));
    users.patch(name, &params, &Patch::Apply(manifest)).await.unwrap();
    users
}

async fn until(users: &Api<ConnectUser>, name: &str, holds: impl Fn(Option<&ConnectUser>) -> bool) {
    let state = await_condition(users.clone(), name, holds);
    tokio::time::timeout(Duration::from_secs(60), state).await.expect("it comes in time").unwrap();
}

async fn until_ready(users: &Api<ConnectUser>, name: &str) {
    until(users, name, |user| user.is_some_and(is_ready)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn only_the_two_named_of_three_namespaces_are_watched() {
    let (second, third) = (namespace("several"), namespace("several"));
    let harness = Harness::builder("several").flag(&format!("--namespace={}", second.name())).start().await;
    let ignored = apply(&harness, third.name(), "ignored").await;
    let users = apply(&harness, second.name(), "mei").await;
    harness.apply_until_ready("jane", &json!({})).await;
    until_ready(&users, "mei").await;
    // Each namespace is watched, and not only listed once.
    let later = apply(&harness, second.name(), "omar").await;
    until_ready(&later, "omar").await;
    harness.delete_until_gone("jane").await;

    assert_eq!(ignored.get("ignored").await.unwrap().status.unwrap().observed_generation, -1);
    assert_eq!(harness.usernames(), ["mei", "omar"]);
    for name in ["mei", "omar"] {
        users.delete(name, &DeleteParams::default()).await.unwrap();
        until(&users, name, |user| user.is_none()).await;
    }
}
