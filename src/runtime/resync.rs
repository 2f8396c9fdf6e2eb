//! Sweeps each instance periodically and independently of the others, as fast as the rate limit admits, and often enough that a
//! change made outside of Kubernetes is found within one interval.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use connect_api::{Arn, Class, Error};
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use kube::ResourceExt;
use kube_runtime::reflector::Store;
use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};
use tracing::{Instrument, debug_span};

use super::{
    config::{Config, UsersQuota},
    health::Health,
    packed::{Guarded, PackedConnectUser, for_sweep, instances, known, readable},
    retry::Retry,
    sweep::{delete_orphan, sweep},
};
use crate::{
    reconcile::{Orphan, OrphanError, Reconciler, ScanReport},
    telemetry::{Metrics, Personal},
};

/// How often to check whether all ConnectUsers are listed. Before that, there is nothing to compare users with.
const UNTIL_LISTED: Duration = Duration::from_millis(100);
/// How soon the first ConnectUser of an instance is noticed, if the interval is longer.
const NEW_INSTANCES: Duration = Duration::from_secs(60);

/// Sweeps all instances of the ConnectUsers.
pub(super) struct Sweeper {
    pub(super) store: Store<Guarded>,
    /// The namespaces of the ConnectUsers in the store. Empty: all.
    pub(super) namespaces: Vec<String>,
    pub(super) reconciler: Arc<Reconciler>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) interval: Duration,
    /// Whether to delete users without a ConnectUser that two sweeps in a row have found.
    pub(super) delete_orphans: bool,
    /// The configuration, whose instances are swept without ConnectUsers too.
    pub(super) config: watch::Receiver<Arc<Config>>,
    /// The instances that this process has swept. Orphans remain when the last ConnectUser is gone.
    pub(super) swept: Mutex<HashSet<Arn>>,
}

impl Sweeper {
    /// Sweeps until it is dropped.
    pub(super) async fn run(self, health: &Health) {
        while !health.is_listed() {
            tokio::time::sleep(UNTIL_LISTED).await;
        }
        let mut sweeping = FuturesUnordered::new();
        let mut swept = HashSet::new();
        loop {
            let instances = self.instances();
            self.metrics.set_swept_instances(instances.iter().cloned().collect(), self.interval);
            for instance in instances {
                if swept.insert(instance.clone()) {
                    sweeping.push(self.sweep_repeatedly(instance).boxed());
                }
            }
            let next_check = tokio::time::sleep(self.interval.min(NEW_INSTANCES));
            tokio::pin!(next_check);
            loop {
                tokio::select! {
                    () = &mut next_check => break,
                    Some(instance) = sweeping.next() => drop(swept.remove(&instance)),
                }
            }
        }
    }

    /// Returns the instances to sweep: those with users of ConnectUsers whose namespaces may use them, and those without such users that
    /// were swept before or that the configuration lists, since they may have orphans. A ConnectUser alone, whose instance may not even
    /// exist, causes no sweep.
    fn instances(&self) -> HashSet<Arn> {
        let mut objects = self.with_users();
        let used = instances(&objects);
        objects.retain(|object| object.0.as_ref().is_ok_and(|resource| self.may_use_its_instance(resource)));
        let mut swept = instances(&objects);
        swept.extend(self.swept.lock().iter().filter(|instance| !used.contains(*instance)).cloned());
        swept.extend(self.config.borrow().listed_instances().filter(|instance| !used.contains(*instance)).cloned());
        swept
    }

    /// Returns the ConnectUsers that have a user in Connect.
    fn with_users(&self) -> Vec<Arc<Guarded>> {
        readable(&self.store).filter(|object| object.0.as_ref().is_ok_and(|resource| resource.has_user)).collect()
    }

    fn may_use_its_instance(&self, resource: &PackedConnectUser) -> bool {
        let namespace = resource.namespace().unwrap_or_default();
        resource.instance.parse().is_ok_and(|instance| self.reconciler.is_allowed(&instance, &namespace))
    }

