//! When instances are swept: each once per interval, one after the other's page by page, as the rate limit lets them.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use connect_api::{Arn, Class, Error};
use futures::future::join_all;
use kube::core::DeserializeGuard;
use kube_runtime::reflector::Store;
use tracing::{Instrument, debug_span};

use super::Health;
use crate::{
    api::ConnectUser,
    reconcile::{Orphan, Reconciler, Swept},
    telemetry::Metrics,
};

/// Faults in a row after which a sweep is given up until the next is due.
const PATIENCE: u32 = 8;
/// How long to wait after the first fault; it doubles with each, up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Until every ConnectUser was listed once, there is nothing to compare with.
const UNTIL_LISTED: Duration = Duration::from_millis(100);

/// Sweeps all instances that ConnectUsers speak of.
pub(super) struct Sweeper {
    pub(super) store: Store<DeserializeGuard<ConnectUser>>,
    pub(super) reconciler: Arc<Reconciler>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) interval: Duration,
}

impl Sweeper {
    /// Sweeps until it is dropped.
    pub(super) async fn run(self, health: &Health) {
        while !health.is_listed() {
            tokio::time::sleep(UNTIL_LISTED).await;
        }
        let mut told = HashSet::new();
        loop {
            let instances = self.instances();
            self.metrics.sweeps(instances.iter().map(|instance| instance.instance.clone()).collect(), self.interval);
            let swept =
                join_all(instances.into_iter().map(|instance| self.sweep(instance).instrument(debug_span!("sweep")))).await;
            self.tell_of_orphans(swept.into_iter().flatten(), &mut told).await;
            // Replicas and clusters that were started at once do not sweep at once.
            tokio::time::sleep(self.interval.mul_f64(0.95 + 0.1 * fastrand::f64())).await;
        }
    }

    fn instances(&self) -> BTreeSet<Arn> {
        let objects = self.store.state();
        readable(&objects).filter_map(|resource| resource.spec.instance_arn.parse().ok()).collect()
    }

    /// One sweep over one instance. None where it could not be completed.
    async fn sweep(&self, instance: Arn) -> Option<(Arn, Swept)> {
        let start = Instant::now();
        let mut sweeping = self.reconciler.begin_sweep(&instance, readable(&self.store.state()));
        let mut faults = 0;
        loop {
            match self.reconciler.go_on(&mut sweeping, readable(&self.store.state())).await {
                Ok(swept) => {
                    self.metrics.swept(&instance.instance, &swept, start.elapsed());
                    let worth: usize = swept.worth_a_look.values().sum();
                    tracing::info!(
                        instance = %instance.instance,
                        calls = swept.calls,
                        users = swept.users,
                        compared = swept.compared,
                        worth_a_look = worth,
                        "swept the instance"
                    );
                    return Some((instance, swept));
                }
                Err(Error { class: Class::Deferred, retry_after, .. }) => {
                    tokio::time::sleep(retry_after.unwrap_or(FIRST_WAIT)).await;
                }
                Err(error) if faults < PATIENCE && matches!(error.class, Class::Throttled | Class::Transient) => {
                    let wait = FIRST_WAIT.saturating_mul(1 << faults).min(LONGEST_WAIT);
                    faults += 1;
                    tokio::time::sleep(error.retry_after.unwrap_or(wait)).await;
                }
                Err(error) => {
                    self.metrics.not_swept();
                    let action = error.operation.iam_action();
                    tracing::warn!(
                        instance = %instance.instance,
                        %error,
                        "could not sweep the instance, whose users are looked at one by one if that lasts; it needs {action}"
                    );
                    self.reconciler.do_without_sweep(&instance, readable(&self.store.state()));
                    return None;
                }
            }
        }
    }

    /// Logs users without a ConnectUser, each once.
    async fn tell_of_orphans(&self, swept: impl Iterator<Item = (Arn, Swept)>, told: &mut HashSet<String>) {
        for (instance, swept) in swept {
            let orphans = match self.reconciler.confirm(swept.orphans).await {
                Ok(orphans) => orphans,
                Err(error) => {
                    tracing::warn!(%error, "users without a ConnectUser could not be confirmed");
                    continue;
                }
            };
            self.metrics.orphans(&instance.instance, orphans.len());
            for Orphan { arn, username, place, uid } in orphans {
                if told.insert(arn.clone()) {
                    tracing::warn!(
                        user = arn,
                        username,
                        "this user belongs to ConnectUser {}/{} ({uid}), which does not exist: delete it in Connect, or apply that \
                         resource again to take it up",
                        place.namespace,
                        place.name
                    );
                }
            }
        }
    }
}

fn readable(objects: &[Arc<DeserializeGuard<ConnectUser>>]) -> impl Iterator<Item = &ConnectUser> {
    objects.iter().filter_map(|object| object.0.as_ref().ok())
}
