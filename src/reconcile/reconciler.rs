//! Where a pass begins: whether it is worth making, and what is remembered between passes.

use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use connect_api::{Arn, Connect};
use futures::{Stream, StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;

use super::{
    Clock, Cluster, DeletionGuard, InstanceCounts, Kind, UserCounter,
    conditions::is_in_sync,
    drift_scan::LastSweeps,
    guard::Ledger,
    identity_type::IdentityTypes,
    memory::{Asked, Memory, Retry, spread},
    pass::{End, Pass},
    username_waiters::{NamespacedName, Waiting},
};
use crate::{
    api::{CONFIRM_DELETION, ConnectUser, DeletionPolicy, FINALIZER, PAUSED, RECONCILE_REQUESTED_AT},
    inventory::Inventory,
    plan::{CreateAttempts, QuickConnects},
    telemetry::Metrics,
};

/// Clients of Connect, one per account and Region.
pub trait Connections: Send + Sync {
    /// The client for the account and Region that an instance lives in.
    fn client_for(&self, instance: &Arn) -> Arc<dyn Connect>;

    /// Why the resources of a namespace may not use an instance; None: they may.
    fn refusal(&self, instance: &Arn, namespace: &str) -> Option<String> {
        let _ = (instance, namespace);
        None
    }
}

/// What can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The cluster's name in ownership tags. Two clusters that share an instance must not share it.
    pub cluster: String,
    /// How long one call to Connect can take at most, before its client gives up.
    pub call_timeout: Duration,
    /// How long after a create attempt Connect may still not show its effect.
    pub settle_window: Duration,
    /// How long a process may stall between its create mark and the call: later, it does not call.
    pub longest_stall: Duration,
    /// How often an instance is swept for changes made outside of Kubernetes; None: never.
    pub sweep_interval: Option<Duration>,
    /// How often a user in sync is read anew, where its resource does not say.
    pub drift_interval: Duration,
    /// What becomes of users whose resources and namespaces do not say.
    pub deletion_policy: DeletionPolicy,
    /// What becomes of the quick connects that point to a user once it is deleted.
    pub quick_connects: QuickConnects,
    /// How many users may be deleted without a question.
    pub deletion_guard: DeletionGuard,
}

/// When the resource wants its next pass, and how this one ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// When to come back, if nothing happens before; None: only when something happens.
    pub after: Option<Duration>,
    /// How it ended, for the metrics.
    pub result: &'static str,
    /// Until it is due again, only somebody's asking anew brings the resource back.
    pub held: bool,
}

impl Verdict {
    pub(super) fn ended(after: Option<Duration>, result: &'static str) -> Self {
        Self { after, result, held: false }
    }

    pub(super) fn failed(retry: Retry, kind: Kind) -> Self {
        Self { after: Some(retry.after), result: kind.reason().as_str(), held: true }
    }
}

/// How often a user is looked at by itself where its instance cannot be swept.
const WITHOUT_SWEEPS: Duration = Duration::from_secs(600);

/// How long to wait for a cache that is known to be behind.
pub(super) const STALE: Duration = Duration::from_secs(1);

/// Makes passes.
pub struct Reconciler {
    pub(super) cluster: Arc<dyn Cluster>,
    pub(super) connections: Arc<dyn Connections>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: Settings,
    pub(super) metrics: Arc<Metrics>,
    pub(super) memory: Memory,
    pub(super) waiting: Waiting,
    /// The uptime and the time at which this process began to work.
    started: Mutex<(Duration, Timestamp)>,
    pub(super) sweeps: LastSweeps,
    pub(super) inventory: Inventory,
    pub(super) identity_types: IdentityTypes,
    pub(super) deletions: Ledger,
    user_counter: OnceLock<Box<dyn UserCounter>>,
    /// What becomes of users whose resources do not say, by namespace, as far as a deletion has asked.
    namespace_policies: Mutex<HashMap<String, DeletionPolicy>>,
}

