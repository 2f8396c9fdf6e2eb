//! One Connect instance, shared by several namespaces that do not know each other, each with its own operator.

use connect_api::OperationName;
use serde_json::json;

use super::scene::{Setting, condition, scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn username_of_another_namespace_is_a_conflict_until_it_is_free() {
    let here = scene("sharing").await;
    let there = Setting::shared("sharing").sharing_connect_with(&here).start().await;
    here.applied("first", &json!({ "username": "shared" })).await;
    let before = here.live("shared");

    there.apply("second", &json!({ "username": "shared" })).await;
    let message = there.shown("second", "Ready", "False", "Conflict").await;
    assert!(message.contains(&format!("ConnectUser {}/first", here.namespace())), "{message}");
    let user = there.users().get("second").await.unwrap();
    assert_eq!(condition(&user, "Stalled").map(|c| c.status.as_str()), Some("True"));
    assert_eq!(here.live("shared"), before);

    here.delete("first").await;
    here.gone("first").await;
    assert_eq!(there.sim.calls().of(OperationName::DeleteUser), 1);
    there.requeue("second").await;
    there.ready("second").await;
    let after = here.live("shared");
    assert_ne!(after.user.id, before.user.id);
    assert_eq!(after.user.tags["connect-operator.dev/namespace"], there.namespace());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn waiting_resource_takes_a_released_user_over_automatically() {
    let scene = scene("sharing").await;
    scene.applied("first", &json!({ "username": "shared", "deletionPolicy": "Retain" })).await;
    let user = scene.live("shared").user.id;
    scene.apply("second", &json!({ "username": "Shared", "adoptionPolicy": "AdoptOrCreate" })).await;
    scene.apply("third", &json!({ "username": "shared" })).await;
    for waiting in ["second", "third"] {
        let message = scene.shown(waiting, "Ready", "False", "Conflict").await;
        assert!(message.contains(&format!("ConnectUser {}/first", scene.namespace())), "{message}");
    }

    scene.delete("first").await;
    scene.gone("first").await;
    scene.ready("second").await;
    let after = scene.live("shared").user;
    assert_eq!(after.id, user);
    assert_eq!(after.tags["connect-operator.dev/name"], "second");
    scene.shown("third", "Ready", "False", "Conflict").await;

    // A resource that may only create a user does so when the name is free.
    scene.delete("second").await;
    scene.gone("second").await;
    scene.ready("third").await;
    assert_ne!(scene.live("shared").user.id, user);
}
