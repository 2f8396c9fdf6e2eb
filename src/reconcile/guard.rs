//! The guard against mass deletion: an emptied Git repository, a pruned application or a deleted namespace must not empty a contact
//! centre. Where more of the users that ConnectUsers have in an instance are to go than is usual, they are held until a person
//! confirms it.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use connect_api::Arn;
use kube::ResourceExt;

use super::{
    Failure, Kind, Phase,
    conditions::condition,
    pass::{End, Flow, Pass},
    reconciler::{Reconciler, is_confirmed},
};
use crate::api::{CONFIRM_DELETION, ConditionType, DeletionPolicy, Reason};

/// How many users of an instance may go without a question: more than `count` *and* more than `share` within `window` may not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeletionGuard {
    /// A part of the users that ConnectUsers have in the instance, up to 1. Others do not count, of which the operator knows nothing.
    /// At 1 nothing is ever held.
    pub share: f64,
    /// A number of users.
    pub count: usize,
    /// How long a deletion counts after it was made.
    pub window: Duration,
}

impl Default for DeletionGuard {
    fn default() -> Self {
        Self { share: 0.2, count: 10, window: Duration::from_secs(3600) }
    }
}

/// The users of one instance, as far as ConnectUsers speak of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceCounts {
    /// How many there are.
    pub all: usize,
    /// The ConnectUsers, by UID, whose users are to be deleted and no person has confirmed it.
    pub going: HashSet<String>,
}

/// Counts ConnectUsers. The cache of the watch is accurate enough for this.
pub trait UserCounter: Send + Sync {
    /// Counts the users of an instance. `default` returns the deletion policy of a namespace for resources that set none.
    fn instance_counts(&self, instance: &Arn, default: &dyn Fn(&str) -> DeletionPolicy) -> Arc<InstanceCounts>;
}

/// The limit that a number of users is over, if it is: for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany {
    /// How many went or are to go.
    pub(super) going: usize,
    /// Of how many.
    pub(super) of: usize,
}

impl DeletionGuard {
    /// Whether as many of so many users may go.
    pub(super) fn allows(&self, going: usize, of: usize) -> bool {
        // Counts are far below 2^53.
        going <= self.count || going as f64 <= self.share * of as f64
    }

    /// The limit in words. A resource that is held remembers which one held it.
    pub fn limit(&self) -> String {
        let window = jiff::SignedDuration::try_from(self.window).unwrap_or(jiff::SignedDuration::MAX);
        format!("{}% and {} users in {window:#}", self.share * 100.0, self.count)
    }
}

/// Who was let go lately, and who is held.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The ConnectUsers of an instance, by UID, whose users were let go without a question, and at what uptime.
    admitted: Mutex<HashMap<Arn, HashMap<String, Duration>>>,
    held: Mutex<HashSet<String>>,
}

impl Ledger {
    /// Lets the user of this ConnectUser go and notes it, if the guard has nothing against that. Whoever is in the cache, was let go
    /// before and asks now counts once, although the cache may lack who asks, and show who is gone.
    pub(super) fn admit(
        &self,
        guard: &DeletionGuard,
        instance: &Arn,
        uid: &str,
        counts: &InstanceCounts,
        uptime: Duration,
    ) -> Result<(), TooMany> {
        // Nothing panics while holding a lock.
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Nobody is held but these, by UID. What is given is how many are.
    pub(super) fn retain(&self, uids: &HashSet<String>) -> usize {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|uid| uids.contains(uid));
        all.len()
    }

    /// Notes that a resource is held, or no longer. What is given is how many are.
    pub(super) fn hold(&self, uid: &str, held: bool) -> usize {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held {
            all.insert(uid.to_owned());
        } else {
            all.remove(uid);
        }
        all.len()
    }
}

impl Reconciler {
    /// Whether the guard against mass deletion lets as many of an instance's users go at once.
    pub fn may_delete(&self, going: usize, of: usize) -> bool {
        self.settings.deletion_guard.allows(going, of)
    }
}

