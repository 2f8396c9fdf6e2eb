//! The driver: decides whether a resource needs a pass, makes it, and returns when the next one is due.

use std::{collections::HashSet, sync::Arc, time::Duration};

use connect_api::Arn;
use futures::{Stream, StreamExt, stream};
use kube::ResourceExt;

use super::{
    clock::Clock,
    cluster::{Cluster, ClusterError, Event, EventKind},
    context::{Connections, Context, Settings},
    deletion_guard::UserCounter,
    instance_access::{refusal, refuse},
    memory::{Entry, Wakes},
    outcome::{Flow, State, Verdict},
    pass::Pass,
    requests::{Request, is_paused, unreadable_pause},
    schedule::{still_fresh, still_held},
    steps::finish::STALE,
    username_waiters::NamespacedName,
};
use crate::{
    api::{ConnectUser, PAUSED},
    telemetry::Metrics,
};

/// Makes passes over resources.
pub struct Reconciler {
    pub(super) ctx: Context,
}

impl std::fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconciler").field("settings", &self.ctx.settings).finish_non_exhaustive()
    }
}

impl Reconciler {
    /// Creates a reconciler that remembers nothing yet.
    pub fn new(
        cluster: Arc<dyn Cluster>,
        connections: Arc<dyn Connections>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { ctx: Context::new(cluster, connections, clock, settings, metrics) }
    }

    /// Records that work begins now. The process may have been on standby for days, without reads and sweeps.
    pub fn start(&self) {
        *self.ctx.started.lock() = (self.ctx.clock.uptime(), self.ctx.clock.now());
    }

    /// Sets the counter of users for the deletion guard. Without one, no deletion is held. Only the first one takes effect.
    pub fn set_user_counter(&self, counter: impl UserCounter + 'static) {
        let _ = self.ctx.user_counter.set(Box::new(counter));
    }

    /// Reads a resource that a cache does not hold as a whole. None: it does not exist.
    ///
    /// # Errors
    /// The call to the API server that failed.
    pub async fn read(&self, name: &NamespacedName) -> Result<Option<ConnectUser>, ClusterError> {
        self.ctx.cluster.get(&name.namespace, &name.name).await
    }

    /// Makes one pass over a resource as a cache shows it. It does not fail: every failure is a state of the resource.
    pub async fn reconcile(&self, cached: &ConnectUser) -> Verdict {
        let (ctx, uid) = (&self.ctx, cached.uid().unwrap_or_default());
        if cached.metadata.deletion_timestamp.is_some() && !cached.has_finalizer() {
            ctx.forget(&uid, &cached.spec.instance_arn);
            return Verdict::ended(None, "released");
        }
        if ctx.memory.of(&uid, |m| m.freshness.is_stale(cached.resource_version().as_deref(), ctx.clock.uptime())) {
            // The cache will bring our own write in a moment, and with it a pass.
            return Verdict::ended(Some(STALE), "stale");
        }
        if is_paused(cached) {
            ctx.memory.with(&uid, Entry::wake_for_read);
            let (Ok(mut pass) | Err((mut pass, _))) = Pass::begin(ctx, cached.clone());
            let state = State::Paused { deleting: pass.is_deleting() };
            return pass.finish(state.into()).await;
        }
        report_unreadable_pause(ctx, cached, &uid).await;
        let wakes = ctx.memory.of(&uid, |m| m.requests.wakes());
        if let Some(refusal) = refusal(ctx, cached)
            && let Some(verdict) = refuse(ctx, cached, refusal).await
        {
            return self.settle(cached, &uid, &wakes, verdict);
        }
        if let Some(left) = still_fresh(ctx, cached, &uid) {
            return Verdict::ended(Some(left), "fresh");
        }
        if let Some(left) = still_held(ctx, cached, &uid) {
            return Verdict::ended(Some(left), "held");
        }
        let verdict = self.pass(cached).await;
        self.settle(cached, &uid, &wakes, verdict)
    }

