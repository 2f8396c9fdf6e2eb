//! The rates that AWS allows.

use connect_api::OperationName;
use serde_json::json;

use super::scene::Setting;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_batch_of_users_is_created_at_the_rate_that_aws_allows_without_a_throttle() {
    let scene = Setting::shared("rates").at_real_rates().start().await;
    let names: Vec<String> = (0..12).map(|n| format!("agent-{n:02}")).collect();
    for name in &names {
        scene.apply(name, &json!({})).await;
    }
    for name in &names {
        scene.ready(name).await;
    }
    let calls = scene.sim.calls();
    assert_eq!(calls.of(OperationName::CreateUser), names.len() as u64, "{calls:#?}");
    assert!(calls.operations.values().all(|operation| operation.failed == 0), "{calls:#?}");
    assert_eq!(scene.sim.users(&scene.instance()).len(), names.len());
}
