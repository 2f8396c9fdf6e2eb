//! When instances are swept: each by itself, page by page as the rate limit lets it, so often that what somebody changes is found
//! within one interval.

use std::{collections::HashSet, sync::Arc, time::Duration};

use connect_api::{Arn, Class, Error};
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use kube::ResourceExt;
use kube_runtime::reflector::Store;
use tokio::time::Instant;
use tracing::{Instrument, debug_span};

use super::{
    Health,
    packed::{Guarded, PackedConnectUser, uids},
};
use crate::{
    api::ConnectUser,
    reconcile::{Orphan, OrphanError, OrphanOutcome, Reconciler, ScanReport},
    telemetry::Metrics,
};

/// Faults in a row after which a sweep is given up until the next is due.
const PATIENCE: u32 = 8;
/// How long to wait after the first fault; it doubles with each, up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Until every ConnectUser was listed once, there is nothing to compare with.
const UNTIL_LISTED: Duration = Duration::from_millis(100);
/// How soon an instance of which no ConnectUser spoke before is noticed, if the interval is longer.
const NEW_INSTANCES: Duration = Duration::from_secs(60);

/// ConnectUsers as the watch keeps them, or as they were listed.
pub(crate) type Objects = Vec<Arc<Guarded>>;

/// Sweeps all instances that ConnectUsers speak of.
pub(super) struct Sweeper {
    pub(super) store: Store<Guarded>,
    /// Those whose ConnectUsers are in the store; none: all.
    pub(super) namespaces: Vec<String>,
    pub(super) reconciler: Arc<Reconciler>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) interval: Duration,
    /// Users without a ConnectUser are deleted, once two sweeps in a row have found them.
    pub(super) delete_orphans: bool,
}

impl Sweeper {
    /// Sweeps until it is dropped.
    pub(super) async fn run(self, health: &Health) {
        while !health.is_listed() {
            tokio::time::sleep(UNTIL_LISTED).await;
        }
        let mut rounds = FuturesUnordered::new();
        let mut swept = HashSet::new();
        loop {
            let instances = self.instances();
            self.metrics.sweeps(instances.iter().map(|instance| instance.instance.clone()).collect(), self.interval);
            for instance in instances {
                if swept.insert(instance.clone()) {
                    rounds.push(self.go_round(instance).boxed());
                }
            }
            let look_again = tokio::time::sleep(self.interval.min(NEW_INSTANCES));
            tokio::pin!(look_again);
            loop {
                tokio::select! {
                    () = &mut look_again => break,
                    Some(instance) = rounds.next() => drop(swept.remove(&instance)),
                }
            }
        }
    }

    /// The instances of ConnectUsers whose namespaces may use them.
    fn instances(&self) -> HashSet<Arn> {
        let mut objects = self.store.state();
        objects.retain(|object| object.0.as_ref().is_ok_and(|resource| self.may_use_its_instance(resource)));
        instances(&objects)
    }

    fn may_use_its_instance(&self, resource: &PackedConnectUser) -> bool {
        let namespace = resource.namespace().unwrap_or_default();
        resource.instance.parse().is_ok_and(|instance| self.reconciler.is_allowed(&instance, &namespace))
    }

    /// Sweeps an instance again and again, until no ConnectUser speaks of it any more.
    async fn go_round(&self, instance: Arn) -> Arn {
        let mut told = HashSet::new();
        while self.instances().contains(&instance) {
            let start = Instant::now();
            let objects = || self.store.state();
            match sweep(&self.reconciler, &instance, &objects).instrument(debug_span!("sweep")).await {
                Ok(swept) => {
                    let next = Instant::now() + self.pause(start);
                    // What a sweep found out of resources that went meanwhile is not kept for ever.
                    self.reconciler.forget_all_but(&uids(&self.store));
                    self.tell(&instance, &swept, start.elapsed());
                    self.see_to_orphans(&instance, swept, &mut told, next).await;
                    tokio::time::sleep_until(next).await;
                }
                Err(error) => {
                    self.metrics.not_swept();
                    let action = error.operation.iam_action();
                    tracing::warn!(
                        instance = %instance.instance,
                        %error,
                        "could not sweep the instance; it needs {action}"
                    );
                    // Where Connect is down, or busy, looking at users one by one would fail as well, and keep it so.
                    if !matches!(error.class, Class::Throttled | Class::Transient) {
                        self.reconciler.wake_unswept(&instance, unpacked(objects()));
                    }
                    tokio::time::sleep(self.pause(start)).await;
                }
            }
        }
        instance
    }

    /// How long to rest after a sweep that began then. Replicas and clusters that were started at once do not sweep at once.
    fn pause(&self, start: Instant) -> Duration {
        pause(self.interval, start.elapsed()).mul_f64(0.9 + 0.1 * fastrand::f64())
    }

    fn tell(&self, instance: &Arn, swept: &ScanReport, took: Duration) {
        self.metrics.swept(&instance.instance, swept, took);
        let worth: usize = swept.candidates.values().sum();
        tracing::info!(
            instance = %instance.instance,
            calls = swept.calls,
            users = swept.users,
            compared = swept.compared,
            candidates = worth,
            disputed = swept.disputed,
            "swept the instance"
        );
    }

