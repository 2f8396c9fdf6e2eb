//! Sweeps: scans of an instance for drift, from the resources that they begin with to the passes that they cause.

use std::{
    collections::{HashMap, HashSet},
    sync::OnceLock,
    time::Duration,
};

use connect_api::{Arn, Caller, Class, Error, Priority, UserId};
use jiff::{SignedDuration, Timestamp};

use super::{
    conditions::{is_in_sync, is_settled},
    context::Context,
    drift_scan::{DriftScan, DriftSignal, Expected, ScanReport},
    memory::Moment,
    orphans::Orphan,
    reconciler::Reconciler,
    requests::is_paused,
    schedule::was_swept_lately,
    username_waiters::NamespacedName,
};
use crate::{
    api::{ConnectUser, IgnoredField},
    inventory::{Query, ScanSink},
    plan::{Desired, Fingerprint, SpecIssue, Unresolved, UnresolvedReason, differences, from_status, ignored_drift, modified},
};

/// The time by which SearchUsers lags: a few seconds, as far as is known.
const SEARCH_LAG: Duration = Duration::from_secs(10);

/// How long before the first sweep of an instance a list of users may have been begun that the sweep uses. The sweep then counts as begun
/// with that list. It is more than the minute after which a new instance is swept, whose first passes list the users at once. Later sweeps
/// use no older list: they would find no change that was made after it.
const RECENT_LIST: Duration = Duration::from_secs(120);

/// The time for which a new user may be missing from SearchUsers.
const NEW: SignedDuration = SignedDuration::from_secs(60);

/// A ConnectUser in a cache. Reading it as a whole may cost something, so a sweep does that only for those of its instance.
pub trait Cached {
    /// Returns the UID.
    fn uid(&self) -> &str;
    /// Returns the namespace and name.
    fn name(&self) -> NamespacedName;
    /// Returns the ARN of the instance in the spec, which may be invalid.
    fn instance(&self) -> &str;
    /// Returns the resource; None if it cannot be read.
    fn resource(&self) -> Option<ConnectUser>;
}

impl Cached for ConnectUser {
    fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    fn name(&self) -> NamespacedName {
        NamespacedName::of(self)
    }

    fn instance(&self) -> &str {
        &self.spec.instance_arn
    }

    fn resource(&self) -> Option<ConnectUser> {
        Some(self.clone())
    }
}

impl Reconciler {
    /// Begins a sweep of an instance. `resources` are all ConnectUsers that the operator watches.
    pub fn begin_sweep(&self, instance: &Arn, resources: impl Iterator<Item = impl Cached>) -> DriftScan {
        let ctx = &self.ctx;
        let began = (ctx.clock.uptime(), ctx.clock.now());
        let mut scan = DriftScan::new(instance.clone(), ctx.settings.cluster.clone(), began);
        let of_instance = instance.to_string();
        for cached in resources {
            let uid = cached.uid();
            if cached.instance() == of_instance
                && let Some(resource) = cached.resource()
                && let Some((id, expected)) = expected(ctx, instance, &resource, uid)
            {
                scan.expected.entry(id).or_default().push(expected);
                let parsed = Desired::parse(&resource, &ctx.settings.cluster, &scan.names);
                if let Err(SpecIssue::Names(names)) = parsed {
                    for Unresolved { kind, name, .. } in names {
                        scan.wanted.entry(kind).or_default().insert(name);
                    }
                }
            }
            scan.uids.insert(uid.to_owned());
        }
        scan
    }

