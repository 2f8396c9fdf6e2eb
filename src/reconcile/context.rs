//! The services, settings and memory that all passes share. A context knows nothing of a pass.

use std::{
    collections::HashSet,
    num::NonZeroU32,
    sync::{Arc, OnceLock},
    time::Duration,
};

use connect_api::{Arn, Connect, IdentityManagementType};
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use parking_lot::Mutex;

use super::{
    clock::Clock,
    cluster::Cluster,
    deletion_guard::{DeletionGuard, DeletionLedger, InstanceCounts, UserCounter},
    latest::Latest,
    memory::{Entry, Memory},
    quota_lookup::QuotaLookup,
    username_waiters::{NamespacedName, Username, UsernameWaiters},
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

    /// Asks Service Quotas for the quota of users of an instance. The error says why it was not read.
    fn users_quota<'a>(&'a self, instance: &'a Arn) -> BoxFuture<'a, Result<NonZeroU32, String>> {
        std::future::ready(Err(format!("no service knows the quota of {instance}"))).boxed()
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
    /// The quotas of users as Service Quotas knows them, by instance ARN. They are kept for instances without ConnectUsers too, which are
    /// swept if the configuration lists them.
    pub(super) users_quotas: Latest<QuotaLookup>,
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
            users_quotas: Latest::default(),
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

    /// Makes a pass over a resource due at once. What is remembered changes first: another thread may take the resource from the queue
    /// before this returns, and would leave it alone if it were still held.
    pub(super) fn wake(&self, uid: &str, name: NamespacedName, change: impl FnOnce(&mut Entry)) {
        self.memory.with(uid, change);
        self.waiters.enqueue(name);
    }

    /// Wakes the resources that wait for a username, which is free now.
    pub(super) fn wake_waiters(&self, username: &Username) {
        for (uid, name) in self.waiters.take(username) {
            self.wake(&uid, name, Entry::wake_for_read);
        }
    }

    /// Drops what is remembered of a resource that is gone, and its place in the limiter's queues.
    pub(super) fn forget(&self, uid: &str, instance: &str) {
        if let Ok(instance) = instance.parse() {
            self.connections.cancel(&instance, uid);
        }
        self.memory.forget(uid);
        self.waiters.forget(uid);
        self.hold(uid, None);
    }

    /// Records whether the deletion of a ConnectUser is held, and in which namespace.
    pub(super) fn hold(&self, uid: &str, namespace: Option<&str>) {
        self.deletions.hold(uid, namespace, |namespace, held| self.metrics.held(namespace, held));
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
        self.deletions.retain(uids, |namespace, held| self.metrics.held(namespace, held));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering},
        task::{self, Wake, Waker},
    };

    use futures::Stream;

    use super::*;
    use crate::reconcile::{
        Reconciler,
        fixtures::{Unused, reconciler},
        requests::Request,
    };

    /// What the queue's thread sees as soon as it is woken.
    struct Queue {
        reconciler: Arc<Reconciler>,
        request: Request,
        woken: AtomicUsize,
    }

    impl Wake for Queue {
        fn wake(self: Arc<Self>) {
            let held = self.reconciler.ctx.memory.of("u-1", |m| m.back_off.held_until(&self.request));
            assert_eq!(held, None, "the queue has the resource while it is held");
            self.woken.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn resource_is_not_held_when_the_queue_gets_it() {
        let reconciler = Arc::new(reconciler(Unused));
        let name = NamespacedName { namespace: "sales".into(), name: "jane".into() };
        let username = Username::new(
            &"arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001".parse().unwrap(),
            "jane",
        );
        let request = Request { generation: 1, deleting: false, confirmation: None, reconcile_at: None };
        let queue = Arc::new(Queue { reconciler: reconciler.clone(), request: request.clone(), woken: AtomicUsize::new(0) });
        let mut woken = pin!(reconciler.woken());
        let ways: [&dyn Fn(); 3] =
            [&|| reconciler.ctx.wake_waiters(&username), &|| reconciler.requeue("u-1", name.clone()), &|| {
                reconciler.reconsider("u-1", name.clone())
            }];
        for (number, wake) in ways.into_iter().enumerate() {
            let hold = Duration::from_secs(3600) + reconciler.ctx.clock.uptime();
            reconciler.ctx.memory.with("u-1", |m| m.back_off.hold(request.clone(), hold));
            reconciler.ctx.waiters.wait("u-1", name.clone(), username.clone());
            let waker = Waker::from(queue.clone());
            assert!(woken.as_mut().poll_next(&mut task::Context::from_waker(&waker)).is_pending());
            wake();
            assert_eq!(queue.woken.load(Ordering::SeqCst), number + 1);
            assert!(woken.as_mut().poll_next(&mut task::Context::from_waker(Waker::noop())).is_ready());
        }
    }
}
