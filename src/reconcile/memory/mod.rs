//! What the process remembers of each resource between passes. Losing it costs a few reads and nothing else.

mod back_off;
mod corrections;
mod freshness;
mod parked;
mod requests;

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;

use super::failure::{Failure, Kind};
use back_off::BackOff;
pub(super) use back_off::Retry;
use corrections::Corrections;
use freshness::Freshness;
pub(super) use parked::KeptRead;
use parked::Parked;
use requests::Requests;
pub(super) use requests::{Moment, Wakes};

/// What is remembered of one resource.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) back_off: BackOff,
    pub(super) freshness: Freshness,
    pub(super) parked: Parked,
    pub(super) corrections: Corrections,
    pub(super) requests: Requests,
}

impl Entry {
    /// Records that a pass saw this generation in sync.
    pub(super) fn in_sync(&mut self, generation: i64) {
        self.freshness.verify(generation);
        self.back_off.reset();
        self.parked.drop_read();
    }

    /// Records a failure, and returns when to retry.
    pub(super) fn failed(&mut self, uid: &str, failure: &Failure) -> Retry {
        // A pass that had to wait for the rate limit has learnt nothing of the user.
        let is_wait = matches!(failure.kind, Kind::Deferred | Kind::Throttled);
        self.freshness.failed(is_wait);
        self.back_off.failed(uid, failure)
    }

    /// Ends the hold of a resource: something that it waits for may have changed.
    pub(super) fn wake(&mut self) {
        self.requests.woken();
        self.back_off.end_hold();
    }

    /// Ends the hold of a resource that needs a pass even if its user is in sync. What is known of the user still counts.
    pub(super) fn wake_to_check(&mut self) {
        self.wake();
        self.freshness.unverify();
    }

    /// Ends the hold of a resource whose user may have changed: nothing that was read before counts as fresh.
    pub(super) fn wake_for_read(&mut self) {
        self.wake();
        self.drop_reads();
    }

    /// As [`wake_for_read`](Self::wake_for_read), for a user that a list shows changed, as of this moment.
    pub(super) fn wake_by_list(&mut self, shown: Moment) {
        self.requests.woken_by_list(shown);
        self.back_off.end_hold();
        self.drop_reads();
    }

    fn drop_reads(&mut self) {
        self.freshness.distrust();
        self.parked.drop_read();
    }

    /// Returns whether the resource was woken since then, and its pass may have read an older state.
    pub(super) fn was_woken_since(&self, before: &Wakes) -> bool {
        let now = self.requests.wakes();
        let is_news = |shown: &Moment| now.shown != before.shown && !self.freshness.is_newer_than(*shown);
        now.count != before.count || now.shown.as_deref().is_some_and(is_news)
    }
}

/// The side table, by UID.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<HashMap<String, Entry>>);

impl Memory {
    /// Changes what is remembered of a resource.
    pub(super) fn with<T>(&self, uid: &str, change: impl FnOnce(&mut Entry) -> T) -> T {
        let mut entries = self.0.lock();
        change(entries.entry(uid.to_owned()).or_default())
    }

    /// Reads what is remembered of a resource. This creates no entry.
    pub(super) fn of<T>(&self, uid: &str, read: impl FnOnce(&Entry) -> T) -> T {
        let entries = self.0.lock();
        match entries.get(uid) {
            Some(entry) => read(entry),
            None => read(&Entry::default()),
        }
    }

    pub(super) fn forget(&self, uid: &str) {
        self.0.lock().remove(uid);
    }

    pub(super) fn retain(&self, uids: &HashSet<String>) {
        self.0.lock().retain(|uid, _| uids.contains(uid));
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::reconcile::failure::Phase;

    fn failure(kind: Kind) -> Failure {
        Failure::new(kind, Phase::Observe, "")
    }

    fn delay(entry: &mut Entry, failure: &Failure) -> Duration {
        entry.failed("u", failure).after
    }

    #[test]
    fn delays_double_to_the_longest_and_restart_after_success() {
        let mut entry = Entry::default();
        let delays: Vec<u64> = (0..12).map(|_| delay(&mut entry, &failure(Kind::Transient)).as_secs()).collect();
        assert!(delays[0] <= 2 && delays[3] >= 8 && delays[11] >= 300 && delays[11] <= 375, "{delays:?}");
        entry.in_sync(1);
        assert!(delay(&mut entry, &failure(Kind::Transient)).as_secs() <= 2);
    }

    #[test]
    fn waits_last_as_known_and_do_not_restart_the_delays() {
        let mut entry = Entry::default();
        let wait = Failure { retry_after: Some(Duration::from_millis(500)), ..failure(Kind::Deferred) };
        let delays: Vec<u64> = (0..8)
            .map(|_| {
                assert_eq!(delay(&mut entry, &wait), Duration::from_millis(500));
                delay(&mut entry, &failure(Kind::Transient)).as_secs()
            })
            .collect();
        assert!(delays[7] >= 128, "{delays:?}");
    }

    #[test]
    fn race_is_retried_at_once_three_times_and_then_slowly() {
        let mut entry = Entry::default();
        let delays: Vec<Duration> = (0..4).map(|_| delay(&mut entry, &failure(Kind::Raced))).collect();
        assert_eq!(delays[..3], [Duration::ZERO; 3]);
        assert!(delays[3] > Duration::ZERO);
    }

    #[test]
    fn object_older_than_our_own_write_is_stale() {
        let memory = Memory::default();
        let second = Duration::from_secs;
        let is_stale = |uid: &str, version| memory.of(uid, |m| m.freshness.is_stale(Some(version), second(2)));
        memory.with("u", |m| m.freshness.wrote(Some("41"), second(1)));
        assert!(is_stale("u", "40"));
        assert!(!is_stale("u", "41"));
        assert!(!is_stale("other", "1"));
        assert!(!memory.of("u", |m| m.freshness.is_stale(Some("40"), second(100))), "etcd was restored");
        memory.forget("u");
        assert!(!is_stale("u", "40"));
    }
}
