//! The batch look for drift over one instance: which of its users are worth a pass of their own, and which nobody owns any more.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use connect_api::{Arn, Caller, Class, Error, FoundUser, Priority, Tags, UserId, UserSummary};
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;

use super::{
    conditions::{is_in_sync, is_settled},
    orphans::Orphan,
    reconciler::{Reconciler, is_paused},
    snapshot::remembered,
    username_waiters::NamespacedName,
};
use crate::{
    api::ConnectUser,
    inventory::{Query, ScanSink, UserScan, Wanted},
    plan::{Desired, Fingerprint, NameIndex, SpecIssue, Unresolved, diff, ignored_drift, modified},
};

/// How late SearchUsers may show a change: a few seconds, as far as is known.
const SEARCH_LAG: Duration = Duration::from_secs(10);

/// How long a new user may be missing from SearchUsers before that is worth a look.
const NEW: SignedDuration = SignedDuration::from_secs(60);

/// When instances were last swept, by ARN.
#[derive(Debug, Default)]
pub(super) struct LastSweeps(Mutex<HashMap<String, Duration>>);

/// Why a user is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftSignal {
    /// SearchUsers shows it otherwise than the operator last saw it.
    Differs,
    /// It was changed since then.
    Modified,
    /// The complete list does not have it.
    Missing,
    /// The names in its spec mean something else by now, or nothing.
    Renamed,
}

impl DriftSignal {
    /// For the log and the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::Modified => "modified",
            Self::Missing => "missing",
            Self::Renamed => "renamed",
        }
    }
}

/// What a complete sweep came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Pages that were read.
    pub calls: u32,
    /// Users that Connect showed.
    pub users: usize,
    /// ConnectUsers that were compared with them.
    pub compared: usize,
    /// Those of them that SearchUsers shows otherwise than DescribeUser, for no reason that a look has found: their changes are found
    /// by ListUsers and by the look that comes once a day.
    pub disputed: usize,
    /// Passes that were asked for, by reason.
    pub candidates: BTreeMap<DriftSignal, usize>,
    /// Users without a ConnectUser.
    pub orphans: Vec<Orphan>,
}

struct Expected {
    uid: String,
    place: NamespacedName,
    fingerprint: Fingerprint,
    modified: Option<Timestamp>,
    last_sync: Option<Timestamp>,
    created: Option<Timestamp>,
}

/// A sweep under way over one instance.
pub struct DriftScan {
    instance: Arn,
    walk: UserScan,
    /// The uptime, and the time.
    began: (Duration, Timestamp),
    cluster: String,
    /// UIDs of all ConnectUsers, whatever instance they are of.
    uids: HashSet<String>,
    /// By user, which several resources may observe.
    members: HashMap<UserId, Vec<Expected>>,
    found: HashSet<UserId>,
    listed: HashMap<UserId, Option<Timestamp>>,
    /// Who is worth a look, by UID.
    worth: HashMap<String, DriftSignal>,
    /// How SearchUsers shows the users of those that differ, by UID.
    differing: HashMap<String, Fingerprint>,
    /// The names in the specs of the members.
    named: Wanted,
    directory: NameIndex,
    orphans: BTreeMap<String, Orphan>,
}

impl std::fmt::Debug for DriftScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweeping").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl ScanSink for DriftScan {
    fn found(&mut self, user: FoundUser) {
        match self.members.get(&user.id) {
            Some(members) => {
                let shown = Fingerprint::of_found(&user);
                for member in members {
                    // By whatever page shows it as it was last seen: one that moved between pages may come by twice.
                    if member.fingerprint == shown {
                        self.worth.remove(&member.uid);
                        self.differing.remove(&member.uid);
                    } else if !self.found.contains(&user.id) {
                        self.worth.insert(member.uid.clone(), DriftSignal::Differs);
                        self.differing.insert(member.uid.clone(), shown);
                    }
                }
            }
            None => self.note_orphan(&user.arn, &user.username, &user.tags),
        }
        self.found.insert(user.id);
    }

    fn listed(&mut self, user: UserSummary) {
        for member in self.members.get(&user.id).into_iter().flatten() {
            if modified(user.last_modified_time, member.modified, member.last_sync) {
                self.worth.entry(member.uid.clone()).or_insert(DriftSignal::Modified);
            }
        }
        self.listed.insert(user.id, user.last_modified_time);
    }

    fn restarted(&mut self) {
        self.found.clear();
        self.listed.clear();
        self.worth.clear();
        self.differing.clear();
        self.orphans.clear();
    }
}