impl Pass<'_> {
    /// Ends the pass where too many users are to go, and nobody has confirmed it.
    pub(super) fn admit_deletion(&mut self) -> Flow {
        let guard = self.on.settings.deletion_guard;
        let limit = guard.limit();
        let is_held = self.status.deletion_held_by.as_ref() == Some(&limit);
        let message = if is_confirmed(&self.resource) {
            None
        } else if is_held {
            // What has been held stays so: that others went meanwhile is no answer to the question. Nor is a failure meanwhile, that
            // has taken the question's place.
            let asked = condition(&self.status, ConditionType::Ready).filter(|c| c.reason == Reason::DeletionHeld.as_str());
            Some(asked.map(|ready| ready.message.clone()).unwrap_or_else(|| {
                let counts = self.on.instance_counts(&self.instance).unwrap_or_default();
                self.question(counts.going.len(), counts.all, &limit)
            }))
        } else {
            // Where nothing is ever held, or nobody counts, there is nothing to ask.
            let counts = self.on.instance_counts(&self.instance).filter(|_| guard.share < 1.0);
            let (deletions, uptime) = (&self.on.deletions, self.on.clock.uptime());
            let asked = counts.and_then(|counts| deletions.admit(&guard, &self.instance, &self.uid, &counts, uptime).err());
            asked.map(|TooMany { going, of }| self.question(going, of, &limit))
        };
        self.on.metrics.held(self.on.deletions.hold(&self.uid, message.is_some()));
        let Some(message) = message else { return Flow::Continue(()) };
        self.status.deletion_held_by = Some(limit);
        Flow::Break(End::Failed(Failure::new(Kind::Held, Phase::Delete, message)))
    }

    fn question(&self, going: usize, of: usize, limit: &str) -> String {
        let (namespace, name) = (self.resource.namespace().unwrap_or_default(), self.resource.name_any());
        format!(
            "the user is still in Connect: {going} of the {of} users that ConnectUsers have in this instance were to be deleted when \
             this was written, and the guard lets no more than {limit} go. If that is meant, confirm it: kubectl annotate \
             connectuser --namespace {namespace} {name} {CONFIRM_DELETION}=true (with --all in place of the name for all in the namespace). If not, set \
             spec.deletionPolicy to Retain: this resource goes then, and the user stays"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_held_who_is_gone() {
        let ledger = Ledger::default();
        ledger.hold("u-1", true);
        assert_eq!(ledger.hold("u-2", true), 2);
        assert_eq!(ledger.retain(&["u-2".to_owned()].into()), 1);
    }

    fn instance() -> Arn {
        "arn:aws:connect:us-west-2:123456789012:instance/i-1".parse().unwrap()
    }

    #[test]
    fn both_limits_must_be_passed() {
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
    fn who_goes_counts_once_however_old_the_cache_is() {
        let (guard, now) = (DeletionGuard::default(), Duration::from_secs(100));
        let all: HashSet<String> = (0..10).map(|number| format!("uid-{number}")).collect();
        // The cache shows all of them, or none yet, and either is asked more than once: a deletion may have to be tried again.
        for going in [all.clone(), HashSet::new()] {
            let (ledger, counts) = (Ledger::default(), InstanceCounts { all: 30, going });
            let ask = |uid: &str| ledger.admit(&guard, &instance(), uid, &counts, now);
            assert!(all.iter().chain(&all).all(|uid| ask(uid).is_ok()));
            assert_eq!(ask("one-more").map_err(|many| many.going), Err(11));
        }
    }

    #[test]
    fn who_was_let_go_counts_for_as_long_as_the_window_lasts() {
        let (ledger, guard, second) = (Ledger::default(), DeletionGuard::default(), Duration::from_secs);
        let ask = |uid: &str, at| {
            ledger.admit(&guard, &instance(), uid, &InstanceCounts { all: 30, ..InstanceCounts::default() }, second(at))
        };
        assert!((0..10).all(|number| ask(&format!("gone-{number}"), 100).is_ok()));
        assert_eq!(ask("next", 200), Err(TooMany { going: 11, of: 40 }));
        assert_eq!(ask("next", 3701), Ok(()));
        assert_eq!(ledger.admitted.lock().unwrap()[&instance()].len(), 1, "nothing is kept of the others");
    }
}
