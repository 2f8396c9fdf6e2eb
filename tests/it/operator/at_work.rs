//! What the operator shows of itself over HTTP.

use serde_json::json;

use super::{process::Page, scene::scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_operator_at_work_is_alive_and_ready_and_counts_its_calls() {
    let scene = scene("pages").await;
    scene.applied("counted", &json!({})).await;
    assert_eq!(scene.operator.get(Page::Alive), (200, "ok\n".into()));
    assert_eq!(scene.operator.get(Page::Ready).0, 200);
    let (status, text) = scene.operator.get(Page::Metrics);
    assert_eq!(status, 200);
    assert!(text.ends_with("# EOF\n"), "{text}");
    for sample in [
        r#"connect_operator_api_requests_total{operation="CreateUser",code="OK"}"#,
        r#"connect_operator_api_request_duration_seconds_count{operation="CreateUser"}"#,
    ] {
        assert_eq!(scene.operator.metric(sample), 1.0, "{sample} in\n{text}");
    }
    assert!(!text.contains("counted"), "no label may name an object");
}
