//! A scan of one instance for drift: compares all its users, as lists show them, with what their resources' status shows, and
//! collects users without a resource.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Duration,
};

use connect_api::{Arn, FoundUser, SecurityProfileId, Tags, UserId};
use jiff::Timestamp;

use super::{orphans::Orphan, username_waiters::NamespacedName};
use crate::{
    inventory::{ScanSink, UserScan, Wanted},
    plan::{ClusterNames, Fingerprint, NameIndex, modified},
    telemetry::MANAGED,
};

/// Why a user needs a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftSignal {
    /// SearchUsers shows other values than the operator last saw.
    Differs,
    /// ListUsers shows a change since then.
    Modified,
    /// A complete list does not show it.
    Missing,
    /// The names in its spec now stand for something else, or for nothing.
    Renamed,
}

impl DriftSignal {
    /// Returns the signal's name for the log and the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::Modified => "modified",
            Self::Missing => "missing",
            Self::Renamed => "renamed",
        }
    }
}

/// The number of users with the same security profiles, by whether they are managed: `here`, by ConnectUsers of this cluster;
/// `elsewhere`, by those of another one; `no`, by no operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsersByProfiles(pub(super) BTreeMap<(&'static str, BTreeSet<SecurityProfileId>), usize>);

impl UsersByProfiles {
    /// Returns the number of users, by whether they are managed.
    pub fn by_management(&self) -> BTreeMap<&'static str, usize> {
        self.with_profiles(|_| true)
    }

    /// Returns the number of users whose security profiles are such, by whether they are managed. Zeros are there, so that a gauge falls.
    pub(super) fn with_profiles(&self, are_such: impl Fn(&BTreeSet<SecurityProfileId>) -> bool) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::from(MANAGED.map(|managed| (managed, 0)));
        for ((managed, profiles), users) in &self.0 {
            *counts.entry(*managed).or_default() += if are_such(profiles) { *users } else { 0 };
        }
        counts
    }
}

/// The result of a complete scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// The number of pages that were read.
    pub calls: u32,
    /// The number of users that Connect showed.
    pub users: usize,
    /// The users that SearchUsers showed.
    pub by_profiles: UsersByProfiles,
    /// The number of ConnectUsers that were compared with them.
    pub compared: usize,
    /// The number of those that SearchUsers shows otherwise than DescribeUser, even after a read. Their changes are found by
    /// ListUsers and by the periodic read.
    pub disputed: usize,
    /// The number of passes that the scan caused, by reason.
    pub candidates: BTreeMap<DriftSignal, usize>,
    pub orphans: Vec<Orphan>,
}

/// A user as its resource expects it.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) uid: String,
    pub(super) name: NamespacedName,
    pub(super) fingerprint: Fingerprint,
    /// Connect's time of the last change, as it was last seen.
    pub(super) modified: Option<Timestamp>,
    pub(super) last_sync: Option<Timestamp>,
    /// The time of the last create attempt.
    pub(super) created: Option<Timestamp>,
}

/// A scan of one instance under way.
#[derive(Debug)]
pub struct DriftScan {
    pub(super) instance: Arn,
    pub(super) users: UserScan,
    /// The uptime and the time at which the scan began.
    pub(super) began: (Duration, Timestamp),
    pub(super) cluster: ClusterNames,
    /// The UIDs of all ConnectUsers, of all instances.
    pub(super) uids: HashSet<String>,
    /// By user: several resources may observe one.
    pub(super) expected: HashMap<UserId, Vec<Expected>>,
    /// The users that SearchUsers showed.
    pub(super) found: HashSet<UserId>,
    /// The same, counted.
    pub(super) by_profiles: UsersByProfiles,
    /// The users that ListUsers showed, with Connect's time of their last change.
    pub(super) listed: HashMap<UserId, Option<Timestamp>>,
    /// What the lists show, by UID of the resource.
    pub(super) signals: HashMap<String, DriftSignal>,
    /// The users that SearchUsers shows otherwise than expected, by UID of the resource.
    pub(super) differing: HashMap<String, Fingerprint>,
    /// The names in the specs of the expected users.
    pub(super) wanted: Wanted,
    pub(super) names: NameIndex,
    /// Users without a resource, by ARN.
    pub(super) orphans: BTreeMap<String, Orphan>,
}