    /// Sweeps an instance at each interval for as long as it is one of [`Self::instances`]. Returns the instance.
    async fn sweep_repeatedly(&self, instance: Arn) -> Arn {
        let mut known_orphans = HashSet::new();
        while self.instances().contains(&instance) {
            let start = Instant::now();
            let resources = || for_sweep(&self.store);
            match sweep(&self.reconciler, &instance, &resources).instrument(debug_span!("sweep")).await {
                Ok(report) => {
                    self.swept.lock().insert(instance.clone());
                    let next = Instant::now() + self.pause(start);
                    // Drop what the sweep recorded about resources that were deleted meanwhile.
                    let (uids, instances) = known(&self.store);
                    self.reconciler.forget_all_but(&uids, &instances);
                    self.record(&instance, &report, start.elapsed());
                    self.record_administrators(&instance, &report).await;
                    self.record_users_quota(&instance).await;
                    self.handle_orphans(&instance, report, &mut known_orphans, next).await;
                    tokio::time::sleep_until(next).await;
                }
                Err(error) if error.class == Class::NotFound && !instances(&self.with_users()).contains(&instance) => {
                    tracing::info!(instance = %instance, %error, "an instance without ConnectUsers was not found");
                    self.swept.lock().remove(&instance);
                    tokio::time::sleep(self.pause(start)).await;
                }
                Err(error) => {
                    self.metrics.sweep_failed();
                    let action = error.operation.iam_action();
                    tracing::warn!(
                        instance = %instance,
                        %error,
                        "could not sweep the instance; it needs {action}"
                    );
                    // If Connect is unavailable or throttles, reading each user individually would also fail and add load.
                    if !matches!(error.class, Class::Throttled | Class::Transient) {
                        self.reconciler.wake_unswept(&instance, resources());
                    }
                    tokio::time::sleep(self.pause(start)).await;
                }
            }
        }
        instance
    }

    /// Returns how long to pause after a sweep that began at `start`, with jitter, so that replicas and clusters that were
    /// started at the same time do not sweep at the same time.
    fn pause(&self, start: Instant) -> Duration {
        pause(self.interval, start.elapsed()).mul_f64(0.9 + 0.1 * fastrand::f64())
    }

    /// Without the right to read what security profiles permit, the administrators are not counted.
    async fn record_administrators(&self, instance: &Arn, report: &ScanReport) {
        let mut retry = Retry::default();
        let administrators = loop {
            match self.reconciler.administrators(instance, &report.by_profiles).await {
                Ok(administrators) => break administrators,
                Err(error) => {
                    let Err(error) = retry.wait(error, 0).await else { continue };
                    let action = error.operation.iam_action();
                    tracing::info!(instance = %instance, %error, "the administrators could not be counted; this needs {action}");
                    break BTreeMap::new();
                }
            }
        };
        self.metrics.set_administrators(instance, &administrators);
    }

    async fn record_users_quota(&self, instance: &Arn) {
        let configured = self.config.borrow().users_quota(instance);
        let quota = match configured {
            Some(UsersQuota::Users(quota)) => Some(quota),
            Some(UsersQuota::From(_)) => self.reconciler.users_quota(instance).await,
            None => None,
        };
        self.metrics.set_users_quota(instance, quota);
    }

    fn record(&self, instance: &Arn, report: &ScanReport, took: Duration) {
        let candidates = report.candidates.iter().map(|(signal, users)| (signal.as_str(), *users));
        self.metrics.sweep_completed(instance, report.by_profiles.by_management(), candidates, took);
        let candidates: usize = report.candidates.values().sum();
        tracing::info!(
            instance = %instance,
            calls = report.calls,
            users = report.users,
            compared = report.compared,
            candidates,
            disputed = report.disputed,
            "swept the instance"
        );
    }

