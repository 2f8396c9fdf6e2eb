//! The pages that the operator serves over HTTP.

use serde_json::json;

use super::harness::harness;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operator_is_alive_and_ready_and_counts_its_calls() {
    let harness = harness("pages").await;
    harness.apply_until_ready("agent-of-pages", &json!({})).await;
    assert_eq!(harness.operator.get("/healthz"), (200, "ok\n".into()));
    assert_eq!(harness.operator.get("/readyz").0, 200);
    let (status, text) = harness.operator.get("/metrics");
    assert_eq!(status, 200);
    assert!(text.ends_with("# EOF\n"), "{text}");
    for sample in [
        r#"connect_operator_api_requests_total{operation="CreateUser",code="OK"}"#,
        r#"connect_operator_api_request_duration_seconds_count{operation="CreateUser"}"#,
    ] {
        assert_eq!(harness.operator.metric(sample), 1.0, "{sample} in\n{text}");
    }
    assert!(!text.contains("agent-of-pages"), "no label names an object");
}
