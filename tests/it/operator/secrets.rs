//! The Secret with the initial password: it may come later than the ConnectUser that names it.

use serde_json::json;

use super::scene::{SECRET, condition, scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_missing_secret_and_then_a_missing_key_are_waited_for() {
    let scene = scene("secrets").await;
    let spec = json!({ "passwordSecretRef": { "name": "late", "key": "initial" } });
    scene.apply("patient", &spec).await;
    let message = scene.shown("patient", "Ready", "False", "SecretNotFound").await;
    assert!(message.contains(&format!("{}/late", scene.namespace())) && message.contains("create it"), "{message}");
    let user = scene.users().get("patient").await.unwrap();
    assert_eq!(condition(&user, "ReferencesResolved").map(|c| c.status.as_str()), Some("False"));
    assert!(condition(&user, "Stalled").is_none(), "it is waited for, not given up");
    scene.applied("other", &json!({})).await;

    scene.secret("late", json!({ "password": "another-Passw0rd" })).await;
    let told_of_the_key = |user: &connect_operator::api::ConnectUser| {
        condition(user, "Ready").is_some_and(|c| {
            c.reason == "SecretNotFound" && c.message.contains("\"initial\"") && c.message.contains("(it has: password)")
        })
    };
    scene.until("patient", "told that the key is missing", told_of_the_key).await;

    scene.secret("late", json!({ "password": "another-Passw0rd", "initial": "The-right-0ne" })).await;
    scene.ready("patient").await;
    assert!(scene.live("patient").has_password);
    assert_eq!(scene.sim.calls().creates["patient"].attempts, 1, "nothing is sent without its password");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_user_that_exists_does_not_miss_its_secret() {
    let scene = scene("secrets").await;
    scene.applied("settled", &json!({})).await;
    scene.delete_secret().await;
    let spec = json!({ "passwordSecretRef": { "name": SECRET }, "routingProfileArn": scene.routing_profile("Sales") });
    scene.applied("settled", &spec).await;
    let sales = scene.sim.routing_profile_id(&scene.instance(), "Sales");
    assert_eq!(scene.live("settled").user.routing_profile_id, sales);
}
