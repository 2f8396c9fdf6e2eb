//! The operator's process, as `connect-operator run` puts it together, without its sockets and its lease.

use std::{
    num::NonZeroU16,
    sync::Arc,
    time::{Duration, Instant},
};

use connect_api::{Arn, Connect, Limiter, Meter, Quotas};
use connect_operator::{
    plan::QuickConnects,
    reconcile::{Connections, DeletionGuard, Reconciler, Settings},
    runtime::{Health, KubeCluster, WatchOptions, watch},
    telemetry::Metrics,
};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{ApiServer, Setup, VirtualTime, journal::Remote};

/// The cluster's name in ownership tags.
pub(crate) const CLUSTER: &str = "blue";
/// As the client over the SDK has it.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const SETTLE_WINDOW: Duration = Duration::from_secs(600);
const LONGEST_STALL: Duration = Duration::from_secs(20);

/// An operator at work. Dropped, it goes on: [`stop`](Self::stop) or [`kill`](Self::kill) it.
#[derive(Debug)]
pub struct Operator {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    metrics: Arc<Metrics>,
    reconciler: Arc<Reconciler>,
}

/// One client, whichever instance it is for: a fleet has one account and Region.
struct OneAccount(Arc<dyn Connect>);

impl Connections for OneAccount {
    fn client_for(&self, _: &Arn) -> Arc<dyn Connect> {
        self.0.clone()
    }
}

/// The time as the limiter asks for it.
pub(crate) fn tokio_now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Operator {
    /// Starts one. Where there are no quotas, nothing limits it.
    pub(crate) fn start(setup: &Setup, api: &ApiServer, time: VirtualTime, connect: Remote, quotas: Option<Quotas>) -> Self {
        let metrics = Arc::new(Metrics::default());
        let metered = Meter::new(connect, metrics.clone());
        let client: Arc<dyn Connect> = match quotas {
            Some(quotas) => Arc::new(Limiter::with_clock(metered, quotas, tokio_now)),
            None => Arc::new(metered),
        };
        let settings = Settings {
            cluster: CLUSTER.into(),
            call_timeout: CALL_TIMEOUT,
            settle_window: SETTLE_WINDOW,
            longest_stall: LONGEST_STALL,
            sweep_interval: setup.sweep_interval,
            drift_interval: setup.drift_interval,
            deletion_policy: Default::default(),
            quick_connects: QuickConnects::Stay,
            // Here it is asked how fast a fleet can go, and not whether it may.
            deletion_guard: DeletionGuard { share: 1.0, ..DeletionGuard::default() },
        };
        let reconciler = Arc::new(Reconciler::new(
            Arc::new(KubeCluster::new(api.client())),
            Arc::new(OneAccount(client)),
            Arc::new(time),
            settings,
            metrics.clone(),
        ));
        let options = WatchOptions {
            namespaces: Vec::new(),
            sweep_interval: setup.sweep_interval,
            delete_orphans: false,
            config: tokio::sync::watch::channel(Arc::default()).1,
            concurrency: setup.concurrency,
        };
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { _ = stopped.await };
        let work = watch(api.client(), options, reconciler.clone(), metrics.clone(), Arc::new(Health::default()), stopped);
        Self { stop, task: tokio::spawn(work), metrics, reconciler }
    }

    /// Its metrics in Prometheus' text format.
    pub fn metrics(&self) -> String {
        self.metrics.encode().unwrap_or_default()
    }

    /// The sum of a counter's values, whatever their labels, by the metric's name without `_total`.
    pub fn counted(&self, metric: &str) -> u64 {
        let text = self.metrics();
        let values = text.lines().filter(|line| line.starts_with(&format!("{metric}_total")));
        values.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// How many sweeps it has completed.
    pub fn sweeps(&self) -> u64 {
        let text = self.metrics();
        let line = text.lines().find_map(|line| line.strip_prefix(r#"connect_operator_sweeps_total{result="complete"} "#));
        line.and_then(|count| count.parse().ok()).unwrap_or_default()
    }

    /// Waits until it has completed so many sweeps, and says how long that took. None: it did not, in all of that time.
    pub async fn swept(&self, patience: Duration, sweeps: u64) -> Option<Duration> {
        let began = tokio::time::Instant::now();
        while self.sweeps() < sweeps {
            if began.elapsed() >= patience {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Some(began.elapsed())
    }

    /// How many resources it remembers something of.
    pub fn remembers(&self) -> usize {
        self.reconciler.remembered()
    }

    /// Asks it to stop, and waits until the passes under way are done.
    pub async fn stop(self) {
        _ = self.stop.send(());
        // What failed inside was told when it did.
        _ = self.task.await;
    }

    /// Ends it in the middle of whatever it does.
    pub async fn kill(self) {
        self.task.abort();
        _ = self.task.await;
    }
}

/// How many passes an operator makes at once where nothing else is said.
pub(crate) fn default_concurrency() -> NonZeroU16 {
    NonZeroU16::new(8).unwrap_or(NonZeroU16::MIN)
}