impl std::fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconciler").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Reconciler {
    /// A reconciler that has seen nothing yet.
    pub fn new(
        cluster: Arc<dyn Cluster>,
        connections: Arc<dyn Connections>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (memory, waiting, inventory) = (Memory::default(), Waiting::default(), Inventory::default());
        let identity_types = IdentityTypes::default();
        let (started, sweeps) = (Mutex::new((clock.uptime(), clock.now())), LastSweeps::default());
        let (deletions, user_counter) = (Ledger::default(), OnceLock::new());
        Self {
            cluster,
            connections,
            clock,
            settings,
            metrics,
            memory,
            waiting,
            started,
            sweeps,
            inventory,
            identity_types,
            deletions,
            user_counter,
            namespace_policies: Mutex::default(),
        }
    }

    /// Begins to work only now: the process may have stood by for days, in which nobody was looked at and nothing was swept.
    pub fn starts(&self) {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = (self.clock.uptime(), self.clock.now());
    }

    /// The uptime and the time at which this process began to work.
    pub(super) fn started(&self) -> (Duration, Timestamp) {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the counter that the deletion guard uses. Without one, no deletion is held. Only the first call has an effect.
    pub fn set_user_counter(&self, counter: impl UserCounter + 'static) {
        let _ = self.user_counter.set(Box::new(counter));
    }

    /// Returns the users of an instance, if a counter is set.
    pub(super) fn instance_counts(&self, instance: &Arn) -> Option<Arc<InstanceCounts>> {
        let policies = self.namespace_policies.lock().unwrap_or_else(PoisonError::into_inner);
        let default = |namespace: &str| policies.get(namespace).copied().unwrap_or(self.settings.deletion_policy);
        self.user_counter.get().map(|counter| counter.instance_counts(instance, &default))
    }

    /// Notes what becomes of a namespace's users whose resources do not say.
    pub(super) fn note_policy(&self, namespace: String, policy: DeletionPolicy) {
        self.namespace_policies.lock().unwrap_or_else(PoisonError::into_inner).insert(namespace, policy);
    }

    /// Makes one pass over a resource as a cache shows it. It does not fail: every failure is a state of the resource.
    pub async fn reconcile(&self, cached: &ConnectUser) -> Verdict {
        let uid = cached.uid().unwrap_or_default();
        if cached.metadata.deletion_timestamp.is_some() && !cached.finalizers().iter().any(|f| f == FINALIZER) {
            self.forget(&uid, &cached.spec.instance_arn);
            return Verdict::ended(None, "released");
        }
        if self.memory.is_stale(&uid, cached.resource_version().as_deref()) {
            // The cache will bring our own write in a moment, and with it a pass.
            return Verdict::ended(Some(STALE), "stale");
        }
        if is_paused(cached) {
            self.memory.clear_hold(&uid);
            let (Ok(mut pass) | Err((mut pass, _))) = Pass::begin(self, cached.clone());
            return pass.finish(End::Paused).await;
        }
        let woken = self.memory.woken(&uid);
        if let Some(refusal) = self.refusal(cached)
            && let Some(verdict) = self.refuse(cached, refusal).await
        {
            return self.settle(cached, &uid, woken, verdict);
        }
        if let Some(left) = self.still_fresh(cached, &uid) {
            return Verdict::ended(Some(left), "fresh");
        }
        if let Some(left) = self.still_held(cached, &uid) {
            return Verdict::ended(Some(left), "held");
        }
        let verdict = self.pass(cached).await;
        self.settle(cached, &uid, woken, verdict)
    }

    /// Leaves a resource alone for as long as its pass has said. One that was woken meanwhile is looked at again at once: the pass may
    /// have seen what was before.
    fn settle(&self, cached: &ConnectUser, uid: &str, woken: u32, verdict: Verdict) -> Verdict {
        let Some(after) = verdict.after else { return verdict };
        if self.memory.woken(uid) != woken {
            self.memory.clear_hold(uid);
            return Verdict { after: Some(Duration::ZERO), held: false, ..verdict };
        }
        if verdict.held {
            self.memory.hold(uid, asked(cached), self.clock.uptime() + after);
        }
        verdict
    }

    async fn pass(&self, cached: &ConnectUser) -> Verdict {
        match Pass::begin(self, cached.clone()) {
            Ok(mut pass) => {
                if !pass.known.deleting {
                    // Before it looks: whoever has its username may let it go right after.
                    self.waiting.wait(&pass.uid, pass.place(), pass.wanted());
                }
                let end = match pass.run().await {
                    ControlFlow::Break(end) => end,
                    ControlFlow::Continue(never) => match never {},
                };
                pass.finish(end).await
            }
            // Nothing was ever done for it, so nothing is left to undo.
            Err((mut pass, _))
                if pass.known.deleting && pass.known.mark == CreateAttempts::None && pass.known.recorded.is_none() =>
            {
                let end = match pass.release(None).await {
                    ControlFlow::Break(end) => end,
                    ControlFlow::Continue(()) => End::Gone,
                };
                pass.finish(end).await
            }
            Err((mut pass, failure)) => pass.finish(End::Failed(failure)).await,
        }
    }

    /// How long a resource that failed is left alone.
    pub(super) fn still_held(&self, cached: &ConnectUser, uid: &str) -> Option<Duration> {
        let until = self.memory.held_until(uid, &asked(cached))?;
        until.checked_sub(self.clock.uptime()).filter(|left| !left.is_zero())
    }

    /// Drops what is remembered of a resource of this instance that is gone, and has nobody wait behind its calls.
    pub fn forget(&self, uid: &str, instance: &str) {
        if let Ok(instance) = instance.parse() {
            self.connections.client_for(&instance).cancel(uid);
        }
        self.memory.forget(uid);
        self.waiting.forget(uid);
        self.metrics.held(self.deletions.hold(uid, false));
    }

    /// Drops what is remembered of all resources but these, by UID.
    pub(crate) fn forget_all_but(&self, uids: &HashSet<String>) {
        self.memory.retain(uids);
        self.waiting.retain(uids);
        self.metrics.held(self.deletions.retain(uids));
    }

    /// Resources for which something has changed that no watch tells of. They are given to the first who asks.
    pub fn woken(&self) -> impl Stream<Item = NamespacedName> + Send + 'static {
        self.waiting.woken().into_iter().map(StreamExt::boxed).next().unwrap_or_else(|| stream::pending().boxed())
    }

    /// How many resources are remembered.
    pub fn remembered(&self) -> usize {
        self.memory.len()
    }

    /// How long a user that was seen in sync need not be looked at again.
    fn still_fresh(&self, cached: &ConnectUser, uid: &str) -> Option<Duration> {
        let generation = cached.metadata.generation?;
        let status = cached.status.as_ref()?;
        if cached.metadata.deletion_timestamp.is_some()
            || reconcile_requested(cached).is_some()
            || !is_in_sync(status, generation)
        {
            return None;
        }
        // Since the start, nothing was heard of it: where sweeps find what has changed, the status is believed.
        let is_believed = self.settings.sweep_interval.is_some() && !self.memory.has_met(uid);
        if !is_believed && !self.memory.is_verified(uid, generation) {
            return None;
        }
        Some(self.until_read(cached)).filter(|left| !left.is_zero())
    }

    /// How long it is until a user's turn to be read by itself: zero if it has come. No list puts it off, since none shows all.
    pub(super) fn until_read(&self, resource: &ConnectUser) -> Duration {
        let (uid, interval) = (resource.uid().unwrap_or_default(), self.drift_interval_of(resource));
        let turn = match self.memory.last_read(&uid) {
            Some(read) => read + interval,
            // The turns of a fleet are spread over the interval: by the clock, so that a process that does not live as long as the
            // interval comes to everybody all the same.
            None => {
                let (uptime, time) = self.started();
                uptime + until_turn(time, interval, interval.mul_f64(spread(&uid, 1)))
            }
        };
        turn.saturating_sub(self.clock.uptime())
    }

    /// The drift interval, up to a tenth shorter: a fleet that was created at once is not looked at at once. Where sweeps fail, a
    /// long one is not waited for.
    fn drift_interval_of(&self, resource: &ConnectUser) -> Duration {
        let own = resource.spec.drift_interval.as_ref().and_then(|text| text.parse::<SignedDuration>().ok());
        let interval = own.and_then(|own| Duration::try_from(own).ok()).unwrap_or_else(|| {
            let sweeps_fail = self.settings.sweep_interval.is_some() && !self.was_swept_lately(&resource.spec.instance_arn);
            if sweeps_fail { self.settings.drift_interval.min(WITHOUT_SWEEPS) } else { self.settings.drift_interval }
        });
        interval - interval.mul_f64(spread(&resource.uid().unwrap_or_default(), 0) / 10.0)
    }
}

