//! Metrics in Prometheus' text format. No label names a single object.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use connect_api::{Arn, CallObserver, Class, Error, InstanceId, LimiterStatus, OperationName, Priority};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        exemplar::{CounterWithExemplar, HistogramWithExemplars},
        family::Family,
        gauge::Gauge,
        histogram::Histogram,
        info::Info,
    },
    registry::{Registry, Unit},
};

use super::{levels::Limiters, resources::ConditionSummary, resources::Resources, traces};
use crate::reconcile::{OrphanOutcome, ScanReport};

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

/// Not `instance`: Prometheus gives each sample a label of that name, the address that it was scraped from.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InstanceLabels {
    connect_instance: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PriorityLabels {
    priority: &'static str,
}

/// An exemplar: the reply that AWS support can be asked about.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReplyLabels {
    request_id: String,
}

/// An exemplar: the trace that shows more of it.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TraceLabels {
    trace_id: String,
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
    limiters: Limiters,
    resources: Resources,
    calls: Family<CallLabels, CounterWithExemplar<ReplyLabels>>,
    call_seconds: Family<OperationLabels, HistogramWithExemplars<TraceLabels>, fn() -> HistogramWithExemplars<TraceLabels>>,
    wait_seconds: Durations<PriorityLabels>,
    passes: Family<ResultLabels, Counter>,
    pass_seconds: Histogram,
    ready_seconds: Histogram,
    drift: Family<FieldLabels, Counter>,
    unreadable: Counter,
    watch_failures: Counter,
    denied: Gauge<f64, AtomicU64>,
    sweeps: Family<ResultLabels, Counter>,
    sweep_seconds: Histogram,
    /// The instances that are swept.
    instances: Mutex<BTreeSet<InstanceId>>,
    sweep_completed: Family<InstanceLabels, Gauge>,
    sweep_interval: Gauge<f64, AtomicU64>,
    sweep_users: Family<InstanceLabels, Gauge>,
    candidates: Family<ReasonLabels, Counter>,
    orphans: Family<InstanceLabels, Gauge>,
    partings: Family<ResultLabels, Counter>,
    held: Gauge,
    leader: Gauge,
    config_valid: Gauge,
}

/// A call ends after 10 seconds at the latest; so do nearly all passes.
const SHORT: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// From what a person hardly notices to the hours that ten thousand creates take at two a second.
const LONG: [f64; 13] = [0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0];

fn short() -> Histogram {
    Histogram::new(SHORT)
}

fn short_with_exemplars() -> HistogramWithExemplars<TraceLabels> {
    HistogramWithExemplars::new(SHORT.into_iter())
}

