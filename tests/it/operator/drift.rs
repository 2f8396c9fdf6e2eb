//! Changes outside of Kubernetes are found and corrected; users in sync cost nothing. docs/fields.md has the drift of each field.

use connect_api::{DeleteUser, OperationName};
use kube::ResourceExt;
use serde_json::json;

use super::harness::{Harness, harness};
use crate::support::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn passes_over_a_user_in_sync_write_nothing() {
    let harness = Harness::builder("quiet").flag("--drift-interval=300ms").start().await;
    let spec = json!({
        "userProficiencies": [{ "attributeName": "Language", "attributeValue": "Danish", "level": 3 }],
        "tags": { "team": "billing" },
    });
    harness.apply_until_ready("still", &spec).await;
    // Connect adds a directory id, which the first read after the creation records in the status.
    let before = harness.requeue("still").await;
    harness.sim.reset_calls();
    eventually("ten passes were made", || harness.sim.calls().of(OperationName::DescribeUser) >= 10);
    let calls = harness.sim.calls();
    assert_eq!(calls.writes(), 0, "{calls:#?}");
    assert_eq!(harness.users().get("still").await.unwrap().resource_version(), before.resource_version());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn reconcile_request_costs_one_read() {
    let harness = harness("asked").await;
    harness.apply_until_ready("asked", &json!({})).await;
    harness.sim.reset_calls();
    for looks in 1..=3 {
        harness.requeue("asked").await;
        let calls = harness.sim.calls();
        assert_eq!(calls.of(OperationName::DescribeUser), looks, "{calls:#?}");
        assert_eq!(calls.total(), looks, "{calls:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_deleted_at_the_console_is_created_again() {
    let harness = Harness::builder("again").flag("--settle-window=1s").flag("--drift-interval=500ms").start().await;
    let first =
        harness.apply_until_ready("phoenix", &json!({ "tags": { "team": "billing" } })).await.status.unwrap().user_id.unwrap();
    harness.call_at_console(DeleteUser { instance: harness.instance(), user: first.as_str().into() }).await;
    let second = harness
        .wait_until("phoenix", "Ready with another user", |user| {
            let recorded = user.status.as_ref().and_then(|status| status.user_id.as_ref());
            super::harness::is_ready(user) && recorded.is_some_and(|id| *id != first)
        })
        .await;
    let live = harness.live("phoenix");
    assert_eq!(second.status.unwrap().user_id.as_deref(), Some(live.user.id.as_str()));
    assert_eq!(live.user.tags.get("team").map(String::as_str), Some("billing"));
    assert_eq!(harness.sim.users(&harness.instance()).len(), 1);
    assert_eq!(harness.sim.calls().creates["phoenix"].created, 2);
    assert!(harness.wait_for_event("phoenix", "DriftDetected").await.contains(&first));
}
