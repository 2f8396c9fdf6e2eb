//! Starts the process of an operator in a simulation.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use connect_api::Arn;
use connect_operator::{
    api::DeletionPolicy,
    plan::{ClusterNames, QuickConnects},
    reconcile::{Clock, InstanceCounts, Reconciler, Settings, UserCounter},
    runtime::count_users,
    telemetry::Metrics,
};
use connect_sim::{Config, Sim};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::{
    connect::{CheckedConnect, SingleClient},
    gate::Gate,
    kube::{FakeCluster, Snapshot, Store},
    lock::lock,
    mutation::Mutation,
    operator::{Operator, SWEEP_INTERVAL, Turn},
    simulation::Simulation,
};

struct SimClock(Sim, SignedDuration);

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.0.now() + self.1
    }

    fn uptime(&self) -> Duration {
        Duration::try_from(self.0.now() - Config::manual().start).expect("time moves forward")
    }
}

/// Counts over the cache of an operator.
struct CacheCounter(Arc<Mutex<Snapshot>>);

impl UserCounter for CacheCounter {
    fn instance_counts(&self, instance: &Arn, now: Timestamp, default: &dyn Fn(&str) -> DeletionPolicy) -> Arc<InstanceCounts> {
        let resources: Vec<_> = lock(&self.0).objects.values().map(|object| object.as_ref().clone()).collect();
        let counted = count_users(resources, now, default);
        counted
            .into_iter()
            .find(|(arn, _)| **arn == *instance.to_string())
            .map(|(_, counts)| Arc::new(counts))
            .unwrap_or_default()
    }
}

impl Simulation {
    /// Starts a process with this cache.
    pub(super) fn start(&self, k: usize, cluster: ClusterNames, store: Arc<Mutex<Store>>, cache: Snapshot) -> Operator {
        let gate = Gate::new(self.schedule.clone());
        let now = self.sim.now();
        let turns = cache.objects.keys().map(|name| (name.clone(), Turn::due(now))).collect();
        let cache = Arc::new(Mutex::new(cache));
        let cluster_client =
            FakeCluster { store: store.clone(), cache: cache.clone(), gate: gate.clone(), mutation: self.setup.mutation };
        let connect = CheckedConnect {
            sim: self.sim.clone(),
            instance: self.instance.clone(),
            cluster: cluster.clone(),
            store: store.clone(),
            gate: gate.clone(),
            violations: self.violations.clone(),
            ledger: self.ledger.clone(),
            operator: k,
            quick_connects: self.setup.quick_connects,
            guard: self.setup.guard,
            admitted: Mutex::default(),
            mutation: self.setup.mutation,
        };
        let settings = Settings {
            cluster: cluster.clone(),
            call_timeout: Duration::from_secs(10),
            settle_window: Duration::from_secs(600),
            longest_stall: Duration::from_secs(20),
            sweep_interval: self.setup.sweeps.then_some(SWEEP_INTERVAL),
            drift_interval: Duration::from_secs(700),
            deletion_policy: Default::default(),
            quick_connects: if self.setup.quick_connects { QuickConnects::Go } else { QuickConnects::Stay },
            deletion_guard: self.setup.guard.unwrap_or_default(),
        };
        let skew = if k % 2 == 1 { self.setup.skew } else { 0 };
        let reconciler = Reconciler::new(
            Arc::new(cluster_client),
            Arc::new(SingleClient(Arc::new(connect))),
            Arc::new(SimClock(self.sim.clone(), SignedDuration::from_secs(skew))),
            settings,
            Arc::new(Metrics::default()),
        );
        if self.setup.guard.is_some() && self.setup.mutation != Some(Mutation::NoGuard) {
            reconciler.set_user_counter(CacheCounter(cache.clone()));
        }
        reconciler.start();
        Operator {
            woken: reconciler.woken().boxed(),
            reconciler: Arc::new(reconciler),
            cluster,
            store,
            cache,
            gate,
            turns,
            sweep: None,
            sweep_due: (self.setup.sweeps && self.setup.scans).then(|| now + SWEEP_INTERVAL),
            frozen: false,
        }
    }
}
