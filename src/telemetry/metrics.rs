//! Metrics in Prometheus' text format. No label names a single object.

use std::{sync::atomic::AtomicU64, time::Duration};

use connect_api::{Error, InstanceId, Listener, OperationName};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use crate::reconcile::{Parting, Swept};

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
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InstanceLabels {
    instance: String,
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
    sweeps: Family<ResultLabels, Counter>,
    sweep_seconds: Histogram,
    sweep_users: Family<InstanceLabels, Gauge>,
    worth_a_look: Family<ReasonLabels, Counter>,
    orphans: Family<InstanceLabels, Gauge>,
    partings: Family<ResultLabels, Counter>,
    held: Gauge,
    leader: Gauge,
    config_valid: Gauge,
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
        let config_valid = Gauge::default();
        // Without a file there is nothing wrong with it.
        config_valid.set(1);
        registry.register(
            "config_valid",
            "1 while the configuration file is the one in force, 0 while it has changed and cannot be used",
            config_valid.clone(),
        );
        let sweeps = Family::default();
        registry.register("sweeps", "Sweeps over an instance, by how they ended", sweeps.clone());
        let sweep_seconds = Histogram::new([0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0]);
        registry.register_with_unit("sweep_duration", "Time that sweeps took", Unit::Seconds, sweep_seconds.clone());
        let sweep_users = Family::default();
        registry.register("sweep_users", "Users that the last sweep of an instance saw", sweep_users.clone());
        let worth_a_look = Family::default();
        registry.register("sweep_worth_a_look", "Users that sweeps had looked at one by one, by reason", worth_a_look.clone());
        let orphans = Family::default();
        registry.register(
            "orphaned_users",
            "Users of an instance that carry this cluster's tags, and whose ConnectUser does not exist",
            orphans.clone(),
        );
        let partings = Family::default();
        registry.register(
            "orphans_parted_with",
            "Users without a ConnectUser that were to be deleted, by what became of them",
            partings.clone(),
        );
        let held = Gauge::default();
        registry.register("deletions_held", "Deletions that the guard against mass deletion holds", held.clone());
        registry.register("build", "The version of the operator", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        Self {
            registry,
            calls,
            call_seconds,
            passes,
            pass_seconds,
            drift,
            unreadable,
            denied,
            sweeps,
            sweep_seconds,
            sweep_users,
            worth_a_look,
            orphans,
            partings,
            held,
            leader,
            config_valid,
        }
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

    /// Counts a sweep that came to its end.
    pub fn swept(&self, instance: &InstanceId, swept: &Swept, took: Duration) {
        self.sweeps.get_or_create(&ResultLabels { result: "complete" }).inc();
        self.sweep_seconds.observe(took.as_secs_f64());
        let users = i64::try_from(swept.users).unwrap_or(i64::MAX);
        self.sweep_users.get_or_create(&InstanceLabels { instance: instance.to_string() }).set(users);
        for (worth, users) in &swept.worth_a_look {
            let users = u64::try_from(*users).unwrap_or(u64::MAX);
            self.worth_a_look.get_or_create(&ReasonLabels { reason: worth.as_str() }).inc_by(users);
        }
    }

    /// Counts a sweep that failed.
    pub fn not_swept(&self) {
        self.sweeps.get_or_create(&ResultLabels { result: "failed" }).inc();
    }

    /// Notes how many users of an instance have no ConnectUser any more.
    pub fn orphans(&self, instance: &InstanceId, orphans: usize) {
        let orphans = i64::try_from(orphans).unwrap_or(i64::MAX);
        self.orphans.get_or_create(&InstanceLabels { instance: instance.to_string() }).set(orphans);
    }

    /// Counts a user without a ConnectUser that was to be deleted.
    pub fn parted(&self, parting: Parting) {
        let result = match parting {
            Parting::Deleted => "deleted",
            Parting::Gone => "gone",
            Parting::Owned => "owned",
            Parting::Changed => "changed",
        };
        self.partings.get_or_create(&ResultLabels { result }).inc();
    }

    /// Notes how many deletions are held.
    pub fn held(&self, held: usize) {
        self.held.set(i64::try_from(held).unwrap_or(i64::MAX));
    }

    /// Notes that this process does the work from now on.
    pub fn leads(&self) {
        self.leader.set(1);
    }

    /// Notes whether the configuration file, as it stands now, can be used.
    pub fn config_valid(&self, valid: bool) {
        self.config_valid.set(i64::from(valid));
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
            "connect_operator_config_valid 1",
            "connect_operator_build_info{",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
