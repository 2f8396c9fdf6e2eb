//! Metrics in the OpenMetrics text format. No label names a single object.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    num::NonZeroU32,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use connect_api::{Arn, CallObserver, Class, Error, LimiterStatus, OperationName, Priority};
use parking_lot::Mutex;
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
    registry::{Metric, Registry, Unit},
};

use super::{
    limiters::Limiters,
    recent::Recent,
    resources::{Counted, Resources},
    traces,
};

macro_rules! label_sets {
    ($($(#[$doc:meta])* $name:ident { $($label:ident: $type:ty),+ })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
        struct $name { $($label: $type),+ }
    )*};
}

label_sets! {
    AccountLabels { account: String }
    CallLabels { operation: &'static str, code: String }
    OperationLabels { operation: &'static str }
    ResultLabels { result: &'static str }
    ReasonLabels { reason: &'static str }
    /// The label is not `instance`, which Prometheus sets to the address that it scraped.
    /// A replica has the id of the instance that it replicates, in another Region.
    InstanceLabels { connect_instance: String, region: String }
    /// `managed` is one of [`MANAGED`].
    InstanceUsersLabels { connect_instance: String, region: String, managed: &'static str }
    /// The label is not `namespace`, which Prometheus sets to the operator's.
    NamespaceLabels { resource_namespace: String }
    PriorityLabels { priority: &'static str }
    FieldLabels { field: String }
    /// An exemplar: the request id that AWS support asks for.
    ReplyLabels { request_id: String }
    /// An exemplar: the trace of the call.
    TraceLabels { trace_id: String }
}

/// The values of the label `managed`: by ConnectUsers of this cluster, by those of another one, or by no operator.
pub const MANAGED: [&str; 3] = ["here", "elsewhere", "no"];

impl InstanceUsersLabels {
    fn of(instance: &Arn, managed: &'static str) -> Self {
        let InstanceLabels { connect_instance, region } = InstanceLabels::of(instance);
        Self { connect_instance, region, managed }
    }
}

impl InstanceLabels {
    fn of(instance: &Arn) -> Self {
        Self { connect_instance: instance.instance.to_string(), region: instance.region.clone() }
    }
}

/// The labels of a metric that has no sample at times.
type NoLabels = [(&'static str, &'static str); 0];

/// A call takes at most 10 seconds, and so do nearly all passes.
const SHORT: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// From a delay that a person hardly notices to the hours that ten thousand creates take at two a second.
const LONG: [f64; 13] = [0.1, 0.5, 1.0, 2.5, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0];
const SWEEPS: [f64; 10] = [0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// The number of error codes that are labels of their own: Connect documents some twenty.
const MOST_CODES: usize = 50;
const LONGEST_CODE: usize = 64;

/// How long the text of the metrics is reused.
const LASTS: Duration = Duration::from_millis(200);

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;
type TracedDurations<L> = Family<L, HistogramWithExemplars<TraceLabels>, fn() -> HistogramWithExemplars<TraceLabels>>;

/// Registers metrics with names and help.
struct Registrar(Registry);

impl Registrar {
    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn add_seconds<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register_with_unit(name, help, Unit::Seconds, metric.clone());
        metric
    }
}

macro_rules! metrics {
    ($($field:ident: $type:ty = $add:ident($name:literal, $help:literal, $metric:expr);)*) => {
        /// The operator's metrics.
        #[derive(Debug)]
        pub struct Metrics {
            registry: Registry,
            limiters: Limiters,
            resources: Resources,
            page: Recent<Result<Bytes, fmt::Error>>,
            swept_instances: Mutex<BTreeSet<Arn>>,
            /// The error codes that are labels.
            codes: Mutex<BTreeSet<String>>,
            /// When something last arrived for each watch, by its path, in seconds since 1970.
            watches: Mutex<BTreeMap<String, i64>>,
            $($field: $type,)*
        }

        impl Default for Metrics {
            fn default() -> Self {
                let mut all = Registrar(Registry::with_prefix("connect_operator"));
                let (limiters, resources) = (Limiters::default(), Resources::default());
                all.0.register_collector(Box::new(limiters.clone()));
                all.0.register_collector(Box::new(resources.clone()));
                all.0.register("build", "The version of the operator", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
                let metrics = Self {
                    $($field: all.$add($name, $help, $metric),)*
                    swept_instances: Mutex::default(),
                    codes: Mutex::default(),
                    watches: Mutex::default(),
                    limiters,
                    resources,
                    page: Recent::new(LASTS),
                    registry: all.0,
                };
                // Valid as long as there is no file.
                metrics.config_valid.set(1);
                metrics
            }
        }
    };
}

metrics! {
    calls: Family<CallLabels, CounterWithExemplar<ReplyLabels>> =
        add("api_requests", "Calls to Amazon Connect, by operation and code (OK, or Connect's error code)", Family::default());
    call_seconds: TracedDurations<OperationLabels> =
        add_seconds("api_request_duration", "Duration of calls to Amazon Connect",
            Family::new_with_constructor(|| HistogramWithExemplars::new(SHORT.into_iter())));
    wait_seconds: Durations<PriorityLabels> =
        add_seconds("throttle_wait", "Time that calls waited in the operator's limiter, by priority: edit (a person waits for it), \
            backlog, repair, sweep", Family::new_with_constructor(|| Histogram::new(LONG)));
    passes: Family<ResultLabels, Counter> = add("reconcile", "Passes over a resource, by result", Family::default());
    pass_seconds: Histogram = add_seconds("reconcile_duration", "Duration of passes over a resource", Histogram::new(SHORT));
    ready_seconds: Histogram =
        add_seconds("time_to_ready", "Time from a ConnectUser's creation until it was Ready for the first time", Histogram::new(LONG));
    drift: Family<FieldLabels, Counter> =
        add("drift_detected", "Detected changes made outside of Kubernetes, by field", Family::default());
    watch_failures: Counter = add("watch_failures", "Failed attempts to list or watch ConnectUsers, because the API server could not \
        be reached or refused", Counter::default());
    watch_restarts: Counter = add("watch_restarts", "Watches of ConnectUsers that were begun again because nothing arrived for too \
        long, not even a bookmark", Counter::default());
    watch_last_event: Family<NoLabels, Gauge> = add_seconds("watch_last_event_timestamp", "When the API server last sent a list, an event \
        or a bookmark of ConnectUsers; of several watches, the one that has been silent longest", Family::default());
    access_denied: Family<AccountLabels, Gauge> = add("access_denied", "1 while the last reply to an operation in an account was a \
        denial of the credentials or the action", Family::default());
    leader: Gauge = add("leader", "1 while this process is the leader: it holds the Lease, or leader election is disabled",
        Gauge::default());
    config_valid: Gauge = add("config_valid", "1 while the configuration file is valid, 0 while it is invalid and the previous \
        configuration stays in effect", Gauge::default());
    sweeps: Family<ResultLabels, Counter> = add("sweeps", "Sweeps over an instance, by result", Family::default());
    sweep_seconds: Histogram = add_seconds("sweep_duration", "Duration of sweeps over an instance", Histogram::new(SWEEPS));
    sweep_completed: Family<InstanceLabels, Gauge> = add_seconds("sweep_completed_timestamp",
        "When the last sweep of an instance was completed; 0 before the first", Family::default());
    sweep_interval: Gauge<f64, AtomicU64> =
        add_seconds("sweep_interval", "The interval at which instances are swept; 0: never", Gauge::default());
    instance_users: Family<InstanceUsersLabels, Gauge> = add("instance_users",
        "Users that the last sweep of an instance found in Connect, by whether ConnectUsers of this cluster manage them", Family::default());
    instance_administrators: Family<InstanceUsersLabels, Gauge> = add("instance_administrators",
        "Users that the last sweep of an instance found in Connect and that may change what users may do, by whether ConnectUsers of \
        this cluster manage them", Family::default());
    instance_users_quota: Family<InstanceLabels, Gauge> = add("instance_users_quota",
        "The quota of users of an instance, as the configuration file or Service Quotas names it", Family::default());
    candidates: Family<ReasonLabels, Counter> =
        add("sweep_candidates", "Users that sweeps selected for an individual read, by reason", Family::default());
    orphans: Family<InstanceLabels, Gauge> = add("orphaned_users",
        "Users of an instance that carry this cluster's tags and whose ConnectUser does not exist", Family::default());
    orphans_resolved: Family<ResultLabels, Counter> =
        add("orphans_resolved", "Users without a ConnectUser that were due for deletion, by outcome", Family::default());
    deletions_held: Family<NamespaceLabels, Gauge> = add("deletions_held", "Deletions that the guard against mass deletion holds, by \
        the namespace of their ConnectUsers; no sample for a namespace without any", Family::default());
}

impl Metrics {
    /// Counts a pass.
    pub fn pass(&self, result: &'static str, took: Duration) {
        self.passes.get_or_create(&ResultLabels { result }).inc();
        self.pass_seconds.observe(took.as_secs_f64());
    }

    /// Records how long after its creation a ConnectUser was Ready for the first time.
    pub fn ready_after(&self, time: Duration) {
        self.ready_seconds.observe(time.as_secs_f64());
    }

    /// Sets the resources whose conditions are counted when the metrics are scraped. `visit` calls a visitor with each, or with None for
    /// an object that cannot be parsed.
    pub fn set_resources(&self, visit: impl Fn(&mut dyn FnMut(Option<Counted<'_>>)) + Send + Sync + 'static) {
        self.resources.set(visit);
    }

    /// Adds the limiter of an instance's account and Region. Its state is read when the metrics are scraped.
    pub fn add_limiter(&self, instance: &Arn, limiter: &Arc<impl LimiterStatus + 'static>) {
        let limiter: Arc<dyn LimiterStatus> = limiter.clone();
        self.limiters.insert(&instance.account, &instance.region, Arc::downgrade(&limiter));
    }

    /// Sets which instances are swept and how often. The series of other instances are removed.
    pub fn set_swept_instances(&self, instances: BTreeSet<Arn>, interval: Duration) {
        self.sweep_interval.set(interval.as_secs_f64());
        let mut before = self.swept_instances.lock();
        for gone in before.difference(&instances) {
            let labels = InstanceLabels::of(gone);
            for labels in MANAGED.map(|managed| InstanceUsersLabels::of(gone, managed)) {
                self.instance_users.remove(&labels);
                self.instance_administrators.remove(&labels);
            }
            for gauges in [&self.sweep_completed, &self.orphans, &self.instance_users_quota] {
                gauges.remove(&labels);
            }
        }
        for instance in &instances {
            drop(self.sweep_completed.get_or_create(&InstanceLabels::of(instance)));
        }
        *before = instances;
    }

    /// Counts a change made outside of Kubernetes. Keys and values in the path of a field are not part of the label.
    pub fn drift(&self, field: &str) {
        let field = field.split('[').next().unwrap_or(field).to_owned();
        self.drift.get_or_create(&FieldLabels { field }).inc();
    }

    /// Counts a failure of the watch of ConnectUsers.
    pub fn watch_failed(&self) {
        self.watch_failures.inc();
    }

    /// Counts a watch that was begun again because it was silent.
    pub fn watch_restarted(&self) {
        self.watch_restarts.inc();
    }

    /// Records a request for a list or a watch: its silence begins with the first.
    pub fn watch_requested(&self, path: &str) {
        self.set_watches(|watches| _ = watches.entry(path.to_owned()).or_insert_with(now));
    }

    /// Records that something arrived for a watch.
    pub fn watch_received(&self, path: &str) {
        self.set_watches(|watches| _ = watches.insert(path.to_owned(), now()));
    }

    /// Records that the API server refused a list or a watch.
    pub fn watch_refused(&self, path: &str) {
        self.set_watches(|watches| _ = watches.remove(path));
    }

    fn set_watches(&self, change: impl FnOnce(&mut BTreeMap<String, i64>)) {
        let mut watches = self.watches.lock();
        change(&mut watches);
        match watches.values().min() {
            Some(oldest) => _ = self.watch_last_event.get_or_create(&[]).set(*oldest),
            None => _ = self.watch_last_event.remove(&[]),
        }
    }

    /// Counts a complete sweep, with the users in the instance by whether they are managed, and the candidates by reason.
    pub fn sweep_completed(
        &self,
        instance: &Arn,
        users: impl IntoIterator<Item = (&'static str, usize)>,
        candidates: impl IntoIterator<Item = (&'static str, usize)>,
        took: Duration,
    ) {
        self.sweeps.get_or_create(&ResultLabels { result: "complete" }).inc();
        self.sweep_seconds.observe(took.as_secs_f64());
        self.set_if_swept(instance, &self.sweep_completed, InstanceLabels::of(instance), now());
        for (managed, users) in users {
            let labels = InstanceUsersLabels::of(instance, managed);
            self.set_if_swept(instance, &self.instance_users, labels, i64::try_from(users).unwrap_or(i64::MAX));
        }
        for (reason, users) in candidates {
            self.candidates.get_or_create(&ReasonLabels { reason }).inc_by(u64::try_from(users).unwrap_or(u64::MAX));
        }
    }

    /// Sets the number of users of an instance that may change what users may do, by whether they are managed. What is not there is not
    /// known.
    pub fn set_administrators(&self, instance: &Arn, administrators: &BTreeMap<&'static str, usize>) {
        for managed in MANAGED {
            let labels = InstanceUsersLabels::of(instance, managed);
            match administrators.get(managed) {
                Some(users) => {
                    self.set_if_swept(instance, &self.instance_administrators, labels, i64::try_from(*users).unwrap_or(i64::MAX))
                }
                None => _ = self.instance_administrators.remove(&labels),
            }
        }
    }

    /// Sets the quota of users of an instance; None: it is not known.
    pub fn set_users_quota(&self, instance: &Arn, quota: Option<NonZeroU32>) {
        let labels = InstanceLabels::of(instance);
        match quota {
            Some(quota) => self.set_if_swept(instance, &self.instance_users_quota, labels, quota.get().into()),
            None => _ = self.instance_users_quota.remove(&labels),
        }
    }

    /// Counts a failed sweep.
    pub fn sweep_failed(&self) {
        self.sweeps.get_or_create(&ResultLabels { result: "failed" }).inc();
    }

    /// Sets the number of users of an instance whose ConnectUser does not exist.
    pub fn set_orphans(&self, instance: &Arn, orphans: usize) {
        let orphans = i64::try_from(orphans).unwrap_or(i64::MAX);
        self.set_if_swept(instance, &self.orphans, InstanceLabels::of(instance), orphans);
    }

    /// Sets a gauge of an instance, unless it is no longer swept: its last ConnectUser may be deleted during a sweep, and the series
    /// would stay for ever.
    fn set_if_swept<L>(&self, instance: &Arn, gauges: &Family<L, Gauge>, labels: L, value: i64)
    where
        L: Clone + Eq + std::hash::Hash,
    {
        let swept = self.swept_instances.lock();
        if swept.contains(instance) {
            gauges.get_or_create(&labels).set(value);
        }
    }

    /// Counts a user without a ConnectUser that was due for deletion.
    pub fn orphan_resolved(&self, result: &'static str) {
        self.orphans_resolved.get_or_create(&ResultLabels { result }).inc();
    }

    /// Sets the number of held deletions of a namespace.
    pub fn held(&self, namespace: &str, held: usize) {
        let labels = NamespaceLabels { resource_namespace: namespace.to_owned() };
        match held {
            0 => _ = self.deletions_held.remove(&labels),
            _ => _ = self.deletions_held.get_or_create(&labels).set(i64::try_from(held).unwrap_or(i64::MAX)),
        }
    }

    /// Records that this process is the leader.
    pub fn set_leader(&self) {
        self.leader.set(1);
    }

    /// Sets whether the current configuration file is valid.
    pub fn set_config_valid(&self, valid: bool) {
        self.config_valid.set(i64::from(valid));
    }

    /// Returns the metrics in the text format, as they were at most a fifth of a second ago: any pod of the cluster may ask for them,
    /// as often as it likes.
    pub fn page(&self) -> Result<Bytes, fmt::Error> {
        self.page.get(|| self.encode().map(Bytes::from))
    }

    /// Returns the label for an error code. What answers may be a proxy with codes of its own, so their number is bounded.
    fn code(&self, code: String) -> String {
        let mut codes = self.codes.lock();
        if !codes.contains(&code) {
            if codes.len() >= MOST_CODES || code.len() > LONGEST_CODE {
                return "other".to_owned();
            }
            codes.insert(code.clone());
        }
        code
    }

    /// Returns the metrics in the text format.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl CallObserver for Metrics {
    fn called(&self, operation: OperationName, outcome: Result<(), &Error>, took: Duration) {
        let code = match outcome {
            Ok(()) => "OK".to_owned(),
            Err(error) => self.code(error.answer().into_owned()),
        };
        let operation = operation.as_str();
        // The exemplars: the request id of a failed call, and the trace of any call if there is one.
        let reply = outcome.err().and_then(|error| error.request_id.as_deref()).filter(|id| fits_exemplar(id));
        let reply = reply.map(|id| ReplyLabels { request_id: id.to_owned() });
        let now = SystemTime::now();
        self.calls.get_or_create(&CallLabels { operation, code }).inc_by(1, reply, Some(now));
        let trace = traces::current_trace_id().map(|trace_id| TraceLabels { trace_id });
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

/// Observes the calls to an account. Its series ends with it.
pub struct AccountMetrics {
    metrics: Arc<Metrics>,
    labels: AccountLabels,
    /// The operations whose last reply was a denial.
    denied: Mutex<BTreeSet<OperationName>>,
}

impl AccountMetrics {
    /// Observes the calls to the account with this id.
    pub fn new(metrics: Arc<Metrics>, account: &str) -> Self {
        Self { metrics, labels: AccountLabels { account: account.to_owned() }, denied: Mutex::default() }
    }
}

impl CallObserver for AccountMetrics {
    fn called(&self, operation: OperationName, outcome: Result<(), &Error>, took: Duration) {
        let mut denied = self.denied.lock();
        if matches!(outcome, Err(error) if error.class == Class::Denied) {
            denied.insert(operation);
        } else {
            denied.remove(&operation);
        }
        self.metrics.access_denied.get_or_create(&self.labels).set(i64::from(!denied.is_empty()));
        drop(denied);
        self.metrics.called(operation, outcome, took);
    }

    fn waited(&self, priority: Priority, waited: Duration) {
        self.metrics.waited(priority, waited);
    }
}

impl Drop for AccountMetrics {
    fn drop(&mut self) {
        self.metrics.access_denied.remove(&self.labels);
    }
}

/// Returns the seconds since 1970.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// Returns whether a request id fits in an exemplar, which holds 128 characters including the label's name. A server that stands
/// in for Connect may send any text as the request id.
fn fits_exemplar(request_id: &str) -> bool {
    request_id.len() <= 64 && request_id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denial_is_of_one_account_and_ends_with_it() {
        let metrics = Arc::new(Metrics::default());
        let observer = |account| AccountMetrics::new(metrics.clone(), account);
        let denied = |account, value| {
            let sample = format!(r#"connect_operator_access_denied{{account="{account}"}} {value}"#);
            metrics.encode().unwrap().contains(&sample)
        };
        let (one, other) = (observer("1"), observer("2"));
        let refusal = Error::reply(OperationName::DeleteUser, 403, Some("AccessDeniedException"), "");
        one.called(OperationName::DeleteUser, Err(&refusal), Duration::ZERO);
        other.called(OperationName::DeleteUser, Ok(()), Duration::ZERO);
        one.called(OperationName::CreateUser, Ok(()), Duration::ZERO);
        assert!(denied("1", 1) && denied("2", 0));
        one.called(OperationName::DeleteUser, Ok(()), Duration::ZERO);
        assert!(denied("1", 0));
        drop(one);
        assert!(!denied("1", 0) && denied("2", 0));
    }

    #[test]
    fn error_codes_are_bounded() {
        let metrics = Metrics::default();
        let failed = |code: &str| {
            metrics.called(
                OperationName::DeleteUser,
                Err(&Error::reply(OperationName::DeleteUser, 418, Some(code), "")),
                Duration::ZERO,
            );
        };
        failed(&"x".repeat(65));
        (0..1000).for_each(|number| failed(&format!("Code{number}")));
        failed("Code0");
        let page = metrics.encode().unwrap();
        let samples: Vec<_> = page.lines().filter(|line| line.starts_with("connect_operator_api_requests_total{")).collect();
        assert_eq!(samples.len(), MOST_CODES + 1);
        let of = |code: &str| samples.iter().find(|line| line.contains(&format!("code=\"{code}\""))).unwrap().rsplit(' ').next();
        assert_eq!((of("Code0"), of("other")), (Some("2"), Some("951")));
    }

    #[test]
    fn instance_that_goes_during_its_sweep_leaves_no_series() {
        let metrics = Metrics::default();
        let instance: Arn =
            "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001".parse().unwrap();
        let interval = Duration::from_secs(300);
        let swept = || {
            metrics.sweep_completed(&instance, [("here", 2), ("elsewhere", 0), ("no", 1)], [], Duration::from_secs(2));
            metrics.set_orphans(&instance, 1);
            let labels = r#"{connect_instance="11111111-aaaa-4bbb-8ccc-000000000001",region="us-west-2""#;
            metrics.encode().unwrap().matches(labels).count()
        };
        metrics.set_swept_instances([instance.clone()].into(), interval);
        assert_eq!(swept(), 5);
        metrics.set_swept_instances([].into(), interval);
        assert_eq!(swept(), 0);
        metrics.set_swept_instances([instance.clone()].into(), interval);
        assert_eq!(swept(), 5);
    }

    #[test]
    fn metrics_are_not_encoded_at_every_scrape() {
        let metrics = Metrics::default();
        let texts: Vec<_> = (0..1000).map(|_| metrics.page().unwrap()).collect();
        let distinct: BTreeSet<_> = texts.iter().map(|text| text.as_ptr()).collect();
        // One, unless the machine was very slow.
        assert!(distinct.len() < 1000);
    }

    #[test]
    fn metrics_have_their_documented_names() {
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
            "connect_operator_leader 0",
            "connect_operator_config_valid 1",
            "connect_operator_build_info{",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
