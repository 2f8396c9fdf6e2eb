//! Metrics in Prometheus' text format. No label names a single object.

use std::{sync::atomic::AtomicU64, time::Duration};

use connect_api::{Error, Listener, OperationName};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallLabels {
    operation: &'static str,
    code: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FieldLabels {
    field: String,
}

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// The operator's metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    call_seconds: Durations<OperationLabels>,
    passes: Family<ResultLabels, Counter>,
    pass_seconds: Histogram,
    drift: Family<FieldLabels, Counter>,
    unreadable: Counter,
    denied: Gauge<f64, AtomicU64>,
    leader: Gauge,
}

fn seconds() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("connect_operator");
        let calls = Family::default();
        registry.register(
            "api_requests",
            "Calls to Amazon Connect, by operation and code (OK, or Connect's error code)",
            calls.clone(),
        );
        let call_seconds: Durations<OperationLabels> = Family::new_with_constructor(seconds);
        registry.register_with_unit(
            "api_request_duration",
            "Time that calls to Amazon Connect took",
            Unit::Seconds,
            call_seconds.clone(),
        );
        let passes = Family::default();
        registry.register("reconcile", "Passes over a resource, by how they ended", passes.clone());
        let pass_seconds = seconds();
        registry.register_with_unit("reconcile_duration", "Time that passes took", Unit::Seconds, pass_seconds.clone());
        let drift = Family::default();
        registry.register("drift_detected", "Changes made outside of Kubernetes that were found, by field", drift.clone());
        let unreadable = Counter::default();
        registry.register("unreadable_objects", "ConnectUser objects that could not be parsed", unreadable.clone());
        let denied = Gauge::default();
        registry.register("access_denied", "1 while AWS' last answer was a refusal of credentials or action", denied.clone());
        let leader = Gauge::default();
        registry.register("leader", "1 while this process does the work: it holds the lease, or needs none", leader.clone());
        registry.register("build", "The version of the operator", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        Self { registry, calls, call_seconds, passes, pass_seconds, drift, unreadable, denied, leader }
    }
}

impl Metrics {
    /// Counts a pass.
    pub fn pass(&self, result: &'static str, took: Duration) {
        self.passes.get_or_create(&ResultLabels { result }).inc();
        self.pass_seconds.observe(took.as_secs_f64());
    }

    /// Counts a change that was made outside of Kubernetes. Keys and values in a field's path are not labels.
    pub fn drift(&self, field: &str) {
        let field = field.split('[').next().unwrap_or(field).to_owned();
        self.drift.get_or_create(&FieldLabels { field }).inc();
    }

    /// Counts an object that could not be parsed.
    pub fn unreadable(&self) {
        self.unreadable.inc();
    }

    /// Notes that this process does the work from now on.
    pub fn leads(&self) {
        self.leader.set(1);
    }

    /// The metrics in the text format.
    ///
    /// # Errors
    /// None in practice: writing to a string does not fail.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Listener for Metrics {
    fn called(&self, operation: OperationName, outcome: Result<(), &Error>, took: Duration) {
        let code = match outcome {
            Ok(()) => "OK".to_owned(),
            Err(Error { code: Some(code), .. }) => code.clone(),
            Err(Error { status: Some(status), .. }) => format!("HTTP {status}"),
            Err(_) => "no reply".to_owned(),
        };
        self.denied.set(f64::from(u8::from(matches!(outcome, Err(e) if e.class == connect_api::Class::Denied))));
        let operation = operation.as_str();
        self.calls.get_or_create(&CallLabels { operation, code }).inc();
        self.call_seconds.get_or_create(&OperationLabels { operation }).observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metrics_have_the_names_that_the_documentation_gives() {
        let metrics = Metrics::default();
        metrics.called(OperationName::CreateUser, Ok(()), Duration::from_millis(20));
        let refused = Error::reply(OperationName::DeleteUser, 403, Some("AccessDeniedException"), "");
        metrics.called(OperationName::DeleteUser, Err(&refused), Duration::from_millis(20));
        metrics.pass("in_sync", Duration::from_millis(1));
        metrics.drift("tags[team]");
        let text = metrics.encode().unwrap();
        for line in [
            r#"connect_operator_api_requests_total{operation="CreateUser",code="OK"} 1"#,
            r#"connect_operator_api_requests_total{operation="DeleteUser",code="AccessDeniedException"} 1"#,
            r#"connect_operator_api_request_duration_seconds_count{operation="CreateUser"} 1"#,
            r#"connect_operator_reconcile_total{result="in_sync"} 1"#,
            r#"connect_operator_drift_detected_total{field="tags"} 1"#,
            "connect_operator_access_denied 1",
            "connect_operator_leader 0",
            "connect_operator_build_info{",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