fn long() -> Histogram {
    Histogram::new(LONG)
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
        let (limiters, resources) = (Limiters::default(), Resources::default());
        registry.register_collector(Box::new(limiters.clone()));
        registry.register_collector(Box::new(resources.clone()));
        let call_seconds = Family::new_with_constructor(short_with_exemplars as fn() -> HistogramWithExemplars<TraceLabels>);
        registry.register_with_unit(
            "api_request_duration",
            "Time that calls to Amazon Connect took",
            Unit::Seconds,
            call_seconds.clone(),
        );
        let wait_seconds: Durations<PriorityLabels> = Family::new_with_constructor(long);
        registry.register_with_unit(
            "throttle_wait",
            "Time that calls waited at the operator's limiter before they were made, by priority: edit (a person waits for it), backlog, repair, sweep",
            Unit::Seconds,
            wait_seconds.clone(),
        );
        let passes = Family::default();
        registry.register("reconcile", "Passes over a resource, by how they ended", passes.clone());
        let pass_seconds = short();
        registry.register_with_unit("reconcile_duration", "Time that passes took", Unit::Seconds, pass_seconds.clone());
        let ready_seconds = long();
        registry.register_with_unit(
            "time_to_ready",
            "Time from a ConnectUser's creation until it was Ready for the first time",
            Unit::Seconds,
            ready_seconds.clone(),
        );
        let drift = Family::default();
        registry.register("drift_detected", "Changes made outside of Kubernetes that were found, by field", drift.clone());
        let unreadable = Counter::default();
        registry.register("unreadable_objects", "ConnectUser objects that could not be parsed", unreadable.clone());
        let watch_failures = Counter::default();
        let help = "Times that the API server could not be asked for ConnectUsers, or refused to list or watch them";
        registry.register("watch_failures", help, watch_failures.clone());
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
        let sweep_completed = Family::default();
        registry.register_with_unit(
            "sweep_completed_timestamp",
            "When the last sweep of an instance was completed; 0 until the first is",
            Unit::Seconds,
            sweep_completed.clone(),
        );
        let sweep_interval = Gauge::default();
        registry.register_with_unit(
            "sweep_interval",
            "How often instances are swept; 0: never",
            Unit::Seconds,
            sweep_interval.clone(),
        );
        let sweep_users = Family::default();
        registry.register("sweep_users", "Users that the last sweep of an instance saw", sweep_users.clone());
        let candidates = Family::default();
        registry.register("sweep_candidates", "Users that sweeps had looked at one by one, by reason", candidates.clone());
        let orphans = Family::default();
        registry.register(
            "orphaned_users",
            "Users of an instance that carry this cluster's tags, and whose ConnectUser does not exist",
            orphans.clone(),
        );
        let partings = Family::default();
        registry.register(
            "orphans_resolved",
            "Users without a ConnectUser that were to be deleted, by what became of them",
            partings.clone(),
        );
        let held = Gauge::default();
        registry.register("deletions_held", "Deletions that the guard against mass deletion holds", held.clone());
        registry.register("build", "The version of the operator", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        Self {
            registry,
            limiters,
            resources,
            calls,
            call_seconds,
            wait_seconds,
            passes,
            pass_seconds,
            ready_seconds,
            drift,
            unreadable,
            watch_failures,
            denied,
            sweeps,
            sweep_seconds,
            instances: Mutex::default(),
            sweep_completed,
            sweep_interval,
            sweep_users,
            candidates,
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

    /// Notes how long after its creation a ConnectUser was Ready for the first time.
    pub fn ready_after(&self, time: Duration) {
        self.ready_seconds.observe(time.as_secs_f64());
    }

    /// The resources whose conditions are counted when the metrics are read: `visits` shows a visitor what each counts as.
    pub fn resources(&self, visits: impl Fn(&mut dyn FnMut(&ConditionSummary)) + Send + Sync + 'static) {
        self.resources.are(visits);
    }

    /// The limiter of an instance's account and Region, which is asked how it stands when the metrics are read.
    pub fn limiter(&self, instance: &Arn, limiter: &Arc<impl LimiterStatus + 'static>) {
        let limiter: Arc<dyn LimiterStatus> = limiter.clone();
        self.limiters.insert(&instance.account, &instance.region, Arc::downgrade(&limiter));
    }

    /// Notes which instances are swept from now on, and how often. Of others nothing is told any more.
    pub fn sweeps(&self, instances: BTreeSet<InstanceId>, interval: Duration) {
        self.sweep_interval.set(interval.as_secs_f64());
        // Nothing panics while holding the lock.
        let mut before = self.instances.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in before.difference(&instances) {
            let labels = InstanceLabels { connect_instance: gone.to_string() };
            for gauges in [&self.sweep_completed, &self.sweep_users, &self.orphans] {
                gauges.remove(&labels);
            }
        }
        for instance in &instances {
            drop(self.sweep_completed.get_or_create(&InstanceLabels { connect_instance: instance.to_string() }));
        }
        *before = instances;
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

    /// Counts a failure of the watch of ConnectUsers.
    pub fn watch_failed(&self) {
        self.watch_failures.inc();
    }

    /// Counts a sweep that came to its end.
    pub fn swept(&self, instance: &InstanceId, swept: &ScanReport, took: Duration) {
        self.sweeps.get_or_create(&ResultLabels { result: "complete" }).inc();
        self.sweep_seconds.observe(took.as_secs_f64());
        let labels = InstanceLabels { connect_instance: instance.to_string() };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.sweep_completed.get_or_create(&labels).set(i64::try_from(now).unwrap_or(i64::MAX));
        self.sweep_users.get_or_create(&labels).set(i64::try_from(swept.users).unwrap_or(i64::MAX));
        for (worth, users) in &swept.candidates {
            let users = u64::try_from(*users).unwrap_or(u64::MAX);
            self.candidates.get_or_create(&ReasonLabels { reason: worth.as_str() }).inc_by(users);
        }
    }

    /// Counts a sweep that failed.
    pub fn not_swept(&self) {
        self.sweeps.get_or_create(&ResultLabels { result: "failed" }).inc();
    }

    /// Notes how many users of an instance have no ConnectUser any more.
    pub fn orphans(&self, instance: &InstanceId, orphans: usize) {
        let orphans = i64::try_from(orphans).unwrap_or(i64::MAX);
        self.orphans.get_or_create(&InstanceLabels { connect_instance: instance.to_string() }).set(orphans);
    }

    /// Counts a user without a ConnectUser that was to be deleted.
    pub fn orphan_resolved(&self, parting: OrphanOutcome) {
        let result = match parting {
            OrphanOutcome::Deleted => "deleted",
            OrphanOutcome::Gone => "gone",
            OrphanOutcome::Owned => "owned",
            OrphanOutcome::Changed => "changed",
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

impl CallObserver for Metrics {
    fn called(&self, operation: OperationName, outcome: Result<(), &Error>, took: Duration) {
        let code = match outcome {
            Ok(()) => "OK".to_owned(),
            Err(error) => error.answer().into_owned(),
        };
        self.denied.set(f64::from(u8::from(matches!(outcome, Err(e) if e.class == Class::Denied))));
        let operation = operation.as_str();
        // Of a call that went wrong, what AWS support asks for; of any, the trace if there is one.
        let reply = outcome.err().and_then(|error| error.request_id.as_deref()).filter(|id| is_short(id));
        let reply = reply.map(|id| ReplyLabels { request_id: id.to_owned() });
        let now = SystemTime::now();
        self.calls.get_or_create(&CallLabels { operation, code }).inc_by(1, reply, Some(now));
        let trace = traces::current().map(|trace_id| TraceLabels { trace_id });
        self.call_seconds.get_or_create(&OperationLabels { operation }).observe(took.as_secs_f64(), trace, Some(now));
    }

    fn waited(&self, priority: Priority, waited: Duration) {
        let priority = match priority {
            Priority::Edit => "edit",
            Priority::Backlog => "backlog",
            Priority::Repair => "repair",
            Priority::Sweep => "sweep",
        };
        self.wait_seconds.get_or_create(&PriorityLabels { priority }).observe(waited.as_secs_f64());
    }
}

/// An exemplar holds 128 characters, its label's name included. Who answers in Connect's place may call its reply anything.
fn is_short(request_id: &str) -> bool {
    request_id.len() <= 64 && request_id.bytes().all(|byte| byte.is_ascii_graphic())
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
