//! Connections to the API server on which nothing arrives and nothing fails.

use serde_json::json;

use super::{
    harness::{Harness, HarnessBuilder, operators_kubeconfig},
    proxy::Proxy,
};
use crate::support::eventually;

/// Sets an operator behind a proxy that notices silence soon.
async fn impatient() -> (Proxy, HarnessBuilder<'static>) {
    let proxy = Proxy::start(&operators_kubeconfig()).await;
    let builder =
        Harness::builder("silent").through(proxy.kubeconfig()).flag("--api-server-timeout=1s").flag("--watch-timeout=3s");
    (proxy, builder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn watch_on_a_silent_connection_begins_again() {
    let (proxy, builder) = impatient().await;
    let harness = builder.start().await;
    harness.apply_until_ready("before", &json!({})).await;
    let restarts = || harness.operator.metric("connect_operator_watch_restarts_total");
    let before = restarts();

    proxy.silence();
    harness.apply_until_ready("after", &json!({})).await;
    assert!(restarts() > before);
    assert!(harness.operator.metric("connect_operator_watch_last_event_timestamp_seconds") > 1.0);
    assert!(harness.operator.log().contains("the watch was silent for 3 s: it begins again"));
    assert_eq!(harness.operator.get("/healthz"), (200, "ok\n".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn watch_that_cannot_start_is_tried_again() {
    let (proxy, builder) = impatient().await;
    let harness = builder.start().await;
    harness.apply_until_ready("before", &json!({})).await;

    proxy.swallow();
    eventually("an attempt failed", || harness.operator.metric("connect_operator_watch_failures_total") >= 1.0);
    let last_event = harness.operator.metric("connect_operator_watch_last_event_timestamp_seconds");
    proxy.resume();
    harness.apply_until_ready("after", &json!({})).await;
    assert!(harness.operator.metric("connect_operator_watch_last_event_timestamp_seconds") > last_event);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn list_that_is_not_answered_is_tried_again() {
    let (proxy, builder) = impatient().await;
    proxy.swallow();
    let harness = builder.flag("--cluster-name=blue").start().await;
    eventually("it says why it is not ready", || harness.operator.get("/readyz").1.contains("did not answer in 1 s"));
    proxy.resume();
    harness.apply_until_ready("first", &json!({})).await;
    assert_eq!(harness.operator.get("/readyz").0, 200);
}
