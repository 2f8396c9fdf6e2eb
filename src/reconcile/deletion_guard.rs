//! The guard against mass deletion: an emptied Git repository, a pruned application or a deleted namespace must not empty a
//! contact centre. If more of an instance's users are being deleted than its limits admit, they are held until a person confirms
//! it.

use std::{
    collections::{HashMap, HashSet},
    ops::RangeInclusive,
    sync::Arc,
    time::Duration,
};

use connect_api::Arn;
use jiff::Timestamp;
use parking_lot::Mutex;

use crate::api::DeletionPolicy;

/// The number of users that may be deleted without confirmation: more than `count` *and* more than `share` within `window` are held.
/// It holds for the users of each namespace, and for those of the instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeletionGuard {
    /// A share of the users that have a ConnectUser, up to 1. Other users do not count, since the operator does not know them. At 1
    /// nothing is ever held.
    pub share: f64,
    /// A number of users.
    pub count: usize,
    /// Deletions that are requested within this time of each other count together.
    pub window: Duration,
}

impl Default for DeletionGuard {
    fn default() -> Self {
        Self { share: 0.2, count: 10, window: Duration::from_secs(3600) }
    }
}

/// The users of one instance that have a ConnectUser, by namespace.
pub type InstanceCounts = HashMap<Box<str>, NamespaceCounts>;

/// The users of one instance that have a ConnectUser in one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceCounts {
    pub all: usize,
    /// When the deletions of users that a person has not confirmed were requested, by the UID of the ConnectUser.
    going: HashMap<String, Timestamp>,
    /// The same times, in order.
    requested: Vec<Timestamp>,
}

impl NamespaceCounts {
    pub fn new(all: usize, going: HashMap<String, Timestamp>) -> Self {
        let mut requested: Vec<_> = going.values().copied().collect();
        requested.sort_unstable();
        Self { all, going, requested }
    }

    /// Counts the deletions that were requested within these times.
    fn going_within(&self, times: &RangeInclusive<Timestamp>) -> usize {
        let before = self.requested.partition_point(|at| at < times.start());
        self.requested[before..].partition_point(|at| at <= times.end())
    }
}

/// Counts ConnectUsers. The cache of the watch is accurate enough for this.
pub trait UserCounter: Send + Sync {
    /// Counts the users of an instance. `default` returns the deletion policy of a namespace, for resources that set none.
    fn instance_counts(&self, instance: &Arn, now: Timestamp, default: &dyn Fn(&str) -> DeletionPolicy) -> Arc<InstanceCounts>;
}

/// A deletion that asks to be admitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deletion<'a> {
    pub(crate) instance: &'a Arn,
    pub(crate) namespace: &'a str,
    /// The UID of the ConnectUser.
    pub(crate) uid: &'a str,
    /// When the deletion was requested.
    pub(crate) requested: Timestamp,
}

/// The users that a number of deletions is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Namespace,
    Instance,
    /// Those of the instance, without namespaces that exceed the limits themselves.
    OtherNamespaces,
}

/// More users than the guard admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    pub(super) scope: Scope,
    /// The number of users that were deleted or are being deleted.
    pub(crate) going: usize,
    /// The number of users that they are part of.
    pub(crate) of: usize,
}

impl DeletionGuard {
    /// Returns whether `going` of `of` users may be deleted.
    pub fn allows(&self, going: usize, of: usize) -> bool {
        // Counts are far below 2^53.
        going <= self.count || going as f64 <= self.share * of as f64
    }

    /// Returns the limit in words. The status of a held resource records it.
    pub fn limit(&self) -> String {
        let window = jiff::SignedDuration::try_from(self.window).unwrap_or(jiff::SignedDuration::MAX);
        format!("{}% and {} users in {window:#}", self.share * 100.0, self.count)
    }
}

impl TooMany {
    /// Names the users that the deletions are compared with. `namespace`: that of the ConnectUser whose deletion is not admitted.
    pub(crate) fn place(&self, namespace: &str) -> String {
        match self.scope {
            Scope::Namespace => format!("namespace {namespace:?}"),
            Scope::Instance => "this instance".to_owned(),
            Scope::OtherNamespaces => "this instance, without namespaces that are held on their own,".to_owned(),
        }
    }

    /// Describes it.
    pub(super) fn explain(&self, namespace: &str, guard: &DeletionGuard) -> String {
        let (Self { going, of, .. }, limit, place) = (self, guard.limit(), self.place(namespace));
        format!(
            "when this was written, {going} of the {of} users with a ConnectUser in {place} were being deleted, and the guard admits \
             no more than {limit}"
        )
    }
}