impl DriftScan {
    /// Pages read so far.
    pub(crate) fn calls(&self) -> u32 {
        self.walk.calls()
    }

    /// Why a member is worth a look, if it is. Both lists are complete.
    fn worth_of(&self, id: &UserId, uid: &str, renamed: bool, is_new: bool) -> Option<DriftSignal> {
        match self.listed.contains_key(id) {
            false => Some(DriftSignal::Missing),
            true if renamed => Some(DriftSignal::Renamed),
            // Listed, and not shown: it moved between pages, or was lost by the index.
            true if !self.found.contains(id) && !is_new => Some(DriftSignal::Missing),
            true => self.worth.get(uid).copied(),
        }
    }

    fn note_orphan(&mut self, arn: &str, username: &str, tags: &Tags) {
        if let Some(orphan) = Orphan::of(&self.cluster, arn, username, tags)
            && !self.uids.contains(&orphan.uid)
        {
            self.orphans.insert(arn.to_owned(), orphan);
        }
    }
}

impl Reconciler {
    /// Begins a sweep over an instance. `resources` are all ConnectUsers that the operator watches.
    pub fn begin_sweep(&self, instance: &Arn, resources: impl Iterator<Item = ConnectUser>) -> DriftScan {
        let mut sweeping = DriftScan {
            instance: instance.clone(),
            walk: UserScan::default(),
            began: (self.clock.uptime(), self.clock.now()),
            cluster: self.settings.cluster.clone(),
            uids: HashSet::new(),
            members: HashMap::new(),
            found: HashSet::new(),
            listed: HashMap::new(),
            worth: HashMap::new(),
            differing: HashMap::new(),
            named: Wanted::new(),
            directory: NameIndex::default(),
            orphans: BTreeMap::new(),
        };
        let of_instance = instance.to_string();
        for resource in resources {
            let resource = &resource;
            let uid = resource.uid().unwrap_or_default();
            if resource.spec.instance_arn == of_instance
                && let Some((id, member)) = self.member(instance, resource, &uid)
            {
                sweeping.members.entry(id).or_default().push(member);
                let parsed = Desired::parse(resource, &self.settings.cluster, &sweeping.directory);
                if let Err(SpecIssue::Names(names)) = parsed {
                    for Unresolved { kind, name, .. } in names {
                        sweeping.named.entry(kind).or_default().insert(name);
                    }
                }
            }
            sweeping.uids.insert(uid);
        }
        sweeping
    }

    /// A resource whose user a sweep can compare: one that is settled, and not on a course of its own.
    fn member(&self, instance: &Arn, resource: &ConnectUser, uid: &str) -> Option<(UserId, Expected)> {
        let status = resource.status.as_ref()?;
        let own_course = resource.metadata.deletion_timestamp.is_some()
            || resource.spec.drift_interval.is_some()
            || is_paused(resource)
            || !is_settled(status, resource.metadata.generation.unwrap_or_default());
        if own_course {
            return None;
        }
        let user = remembered(instance, status)?.user;
        let (fingerprint, id) = (Fingerprint::of_user(&user), user.id);
        // A correction brings the user back to what the status shows already, so that the time of the last sync stays.
        let (modified, last_sync) = (self.memory.modified(uid), status.last_sync_time.max(self.memory.last_change(uid)));
        let created = status.create_attempt.map(|attempt| attempt.at);
        Some((
            id,
            Expected { uid: uid.to_owned(), place: NamespacedName::of(resource), fingerprint, modified, last_sync, created },
        ))
    }

    /// Goes on with a sweep. Once it is complete, users that are worth it are looked at. `resources` as for
    /// [`begin_sweep`](Self::begin_sweep).
    ///
    /// # Errors
    /// The call that failed: the sweep may be gone on with. Until it is complete, nothing follows from it.
    pub async fn go_on(
        &self,
        sweeping: &mut DriftScan,
        resources: impl Iterator<Item = ConnectUser>,
    ) -> Result<ScanReport, Error> {
        let connect = self.connections.client_for(&sweeping.instance);
        let caller = Caller::new(format!("sweep of {}", sweeping.instance), Priority::Sweep);
        let instance = sweeping.instance.clone();
        let mut walk = std::mem::take(&mut sweeping.walk);
        let read = walk.resume(&*connect, &caller, &instance.instance, sweeping).await;
        sweeping.walk = walk;
        read?;
        if !sweeping.named.is_empty() {
            let (now, since, oldest) = (self.clock.uptime(), sweeping.began.0, sweeping.began.0);
            let ask = Query { connect: &*connect, priority: Priority::Sweep, instance: &instance, now, since, oldest };
            match self.inventory.read(&ask, &sweeping.named).await {
                Ok(found) => found.catalogs.into_iter().for_each(|(kind, names)| sweeping.directory.insert(kind, names)),
                Err(error) if error.class == Class::Deferred => return Err(error),
                // The users were seen all the same. Whoever is to be changed asks for the names again, and tells of it.
                Err(error) => tracing::warn!(%error, "names could not be looked up"),
            }
        }
        Ok(self.conclude(sweeping, resources))
    }

