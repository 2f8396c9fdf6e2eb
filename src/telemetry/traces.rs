//! Traces by OTLP, if an endpoint is configured: one span for each pass, for each sweep, and for each of their calls to Connect.
//!
//! Only the attributes in [`SENT`] leave the process, whatever else a span contains: traces often go to a third party, and the
//! names of resources and users are personal data.

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
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, filter_fn},
    registry::LookupSpan,
};

/// The attributes of spans that are sent.
const SENT: [&str; 6] = ["namespace", "uid", "result", "operation", "code", "request_id"];
/// The `code` of a successful call.
const OK: &str = "OK";
/// The crates whose spans are traced.
const OURS: [&str; 2] = ["connect_aws", "connect_operator"];
/// How long a collector may take to accept a batch of spans.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the process waits at its end for the last spans to be sent.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// Sends spans to a collector.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts to send spans to the endpoint of a collector, such as `http://collector:4318`, by OTLP over HTTP. Does not check
    /// that the collector can be reached. Respects `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_HEADERS`
    /// and `OTEL_TRACES_SAMPLER`.
    ///
    /// # Errors
    /// An endpoint that is not a URL, or an `https` endpoint on a machine without trusted certificates.
    pub fn start(endpoint: &str, runtime: Handle) -> anyhow::Result<Self> {
        let exporter = exporter(endpoint).map_err(|error| anyhow::anyhow!("--otlp-endpoint: {error:#}"))?;
        let exporter = FilteringExporter { exporter: Arc::new(exporter), runtime, failing: AtomicBool::default() };
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource()).build();
        Ok(Self(provider))
    }

    /// Returns the layer that makes traces of spans. Traces do not contain log lines.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("connect-operator"));
        let layer =
            layer.with_location(false).with_threads(false).with_tracked_inactivity(false).with_target(false).with_level(false);
        layer.with_filter(filter_fn(is_ours).with_max_level_hint(LevelFilter::DEBUG))
    }

    pub(crate) fn end(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(SHUTDOWN_TIMEOUT) {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}

/// Sets an attribute of a span that appears in traces but not in logs.
pub(crate) fn set_attribute(span: &Span, name: &'static str, value: impl Into<Value>) {
    span.set_attribute(name, value);
}

/// Returns the id of the current trace, if there is one that is sampled.
pub(super) fn current_trace_id() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let context = span.span_context();
    (context.is_valid() && context.is_sampled()).then(|| context.trace_id().to_string())
}

fn is_ours(metadata: &Metadata) -> bool {
    let from = metadata.target().split("::").next().unwrap_or_default();
    metadata.is_span() && *metadata.level() <= Level::DEBUG && OURS.contains(&from)
}

fn exporter(endpoint: &str) -> anyhow::Result<opentelemetry_otlp::SpanExporter> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_shared_http_client(client(endpoint)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()?;
    Ok(exporter)
}

/// Returns an HTTP client with rustls, ring and the machine's certificates, as for all other connections; without TLS for `http`.
fn client(endpoint: &str) -> anyhow::Result<Arc<dyn HttpClient>> {
    if endpoint.starts_with("http://") {
        return Ok(Arc::new(HyperClient::with_default_connector(TIMEOUT, None)));
    }
    if !endpoint.starts_with("https://") {
        anyhow::bail!("{endpoint:?} is not a URL: write it like http://collector:4318");
    }
    let connector = HttpsConnectorBuilder::new().with_native_roots().context("this machine trusts no certificates")?;
    Ok(Arc::new(HyperClient::new(connector.https_only().enable_http1().build(), TIMEOUT, None)))
}

fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    // The name in the environment takes precedence, and "connect-operator" replaces the SDK's default "unknown_service".
    let detected = Resource::builder().build();
    let name =
        detected.get(&"service.name".into()).map(|name| name.to_string()).filter(|name| !name.starts_with("unknown_service"));
    let name = name.unwrap_or_else(|| "connect-operator".to_owned());
    Resource::builder().with_service_name(name).with_attribute(version).build()
}

/// Sends the permitted attributes of each span, and logs when sending starts to fail and when it works again.
#[derive(Debug)]
struct FilteringExporter<E> {
    exporter: Arc<E>,
    /// The exporter's HTTP client needs a runtime; the thread that batches spans has none.
    runtime: Handle,
    failing: AtomicBool,
}

impl<E: SpanExporter + 'static> SpanExporter for FilteringExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let (exporter, batch) = (self.exporter.clone(), batch.into_iter().map(without_private_parts).collect());
        let sent = self.runtime.spawn(async move { exporter.export(batch).await }).await;
        let sent = sent.unwrap_or_else(|error| Err(OTelSdkError::InternalFailure(error.to_string())));
        match (&sent, self.failing.swap(sent.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => {
                tracing::warn!(%error, "traces cannot be sent and are dropped until the collector accepts them")
            }
            (Ok(()), true) => tracing::info!("traces can be sent again"),
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

/// Removes events and all attributes that are not in [`SENT`], names the span of a call after its operation, and
/// sets its status from its code.
fn without_private_parts(mut span: SpanData) -> SpanData {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn invalid_endpoint_is_reported_in_one_line_naming_the_flag() {
        for (endpoint, why) in [("collector:4318", "write it like http://collector:4318"), ("http://a b", "invalid")] {
            let error = Traces::start(endpoint, Handle::current()).unwrap_err();
            let line = format!("{error:?}").lines().next().unwrap_or_default().to_owned();
            assert!(line.starts_with("--otlp-endpoint: ") && line.contains(why), "{error:?}");
        }
    }
}