/// The deletions that were admitted lately, and those that are held.
#[derive(Debug, Default)]
pub(crate) struct DeletionLedger {
    /// The deletions that were admitted without confirmation, by instance and UID of the ConnectUser.
    admitted: Mutex<HashMap<Arn, HashMap<String, Admitted>>>,
    held: Mutex<Held>,
}

/// The deletions that are held.
#[derive(Debug, Default)]
struct Held {
    /// The namespace of each ConnectUser, by its UID.
    namespaces: HashMap<String, Box<str>>,
    /// How many there are in each namespace.
    counts: HashMap<Box<str>, usize>,
}

impl Held {
    /// Records whether the deletion of a ConnectUser is held, and in which namespace. Returns the namespace and its new number, if that
    /// has changed.
    fn record(&mut self, uid: &str, namespace: Option<&str>) -> Option<(Box<str>, usize)> {
        let Some(namespace) = namespace else {
            let namespace = self.namespaces.remove(uid)?;
            let count = self.counts.remove(&namespace)? - 1;
            if count > 0 {
                self.counts.insert(namespace.clone(), count);
            }
            return Some((namespace, count));
        };
        if self.namespaces.insert(uid.to_owned(), namespace.into()).is_some() {
            return None;
        }
        let count = self.counts.entry(namespace.into()).or_default();
        *count += 1;
        Some((namespace.into(), *count))
    }
}

#[derive(Debug)]
struct Admitted {
    namespace: Box<str>,
    requested: Timestamp,
    /// The uptime of the admission.
    at: Duration,
}

/// The deletions of one namespace that count together with the one that asks.
#[derive(Clone, Copy, Debug, Default)]
struct Together {
    going: usize,
    of: usize,
    /// Those of them that were admitted.
    admitted: usize,
}

impl DeletionLedger {
    /// Admits and records the deletion of a ConnectUser's user, if the guard allows it. A ConnectUser that is in the cache, was
    /// admitted before or asks now counts once: the cache may lack the one that asks, and still show one that is gone.
    ///
    /// Deletions count together if they were requested within the window of each other. When the operator sees them does not
    /// matter: it may have been down meanwhile, and a deletion that has failed for a week is not one of today's. Each namespace is
    /// compared with the limits, and then all namespaces together. A namespace that exceeds them is held, so it does not hold the
    /// others; its deletions that were admitted before still count.
    pub(crate) fn admit(
        &self,
        guard: &DeletionGuard,
        asks: Deletion<'_>,
        counts: &InstanceCounts,
        uptime: Duration,
    ) -> Result<(), TooMany> {
        let mut admitted = self.admitted.lock();
        let lately = admitted.entry(asks.instance.clone()).or_default();
        let since = uptime.saturating_sub(guard.window);
        lately.retain(|_, other| other.at >= since);
        let by_namespace = together(guard, asks, counts, lately);

        let own = by_namespace.get(asks.namespace).copied().unwrap_or_default();
        if !guard.allows(own.going, own.of) {
            return Err(TooMany { scope: Scope::Namespace, going: own.going, of: own.of });
        }
        let (mut scope, mut going, mut of) = (Scope::Instance, 0, 0);
        for namespace in by_namespace.values() {
            if guard.allows(namespace.going, namespace.of) {
                (going, of) = (going + namespace.going, of + namespace.of);
            } else {
                scope = Scope::OtherNamespaces;
                (going, of) = (going + namespace.admitted, of + namespace.admitted);
            }
        }
        if !guard.allows(going, of) {
            return Err(TooMany { scope, going, of });
        }
        let entry = Admitted { namespace: asks.namespace.into(), requested: asks.requested, at: uptime };
        lately.insert(asks.uid.to_owned(), entry);
        Ok(())
    }

    /// Returns whether the deletion of this ConnectUser's user was admitted within the window.
    pub(super) fn is_admitted(&self, guard: &DeletionGuard, instance: &Arn, uid: &str, uptime: Duration) -> bool {
        let admitted = self.admitted.lock();
        let entry = admitted.get(instance).and_then(|lately| lately.get(uid));
        entry.is_some_and(|entry| entry.at >= uptime.saturating_sub(guard.window))
    }

    /// Drops all held deletions but these, by UID. Reports each namespace whose number has changed, as [`hold`](Self::hold) does.
    pub(super) fn retain(&self, uids: &HashSet<String>, mut report: impl FnMut(&str, usize)) {
        let mut held = self.held.lock();
        let gone: Vec<String> = held.namespaces.keys().filter(|uid| !uids.contains(*uid)).cloned().collect();
        for (namespace, count) in gone.iter().filter_map(|uid| held.record(uid, None)) {
            report(&namespace, count);
        }
    }

