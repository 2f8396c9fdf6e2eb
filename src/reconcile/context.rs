//! The services, settings and memory that all passes share. A context knows nothing of a pass.

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
    time::Duration,
};

use connect_api::{Arn, Connect, IdentityManagementType};
use jiff::Timestamp;
use parking_lot::Mutex;

use super::{
    clock::Clock,
    cluster::Cluster,
    deletion_guard::{DeletionGuard, DeletionLedger, InstanceCounts, UserCounter},
    latest::Latest,
    memory::Memory,
    username_waiters::UsernameWaiters,
};
use crate::{
    api::DeletionPolicy,
    inventory::Inventory,
    plan::{Bounds, ClusterNames, QuickConnects},
    telemetry::Metrics,
};

/// Clients of Connect, one per account and Region.
pub trait Connections: Send + Sync {
    /// Returns the client for the instance's account and Region.
    fn client_for(&self, instance: &Arn) -> Arc<dyn Connect>;

    /// Removes a caller that will not call again from the queues of an instance's client.
    fn cancel(&self, instance: &Arn, caller: &str) {
        self.client_for(instance).cancel(caller);
    }

    /// Returns why resources in a namespace may not use an instance; None: they may.
    fn refusal(&self, instance: &Arn, namespace: &str) -> Option<String> {
        let _ = (instance, namespace);
        None
    }

    /// Returns what resources in a namespace may do in an instance.
    fn bounds(&self, instance: &Arn, namespace: &str) -> Bounds {
        let _ = (instance, namespace);
        Bounds::default()
    }
}

/// The settings of a reconciler.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The cluster's names in ownership tags. Two clusters that share an instance need different names.
    pub cluster: ClusterNames,
    /// The longest time that one call to Connect can take before its client gives up.
    pub call_timeout: Duration,
    /// The time after a create attempt in which Connect may not show its effect yet.
    pub settle_window: Duration,
    /// The longest time that a process may stall between its create mark and the call. After a longer stall it does not call.
    pub longest_stall: Duration,
    /// The interval at which an instance is swept for changes made outside of Kubernetes; None: never.
    pub sweep_interval: Option<Duration>,
    /// The interval at which a user in sync is read again, unless its resource sets one.
    pub drift_interval: Duration,
    /// The deletion policy for resources that set none, in namespaces that set none.
    pub deletion_policy: DeletionPolicy,
    /// The policy for quick connects that point to a deleted user.
    pub quick_connects: QuickConnects,
    /// The number of users that may be deleted without confirmation.
    pub deletion_guard: DeletionGuard,
}

/// The services, settings and memory that all passes share.
pub(super) struct Context {
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) connections: Arc<dyn Connections>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: Settings,
    pub(super) metrics: Arc<Metrics>,
    pub(super) memory: Memory,
    pub(super) waiters: UsernameWaiters,
    /// The uptime of the last complete sweep, by instance ARN.
    pub(super) sweeps: Latest<Duration>,
    /// Whether ListUsers shows no time of the last change, by instance ARN.
    pub(super) without_times: Latest<bool>,
    pub(super) inventory: Inventory,
    /// The identity types of instances, by ARN. They never change, so one answer is enough.
    pub(super) identity_types: Latest<IdentityManagementType>,
    pub(super) deletions: DeletionLedger,
    /// The uptime and the time at which this process began to work.
    pub(super) started: Mutex<(Duration, Timestamp)>,
    pub(super) user_counter: OnceLock<Box<dyn UserCounter>>,
    /// The deletion policy for resources that set none, by namespace, as far as deletions have read it, and the uptime of the read.
    pub(super) namespace_policies: Latest<(DeletionPolicy, Duration)>,
}

impl Context {
    pub(super) fn new(
        cluster: Arc<dyn Cluster>,
        connections: Arc<dyn Connections>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        metrics: Arc<Metrics>,
    ) -> Self {
        let started = Mutex::new((clock.uptime(), clock.now()));
        Self {
            cluster,
            connections,
            clock,
            settings,
            metrics,
            memory: Memory::default(),
            waiters: UsernameWaiters::default(),
            sweeps: Latest::default(),
            without_times: Latest::default(),
            inventory: Inventory::default(),
            identity_types: Latest::default(),
            deletions: DeletionLedger::default(),
            started,
            user_counter: OnceLock::new(),
            namespace_policies: Latest::default(),
        }
    }

    /// Counts the users of an instance; None without a counter.
    pub(super) fn instance_counts(&self, instance: &Arn) -> Option<Arc<InstanceCounts>> {
        let default =
            |namespace: &str| self.namespace_policies.get(namespace).map_or(self.settings.deletion_policy, |(policy, _)| policy);
        self.user_counter.get().map(|counter| counter.instance_counts(instance, self.clock.now(), &default))
    }

    /// Drops what is remembered of a resource that is gone, and its place in the limiter's queues.
    pub(super) fn forget(&self, uid: &str, instance: &str) {
        if let Ok(instance) = instance.parse() {
            self.connections.cancel(&instance, uid);
        }
        self.memory.forget(uid);
        self.waiters.forget(uid);
        self.metrics.held(self.deletions.hold(uid, false));
    }

    /// Drops what is remembered of all resources but these, by UID, and of all instances but these.
    pub(super) fn forget_all_but(&self, uids: &HashSet<String>, instances: &HashSet<Arn>) {
        self.inventory.retain(instances);
        let instances: HashSet<_> = instances.iter().map(ToString::to_string).collect();
        self.sweeps.retain(&instances);
        self.without_times.retain(&instances);
        self.identity_types.retain(&instances);
        self.memory.retain(uids);
        self.waiters.retain(uids);
        self.metrics.held(self.deletions.retain(uids));
    }
}