    fn conclude(&self, sweeping: &mut DriftScan, resources: impl Iterator<Item = ConnectUser>) -> ScanReport {
        let mut swept = ScanReport {
            calls: sweeping.walk.calls(),
            users: sweeping.found.len().max(sweeping.listed.len()),
            compared: sweeping.members.values().map(Vec::len).sum(),
            ..ScanReport::default()
        };
        let (renamed, orphans) = self.compare_with_all(sweeping, resources);
        swept.orphans = orphans;
        let now = (self.clock.uptime(), self.clock.now());
        let members = std::mem::take(&mut sweeping.members).into_iter();
        for (id, member) in members.flat_map(|(id, members)| members.into_iter().map(move |member| (id.clone(), member))) {
            let listed = sweeping.listed.get(&id);
            let is_new = member.created.is_some_and(|at| sweeping.began.1.duration_since(at) <= NEW);
            let worth = sweeping.worth_of(&id, &member.uid, renamed.contains(&member.uid), is_new);
            let modified = listed.is_some_and(|listed| modified(*listed, member.modified, member.last_sync));
            let theirs = sweeping.differing.get(&member.uid);
            if theirs.is_none() && sweeping.found.contains(&id) {
                self.memory.agree(&member.uid);
            }
            if self.knows_better(sweeping.began, worth, modified, &member.uid, &id) {
                continue;
            }
            let is_old_dispute = worth == Some(DriftSignal::Differs)
                && theirs.is_some_and(|theirs| self.memory.dispute(&member.uid, (id.clone(), member.fingerprint, *theirs), now));
            swept.disputed += usize::from(is_old_dispute);
            match if is_old_dispute { modified.then_some(DriftSignal::Modified) } else { worth } {
                None => {
                    self.memory.note_modified(&member.uid, listed.copied().flatten());
                    // Of whom the index shows something else, it does not say that all is as the status has it.
                    if sweeping.found.contains(&id) && !is_old_dispute {
                        self.memory.confirm(&member.uid, &id, sweeping.began.0);
                    }
                }
                Some(worth) => {
                    *swept.candidates.entry(worth).or_default() += 1;
                    self.memory.clear_hold(&member.uid);
                    self.waiting.wake(member.place);
                }
            }
        }
        self.sweeps.note(&sweeping.instance.to_string(), self.clock.uptime());
        swept
    }

    /// Compares with all resources as they are now: which of them have names that mean something else, by UID, and which users
    /// belong to none of them.
    fn compare_with_all(
        &self,
        sweeping: &mut DriftScan,
        resources: impl Iterator<Item = ConnectUser>,
    ) -> (HashSet<String>, Vec<Orphan>) {
        let (mut orphans, mut renamed) = (std::mem::take(&mut sweeping.orphans), HashSet::new());
        if sweeping.named.is_empty() && orphans.is_empty() {
            return (renamed, Vec::new());
        }
        let mut by_place: HashMap<NamespacedName, Vec<String>> = HashMap::new();
        for (arn, orphan) in &orphans {
            by_place.entry(orphan.place.clone()).or_default().push(arn.clone());
        }
        for resource in resources {
            let recorded = resource.status.as_ref().and_then(|status| status.user_arn.as_ref());
            let here = by_place.get(&NamespacedName::of(&resource)).into_iter().flatten();
            for arn in here.chain(recorded) {
                if orphans.get(arn).is_some_and(|orphan| orphan.belongs_to(&resource)) {
                    orphans.remove(arn);
                }
            }
            if !sweeping.named.is_empty() && self.is_renamed(sweeping, &resource) {
                renamed.extend(resource.uid());
            }
        }
        (renamed, orphans.into_values().collect())
    }

