//! Traces by OTLP, where they are asked for: one span for each pass, for each sweep, and for each call to Connect in them.
//!
//! What leaves the process is what [`SENT`] names, and nothing else that a span may hold: traces often go to somebody else's
//! machines, and the names of resources and users are people's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use hyper_rustls::HttpsConnectorBuilder;
use opentelemetry::{
    KeyValue, Value,
    trace::{SpanKind, Status, TraceContextExt, TracerProvider},
};
use opentelemetry_http::{HttpClient, hyper::HyperClient};
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SdkTracerProvider, SpanData, SpanEvents, SpanExporter},
};
use tokio::runtime::Handle;
use tracing::{Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

/// The attributes of spans that are sent.
const SENT: [&str; 6] = ["namespace", "uid", "result", "operation", "code", "request_id"];
/// The `code` of a call that went well.
const OK: &str = "OK";
/// Where the port over the SDK and the operator make their spans.
const OURS: [&str; 2] = ["connect_aws", "connect_operator"];
/// A collector that takes longer gets nothing.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the end of the process waits for the last spans to be sent.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Sends spans to a collector.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts to send spans to a collector's endpoint, such as `http://collector:4318`, by OTLP over HTTP. It is not asked whether it
    /// is there. `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_TRACES_SAMPLER` hold.
    ///
    /// # Errors
    /// An endpoint that is no URL, or a machine without trusted certificates where it is an `https` one.
    pub fn start(endpoint: &str, runtime: Handle) -> anyhow::Result<Self> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_shared_http_client(client(endpoint).context("--otlp-endpoint")?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .build()
            .context("--otlp-endpoint")?;
        let sending = Sending { exporter: Arc::new(exporter), runtime, fails: AtomicBool::default() };
        let provider = SdkTracerProvider::builder().with_batch_exporter(sending).with_resource(resource()).build();
        Ok(Self(provider))
    }

    /// The layer that makes traces of spans. Log lines are none of them.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("connect-operator"));
        let layer =
            layer.with_location(false).with_threads(false).with_tracked_inactivity(false).with_target(false).with_level(false);
        layer.with_filter(filter_fn(is_ours))
    }

    /// Sends what was not sent yet.
    pub fn end(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_WORDS) {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}

/// Adds to what a span tells of itself in traces, and not in logs.
pub(crate) fn note(span: &Span, name: &'static str, value: impl Into<Value>) {
    span.set_attribute(name, value);
}

/// The trace that is being made, if there is one and it is to be sent.
pub(super) fn current() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let context = span.span_context();
    (context.is_valid() && context.is_sampled()).then(|| context.trace_id().to_string())
}

fn is_ours(metadata: &Metadata) -> bool {
    let from = metadata.target().split("::").next().unwrap_or_default();
    metadata.is_span() && OURS.contains(&from)
}

/// Rustls with ring and the machine's own certificates, as all other connections; or no TLS, where the endpoint has none.
fn client(endpoint: &str) -> anyhow::Result<Arc<dyn HttpClient>> {
    if endpoint.starts_with("http://") {
        return Ok(Arc::new(HyperClient::with_default_connector(TIMEOUT, None)));
    }
    if !endpoint.starts_with("https://") {
        anyhow::bail!("{endpoint:?} is no URL: write it like http://collector:4318");
    }
    let connector = HttpsConnectorBuilder::new().with_native_roots().context("this machine trusts no certificates")?;
    Ok(Arc::new(HyperClient::new(connector.https_only().enable_http1().build(), TIMEOUT, None)))
}

fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    // What the environment says goes before our own name, but an own name before the SDK's "unknown_service".
    let named = Resource::builder().build();
    let name = named.get(&"service.name".into()).map(|name| name.to_string()).filter(|name| !name.starts_with("unknown_service"));
    let name = name.unwrap_or_else(|| "connect-operator".to_owned());
    Resource::builder().with_service_name(name).with_attribute(version).build()
}

/// Sends what may be sent of each span, and logs when that begins to fail and when it works again.
#[derive(Debug)]
struct Sending<E> {
    exporter: Arc<E>,
    /// The exporter's HTTP client needs a runtime, and the thread on which spans are gathered has none.
    runtime: Handle,
    fails: AtomicBool,
}

impl<E: SpanExporter + 'static> SpanExporter for Sending<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let (exporter, batch) = (self.exporter.clone(), batch.into_iter().map(presentable).collect());
        let sent = self.runtime.spawn(async move { exporter.export(batch).await }).await;
        let sent = sent.unwrap_or_else(|error| Err(OTelSdkError::InternalFailure(error.to_string())));
        match (&sent, self.fails.swap(sent.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => tracing::warn!(%error, "traces cannot be sent and are dropped until the collector takes them"),
            (Ok(()), true) => tracing::info!("traces are sent again"),
            (Ok(()), false) | (Err(_), true) => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Some(exporter) = Arc::get_mut(&mut self.exporter) {
            exporter.set_resource(resource);
        }
    }
}

/// A span as it may be sent: without what is not meant for others, and a call by its operation's name.
fn presentable(mut span: SpanData) -> SpanData {
    span.attributes.retain(|attribute| SENT.contains(&attribute.key.as_str()));
    span.events = SpanEvents::default();
    let value = |name: &str| span.attributes.iter().find(|a| a.key.as_str() == name).map(|a| a.value.to_string());
    let (operation, code) = (value("operation"), value("code"));
    if let Some(operation) = operation {
        span.name = operation.into();
        span.span_kind = SpanKind::Client;
    }
    span.status = match code {
        Some(code) if code != OK => Status::error(code),
        _ => Status::Unset,
    };
    span
}
