//! The operator as `connect-operator run` assembles it, without its sockets and its lease.

use std::{
    num::NonZeroU16,
    sync::Arc,
    time::{Duration, Instant},
};

use connect_api::{Arn, Connect, Limiter, Meter, Quotas};
use connect_operator::{
    plan::QuickConnects,
    reconcile::{Connections, Reconciler, Settings},
    runtime::{Health, KubeCluster, WatchOptions, watch},
    telemetry::Metrics,
};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{ApiServer, Setup, VirtualTime, journal::Remote};

/// The cluster's name in ownership tags.
pub(crate) const CLUSTER: &str = "blue";
/// The default number of concurrent passes.
const CONCURRENCY: NonZeroU16 = NonZeroU16::new(12).expect("it is not zero");
/// The default of the client over the SDK.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const SETTLE_WINDOW: Duration = Duration::from_secs(600);
const LONGEST_STALL: Duration = Duration::from_secs(20);

/// A running operator. It continues when dropped: [`stop`](Self::stop) it.
#[derive(Debug)]
pub struct Operator {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    metrics: Arc<Metrics>,
    reconciler: Arc<Reconciler>,
}

/// Returns the same client for every instance: a fleet has one account and Region.
struct OneAccount(Arc<dyn Connect>);

impl Connections for OneAccount {
    fn client_for(&self, _: &Arn) -> Arc<dyn Connect> {
        self.0.clone()
    }
}

/// The clock of the limiter.
pub(crate) fn tokio_now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Operator {
    /// Starts an operator. Without quotas, it has no limiter.
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
            deletion_guard: setup.deletion_guard,
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
            concurrency: CONCURRENCY,
        };
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { _ = stopped.await };
        let work = watch(api.client(), options, reconciler.clone(), metrics.clone(), Arc::new(Health::default()), stopped);
        Self { stop, task: tokio::spawn(work), metrics, reconciler }
    }

    /// Returns the sum of a counter's samples that start with this text.
    pub fn counted(&self, start: &str) -> u64 {
        let text = self.metrics.encode().unwrap_or_default();
        let values = text.lines().filter(|line| line.starts_with(start));
        values.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// Returns the number of completed sweeps.
    pub fn sweeps(&self) -> u64 {
        self.counted(r#"connect_operator_sweeps_total{result="complete"}"#)
    }

    /// Waits for this number of completed sweeps, but not longer than this.
    pub async fn swept(&self, patience: Duration, sweeps: u64) {
        let done = async {
            while self.sweeps() < sweeps {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        };
        _ = tokio::time::timeout(patience, done).await;
    }

    /// Returns the number of resources that it remembers.
    pub fn remembers(&self) -> usize {
        self.reconciler.remembered()
    }

    /// Stops it after the passes under way.
    pub async fn stop(self) {
        _ = self.stop.send(());
        // A failure inside was already logged.
        _ = self.task.await;
    }
}
