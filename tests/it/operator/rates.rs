//! The rates that AWS allows.

use connect_api::OperationName;
use connect_operator::api::RECONCILE_REQUESTED_AT;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::harness::Harness;
use crate::support::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn batch_is_created_at_the_allowed_rate_without_a_throttle() {
    let harness = Harness::builder("rates").at_real_rates().start().await;
    let names: Vec<String> = (0..12).map(|n| format!("agent-{n:02}")).collect();
    harness.apply_all_until_ready(&names, &json!({})).await;
    let calls = harness.sim.calls();
    assert_eq!(calls.of(OperationName::CreateUser), names.len() as u64, "{calls:#?}");
    assert!(calls.operations.values().all(|operation| operation.failed == 0), "{calls:#?}");
    assert_eq!(harness.sim.users(&harness.instance()).len(), names.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_wait_for_the_rate_limit_is_reported_once_with_its_place() {
    let harness = Harness::builder("waits").flag("--operation-quota=CreateUser=0.001:1").start().await;
    harness.apply_until_ready("first", &json!({})).await;
    harness.apply("second", &json!({})).await;
    let message = harness.wait_for_condition("second", "Synced", "Unknown", "Throttled").await;
    let place = "(position 1 of 1, about 17 min left when this was written)";
    assert_eq!(message, format!("waiting for the rate limit of CreateUser {place}"));

    // From now on the second caller is the first of two in the queue.
    harness.apply("third", &json!({})).await;
    assert!(harness.wait_for_condition("third", "Synced", "Unknown", "Throttled").await.contains("(position 2 of 2,"));
    let status = harness.users().get("second").await.unwrap().status;
    // Each request causes a pass, which ends before the next one begins.
    for asked in ["once", "twice", "thrice"] {
        let attempts = || harness.operator.log().matches("waiting for the rate limit of CreateUser").count();
        let before = attempts();
        let patch = json!({ "metadata": { "annotations": { RECONCILE_REQUESTED_AT: asked } } });
        harness.users().patch("second", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
        eventually("another pass was made", || attempts() > before);
    }
    assert_eq!(harness.users().get("second").await.unwrap().status, status);
}
