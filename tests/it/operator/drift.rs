//! Changes outside of Kubernetes are found and corrected; users in sync cost nothing. docs/fields.md has the drift of each field.

use connect_api::OperationName;
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
