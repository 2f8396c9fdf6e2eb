//! One Connect instance, several namespaces that know nothing of each other, each with an operator of its own.

use connect_api::OperationName;
use serde_json::json;

use super::scene::{Setting, condition, scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_username_of_another_namespace_is_a_conflict_that_names_its_owner_until_it_is_free() {
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
    there.look_again("second").await;
    there.ready("second").await;
    let after = here.live("shared");
    assert_ne!(after.user.id, before.user.id);
    assert_eq!(after.user.tags["connect-operator.dev/namespace"], there.namespace());
}