    /// Whether the user was read or changed after the sweep saw it as it did. The next sweep compares it, and ends before anything
    /// that has happened since then is one interval old.
    fn knows_better(
        &self,
        (uptime, time): (Duration, Timestamp),
        worth: Option<DriftSignal>,
        modified: bool,
        uid: &str,
        user: &UserId,
    ) -> bool {
        let lag = match worth {
            // This is of the resource as it is now.
            Some(DriftSignal::Renamed) => return false,
            // Less than from one sweep to the next: what that one has seen is not what this one may be late to show.
            Some(DriftSignal::Differs | DriftSignal::Missing) if !modified => {
                self.settings.sweep_interval.map_or(Duration::ZERO, |interval| SEARCH_LAG.min(interval / 4))
            }
            // ListUsers is not late.
            _ => Duration::ZERO,
        };
        self.memory.confirmed(uid, user).is_some_and(|read| read + lag >= uptime)
            || self.memory.last_change(uid).is_some_and(|changed| changed + lag >= time)
    }

    /// Whether the names in a spec mean something else than what the user has.
    fn is_renamed(&self, sweeping: &DriftScan, resource: &ConnectUser) -> bool {
        let Some(status) = resource.status.as_ref().filter(|s| is_in_sync(s, resource.metadata.generation.unwrap_or_default()))
        else {
            return false;
        };
        // The names of another instance are not in this directory.
        if resource.spec.instance_arn != sweeping.instance.to_string() {
            return false;
        }
        match Desired::parse(resource, &self.settings.cluster, &sweeping.directory) {
            // Names that could not be read prove nothing.
            Err(SpecIssue::Names(names)) => names.iter().any(|name| name.why != crate::plan::UnresolvedReason::Unread),
            Err(SpecIssue::Spec(_)) => false,
            Ok(desired) => remembered(&sweeping.instance, status).is_some_and(|live| {
                let desired = desired.without_ignored(&ignored_drift(&resource.spec, status), &live);
                !diff(&desired, &live, &status.applied_tag_keys).is_empty()
            }),
        }
    }

    /// Whether an instance was swept in the last few intervals, or may still be.
    pub(super) fn was_swept_lately(&self, instance: &str) -> bool {
        let Some(interval) = self.settings.sweep_interval else { return false };
        self.clock.uptime().saturating_sub(self.sweeps.last(instance).unwrap_or(self.started().0)) <= interval * 3
    }

    /// Has the resources of an instance that could not be swept looked at one by one, where they are due.
    pub fn do_without_sweep(&self, instance: &Arn, resources: impl Iterator<Item = ConnectUser>) {
        let instance = instance.to_string();
        if !self.was_swept_lately(&instance) {
            resources.filter(|r| r.spec.instance_arn == instance).for_each(|r| self.waiting.wake(NamespacedName::of(&r)));
        }
    }

    /// How long names that an instance gave are believed: half of the interval in which everything else is looked at.
    pub(super) fn names_last(&self) -> Duration {
        self.settings.sweep_interval.unwrap_or(self.settings.drift_interval).min(self.settings.drift_interval) / 2
    }
}

impl LastSweeps {
    fn note(&self, instance: &str, uptime: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(instance.to_owned(), uptime);
    }