/// How long it is from a time to the next turn, which comes once in each interval, so long after the interval's beginning.
fn until_turn(time: Timestamp, interval: Duration, turn: Duration) -> Duration {
    let now = Duration::from_secs(time.as_second().unsigned_abs() % interval.as_secs().max(1));
    if turn >= now { turn - now } else { turn + interval - now }
}

/// Whether a person asked to leave it alone.
pub(super) fn is_paused(resource: &ConnectUser) -> bool {
    resource.annotations().get(PAUSED).is_some_and(|v| v == "true")
}

/// What people ask of it.
pub(super) fn asked(resource: &ConnectUser) -> Asked {
    let meta = &resource.metadata;
    Asked {
        generation: meta.generation.unwrap_or_default(),
        deleting: meta.deletion_timestamp.is_some(),
        confirmed: is_confirmed(resource),
        request: resource.annotations().get(RECONCILE_REQUESTED_AT).cloned(),
    }
}

/// Whether a person confirmed that the user is to go.
pub(crate) fn is_confirmed(resource: &ConnectUser) -> bool {
    resource.annotations().get(CONFIRM_DELETION).is_some_and(|v| v == "true")
}

/// The annotation's value, if it asks for a pass that was not made yet.
pub(super) fn reconcile_requested(resource: &ConnectUser) -> Option<&String> {
    let asked = resource.annotations().get(RECONCILE_REQUESTED_AT)?;
    let handled = resource.status.as_ref().and_then(|s| s.last_handled_reconcile_at.as_ref());
    (handled != Some(asked)).then_some(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_comes_at_the_same_time_of_the_day_whenever_the_process_began() {
        let (hour, day) = (Duration::from_secs(3600), Duration::from_secs(24 * 3600));
        let at = |hours: i64| Timestamp::from_second(1_000 * 24 * 3600 + hours * 3600).unwrap();
        for (now, left) in [(0, 6), (5, 1), (6, 0), (7, 23), (23, 7)] {
            assert_eq!(until_turn(at(now), day, hour * 6), hour * left, "at {now} o'clock");
        }
    }
}
