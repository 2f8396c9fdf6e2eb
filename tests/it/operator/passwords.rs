//! Passwords after and before creation: a Secret that comes or changes late, and Secrets that the operator creates.

use std::time::Duration;

use connect_operator::api::ConnectUser;
use k8s_openapi::api::core::v1::Secret;
use kube::{ResourceExt, api::DeleteParams};
use kube_runtime::wait::await_condition;
use serde_json::{Value, json};

use super::harness::{Harness, PASSWORD, SECRET, condition, harness, is_ready};

const IGNORED: &str = "PasswordChangeIgnored";

fn noted(user: &ConnectUser) -> Option<&String> {
    user.status.as_ref()?.observed_password_version.as_ref()
}

/// Reconciles again, and returns the message about an ignored password, if any.
async fn ignored(harness: &Harness<'_>, name: &str) -> Option<String> {
    let user = harness.requeue(name).await;
    assert!(is_ready(&user), "the user itself is as it should be: {:#?}", user.status);
    condition(&user, IGNORED).map(|c| {
        assert_eq!((c.status.as_str(), c.reason.as_str()), ("True", IGNORED));
        c.message.clone()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn secret_change_after_creation_is_reported_once() {
    let harness = harness("passwords").await;
    let user = harness.apply_until_ready("late", &json!({})).await;
    assert!(noted(&user).is_some());
    assert_eq!(ignored(&harness, "late").await, None);

    harness.secret(SECRET, json!({ "password": "Another-Passw0rd" })).await;
    let message = ignored(&harness, "late").await.unwrap();
    let secret = format!("{}/{SECRET}", harness.namespace());
    for words in [secret.as_str(), "keeps the old one", "Forgot password", "remove passwordSecretRef from the spec"] {
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(harness.wait_for_event("late", IGNORED).await, message);

    // The condition stays. Nothing is reported or written again, except the answer to the reconcile request.
    let before = harness.requeue("late").await;
    let again = harness.requeue("late").await;
    let steady = |user: &ConnectUser| {
        let mut status = user.status.clone().unwrap();
        (status.last_handled_reconcile_at, status.last_sync_time) = (None, None);
        status
    };
    assert_eq!(steady(&again), steady(&before));
    assert_eq!(noted(&again), noted(&user), "the recorded version is that of the password that was sent");
    assert_eq!(harness.event_notes("late", IGNORED).await.len(), 1);
    assert_eq!(harness.sim.calls().writes(), 1, "Connect has no operation for it");

    let user = harness.apply_until_ready("late", &json!({ "passwordSecretRef": null })).await;
    assert!(condition(&user, IGNORED).is_none());
    assert_eq!(noted(&user), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_secret_or_key_counts_as_changed_and_a_missing_one_not() {
    let harness = harness("passwords").await;
    harness.secret("other", json!({ "password": PASSWORD, "second": PASSWORD })).await;
    let reference = |name: &str, key: &str| json!({ "passwordSecretRef": { "name": name, "key": key } });
    harness.apply_until_ready("mover", &reference("other", "password")).await;
    assert_eq!(ignored(&harness, "mover").await, None);
    harness.apply_until_ready("mover", &reference("missing", "password")).await;
    assert_eq!(ignored(&harness, "mover").await, None);
    harness.apply_until_ready("mover", &reference(SECRET, "password")).await;
    assert!(ignored(&harness, "mover").await.unwrap().contains(SECRET));
    harness.apply_until_ready("mover", &reference("missing", "password")).await;
    assert!(ignored(&harness, "mover").await.is_some(), "a missing Secret does not end it");
    harness.apply_until_ready("mover", &reference("other", "password")).await;
    assert_eq!(ignored(&harness, "mover").await, None, "the Secret is the one that was sent again");
    harness.apply_until_ready("mover", &reference("other", "second")).await;
    assert!(ignored(&harness, "mover").await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_user_without_a_noted_secret_notes_it_silently() {
    let harness = harness("passwords").await;
    let user = harness.apply_until_ready("older", &json!({ "passwordSecretRef": { "name": SECRET } })).await;
    let created = noted(&user).cloned();
    harness.apply_until_ready("older", &json!({ "passwordSecretRef": null })).await;
    harness.secret(SECRET, json!({ "password": "Another-Passw0rd" })).await;
    harness.apply_until_ready("older", &json!({})).await;
    let user = harness.requeue("older").await;
    assert!(condition(&user, IGNORED).is_none());
    assert!(noted(&user).is_some_and(|version| Some(version) != created.as_ref()));
    harness.secret(SECRET, json!({ "password": "Yet-an0ther-one" })).await;
    assert!(ignored(&harness, "older").await.is_some());
    harness.wait_for_event("older", IGNORED).await;
    assert_eq!(harness.event_notes("older", IGNORED).await.len(), 1);
}

fn generating() -> Value {
    json!({ "passwordSecretRef": null, "generatePassword": true })
}

/// Waits until the garbage collector has deleted a Secret. This may take a while: it discovers new kinds of owners twice a
/// minute.
async fn collected(harness: &Harness<'_>, secret: &str) {
    let patience = Duration::from_secs(180);
    let gone = await_condition(harness.secrets(), secret, |secret: Option<&Secret>| secret.is_none());
    tokio::time::timeout(patience, gone).await.expect("the Secret is deleted with its owner").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_password_is_generated_once_the_operator_may_make_secrets() {
    let harness = harness("passwords").await;
    harness.apply("fresh", &generating()).await;
    let message = harness.wait_for_condition("fresh", "Ready", "False", "SecretNotFound").await;
    for words in ["generatePassword", "create on secrets", "passwordSecretRef", "fresh-initial-password"] {
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(harness.sim.calls().creates.get("fresh").map_or(0, |creates| creates.attempts), 0);

    harness.allow_generated_passwords();
    harness.requeue("fresh").await;
    let user = harness.wait_until_ready("fresh").await;
    assert!(harness.live("fresh").has_password);
    let secret = harness.secrets().get("fresh-initial-password").await.unwrap();
    let owner = &secret.owner_references()[0];
    assert_eq!((owner.kind.as_str(), Some(&owner.uid), owner.controller), ("ConnectUser", user.uid().as_ref(), Some(true)));
    assert_eq!(secret.labels().get("app.kubernetes.io/managed-by").map(String::as_str), Some("connect-operator"));
    let password = harness.password("fresh-initial-password").await;
    assert!(password.len() >= 24 && connect_operator::plan::broken_rules(&password).is_empty());
    assert_eq!(noted(&user), None);

    // The password is only needed for creating.
    let unchanged = secret.metadata.resource_version;
    harness.requeue("fresh").await;
    assert_eq!(harness.secrets().get("fresh-initial-password").await.unwrap().resource_version(), unchanged);
    harness.delete_until_gone("fresh").await;
    collected(&harness, "fresh-initial-password").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn foreign_secret_is_not_used_as_a_generated_password() {
    let harness = harness("passwords").await;
    harness.allow_generated_passwords();
    harness.secret("wary-initial-password", json!({ "password": PASSWORD })).await;
    harness.apply("wary", &generating()).await;
    let message = harness.wait_for_condition("wary", "Ready", "False", "SecretNotFound").await;
    assert!(message.contains("/wary-initial-password that generatePassword would create exists already"), "{message}");
    assert_eq!(harness.sim.calls().of(connect_api::OperationName::CreateUser), 0);
    assert_eq!(harness.password("wary-initial-password").await, PASSWORD);

    harness.secrets().delete("wary-initial-password", &DeleteParams::default()).await.unwrap();
    harness.requeue("wary").await;
    harness.wait_until_ready("wary").await;
    assert_eq!(harness.secrets().get("wary-initial-password").await.unwrap().owner_references().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn generated_password_survives_a_refused_create() {
    let harness = harness("passwords").await;
    harness.allow_generated_passwords();
    harness
        .apply("twice", &json!({ "passwordSecretRef": null, "generatePassword": true, "identityInfo": { "firstName": "A" } }))
        .await;
    let message = harness.wait_for_condition("twice", "Ready", "False", "InvalidSpec").await;
    assert!(message.contains("identityInfo.lastName"), "{message}");
    let first = harness.secrets().get("twice-initial-password").await.unwrap();
    harness.apply_until_ready("twice", &generating()).await;
    assert_eq!(harness.secrets().get("twice-initial-password").await.unwrap(), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operator_waits_for_a_missing_secret_and_a_missing_key() {
    let harness = harness("passwords").await;
    let spec = json!({ "passwordSecretRef": { "name": "late", "key": "initial" } });
    harness.apply("patient", &spec).await;
    let message = harness.wait_for_condition("patient", "Ready", "False", "SecretNotFound").await;
    assert!(message.contains(&format!("{}/late", harness.namespace())) && message.contains("create it"), "{message}");
    let user = harness.users().get("patient").await.unwrap();
    assert_eq!(condition(&user, "ReferencesResolved").map(|c| c.status.as_str()), Some("False"));
    assert!(condition(&user, "Stalled").is_none(), "the operator waits for it and does not give up");
    harness.apply_until_ready("other", &json!({})).await;

    harness.secret("late", json!({ "password": "another-Passw0rd" })).await;
    let key_is_missing = |user: &ConnectUser| {
        condition(user, "Ready").is_some_and(|c| {
            c.reason == "SecretNotFound"
                && c.message.contains("has no key \"initial\": add it")
                && !c.message.contains("password\"")
        })
    };
    harness.wait_until("patient", "waiting for the key", key_is_missing).await;

    harness.secret("late", json!({ "password": "another-Passw0rd", "initial": "The-right-0ne" })).await;
    harness.wait_until_ready("patient").await;
    assert!(harness.live("patient").has_password);
    assert_eq!(harness.sim.calls().creates["patient"].attempts, 1, "no user is created without its password");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn existing_user_does_not_need_its_secret() {
    let harness = harness("passwords").await;
    harness.apply_until_ready("settled", &json!({})).await;
    harness.delete_secret().await;
    let spec = json!({ "passwordSecretRef": { "name": SECRET }, "routingProfileArn": harness.routing_profile("Sales") });
    harness.apply_until_ready("settled", &spec).await;
    assert!(harness.is_routed("settled", "Sales"));
    let message = harness.wait_for_condition("settled", "ReferencesResolved", "False", "SecretNotFound").await;
    assert!(message.contains(SECRET) && message.contains("does not need it"), "{message}");
    harness.secret(SECRET, json!({ "password": "Passw0rd-again" })).await;
    harness.requeue("settled").await;
    harness.wait_for_condition("settled", "ReferencesResolved", "True", "Resolved").await;
}
