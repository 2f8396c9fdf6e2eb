//! The Secret with the initial password: it may come later than the ConnectUser that names it.

use serde_json::json;

use super::harness::{SECRET, condition, harness};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operator_waits_for_a_missing_secret_and_a_missing_key() {
    let harness = harness("secrets").await;
    let spec = json!({ "passwordSecretRef": { "name": "late", "key": "initial" } });
    harness.apply("patient", &spec).await;
    let message = harness.wait_for_condition("patient", "Ready", "False", "SecretNotFound").await;
    assert!(message.contains(&format!("{}/late", harness.namespace())) && message.contains("create it"), "{message}");
    let user = harness.users().get("patient").await.unwrap();
    assert_eq!(condition(&user, "ReferencesResolved").map(|c| c.status.as_str()), Some("False"));
    assert!(condition(&user, "Stalled").is_none(), "the operator waits for it and does not give up");
    harness.apply_until_ready("other", &json!({})).await;

    harness.secret("late", json!({ "password": "another-Passw0rd" })).await;
    let key_is_missing = |user: &connect_operator::api::ConnectUser| {
        condition(user, "Ready").is_some_and(|c| {
            c.reason == "SecretNotFound" && c.message.contains("\"initial\"") && c.message.contains("(it has: password)")
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
    let harness = harness("secrets").await;
    harness.apply_until_ready("settled", &json!({})).await;
    harness.delete_secret().await;
    let spec = json!({ "passwordSecretRef": { "name": SECRET }, "routingProfileArn": harness.routing_profile("Sales") });
    harness.apply_until_ready("settled", &spec).await;
    let sales = harness.sim.routing_profile_id(&harness.instance(), "Sales");
    assert_eq!(harness.live("settled").user.routing_profile_id, sales);
}
