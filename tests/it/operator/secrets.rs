//! The Secret with the initial password: it may come later than the ConnectUser that names it.

use serde_json::json;

use super::scene::{SECRET, condition, scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operator_waits_for_a_missing_secret_and_a_missing_key() {
    let scene = scene("secrets").await;
    let spec = json!({ "passwordSecretRef": { "name": "late", "key": "initial" } });
    scene.apply("patient", &spec).await;
    let message = scene.shown("patient", "Ready", "False", "SecretNotFound").await;
    assert!(message.contains(&format!("{}/late", scene.namespace())) && message.contains("create it"), "{message}");
    let user = scene.users().get("patient").await.unwrap();
    assert_eq!(condition(&user, "ReferencesResolved").map(|c| c.status.as_str()), Some("False"));
    assert!(condition(&user, "Stalled").is_none(), "the operator waits for it and does not give up");
    scene.applied("other", &json!({})).await;

    scene.secret("late", json!({ "password": "another-Passw0rd" })).await;
    let key_is_missing = |user: &connect_operator::api::ConnectUser| {
        condition(user, "Ready").is_some_and(|c| {
            c.reason == "SecretNotFound" && c.message.contains("\"initial\"") && c.message.contains("(it has: password)")
        })
    };
    scene.until("patient", "waiting for the key", key_is_missing).await;

    scene.secret("late", json!({ "password": "another-Passw0rd", "initial": "The-right-0ne" })).await;
    scene.ready("patient").await;
    assert!(scene.live("patient").has_password);
    assert_eq!(scene.sim.calls().creates["patient"].attempts, 1, "no user is created without its password");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn existing_user_does_not_need_its_secret() {
    let scene = scene("secrets").await;
    scene.applied("settled", &json!({})).await;
    scene.delete_secret().await;
    let spec = json!({ "passwordSecretRef": { "name": SECRET }, "routingProfileArn": scene.routing_profile("Sales") });
    scene.applied("settled", &spec).await;
    let sales = scene.sim.routing_profile_id(&scene.instance(), "Sales");
    assert_eq!(scene.live("settled").user.routing_profile_id, sales);
}
