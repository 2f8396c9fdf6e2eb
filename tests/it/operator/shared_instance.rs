//! One Connect instance, shared by several namespaces that do not know each other, each with its own operator.

use connect_api::OperationName;
use serde_json::json;

use super::harness::{Harness, condition, harness};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn username_of_another_namespace_is_a_conflict_until_it_is_free() {
    let here = harness("sharing").await;
    let there = Harness::builder("sharing").sharing_connect_with(&here).start().await;
    here.apply_until_ready("first", &json!({ "username": "shared" })).await;
    let before = here.live("shared");

    // The user of another resource is never adopted.
    for spec in [json!({ "username": "shared", "adoptionPolicy": "AdoptOrCreate" }), json!({ "username": "shared" })] {
        there.apply("second", &spec).await;
        let message = there.wait_for_condition("second", "Ready", "False", "Conflict").await;
        assert!(message.contains(&format!("ConnectUser {}/first", here.namespace())), "{spec}: {message}");
        assert_eq!(here.live("shared"), before, "{spec}");
    }
    let user = there.users().get("second").await.unwrap();
    assert_eq!(condition(&user, "Stalled").map(|c| c.status.as_str()), Some("True"));

    here.delete_until_gone("first").await;
    assert_eq!(there.sim.calls().of(OperationName::DeleteUser), 1);
    there.requeue("second").await;
    there.wait_until_ready("second").await;
    let after = here.live("shared");
    assert_ne!(after.user.id, before.user.id);
    assert_eq!(after.user.tags["connect-operator.dev/namespace"], there.namespace());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn waiting_resource_takes_a_released_user_over_automatically() {
    let harness = harness("sharing").await;
    harness.apply_until_ready("first", &json!({ "username": "shared", "deletionPolicy": "Retain" })).await;
    let user = harness.live("shared").user.id;
    harness.apply("second", &json!({ "username": "Shared", "adoptionPolicy": "AdoptOrCreate" })).await;
    harness.apply("third", &json!({ "username": "shared" })).await;
    for waiting in ["second", "third"] {
        let message = harness.wait_for_condition(waiting, "Ready", "False", "Conflict").await;
        assert!(message.contains(&format!("ConnectUser {}/first", harness.namespace())), "{message}");
    }

    harness.delete_until_gone("first").await;
    harness.wait_until_ready("second").await;
    let after = harness.live("shared").user;
    assert_eq!(after.id, user);
    assert_eq!(after.tags["connect-operator.dev/name"], "second");
    harness.wait_for_condition("third", "Ready", "False", "Conflict").await;

    // A resource that may only create a user does so when the name is free.
    harness.delete_until_gone("second").await;
    harness.wait_until_ready("third").await;
    assert_ne!(harness.live("shared").user.id, user);
}