    /// Holds a resource for as long as its pass has said. A resource that was woken during the pass is due again at once: the
    /// pass may have read an older state.
    fn settle(&self, cached: &ConnectUser, uid: &str, wakes: &Wakes, verdict: Verdict) -> Verdict {
        let Some(after) = verdict.after else { return verdict };
        let until = self.ctx.clock.uptime() + after;
        // At once, so that no other thread can wake it between the question and the hold.
        let was_woken = self.ctx.memory.with(uid, |m| {
            let was_woken = m.was_woken_since(wakes);
            if was_woken {
                m.wake_for_read();
            } else if verdict.held {
                m.back_off.hold(Request::of(cached), until);
            }
            was_woken
        });
        if was_woken { Verdict { after: Some(Duration::ZERO), held: false, ..verdict } } else { verdict }
    }

    async fn pass(&self, cached: &ConnectUser) -> Verdict {
        match Pass::begin(&self.ctx, cached.clone()) {
            Ok(mut pass) => {
                let end = match pass.run().await {
                    Flow::Break(end) => end,
                    Flow::Continue(never) => match never {},
                };
                pass.finish(end).await
            }
            // The operator never did anything for it, so there is nothing to undo.
            Err((mut pass, _)) if pass.is_deleting() && !pass.may_have_user() => {
                let end = pass.end_without_user().await;
                pass.finish(end).await
            }
            Err((mut pass, failure)) => pass.finish(failure.into()).await,
        }
    }

    /// Drops what is remembered of a resource of this instance that is gone, and its place in the limiter's queues.
    pub fn forget(&self, uid: &str, instance: &str) {
        self.ctx.forget(uid, instance);
    }

    /// Drops what is remembered of all resources but these, by UID, and of all instances but these.
    pub(crate) fn forget_all_but(&self, uids: &HashSet<String>, instances: &HashSet<Arn>) {
        self.ctx.forget_all_but(uids, instances);
    }

    /// Makes a pass over a resource due at once, whatever it waits for, since its result may differ now.
    pub fn requeue(&self, uid: &str, name: NamespacedName) {
        self.ctx.wake(uid, name, Entry::wake);
    }

    /// Makes a pass over a resource due at once, even if its user is in sync, since its namespace may do other things now.
    pub fn reconsider(&self, uid: &str, name: NamespacedName) {
        self.ctx.wake(uid, name, Entry::wake_to_check);
    }

    /// Returns the resources that are due because of a change that no watch reports. Only the first stream yields them.
    pub fn woken(&self) -> impl Stream<Item = NamespacedName> + Send + 'static {
        self.ctx.waiters.woken().into_iter().map(StreamExt::boxed).next().unwrap_or_else(|| stream::pending().boxed())
    }

    /// Returns the number of resources that are remembered.
    pub fn remembered(&self) -> usize {
        self.ctx.memory.len()
    }

    /// Returns whether resources in a namespace may use an instance.
    pub fn is_allowed(&self, instance: &Arn, namespace: &str) -> bool {
        self.ctx.connections.refusal(instance, namespace).is_none()
    }

    /// Returns whether the deletion guard admits that `orphans` of `users` of an instance are deleted at once.
    pub fn may_delete_orphans(&self, orphans: usize, users: usize) -> bool {
        self.ctx.settings.deletion_guard.allows(orphans, users)
    }
}

/// Reports a pausing annotation that does not pause: a person believes that the resource is left alone. Once for each value.
async fn report_unreadable_pause(ctx: &Context, resource: &ConnectUser, uid: &str) {
    let Some(value) = unreadable_pause(resource) else { return };
    let shown: String = value.chars().take(40).collect();
    if !ctx.memory.with(uid, |m| m.requests.is_new_unreadable_pause(&shown)) {
        return;
    }
    let note = format!("the annotation {PAUSED} is {shown:?}, which is neither true nor false: the resource is not paused");
    ctx.cluster.publish(resource, Event { kind: EventKind::Warning, reason: "PauseIgnored", action: "Reconcile", note }).await;
}
