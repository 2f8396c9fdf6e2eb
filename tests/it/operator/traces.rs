//! Traces, as a collector receives them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use kube::ResourceExt;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value},
    trace::v1::{Span, status::StatusCode},
};
use prost::Message;
use serde_json::json;
use tokio::net::TcpListener;

use super::harness::{Harness, PASSWORD, SECRET};
use crate::support::eventually;

/// A collector that keeps what it receives.
#[derive(Clone, Default)]
pub(super) struct Collector(Arc<Mutex<Vec<Bytes>>>);

impl Collector {
    /// Starts the collector and returns its URL.
    pub(super) async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let sent = self.0.clone();
        let take = async move |headers: HeaderMap, body: Bytes| {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            sent.lock().unwrap().push(body);
        };
        tokio::spawn(axum::serve(listener, Router::new().route("/v1/traces", post(take))).into_future());
        endpoint
    }

    /// Returns all that it received, as text as far as it is text.
    pub(super) fn text(&self) -> String {
        let bodies = self.0.lock().unwrap();
        bodies.iter().map(|body| String::from_utf8_lossy(body).into_owned()).collect()
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        self.0.lock().unwrap().iter().map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    fn named(&self, name: &str) -> Vec<Span> {
        self.spans().into_iter().filter(|span| span.name == name).collect()
    }
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        other => panic!("{other:?} is not a string"),
    }
}

fn attributes(of: &[KeyValue]) -> BTreeMap<&str, String> {
    of.iter().map(|attribute| (attribute.key.as_str(), text(attribute.value.as_ref()))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collector_gets_spans_of_passes_and_calls_without_names() {
    let collector = Collector::default();
    let endpoint = collector.start().await;
    let mut harness = Harness::builder("traced").flag(&format!("--otlp-endpoint={endpoint}")).start().await;
    let identity = json!({ "firstName": "Mariam", "lastName": "Okonkwo", "email": "mariam.okonkwo@example.com" });
    let user = harness.apply_until_ready("mariam-okonkwo", &json!({ "identityInfo": identity })).await;
    harness.secret("weak", json!({ "password": "weakbutunmistakable" })).await;
    harness.apply("refused-by-connect", &json!({ "passwordSecretRef": { "name": "weak" } })).await;
    harness.wait_for_condition("refused-by-connect", "Ready", "False", "InvalidSpec").await;

    let (_, page) = harness.operator.get("/metrics");
    assert!(page.contains(" # {trace_id=\""), "no exemplar of a trace:\n{page}");
    assert!(page.contains(" # {request_id=\""), "no exemplar of a failed call:\n{page}");

    assert!(harness.operator.stop().success());
    eventually("both attempts to create a user were sent", || collector.named("CreateUser").len() == 2);

    let passes: BTreeMap<Vec<u8>, Span> =
        collector.named("reconcile").into_iter().map(|span| (span.span_id.clone(), span)).collect();
    let uid = user.uid().unwrap();
    for span in collector.named("CreateUser") {
        let (call, pass) = (attributes(&span.attributes), attributes(&passes[&span.parent_span_id].attributes));
        assert_eq!(span.trace_id, passes[&span.parent_span_id].trace_id);
        assert_eq!((call["operation"].as_str(), pass["namespace"].as_str()), ("CreateUser", harness.namespace()));
        assert!(!call["request_id"].is_empty());
        let failed = span.status.is_some_and(|status| status.code() == StatusCode::Error);
        let outcome = (call["code"].as_str(), failed, pass["result"].as_str());
        match pass["uid"] == uid {
            true => assert_eq!(outcome, ("OK", false, "in_sync")),
            false => assert_eq!(outcome, ("InvalidParameterException", true, "InvalidSpec")),
        }
    }

    let spans = collector.spans();
    let keys: BTreeSet<&str> =
        spans.iter().flat_map(|span| span.attributes.iter().map(|attribute| attribute.key.as_str())).collect();
    assert_eq!(keys, ["code", "namespace", "operation", "request_id", "result", "uid"].into());
    assert!(spans.iter().all(|span| span.events.is_empty()), "log lines are not exported");
    let resource = collector.requests().remove(0).resource_spans.remove(0).resource.unwrap();
    assert_eq!(attributes(&resource.attributes)["service.name"], "connect-operator");
    let sent = collector.text().to_lowercase();
    assert!(sent.contains(&uid), "the bodies are searched as text here");
    for personal in ["mariam", "okonkwo", "refused-by-connect", "weakbutunmistakable", PASSWORD, SECRET] {
        assert!(!sent.contains(&personal.to_lowercase()), "{personal} was sent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn missing_collector_only_causes_a_line_in_the_log() {
    // The port is closed.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut harness = Harness::builder("untraced").flag(&format!("--otlp-endpoint={endpoint}")).start().await;
    harness.apply_until_ready("jane", &json!({})).await;
    eventually("it is logged", || harness.operator.log().contains("traces cannot be sent"));
    harness.apply_until_ready("joe", &json!({})).await;
    assert!(harness.operator.stop().success());
    assert_eq!(harness.operator.log().matches("traces cannot be sent").count(), 1, "only once");
}
