//! The guard against mass deletion: an emptied Git repository, a pruned application or a deleted namespace must not empty a
//! contact centre. If more of an instance's users are being deleted than its limits admit, they are held until a person confirms
//! it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use connect_api::Arn;
use parking_lot::Mutex;

use crate::api::DeletionPolicy;

/// The number of an instance's users that may be deleted without confirmation: more than `count` *and* more than `share` within
/// `window` are held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeletionGuard {
    /// A share of the instance's users that have a ConnectUser, up to 1. Other users do not count, since the operator does not
    /// know them. At 1 nothing is ever held.
    pub share: f64,
    /// A number of users.
    pub count: usize,
    /// The time for which a deletion counts.
    pub window: Duration,
}

impl Default for DeletionGuard {
    fn default() -> Self {
        Self { share: 0.2, count: 10, window: Duration::from_secs(3600) }
    }
}

/// The users of one instance that have a ConnectUser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceCounts {
    pub all: usize,
    /// The ConnectUsers, by UID, whose users are being deleted without confirmation.
    pub going: HashSet<String>,
}

/// Counts ConnectUsers. The cache of the watch is accurate enough for this.
pub trait UserCounter: Send + Sync {
    /// Counts the users of an instance. `default` returns the deletion policy of a namespace, for resources that set none.
    fn instance_counts(&self, instance: &Arn, default: &dyn Fn(&str) -> DeletionPolicy) -> Arc<InstanceCounts>;
}

/// More users than the guard admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany {
    /// The number of users that were deleted or are being deleted.
    pub(super) going: usize,
    /// The number of users that they are part of.
    pub(super) of: usize,
}

impl DeletionGuard {
    /// Returns whether `going` of `of` users may be deleted.
    pub(super) fn allows(&self, going: usize, of: usize) -> bool {
        // Counts are far below 2^53.
        going <= self.count || going as f64 <= self.share * of as f64
    }

    /// Returns the limit in words. The status of a held resource records it.
    pub fn limit(&self) -> String {
        let window = jiff::SignedDuration::try_from(self.window).unwrap_or(jiff::SignedDuration::MAX);
        format!("{}% and {} users in {window:#}", self.share * 100.0, self.count)
    }
}

/// The deletions that were admitted lately, and those that are held.
#[derive(Debug, Default)]
pub(super) struct DeletionLedger {
    /// The uptime at which deletions were admitted without confirmation, by instance and UID of the ConnectUser.
    admitted: Mutex<HashMap<Arn, HashMap<String, Duration>>>,
    held: Mutex<HashSet<String>>,
}

impl DeletionLedger {
    /// Admits and records the deletion of this ConnectUser's user, if the guard allows it. A ConnectUser that is in the cache,
    /// was admitted before or asks now counts once: the cache may lack the one that asks, and still show one that is gone.
    pub(super) fn admit(
        &self,
        guard: &DeletionGuard,
        instance: &Arn,
        uid: &str,
        counts: &InstanceCounts,
        uptime: Duration,
    ) -> Result<(), TooMany> {
        let mut admitted = self.admitted.lock();
        let lately = admitted.entry(instance.clone()).or_default();
        let since = uptime.saturating_sub(guard.window);
        lately.retain(|_, at| *at >= since);
        let is_new = |other: &str| !counts.going.contains(other);
        let before = lately.keys().filter(|other| *other != uid && is_new(other)).count();
        let (going, of) = (counts.going.len() + before + usize::from(is_new(uid)), counts.all + before);
        if !guard.allows(going, of) {
            return Err(TooMany { going, of });
        }
        lately.insert(uid.to_owned(), uptime);
        Ok(())
    }

    /// Drops all held deletions but these, by UID, and returns how many are held.
    pub(super) fn retain(&self, uids: &HashSet<String>) -> usize {
        let mut all = self.held.lock();
        all.retain(|uid| uids.contains(uid));
        all.len()
    }

    /// Records whether a resource's deletion is held, and returns how many are.
    pub(super) fn hold(&self, uid: &str, held: bool) -> usize {
        let mut all = self.held.lock();
        if held {
            all.insert(uid.to_owned());
        } else {
            all.remove(uid);
        }
        all.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletions_of_gone_resources_are_not_held() {
        let ledger = DeletionLedger::default();
        ledger.hold("u-1", true);
        assert_eq!(ledger.hold("u-2", true), 2);
        assert_eq!(ledger.retain(&["u-2".to_owned()].into()), 1);
    }

    fn instance() -> Arn {
        "arn:aws:connect:us-west-2:123456789012:instance/i-1".parse().unwrap()
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

    #[test]
    fn deletion_counts_once_with_any_age_of_the_cache() {
        let (guard, now) = (DeletionGuard::default(), Duration::from_secs(100));
        let all: HashSet<String> = (0..10).map(|number| format!("uid-{number}")).collect();
        // The cache shows all of them, or none yet. Each asks more than once: a deletion may have to be tried again.
        for going in [all.clone(), HashSet::new()] {
            let (ledger, counts) = (DeletionLedger::default(), InstanceCounts { all: 30, going });
            let ask = |uid: &str| ledger.admit(&guard, &instance(), uid, &counts, now);
            assert!(all.iter().chain(&all).all(|uid| ask(uid).is_ok()));
            assert_eq!(ask("one-more").map_err(|many| many.going), Err(11));
        }
    }

    #[test]
    fn admitted_deletion_counts_until_the_window_ends() {
        let (ledger, guard, second) = (DeletionLedger::default(), DeletionGuard::default(), Duration::from_secs);
        let ask = |uid: &str, at| {
            ledger.admit(&guard, &instance(), uid, &InstanceCounts { all: 30, ..InstanceCounts::default() }, second(at))
        };
        assert!((0..10).all(|number| ask(&format!("gone-{number}"), 100).is_ok()));
        assert_eq!(ask("next", 200), Err(TooMany { going: 11, of: 40 }));
        assert_eq!(ask("next", 3701), Ok(()));
        assert_eq!(ledger.admitted.lock()[&instance()].len(), 1, "the others are dropped");
    }
}