impl ScanSink for DriftScan {
    fn found(&mut self, user: FoundUser) {
        match self.expected.get(&user.id) {
            Some(all) => {
                let shown = Fingerprint::of_found(&user);
                for expected in all {
                    // A user that moves between pages may be shown twice. A page that shows it as expected decides.
                    if expected.fingerprint == shown {
                        self.signals.remove(&expected.uid);
                        self.differing.remove(&expected.uid);
                    } else if !self.found.contains(&user.id) {
                        self.signals.insert(expected.uid.clone(), DriftSignal::Differs);
                        self.differing.insert(expected.uid.clone(), shown);
                    }
                }
            }
            None => self.note_orphan(&user.arn, &user.username, &user.tags),
        }
        if self.found.insert(user.id) {
            *self.by_profiles.0.entry((self.cluster.manage(&user.tags), user.security_profile_ids)).or_default() += 1;
        }
    }

    fn listed(&mut self, user: &UserId, at: Option<Timestamp>) {
        for expected in self.expected.get(user).into_iter().flatten() {
            if modified(at, expected.modified, expected.last_sync) {
                self.signals.entry(expected.uid.clone()).or_insert(DriftSignal::Modified);
            }
        }
        self.listed.insert(user.clone(), at);
    }

    fn restarted(&mut self) {
        self.found.clear();
        self.by_profiles = UsersByProfiles::default();
        self.listed.clear();
        self.signals.clear();
        self.differing.clear();
        self.orphans.clear();
    }
}

impl DriftScan {
    /// Creates a scan of an instance that expects no users yet. `began` is the uptime and the time.
    pub(super) fn new(instance: Arn, cluster: ClusterNames, began: (Duration, Timestamp)) -> Self {
        Self {
            instance,
            users: UserScan::default(),
            began,
            cluster,
            uids: HashSet::new(),
            expected: HashMap::new(),
            found: HashSet::new(),
            by_profiles: UsersByProfiles::default(),
            listed: HashMap::new(),
            signals: HashMap::new(),
            differing: HashMap::new(),
            wanted: Wanted::new(),
            names: NameIndex::default(),
            orphans: BTreeMap::new(),
        }
    }

    pub(crate) fn calls(&self) -> u32 {
        self.users.calls()
    }

    /// Returns why a user needs a pass, if it does, once both lists are complete.
    pub(super) fn signal(&self, id: &UserId, uid: &str, renamed: bool, is_new: bool) -> Option<DriftSignal> {
        match self.listed.contains_key(id) {
            false => Some(DriftSignal::Missing),
            true if renamed => Some(DriftSignal::Renamed),
            // Listed, but not found: it moved between pages, or the index lost it.
            true if !self.found.contains(id) && !is_new => Some(DriftSignal::Missing),
            true => self.signals.get(uid).copied(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::PREFIX,
        plan::fixtures::{self, live},
    };

    const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001";

    fn at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(second).unwrap())
    }

    /// A scan over one ConnectUser, whose user was last changed at 100 s.
    fn scan() -> DriftScan {
        let name = NamespacedName { namespace: "sales".into(), name: "jane".into() };
        let user = live().user;
        let expected = Expected {
            uid: "uid-7".into(),
            name,
            fingerprint: Fingerprint::of_user(user.clone()),
            modified: at(100),
            last_sync: at(100),
            created: None,
        };
        let mut scan = DriftScan::new(INSTANCE.parse().unwrap(), "blue".into(), (Duration::ZERO, Timestamp::UNIX_EPOCH));
        scan.uids.insert("uid-7".to_owned());
        scan.expected.insert(user.id, vec![expected]);
        scan
    }