    /// Logs each user without a ConnectUser once, and deletes those that an earlier sweep has already found, if that is enabled.
    /// Stops deleting at `until`, so that the next sweep is not delayed; that sweep continues with the rest.
    async fn handle_orphans(&self, instance: &Arn, mut report: ScanReport, known: &mut HashSet<String>, until: Instant) {
        report.orphans.retain(|orphan| orphan.is_of(&self.namespaces));
        let orphans = match self.reconciler.confirm(report.orphans).await {
            Ok(orphans) => orphans,
            Err(error) => return tracing::warn!(error = %Personal(error), "users without a ConnectUser could not be confirmed"),
        };
        let count = orphans.len();
        let delete = self.delete_orphans && self.reconciler.may_delete_orphans(count, report.users);
        if self.delete_orphans && !delete {
            tracing::error!(
                instance = %instance,
                "{count} of {} users have no ConnectUser, which is more than the guard against mass deletion allows: they are \
                 not deleted. To delete them, run \"connect-operator orphans --delete\"",
                report.users
            );
        }
        // Even if confirming them took all the time, each sweep deletes some.
        let until = until.max(Instant::now() + self.interval / 8);
        let (mut remaining, mut held) = (orphans.len(), 0);
        for orphan in &orphans {
            let Orphan { arn, username, name, uid } = orphan;
            if !known.contains(arn) {
                let advice = if delete {
                    "the next sweep deletes it"
                } else {
                    "delete it with \"connect-operator orphans --delete\", or apply that resource again to adopt it"
                };
                tracing::warn!(
                    user = arn,
                    username = %Personal(username),
                    "this user belongs to ConnectUser {}/{} ({uid}), which does not exist: {advice}",
                    name.namespace,
                    Personal(&name.name)
                );
            } else if delete && !self.reconciler.admit_orphan(instance, orphan) {
                held += 1;
            } else if delete && Instant::now() < until {
                match delete_orphan(&self.reconciler, orphan, Some(until)).await {
                    Ok(outcome) => {
                        let (outcome, _) = outcome.words();
                        tracing::info!(user = arn, username = %Personal(username), outcome, "resolved a user without a ConnectUser");
                        self.metrics.orphan_resolved(outcome);
                        remaining -= 1;
                    }
                    // The rate limit did not admit it in time.
                    Err(OrphanError::Connect(Error { class: Class::Deferred | Class::Throttled, .. })) => break,
                    Err(error) => {
                        tracing::warn!(user = arn, error = %Personal(error), "a user without a ConnectUser could not be deleted")
                    }
                }
            }
        }
        if held > 0 {
            tracing::warn!(
                instance = %instance,
                "{held} users have no ConnectUser and are not deleted yet, since with the latest deletions they exceed what the guard \
                 against mass deletion allows. To delete them now, run \"connect-operator orphans --delete\""
            );
        }
        self.metrics.set_orphans(instance, remaining);
        *known = orphans.into_iter().map(|orphan| orphan.arn).collect();
    }
}

/// Returns how long to pause after a sweep. A change made just after the sweep has read a user is found at the end of the next
/// sweep, which should be within one interval. At least half of the time is left to other callers, however long sweeps take.
fn pause(interval: Duration, took: Duration) -> Duration {
    interval.saturating_sub(took * 2).max(took.min(interval / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_found_within_one_interval_if_sweeps_are_short() {
        let seconds = Duration::from_secs;
        for took in [0, 1, 8, 60, 100] {
            let (interval, took) = (seconds(300), seconds(took));
            // From the start of the sweep during which the change was made to the end of the next one.
            assert!(took + pause(interval, took) + took <= interval, "{took:?}");
        }
        assert_eq!(pause(seconds(300), seconds(140)), seconds(140), "half of the time is left to others");
        assert_eq!(pause(seconds(300), seconds(900)), seconds(150), "a pause follows even a very long sweep");
    }
}