    /// Logs users without a ConnectUser, each once, and deletes whom an earlier sweep has found already, where that is asked for. Who
    /// does not go until then is left to the next sweep, which is not to wait.
    async fn see_to_orphans(&self, instance: &Arn, mut swept: ScanReport, told: &mut HashSet<String>, until: Instant) {
        swept.orphans.retain(|orphan| orphan.is_of(&self.namespaces));
        let orphans = match self.reconciler.confirm(swept.orphans).await {
            Ok(orphans) => orphans,
            Err(error) => return tracing::warn!(%error, "users without a ConnectUser could not be confirmed"),
        };
        let so_many = orphans.len();
        let delete = self.delete_orphans && self.reconciler.may_delete(so_many, swept.users);
        if self.delete_orphans && !delete {
            tracing::error!(
                instance = %instance.instance,
                "{so_many} of {} users have no ConnectUser, which are more than the guard against mass deletion lets go: they stay. \
                 If they are to go: \"connect-operator orphans --delete\"",
                swept.users
            );
        }
        // However long it took to ask for all of them, some go each time.
        let until = until.max(Instant::now() + self.interval / 8);
        let mut left = orphans.len();
        for orphan in &orphans {
            let Orphan { arn, username, name, uid } = orphan;
            if !told.contains(arn) {
                let instead = if delete {
                    "the next sweep deletes it"
                } else {
                    "delete it with \"connect-operator orphans --delete\", or apply that resource again to take it up"
                };
                tracing::warn!(
                    user = arn,
                    username,
                    "this user belongs to ConnectUser {}/{} ({uid}), which does not exist: {instead}",
                    name.namespace,
                    name.name
                );
            } else if delete && Instant::now() < until {
                match delete_orphan(&self.reconciler, orphan, Some(until)).await {
                    Ok(parting) => {
                        tracing::info!(user = arn, username, "a user without a ConnectUser was to be deleted: {parting:?}");
                        self.metrics.orphan_resolved(parting);
                        left -= 1;
                    }
                    // It did not get its turn in time.
                    Err(OrphanError::Connect(Error { class: Class::Deferred | Class::Throttled, .. })) => break,
                    Err(error) => tracing::warn!(user = arn, %error, "a user without a ConnectUser could not be deleted"),
                }
            }
        }
        self.metrics.orphans(&instance.instance, left);
        *told = orphans.into_iter().map(|orphan| orphan.arn).collect();
    }
}

/// One sweep over one instance, to its end.
///
/// # Errors
/// The call that failed too often.
pub(crate) async fn sweep(reconciler: &Reconciler, instance: &Arn, objects: &impl Fn() -> Objects) -> Result<ScanReport, Error> {
    let mut sweeping = reconciler.begin_sweep(instance, unpacked(objects()));
    let (mut faults, mut furthest) = (0, 0);
    loop {
        match reconciler.resume_sweep(&mut sweeping, unpacked(objects())).await {
            Err(Error { class: Class::Deferred, retry_after, .. }) => {
                tokio::time::sleep(retry_after.unwrap_or(FIRST_WAIT)).await;
            }
            Err(error) if matches!(error.class, Class::Throttled | Class::Transient) => {
                // Beside a busy tool, every few pages are throttled: what counts is that it goes on.
                if sweeping.calls() > furthest {
                    (faults, furthest) = (0, sweeping.calls());
                }
                if faults == PATIENCE {
                    return Err(error);
                }
                let wait = FIRST_WAIT.saturating_mul(1 << faults).min(LONGEST_WAIT);
                faults += 1;
                tokio::time::sleep(error.retry_after.unwrap_or(wait)).await;
            }
            ended => return ended,
        }
    }
}

/// Deletes an orphan, however long the rate limit takes, or for as long as there is time.
///
/// # Errors
/// The call that failed.
pub(crate) async fn delete_orphan(
    reconciler: &Reconciler,
    orphan: &Orphan,
    until: Option<Instant>,
) -> Result<OrphanOutcome, OrphanError> {
    loop {
        let ended = reconciler.delete_orphan(orphan).await;
        let Err(OrphanError::Connect(Error { class: Class::Deferred | Class::Throttled, retry_after, .. })) = &ended else {
            return ended;
        };
        let turn = Instant::now() + retry_after.unwrap_or(FIRST_WAIT);
        if until.is_some_and(|until| turn > until) {
            return ended;
        }
        tokio::time::sleep_until(turn).await;
    }
}

/// How long to rest after a sweep that took so long. What somebody changes right behind its back is to be found one interval later,
/// and it is found when the next sweep ends; but half of the time, at least, belongs to others.
fn pause(interval: Duration, took: Duration) -> Duration {
    interval.saturating_sub(took * 2).max(took.min(interval / 2))
}

/// The instances that ConnectUsers speak of.
pub(crate) fn instances(objects: &Objects) -> HashSet<Arn> {
    let speak_of: HashSet<&str> = objects.iter().filter_map(|object| object.0.as_ref().ok()).map(|r| &*r.instance).collect();
    speak_of.into_iter().filter_map(|instance| instance.parse().ok()).collect()
}

fn unpacked(objects: Objects) -> impl Iterator<Item = ConnectUser> {
    objects.into_iter().filter_map(|object| object.0.as_ref().ok().and_then(PackedConnectUser::resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_behind_a_sweeps_back_is_found_one_interval_later_if_sweeps_are_short() {
        let seconds = Duration::from_secs;
        for took in [0, 1, 8, 60, 100] {
            let (interval, took) = (seconds(300), seconds(took));
            // From the beginning of one, in which the change was made, to the end of the next.
            assert!(took + pause(interval, took) + took <= interval, "{took:?}");
        }
        assert_eq!(pause(seconds(300), seconds(140)), seconds(140), "half of the time is others'");
        assert_eq!(pause(seconds(300), seconds(900)), seconds(150), "and a sweep that takes for ever is followed by a rest");
    }
}
