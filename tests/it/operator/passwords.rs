//! Passwords after and before creation: a Secret that changes too late, and Secrets that the operator creates.

use std::time::Duration;

use connect_operator::api::ConnectUser;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt, api::DeleteParams};
use kube_runtime::wait::await_condition;
use serde_json::{Value, json};

use super::scene::{PASSWORD, SECRET, Scene, condition, is_ready, scene};

const IGNORED: &str = "PasswordChangeIgnored";

fn noted(user: &ConnectUser) -> Option<&String> {
    user.status.as_ref()?.observed_password_version.as_ref()
}

/// Reconciles again, and returns the message about an ignored password, if any.
async fn ignored(scene: &Scene<'_>, name: &str) -> Option<String> {
    let user = scene.requeue(name).await;
    assert!(is_ready(&user), "the user itself is as it should be: {:#?}", user.status);
    condition(&user, IGNORED).map(|c| {
        assert_eq!((c.status.as_str(), c.reason.as_str()), ("True", IGNORED));
        c.message.clone()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn secret_change_after_creation_is_reported_once() {
    let scene = scene("passwords").await;
    let user = scene.applied("late", &json!({})).await;
    assert!(noted(&user).is_some());
    assert_eq!(ignored(&scene, "late").await, None);

    scene.secret(SECRET, json!({ "password": "Another-Passw0rd" })).await;
    let message = ignored(&scene, "late").await.unwrap();
    let secret = format!("{}/{SECRET}", scene.namespace());
    for words in [secret.as_str(), "keeps the old one", "Forgot password", "take passwordSecretRef out"] {
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(scene.event_note("late", IGNORED).await, message);

    // The condition stays. Nothing is reported or written again, except the answer to the reconcile request.
    let before = scene.requeue("late").await;
    let again = scene.requeue("late").await;
    let steady = |user: &ConnectUser| {
        let mut status = user.status.clone().unwrap();
        (status.last_handled_reconcile_at, status.last_sync_time) = (None, None);
        status
    };
    assert_eq!(steady(&again), steady(&before));
    assert_eq!(noted(&again), noted(&user), "the recorded version is that of the password that was sent");
    assert_eq!(scene.notes("late", IGNORED).await.len(), 1);
    assert_eq!(scene.sim.calls().writes(), 1, "Connect has no operation for it");

    let user = scene.applied("late", &json!({ "passwordSecretRef": null })).await;
    assert!(condition(&user, IGNORED).is_none());
    assert_eq!(noted(&user), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_secret_or_key_counts_as_changed_and_a_missing_one_not() {
    let scene = scene("passwords").await;
    scene.secret("other", json!({ "password": PASSWORD, "second": PASSWORD })).await;
    let reference = |name: &str, key: &str| json!({ "passwordSecretRef": { "name": name, "key": key } });
    scene.applied("mover", &reference("other", "password")).await;
    assert_eq!(ignored(&scene, "mover").await, None);
    scene.applied("mover", &reference("missing", "password")).await;
    assert_eq!(ignored(&scene, "mover").await, None);
    scene.applied("mover", &reference(SECRET, "password")).await;
    assert!(ignored(&scene, "mover").await.unwrap().contains(SECRET));
    scene.applied("mover", &reference("missing", "password")).await;
    assert!(ignored(&scene, "mover").await.is_some(), "a missing Secret does not end it");
    scene.applied("mover", &reference("other", "password")).await;
    assert_eq!(ignored(&scene, "mover").await, None, "the Secret is the one that was sent again");
    scene.applied("mover", &reference("other", "second")).await;
    assert!(ignored(&scene, "mover").await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_user_without_a_noted_secret_notes_it_silently() {
    let scene = scene("passwords").await;
    let user = scene.applied("older", &json!({ "passwordSecretRef": { "name": SECRET } })).await;
    let created = noted(&user).cloned();
    scene.applied("older", &json!({ "passwordSecretRef": null })).await;
    scene.secret(SECRET, json!({ "password": "Another-Passw0rd" })).await;
    scene.applied("older", &json!({})).await;
    let user = scene.requeue("older").await;
    assert!(condition(&user, IGNORED).is_none());
    assert!(noted(&user).is_some_and(|version| Some(version) != created.as_ref()));
    scene.secret(SECRET, json!({ "password": "Yet-an0ther-one" })).await;
    assert!(ignored(&scene, "older").await.is_some());
    assert_eq!(scene.notes("older", IGNORED).await.len(), 1);
}

fn generating() -> Value {
    json!({ "passwordSecretRef": null, "generatePassword": true })
}

fn secrets(scene: &Scene<'_>) -> Api<Secret> {
    Api::namespaced(scene.client(), scene.namespace())
}

/// Waits until the garbage collector has deleted a Secret. This may take a while: it discovers new kinds of owners twice a
/// minute.
async fn collected(scene: &Scene<'_>, secret: &str) {
    let (secrets, patience) = (secrets(scene), Duration::from_secs(180));
    let gone = await_condition(secrets, secret, |secret: Option<&Secret>| secret.is_none());
    tokio::time::timeout(patience, gone).await.expect("the Secret is deleted with its owner").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_password_is_generated_once_the_operator_may_make_secrets() {
    let scene = scene("passwords").await;
    scene.apply("fresh", &generating()).await;
    let message = scene.shown("fresh", "Ready", "False", "SecretNotFound").await;
    for words in ["generatePassword", "create on secrets", "passwordSecretRef", "fresh-initial-password"] {
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(scene.sim.calls().creates.get("fresh").map_or(0, |creates| creates.attempts), 0);

    scene.let_passwords_be_generated();
    scene.requeue("fresh").await;
    let user = scene.ready("fresh").await;
    assert!(scene.live("fresh").has_password);
    let secret = secrets(&scene).get("fresh-initial-password").await.unwrap();
    let owner = &secret.owner_references()[0];
    assert_eq!((owner.kind.as_str(), Some(&owner.uid), owner.controller), ("ConnectUser", user.uid().as_ref(), Some(true)));
    assert_eq!(secret.labels().get("app.kubernetes.io/managed-by").map(String::as_str), Some("connect-operator"));
    let password = scene.password("fresh-initial-password").await;
    assert!(password.len() >= 24 && connect_operator::plan::broken_rules(&password).is_empty());
    assert_eq!(noted(&user), None);

    // The password is only needed for creating.
    let unchanged = secret.metadata.resource_version;
    scene.requeue("fresh").await;
    assert_eq!(secrets(&scene).get("fresh-initial-password").await.unwrap().resource_version(), unchanged);
    scene.delete("fresh").await;
    scene.gone("fresh").await;
    collected(&scene, "fresh-initial-password").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn foreign_secret_is_not_used_as_a_generated_password() {
    let scene = scene("passwords").await;
    scene.let_passwords_be_generated();
    scene.secret("wary-initial-password", json!({ "password": PASSWORD })).await;
    scene.apply("wary", &generating()).await;
    let message = scene.shown("wary", "Ready", "False", "SecretNotFound").await;
    assert!(message.contains("/wary-initial-password that generatePassword would create exists already"), "{message}");
    assert_eq!(scene.sim.calls().of(connect_api::OperationName::CreateUser), 0);
    assert_eq!(scene.password("wary-initial-password").await, PASSWORD);

    secrets(&scene).delete("wary-initial-password", &DeleteParams::default()).await.unwrap();
    scene.requeue("wary").await;
    scene.ready("wary").await;
    assert_eq!(secrets(&scene).get("wary-initial-password").await.unwrap().owner_references().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn generated_password_survives_a_refused_create() {
    let scene = scene("passwords").await;
    scene.let_passwords_be_generated();
    scene
        .apply("twice", &json!({ "passwordSecretRef": null, "generatePassword": true, "identityInfo": { "firstName": "A" } }))
        .await;
    let message = scene.shown("twice", "Ready", "False", "InvalidSpec").await;
    assert!(message.contains("identityInfo.lastName"), "{message}");
    let first = secrets(&scene).get("twice-initial-password").await.unwrap();
    scene.applied("twice", &generating()).await;
    assert_eq!(secrets(&scene).get("twice-initial-password").await.unwrap(), first);
}