    fn found(change: impl FnOnce(&mut FoundUser)) -> FoundUser {
        let mut found = fixtures::found();
        change(&mut found);
        found
    }

    #[test]
    fn user_that_differs_was_modified_or_is_missing_needs_a_pass() {
        use DriftSignal::{Differs, Missing, Modified};
        let as_expected: fn(&mut FoundUser) = |_| ();
        let table = [
            ("as expected", Some(as_expected), Some(100), false, None),
            ("another profile", Some(|user| user.routing_profile_id = None), Some(100), false, Some(Differs)),
            ("a later change", Some(as_expected), Some(101), false, Some(Modified)),
            ("only searched", Some(as_expected), None, false, Some(Missing)),
            ("only listed", None, Some(100), false, Some(Missing)),
            ("only listed, and new: the index lags", None, Some(100), true, None),
        ];
        for (case, shown, second, is_new, expected) in table {
            let mut scan = scan();
            shown.into_iter().for_each(|change| scan.found(found(change)));
            second.into_iter().for_each(|second| scan.listed(&live().user.id, at(second)));
            assert_eq!(scan.signal(&live().user.id, "uid-7", false, is_new), expected, "{case}");
        }
    }

    #[test]
    fn each_resource_of_a_user_is_compared_by_its_own_status() {
        let mut both = scan();
        let expected = both.expected.values_mut().next().unwrap();
        let mut changed = live().user;
        changed.routing_profile_id = None;
        let observer = Expected {
            uid: "uid-8".into(),
            name: NamespacedName { namespace: "audit".into(), name: "jane".into() },
            fingerprint: Fingerprint::of_user(changed),
            ..expected[0]
        };
        expected.push(observer);
        both.found(found(|_| ()));
        both.listed(&live().user.id, at(101));
        assert_eq!(
            both.signals,
            [("uid-7".to_owned(), DriftSignal::Modified), ("uid-8".to_owned(), DriftSignal::Differs)].into()
        );
    }

    #[test]
    fn page_that_shows_the_expected_user_decides() {
        let other = |user: &mut FoundUser| user.routing_profile_id = None;
        for pages in [[found(other), found(|_| ())], [found(|_| ()), found(other)]] {
            let mut scan = scan();
            pages.into_iter().for_each(|user| scan.found(user));
            assert!(scan.signals.is_empty());
        }
    }

    #[test]
    fn only_tagged_users_without_a_resource_are_orphans() {
        let tagged = |cluster: &str, uid: &str, name: &str| {
            let tags = [("cluster", cluster), ("uid", uid), ("namespace", "sales"), ("name", name)];
            let tags = tags.map(|(key, value)| (format!("{PREFIX}{key}"), value.to_owned()));
            found(|user| (user.id, user.tags) = ("another".into(), tags.into()))
        };
        let orphans = |user| {
            let mut scan = scan();
            scan.cluster.former = ["red".to_owned()].into();
            scan.found(user);
            scan.orphans.into_values().map(|orphan| orphan.name.name).collect::<Vec<_>>()
        };
        assert_eq!(orphans(tagged("blue", "uid-1", "joe")), ["joe"]);
        assert_eq!(orphans(tagged("red", "uid-1", "joe")), ["joe"], "of a former name of the cluster");
        assert!(orphans(tagged("green", "uid-1", "joe")).is_empty(), "another cluster's");
        assert!(orphans(tagged("blue", "uid-7", "joe")).is_empty(), "its resource is there");
        assert!(orphans(tagged("blue", "uid-1", "")).is_empty(), "its tags do not name a resource");
        assert!(orphans(found(|user| (user.id, user.tags) = ("another".into(), Tags::new()))).is_empty(), "without tags");
    }

    #[test]
    fn restart_drops_all_findings() {
        let mut scan = scan();
        scan.found(found(|user| user.routing_profile_id = None));
        scan.listed(&live().user.id, at(101));
        scan.restarted();
        assert!(scan.found.is_empty() && scan.listed.is_empty() && scan.signals.is_empty());
    }
}