    /// Continues a sweep. Once the scan is complete, users that need a pass are woken. `resources` as for
    /// [`begin_sweep`](Self::begin_sweep).
    ///
    /// # Errors
    /// The call that failed: the sweep may be resumed. An incomplete scan has no effect.
    pub async fn resume_sweep(
        &self,
        scan: &mut DriftScan,
        resources: impl Iterator<Item = impl Cached>,
    ) -> Result<ScanReport, Error> {
        let ctx = &self.ctx;
        let connect = ctx.connections.client_for(&scan.instance);
        let caller = Caller::new(format!("sweep of {}", scan.instance), Priority::Sweep).in_group(scan.instance.to_string());
        let instance = scan.instance.clone();
        let mut users = std::mem::take(&mut scan.users);
        let is_first = ctx.sweeps.get(&instance.to_string()).is_none();
        let since = scan.began.0.saturating_sub(if is_first { RECENT_LIST } else { Duration::ZERO });
        let listed = OnceLock::new();
        let replay = |sink: &mut dyn ScanSink| {
            let began = ctx.inventory.replay_users(&instance, since, sink);
            began.is_some_and(|began| listed.set(began).is_ok())
        };
        let read = users.resume(&*connect, &caller, &instance.instance, scan, &replay).await;
        scan.users = users;
        if let Some(earlier) = listed.get().and_then(|listed| scan.began.0.checked_sub(*listed)) {
            scan.began = (scan.began.0 - earlier, scan.began.1 - earlier);
        }
        read?;
        if !scan.wanted.is_empty() {
            let (now, since, oldest) = (ctx.clock.uptime(), scan.began.0, scan.began.0);
            let query = Query { connect: &*connect, priority: Priority::Sweep, instance: &instance, now, since, oldest };
            match ctx.inventory.read(&query, &scan.wanted).await {
                Ok(found) => found.catalogs.into_iter().for_each(|(kind, names)| scan.names.insert(kind, names)),
                Err(error) if error.class == Class::Deferred => return Err(error),
                // The users were scanned all the same. A pass that needs the names reads them again, and reports the failure.
                Err(error) => tracing::warn!(%error, "names could not be looked up"),
            }
        }
        Ok(complete(ctx, scan, resources))
    }

    /// Wakes the resources of an instance that could not be swept, so that those that are due are read one by one.
    pub fn wake_unswept(&self, instance: &Arn, resources: impl Iterator<Item = impl Cached>) {
        let instance = instance.to_string();
        if !was_swept_lately(&self.ctx, &instance) {
            let of_instance = resources.filter(|cached| cached.instance() == instance);
            of_instance.for_each(|cached| self.ctx.waiters.enqueue(cached.name()));
        }
    }
}

/// Returns the user of a resource that a sweep can compare: its status is settled, and it has no schedule of its own.
fn expected(ctx: &Context, instance: &Arn, resource: &ConnectUser, uid: &str) -> Option<(UserId, Expected)> {
    let status = resource.status.as_ref()?;
    let is_excluded = resource.metadata.deletion_timestamp.is_some()
        || resource.spec.drift_interval.is_some()
        || is_paused(resource)
        || !is_settled(status, resource.metadata.generation.unwrap_or_default());
    if is_excluded {
        return None;
    }
    let user = from_status(instance, status)?.user;
    let id = user.id.clone();
    let expected = Expected {
        uid: uid.to_owned(),
        name: NamespacedName::of(resource),
        fingerprint: Fingerprint::of_user(user),
        modified: ctx.memory.of(uid, |m| m.freshness.modified),
        // A correction restores what the status shows already, so it does not change the time of the last sync.
        last_sync: status.last_sync_time.max(ctx.memory.of(uid, |m| m.freshness.changed)),
        created: status.create_attempt.map(|attempt| attempt.at),
    };
    Some((id, expected))
}