    fn last(&self, instance: &str) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(instance).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::PREFIX,
        plan::fixtures::{self, live},
    };

    const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/i-1";

    fn at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(second).unwrap())
    }

    /// Over one ConnectUser, whose user was last changed at 100 s.
    fn sweeping() -> DriftScan {
        let place = NamespacedName { namespace: "sales".into(), name: "jane".into() };
        let user = live().user;
        let member = Expected {
            uid: "uid-7".into(),
            place,
            fingerprint: Fingerprint::of_user(&user),
            modified: at(100),
            last_sync: at(100),
            created: None,
        };
        DriftScan {
            instance: INSTANCE.parse().unwrap(),
            walk: UserScan::default(),
            began: (Duration::ZERO, Timestamp::UNIX_EPOCH),
            cluster: "blue".into(),
            uids: ["uid-7".to_owned()].into(),
            members: [(user.id, vec![member])].into(),
            found: HashSet::new(),
            listed: HashMap::new(),
            worth: HashMap::new(),
            differing: HashMap::new(),
            named: Wanted::new(),
            directory: NameIndex::default(),
            orphans: BTreeMap::new(),
        }
    }

    fn found(change: impl FnOnce(&mut FoundUser)) -> FoundUser {
        let mut found = fixtures::found();
        change(&mut found);
        found
    }

    fn listed(modified: Option<Timestamp>) -> UserSummary {
        let user = live().user;
        UserSummary { id: user.id, arn: user.arn, username: user.username, last_modified_time: modified }
    }

    fn worth(sweeping: &DriftScan) -> Option<DriftSignal> {
        sweeping.worth.get("uid-7").copied()
    }

    #[test]
    fn a_user_as_it_was_is_not_worth_a_look_and_one_that_differs_or_was_changed_is() {
        let mut same = sweeping();
        same.found(found(|_| ()));
        same.listed(listed(at(100)));
        assert_eq!(worth(&same), None);
        let mut other = sweeping();
        other.found(found(|user| user.routing_profile_id = None));
        other.listed(listed(at(100)));
        assert_eq!(worth(&other), Some(DriftSignal::Differs));
        let mut changed = sweeping();
        changed.found(found(|_| ()));
        changed.listed(listed(at(101)));
        assert_eq!(worth(&changed), Some(DriftSignal::Modified));
    }

    #[test]
    fn of_two_resources_with_one_user_each_is_compared_with_what_its_own_status_shows() {
        let mut both = sweeping();
        let members = both.members.values_mut().next().unwrap();
        let mut changed = live().user;
        changed.routing_profile_id = None;
        let observer = Expected {
            uid: "uid-8".into(),
            place: NamespacedName { namespace: "audit".into(), name: "jane".into() },
            fingerprint: Fingerprint::of_user(&changed),
            ..members[0]
        };
        members.push(observer);
        both.found(found(|_| ()));
        both.listed(listed(at(101)));
        assert_eq!(both.worth, [("uid-7".to_owned(), DriftSignal::Modified), ("uid-8".to_owned(), DriftSignal::Differs)].into());
    }

    #[test]
    fn a_user_that_moved_between_pages_is_taken_as_the_page_shows_it_that_is_as_it_was() {
        let other = |user: &mut FoundUser| user.routing_profile_id = None;
        let mut older_first = sweeping();
        older_first.found(found(other));
        older_first.found(found(|_| ()));
        assert_eq!(worth(&older_first), None);
        let mut older_last = sweeping();
        older_last.found(found(|_| ()));
        older_last.found(found(other));
        assert_eq!(worth(&older_last), None);
    }

    #[test]
    fn who_is_missing_from_either_list_is_worth_a_look() {
        let worth = |found_too: bool, listed_too: bool, is_new: bool| {
            let mut sweeping = sweeping();
            if found_too {
                sweeping.found(found(|_| ()));
            }
            if listed_too {
                sweeping.listed(listed(at(100)));
            }
            sweeping.worth_of(&live().user.id, "uid-7", false, is_new)
        };
        assert_eq!(worth(true, true, false), None);
        assert_eq!(worth(true, false, false), Some(DriftSignal::Missing));
        assert_eq!(worth(false, true, false), Some(DriftSignal::Missing));
        assert_eq!(worth(false, true, true), None, "the index lags");
    }

    #[test]
    fn who_carries_this_clusters_tags_and_has_no_resource_is_an_orphan_and_nobody_else() {
        let tagged = |cluster: &str, uid: &str, name: &str| {
            let tags = [("cluster", cluster), ("uid", uid), ("namespace", "sales"), ("name", name)];
            let tags = tags.map(|(key, value)| (format!("{PREFIX}{key}"), value.to_owned()));
            found(|user| (user.id, user.tags) = ("another".into(), tags.into()))
        };
        let orphans = |user| {
            let mut sweeping = sweeping();
            sweeping.found(user);
            sweeping.orphans.into_values().map(|orphan| orphan.place.name).collect::<Vec<_>>()
        };
        assert_eq!(orphans(tagged("blue", "uid-1", "joe")), ["joe"]);
        assert!(orphans(tagged("green", "uid-1", "joe")).is_empty(), "another cluster's");
        assert!(orphans(tagged("blue", "uid-7", "joe")).is_empty(), "its resource is there");
        assert!(orphans(tagged("blue", "uid-1", "")).is_empty(), "whose it was is not known");
        assert!(orphans(found(|user| (user.id, user.tags) = ("another".into(), Tags::new()))).is_empty(), "nobody's");
    }

    #[test]
    fn who_begins_anew_remembers_nothing() {
        let mut sweeping = sweeping();
        sweeping.found(found(|user| user.routing_profile_id = None));
        sweeping.listed(listed(at(101)));
        sweeping.restarted();
        assert!(sweeping.found.is_empty() && sweeping.listed.is_empty() && sweeping.worth.is_empty());
    }
}