    /// Records whether the deletion of a ConnectUser is held, and in which namespace. Reports the namespace and its new number of held
    /// deletions, if that has changed. No other change comes between the two: an older number must not be reported last.
    pub(super) fn hold(&self, uid: &str, namespace: Option<&str>, report: impl FnOnce(&str, usize)) {
        let mut held = self.held.lock();
        if let Some((namespace, count)) = held.record(uid, namespace) {
            report(&namespace, count);
        }
    }
}

/// Counts the deletions that belong together with the one that asks, by namespace.
fn together<'a>(
    guard: &DeletionGuard,
    asks: Deletion<'a>,
    counts: &'a InstanceCounts,
    lately: &'a HashMap<String, Admitted>,
) -> HashMap<&'a str, Together> {
    let earliest = asks.requested.checked_sub(guard.window).unwrap_or(Timestamp::MIN);
    let times = earliest..=asks.requested.checked_add(guard.window).unwrap_or(Timestamp::MAX);
    let is_shown = |namespace: &str, uid: &str| counts.get(namespace).is_some_and(|counted| counted.going.contains_key(uid));
    let mut by_namespace: HashMap<&str, Together> = HashMap::with_capacity(counts.len() + 1);
    for (namespace, counted) in counts {
        let of_cache = Together { going: counted.going_within(&times), of: counted.all, admitted: 0 };
        by_namespace.insert(namespace, of_cache);
    }
    for (uid, other) in lately.iter().filter(|(uid, other)| *uid != asks.uid && times.contains(&other.requested)) {
        let namespace = by_namespace.entry(&other.namespace).or_default();
        namespace.admitted += 1;
        if !is_shown(&other.namespace, uid) {
            (namespace.going, namespace.of) = (namespace.going + 1, namespace.of + 1);
        }
    }
    let own = by_namespace.entry(asks.namespace).or_default();
    own.going += usize::from(!is_shown(asks.namespace, asks.uid));
    own.of = own.of.max(own.going);
    by_namespace
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletions_of_gone_resources_are_not_held() {
        let ledger = DeletionLedger::default();
        let hold = |uid, namespace| {
            let mut reported = None;
            ledger.hold(uid, namespace, |namespace, count| reported = Some((namespace.to_owned(), count)));
            reported
        };
        assert_eq!(hold("u-1", Some("sales")), Some(("sales".into(), 1)));
        assert_eq!(hold("u-2", Some("sales")), Some(("sales".into(), 2)));
        assert_eq!(hold("u-2", Some("sales")), None);
        assert_eq!(hold("u-3", Some("care")), Some(("care".into(), 1)));
        let mut retained = Vec::new();
        ledger.retain(&["u-2".to_owned(), "u-3".to_owned()].into(), |namespace, count| {
            retained.push((namespace.to_owned(), count))
        });
        assert_eq!(retained, [("sales".into(), 1)]);
        assert_eq!((hold("u-3", None), hold("u-3", None)), (Some(("care".into(), 0)), None));
    }

    fn instance() -> Arn {
        "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001".parse().unwrap()
    }

    #[test]
    fn deletions_are_held_above_both_limits() {
        let guard = DeletionGuard::default();
        let table = [
            (10, 10, true),
            (11, 15, false),
            (11, 55, true),
            (11, 54, false),
            (20, 100, true),
            (21, 100, false),
            (2000, 10_000, true),
            (2001, 10_000, false),
        ];
        for (going, of, allowed) in table {
            assert_eq!(guard.allows(going, of), allowed, "{going} of {of}");
        }
        assert!(DeletionGuard { share: 1.0, ..guard }.allows(10_000, 10_000), "it is off");
        assert_eq!(guard.limit(), "20% and 10 users in 1h");
    }

    fn time(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    /// Some users of a namespace, of which those with these names are being deleted since these seconds.
    fn namespace(all: usize, going: impl IntoIterator<Item = (String, i64)>) -> NamespaceCounts {
        NamespaceCounts::new(all, going.into_iter().map(|(uid, second)| (uid, time(second))).collect())
    }

    fn names(prefix: &str, count: usize) -> impl Iterator<Item = String> {
        (0..count).map(move |number| format!("{prefix}-{number}"))
    }

    /// Returns the numbers with which a deletion is refused.
    fn refusal(
        ledger: &DeletionLedger,
        counts: &InstanceCounts,
        namespace: &str,
        uid: &str,
        requested: i64,
    ) -> Option<(Scope, usize, usize)> {
        let asks = Deletion { instance: &instance(), namespace, uid, requested: time(requested) };
        let uptime = Duration::from_secs(requested.unsigned_abs());
        let many = ledger.admit(&DeletionGuard::default(), asks, counts, uptime).err()?;
        Some((many.scope, many.going, many.of))
    }

    #[test]
    fn deletion_counts_once_with_any_age_of_the_cache() {
        let all: Vec<String> = names("uid", 10).collect();
        // The cache shows all of them, or none yet. Each asks more than once: a deletion may have to be tried again.
        for going in [all.clone(), vec![]] {
            let ledger = DeletionLedger::default();
            let counts = [("a".into(), namespace(30, going.into_iter().map(|uid| (uid, 100))))].into();
            let ask = |uid: &str| refusal(&ledger, &counts, "a", uid, 100).map(|(_, going, _)| going);
            assert!(all.iter().chain(&all).all(|uid| ask(uid).is_none()));
            assert_eq!(ask("one-more"), Some(11));
        }
    }

    #[test]
    fn admitted_deletion_counts_until_the_window_ends() {
        let ledger = DeletionLedger::default();
        let counts = [("a".into(), namespace(30, []))].into();
        assert!(names("gone", 10).all(|uid| refusal(&ledger, &counts, "a", &uid, 100).is_none()));
        assert_eq!(refusal(&ledger, &counts, "a", "next", 200), Some((Scope::Namespace, 11, 40)));
        assert_eq!(refusal(&ledger, &counts, "a", "next", 3701), None);
        assert_eq!(ledger.admitted.lock()[&instance()].len(), 1, "the others are dropped");
    }

    #[test]
    fn deletions_of_last_week_do_not_hold_those_of_today() {
        let ledger = DeletionLedger::default();
        let week = 7 * 24 * 3600;
        let counts =
            [("a".into(), namespace(40, names("hangs", 30).map(|uid| (uid, 0)).chain([("leaver".into(), week)])))].into();
        assert_eq!(refusal(&ledger, &counts, "a", "leaver", week), None);
        assert_eq!(refusal(&ledger, &counts, "a", "hangs-3", 0), Some((Scope::Namespace, 30, 40)));
    }

    #[test]
    fn deletions_of_a_night_without_the_operator_are_held() {
        let ledger = DeletionLedger::default();
        let counts: InstanceCounts = [("a".into(), namespace(40, names("gone", 40).map(|uid| (uid, 60))))].into();
        // The process starts a day later.
        for uid in names("gone", 40) {
            let asks = Deletion { instance: &instance(), namespace: "a", uid: &uid, requested: time(60) };
            assert!(ledger.admit(&DeletionGuard::default(), asks, &counts, Duration::from_secs(86_400)).is_err());
        }
    }

    #[test]
    fn emptied_namespace_does_not_hold_the_leavers_of_another() {
        let ledger = DeletionLedger::default();
        let emptied = namespace(300, names("emptied", 300).map(|uid| (uid, 0)));
        let other = namespace(300, [("leaver".into(), 10)]);
        let counts = [("a".into(), emptied), ("b".into(), other)].into();
        assert_eq!(refusal(&ledger, &counts, "a", "emptied-7", 0), Some((Scope::Namespace, 300, 300)));
        assert_eq!(refusal(&ledger, &counts, "b", "leaver", 10), None);
    }

    #[test]
    fn hundred_small_namespaces_are_held_together() {
        let ledger = DeletionLedger::default();
        let place = |number: usize| format!("team-{number}");
        let emptied = |number: usize| namespace(8, names(&place(number), 8).map(|uid| (uid, 0)));
        // A large one that is emptied as well neither hides them nor releases them.
        let large = ("large".into(), namespace(9000, names("large", 9000).map(|uid| (uid, 0))));
        let counts: InstanceCounts = (0..100).map(|n| (place(n).into(), emptied(n))).chain([large]).collect();
        for number in 0..100 {
            for uid in names(&place(number), 8) {
                assert_eq!(refusal(&ledger, &counts, &place(number), &uid, 0), Some((Scope::OtherNamespaces, 800, 800)));
            }
        }
    }

    #[test]
    fn namespaces_emptied_one_by_one_lose_no_more_than_the_limit() {
        // The cache shows each deletion only when it asks. Each namespace exceeds the limits once it has lost ten of its twelve.
        let (ledger, teams) = (DeletionLedger::default(), 100);
        let place = |number: usize| format!("team-{number}");
        let (mut left, mut going) = (vec![12; teams], vec![HashMap::new(); teams]);
        let mut leaked = 0;
        for team in 0..teams {
            for uid in names(&place(team), 12) {
                going[team].insert(uid.clone(), time(0));
                let counted = |n: usize| (place(n).into(), NamespaceCounts::new(left[n], going[n].clone()));
                let counts: InstanceCounts = (0..teams).map(counted).collect();
                if refusal(&ledger, &counts, &place(team), &uid, 0).is_none() {
                    leaked += 1;
                    left[team] -= 1;
                    going[team].remove(&uid);
                }
            }
        }
        assert!(leaked <= teams * 12 / 5, "{leaked}");
    }
}