fn complete(ctx: &Context, scan: &mut DriftScan, resources: impl Iterator<Item = impl Cached>) -> ScanReport {
    let mut report = ScanReport {
        calls: scan.users.calls(),
        users: scan.found.len().max(scan.listed.len()),
        by_profiles: std::mem::take(&mut scan.by_profiles),
        compared: scan.expected.values().map(Vec::len).sum(),
        ..ScanReport::default()
    };
    let (renamed, orphans) = compare_with_all(ctx, scan, resources);
    report.orphans = orphans;
    let now = (ctx.clock.uptime(), ctx.clock.now());
    note_times(ctx, scan);
    let all = std::mem::take(&mut scan.expected).into_iter();
    for (id, expected) in all.flat_map(|(id, all)| all.into_iter().map(move |expected| (id.clone(), expected))) {
        let uid = &expected.uid;
        let listed = scan.listed.get(&id);
        let is_new = expected.created.is_some_and(|at| scan.began.1.duration_since(at) <= NEW);
        let signal = scan.signal(&id, uid, renamed.contains(uid), is_new);
        let modified = listed.is_some_and(|listed| modified(*listed, expected.modified, expected.last_sync));
        let shown = scan.differing.get(uid);
        if shown.is_none() && scan.found.contains(&id) && ctx.memory.of(uid, |m| m.freshness.is_disputed()) {
            ctx.memory.with(uid, |m| m.freshness.agree());
        }
        let shown_at = shown_at(ctx, scan.began, signal, modified);
        // The next sweep compares such a user, and ends before anything that has happened since is one interval old.
        if shown_at.is_some_and(|shown| ctx.memory.of(uid, |m| m.freshness.is_newer_than(shown))) {
            continue;
        }
        let is_old_dispute = signal == Some(DriftSignal::Differs)
            && shown.is_some_and(|shown| {
                ctx.memory.with(uid, |m| m.freshness.dispute((id.clone(), expected.fingerprint, *shown), now))
            });
        report.disputed += usize::from(is_old_dispute);
        match if is_old_dispute { modified.then_some(DriftSignal::Modified) } else { signal } {
            None => {
                ctx.memory.with(uid, |m| m.freshness.modified = listed.copied().flatten());
                // If the index disagrees with the status, it does not confirm the status.
                if scan.found.contains(&id) && !is_old_dispute {
                    ctx.memory.with(uid, |m| m.freshness.confirm(&id, scan.began.0));
                }
            }
            Some(signal) => {
                *report.candidates.entry(signal).or_default() += 1;
                ctx.wake(uid, expected.name, |m| match shown_at {
                    Some(shown) => m.wake_by_list(shown),
                    None => m.wake_for_read(),
                });
            }
        }
    }
    ctx.sweeps.record(scan.instance.to_string(), ctx.clock.uptime());
    report
}

/// Notes whether ListUsers shows times of changes. Without them, no list shows that an e-mail address was changed: then the users are
/// read more often.
fn note_times(ctx: &Context, scan: &DriftScan) {
    let Some(without_times) = are_without_times(scan.listed.values()) else { return };
    let instance = scan.instance.to_string();
    let before = ctx.without_times.get(&instance).unwrap_or_default();
    ctx.without_times.record(instance, without_times);
    if without_times && !before {
        tracing::warn!(
            instance = %scan.instance,
            "ListUsers shows no LastModifiedTime in this instance, so a sweep does not see that an e-mail address, a mobile number or \
             a proficiency was changed: each user is read every 10 minutes instead, as far as the rate limit admits"
        );
        // Their next pass is a day away.
        scan.expected.values().flatten().for_each(|expected| ctx.waiters.enqueue(expected.name.clone()));
    }
}

/// Returns whether none of these users has a time; None without users.
fn are_without_times<'a>(listed: impl Iterator<Item = &'a Option<Timestamp>>) -> Option<bool> {
    listed.map(Option::is_none).reduce(|all, one| all && one)
}

/// Compares the scan with all resources as they are now. Returns the UIDs of resources whose names stand for something else, and
/// the users that belong to no resource.
fn compare_with_all(
    ctx: &Context,
    scan: &mut DriftScan,
    resources: impl Iterator<Item = impl Cached>,
) -> (HashSet<String>, Vec<Orphan>) {
    let (mut orphans, mut renamed) = (std::mem::take(&mut scan.orphans), HashSet::new());
    if scan.wanted.is_empty() && orphans.is_empty() {
        return (renamed, Vec::new());
    }
    let mut by_name: HashMap<NamespacedName, Vec<String>> = HashMap::new();
    for (arn, orphan) in &orphans {
        by_name.entry(orphan.name.clone()).or_default().push(arn.clone());
    }
    let of_instance = scan.instance.to_string();
    for cached in resources {
        let same_name = by_name.get(&cached.name());
        // One with an instance that cannot be read may still record a user.
        let is_relevant = same_name.is_some() || cached.instance() == of_instance || cached.instance().parse::<Arn>().is_err();
        let Some(resource) = is_relevant.then(|| cached.resource()).flatten() else { continue };
        let recorded = resource.status.as_ref().and_then(|status| status.user_arn.as_ref());
        for arn in same_name.into_iter().flatten().chain(recorded) {
            if orphans.get(arn).is_some_and(|orphan| orphan.belongs_to(&resource)) {
                orphans.remove(arn);
            }
        }
        if !scan.wanted.is_empty() && is_renamed(ctx, scan, &resource) {
            renamed.extend(resource.metadata.uid);
        }
    }
    (renamed, orphans.into_values().collect())
}

/// Returns the moment as of which a scan that began then shows the user; None if the signal is about the resource as it is now.
fn shown_at(ctx: &Context, (uptime, time): Moment, signal: Option<DriftSignal>, modified: bool) -> Option<Moment> {
    let lag = match signal {
        Some(DriftSignal::Renamed) => return None,
        // Less than the time between two sweeps: what the last sweep has read is not subject to this one's lag.
        Some(DriftSignal::Differs | DriftSignal::Missing) if !modified => {
            ctx.settings.sweep_interval.map_or(Duration::ZERO, |interval| SEARCH_LAG.min(interval / 4))
        }
        // ListUsers does not lag.
        _ => Duration::ZERO,
    };
    Some((uptime.saturating_sub(lag), time - lag))
}

/// Returns whether the names in a spec now stand for something else than the user has.
fn is_renamed(ctx: &Context, scan: &DriftScan, resource: &ConnectUser) -> bool {
    let Some(status) = resource.status.as_ref().filter(|s| is_in_sync(s, resource.metadata.generation.unwrap_or_default()))
    else {
        return false;
    };
    // The index does not have the names of other instances.
    if resource.spec.instance_arn != scan.instance.to_string() {
        return false;
    }
    match Desired::parse(resource, &ctx.settings.cluster, &scan.names) {
        // Names that could not be read prove nothing.
        Err(SpecIssue::Names(names)) => names.iter().any(|name| name.why != UnresolvedReason::Unread),
        Err(SpecIssue::Spec(_)) => false,
        Ok(desired) => from_status(&scan.instance, status).is_some_and(|live| {
            let mut ignored = ignored_drift(&resource.spec, status);
            // The status of an observer may lack addresses, and names stand for nothing in this part.
            ignored.insert(IgnoredField::IdentityInfo);
            let desired = desired.without_ignored(&ignored, &live);
            !differences(&desired, &live, &status.applied_tag_keys).is_empty()
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        api::fixtures::{self, merge},
        reconcile::fixtures::{Unused, reconciler},
    };

    const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001";

    /// A resource that may be unpacked only if it matters to a sweep of [`INSTANCE`].
    struct Guarded(ConnectUser, bool);

    impl Cached for Guarded {
        fn uid(&self) -> &str {
            self.0.uid()
        }

        fn name(&self) -> NamespacedName {
            self.0.name()
        }

        fn instance(&self) -> &str {
            self.0.instance()
        }

        fn resource(&self) -> Option<ConnectUser> {
            assert!(self.1, "{:?} was unpacked", self.name());
            Some(self.0.clone())
        }
    }

    fn cached(name: &str, instance: &str, matters: bool) -> Guarded {
        let mut resource = fixtures::json_of(json!({ "metadata": { "name": name, "uid": name } }));
        merge(&mut resource, json!({ "spec": { "instanceArn": instance, "username": name } }));
        Guarded(serde_json::from_value(resource).unwrap(), matters)
    }

    #[test]
    fn sweep_unpacks_only_what_may_have_a_user_there() {
        let reconciler = reconciler(Unused);
        let (instance, replica) = (INSTANCE.parse().unwrap(), INSTANCE.replace("west", "east"));
        let all = || {
            [
                cached("here", INSTANCE, true),
                cached("there", &replica, false),
                cached("torn", "torn", true),
                cached("namesake", &replica, true),
            ]
            .into_iter()
        };
        let mut scan = reconciler.begin_sweep(&instance, all().filter(|cached| cached.0.spec.username == "here"));
        scan.uids.extend(all().map(|cached| cached.uid().to_owned()));
        for name in ["namesake", "nobodys"] {
            let arn = format!("{INSTANCE}/agent/{name}");
            let name = NamespacedName { namespace: "sales".into(), name: name.into() };
            let orphan = Orphan { arn: arn.clone(), username: name.name.clone(), name, uid: "of-another".into() };
            scan.orphans.insert(arn, orphan);
        }
        let orphans = complete(&reconciler.ctx, &mut scan, all()).orphans;
        let names: Vec<_> = orphans.iter().map(|orphan| &*orphan.username).collect();
        assert_eq!(names, ["namesake", "nobodys"], "a resource of another instance does not own a user here");
    }

    #[test]
    fn instance_is_without_times_if_no_user_has_one() {
        let time = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(are_without_times([].iter()), None);
        assert_eq!(are_without_times([None, None].iter()), Some(true));
        assert_eq!(are_without_times([None, time].iter()), Some(false));
    }
}
