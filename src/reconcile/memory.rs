//! What the process remembers of each resource between passes. Losing it costs a few reads and nothing else.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use connect_api::UserId;
use jiff::Timestamp;

use super::{
    failure::{Failure, Kind, RACES_AT_ONCE},
    lookup::Listing,
    quick_connect_cleanup::Cleanup,
    requests::Request,
};
use crate::{
    api::CreateAttempt,
    plan::{Fingerprint, Live},
};

#[derive(Debug, Default)]
struct Entry {
    /// The resourceVersion of our last write: an older cached object is not worth a pass.
    written: Option<u64>,
    /// Failures of this kind in a row.
    failing: Option<(Kind, u32)>,
    /// Which generation was seen in sync.
    verified: Option<i64>,
    /// At what uptime the user was last read by itself, which shows what no list does.
    read: Option<Duration>,
    /// Whether this process has dealt with the resource: until then, its status is all there is.
    met: bool,
    /// Connect's time of the last change of the user, where that is known.
    modified: Option<Timestamp>,
    /// When this process last changed the user.
    changed: Option<Timestamp>,
    /// Which user the status shows as it was seen at this uptime.
    confirmed: Option<(UserId, Duration)>,
    /// How SearchUsers shows the user, where that is not as the user was read.
    dispute: Option<Box<Dispute>>,
    /// How often it was to be looked at again, whatever it waited for.
    woken: u32,
    /// Until which uptime a failed resource is left alone, and what somebody must change to be heard before.
    held: Option<Box<(Request, Duration)>>,
    /// What people ask of the resource, and at what uptime that was first seen.
    asked: Option<Box<(Request, Duration)>>,
    /// A walk through the list of users that had to stop for now, and what was known when it began.
    listing: Option<Box<(ListingKey, Listing)>>,
    /// The user as a pass read it whose calls then had to wait.
    look: Option<Box<KeptRead>>,
    /// Work on the quick connects of a deleted user that had to stop for now.
    cleanup: Option<Box<Cleanup>>,
}

impl Entry {
    /// Waits no longer.
    fn wake(&mut self) {
        self.woken = self.woken.wrapping_add(1);
        self.held = None;
    }
}

/// SearchUsers shows a user otherwise than the status has it.
#[derive(Debug)]
struct Dispute {
    /// Which user, what the status has, and what SearchUsers shows.
    over: (UserId, Fingerprint, Fingerprint),
    /// The uptime and the time at which that was seen, after our last change to the user.
    since: (Duration, Timestamp),
}

/// A look at a user that is worth keeping for a while.
#[derive(Debug)]
pub(super) struct KeptRead {
    pub(super) live: Live,
    /// The spec it was made for: another one may have calls to make that carry over what a look has shown, which is to be fresh.
    pub(super) generation: i64,
    /// The uptime at which it was made.
    pub(super) at: Duration,
    /// How long it is good for.
    pub(super) lifetime: Duration,
}

/// What must not have changed for a walk through the list to be worth going on with: the create mark and whether it had
/// settled. Pages that were read before are older than what changed, and say nothing of it.
pub(super) type ListingKey = (Option<CreateAttempt>, bool);

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Retry {
    /// After this time.
    pub(super) after: Duration,
    /// It was a race, and is taken up again without further ado.
    pub(super) at_once: bool,
}

/// The side table, keyed by UID.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<HashMap<String, Entry>>);

impl Memory {
    fn with<T>(&self, uid: &str, act: impl FnOnce(&mut Entry) -> T) -> T {
        // Nothing panics while holding the lock, and a half-made entry would only cost a read.
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(entries.entry(uid.to_owned()).or_default())
    }

    /// What is remembered of a resource. Of one that nothing is remembered of, nothing is remembered by asking either.
    fn of<T>(&self, uid: &str, read: impl FnOnce(&Entry) -> T) -> T {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match entries.get(uid) {
            Some(entry) => read(entry),
            None => read(&Entry::default()),
        }
    }

    /// Notes the resourceVersion of a write of ours.
    pub(super) fn wrote(&self, uid: &str, resource_version: Option<&str>) {
        if let Some(version) = resource_version.and_then(|v| v.parse().ok()) {
            self.with(uid, |e| e.written = e.written.max(Some(version)));
        }
    }

    /// Whether a cached object is older than our own last write.
    pub(super) fn is_stale(&self, uid: &str, resource_version: Option<&str>) -> bool {
        let version = resource_version.and_then(|v| v.parse::<u64>().ok());
        self.of(uid, |e| matches!((version, e.written), (Some(seen), Some(written)) if seen < written))
    }

    /// Notes that a generation was seen in sync, and ends a row of failures.
    pub(super) fn verified(&self, uid: &str, generation: i64) {
        self.with(uid, |e| {
            e.verified = Some(generation);
            e.met = true;
            e.failing = None;
            e.held = None;
            e.look = None;
        });
    }

    /// Leaves a failed resource alone until then: the event of our own status write must not bring it back earlier.
    pub(super) fn hold(&self, uid: &str, asked: Request, until: Duration) {
        self.with(uid, |e| e.held = Some(Box::new((asked, until))));
    }

    /// Leaves a resource alone no longer, and takes nothing of what was seen of it for fresh.
    pub(super) fn clear_hold(&self, uid: &str) {
        self.with(uid, |e| {
            e.wake();
            e.verified = None;
            e.confirmed = None;
            e.look = None;
            e.met = true;
        });
    }

    /// Notes that Connect has this user as the status shows it, by a list that was read at this uptime.
    pub(super) fn confirm(&self, uid: &str, user: &UserId, uptime: Duration) {
        self.with(uid, |e| e.confirmed = Some((user.clone(), uptime)));
    }

    /// Notes that SearchUsers shows a user otherwise than the status has it. Whether it has done so since before the user was last
    /// read, with nothing to be put right: whatever the reason, another look would end as that one.
    pub(super) fn dispute(&self, uid: &str, over: (UserId, Fingerprint, Fingerprint), now: (Duration, Timestamp)) -> bool {
        self.with(uid, |e| match e.dispute.as_deref() {
            Some(Dispute { over: before, since: (uptime, time) })
                if *before == over && e.changed.is_none_or(|changed| changed < *time) =>
            {
                e.read.is_some_and(|read| read > *uptime)
            }
            _ => {
                e.dispute = Some(Box::new(Dispute { over, since: now }));
                false
            }
        })
    }

    /// Notes that SearchUsers shows a user as the status has it.
    pub(super) fn agree(&self, uid: &str) {
        if self.of(uid, |e| e.dispute.is_some()) {
            self.with(uid, |e| e.dispute = None);
        }
    }

    /// Takes the status' word for how the user is no longer.
    pub(super) fn doubt(&self, uid: &str) {
        self.with(uid, |e| e.confirmed = None);
    }

    /// At what uptime Connect was last seen to have this user as the status shows it.
    pub(super) fn confirmed(&self, uid: &str, user: &UserId) -> Option<Duration> {
        self.of(uid, |e| e.confirmed.as_ref().filter(|(confirmed, _)| confirmed == user).map(|(_, at)| *at))
    }

    /// Notes a change of our own to the user.
    pub(super) fn changed(&self, uid: &str, at: Timestamp) {
        self.with(uid, |e| e.changed = Some(at));
    }

    /// When this process last changed the user.
    pub(super) fn last_change(&self, uid: &str) -> Option<Timestamp> {
        self.of(uid, |e| e.changed)
    }

    /// Ends the waiting time of a failed resource.
    pub(super) fn end_hold(&self, uid: &str) {
        self.with(uid, Entry::wake);
    }

    /// How often a resource was woken. A pass in which that happens may have seen what was before.
    pub(super) fn wakes(&self, uid: &str) -> u32 {
        self.of(uid, |e| e.woken)
    }

    /// Whether this process has dealt with the resource yet.
    pub(super) fn has_met(&self, uid: &str) -> bool {
        self.of(uid, |e| e.met)
    }

    /// Notes Connect's time of the user's last change; None after a change of our own, of which Connect does not tell the time.
    pub(super) fn note_modified(&self, uid: &str, modified: Option<Timestamp>) {
        self.with(uid, |e| e.modified = modified);
    }

    /// Connect's time of the user's last change, as it was last seen.
    pub(super) fn modified(&self, uid: &str) -> Option<Timestamp> {
        self.of(uid, |e| e.modified)
    }

    /// Until when a resource is left alone, if nobody asks anything new of it.
    pub(super) fn held_until(&self, uid: &str, asked: &Request) -> Option<Duration> {
        self.of(uid, |e| e.held.as_deref().filter(|(a, _)| a == asked).map(|(_, until)| *until))
    }

    /// At what uptime this was first asked of the resource, as far as this process has seen: now, if it is new.
    pub(super) fn requested_since(&self, uid: &str, asked: Request, uptime: Duration) -> Duration {
        self.with(uid, |e| match e.asked.as_deref() {
            Some((before, since)) if *before == asked => *since,
            _ => {
                e.asked = Some(Box::new((asked, uptime)));
                uptime
            }
        })
    }

    /// Whether this generation was seen in sync, and nothing has happened since.
    pub(super) fn is_verified(&self, uid: &str, generation: i64) -> bool {
        self.of(uid, |e| e.verified == Some(generation))
    }

    /// Notes that the user was read by itself, at this uptime, and is as the status shows it.
    pub(super) fn read(&self, uid: &str, user: &UserId, uptime: Duration) {
        self.with(uid, |e| {
            e.read = Some(uptime);
            e.confirmed = Some((user.clone(), uptime));
        });
    }

    /// At what uptime the user was last read by itself.
    pub(super) fn last_read(&self, uid: &str) -> Option<Duration> {
        self.of(uid, |e| e.read)
    }

    /// Notes a failure and says when to try again: at the time that is known, else doubling from the kind's first delay to its
    /// longest, spread by a quarter so that resources that failed together do not come back together.
    pub(super) fn failed(&self, uid: &str, failure: &Failure) -> Retry {
        let row = self.with(uid, |e| {
            e.verified = None;
            // Whoever waits for its turn has learnt nothing of the user.
            if !matches!(failure.kind, Kind::Deferred | Kind::Throttled) {
                e.confirmed = None;
            }
            e.met = true;
            // Having to wait for one's turn neither begins a row of failures nor ends one.
            if failure.kind == Kind::Deferred {
                return 1;
            }
            let row = match e.failing {
                Some((kind, row)) if kind == failure.kind => row.saturating_add(1),
                _ => 1,
            };
            e.failing = Some((failure.kind, row));
            row
        });
        let at_once = failure.kind == Kind::Raced && row <= RACES_AT_ONCE;
        if let Some(after) = failure.retry_after {
            return Retry { after, at_once };
        }
        let pace = match failure.kind {
            Kind::Raced if !at_once => Kind::Transient.pace(),
            kind => kind.pace(),
        };
        let doubled = pace.first.saturating_mul(1 << (row - 1).min(16)).min(pace.longest);
        Retry { after: doubled + doubled.mul_f64(spread(uid, row) / 4.0), at_once }
    }

    /// Keeps a walk through the list for the next pass.
    pub(super) fn keep_listing(&self, uid: &str, key: ListingKey, listing: Listing) {
        self.with(uid, |e| e.listing = Some(Box::new((key, listing))));
    }

    /// The walk to go on with, or a new one.
    pub(super) fn take_listing(&self, uid: &str, key: ListingKey) -> Listing {
        let kept = self.with(uid, |e| e.listing.take()).map(|kept| *kept);
        kept.filter(|(k, _)| *k == key).map(|(_, listing)| listing).unwrap_or_default()
    }

    /// Keeps a look at the user for the next pass.
    pub(super) fn keep_read(&self, uid: &str, look: KeptRead) {
        self.with(uid, |e| e.look = Some(Box::new(look)));
    }

    /// The last look at this user for this spec, if it is still good, and when it was made.
    pub(super) fn take_read(&self, uid: &str, user: &UserId, generation: i64, uptime: Duration) -> Option<(Live, Duration)> {
        let kept = self.of(uid, |e| e.look.is_some()).then(|| self.with(uid, |e| e.look.take()))??;
        let is_good = kept.live.user.id == *user && kept.generation == generation && kept.at + kept.lifetime >= uptime;
        is_good.then(|| (kept.live.clone(), kept.at))
    }

    /// Keeps the work on a deleted user's quick connects for the next pass.
    pub(super) fn keep_cleanup(&self, uid: &str, cleanup: Cleanup) {
        self.with(uid, |e| e.cleanup = Some(Box::new(cleanup)));
    }

    /// The work on this user's quick connects to go on with, if there is any.
    pub(super) fn take_cleanup(&self, uid: &str, user: &UserId) -> Option<Cleanup> {
        self.with(uid, |e| e.cleanup.take()).map(|cleanup| *cleanup).filter(|cleanup| cleanup.is_of(user))
    }

    /// Whether there is work on this user's quick connects, and it was the last user of ours.
    pub(super) fn was_the_last(&self, uid: &str, user: &UserId) -> bool {
        self.of(uid, |e| e.cleanup.as_ref().is_some_and(|cleanup| cleanup.is_of(user) && cleanup.alone))
    }

    /// Forgets a resource that is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }

    /// Forgets all but these.
    pub(super) fn retain(&self, uids: &HashSet<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|uid, _| uids.contains(uid));
    }

    /// How many resources are remembered.
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A number from 0 to 1 that is the same for the same resource and row: spread without randomness, so that runs repeat.
pub(super) fn spread(uid: &str, row: u32) -> f64 {
    let hash = uid
        .bytes()
        .chain(row.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    // FNV's low bits mix worst.
    f64::from(u32::try_from(hash >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::failure::Phase;

    fn failure(kind: Kind) -> Failure {
        Failure::new(kind, Phase::Observe, "")
    }

    #[test]
    fn delays_double_up_to_the_longest_and_start_again_after_success() {
        let memory = Memory::default();
        let delays: Vec<u64> = (0..12).map(|_| memory.failed("u", &failure(Kind::Transient)).after.as_secs()).collect();
        assert!(delays[0] <= 2 && delays[3] >= 8 && delays[11] >= 300 && delays[11] <= 375, "{delays:?}");
        memory.verified("u", 1);
        assert!(memory.failed("u", &failure(Kind::Transient)).after.as_secs() <= 2);
    }

    #[test]
    fn a_turn_that_has_to_be_waited_for_does_not_make_the_next_failure_a_first_one() {
        let memory = Memory::default();
        let wait = Failure { retry_after: Some(Duration::from_millis(500)), ..failure(Kind::Deferred) };
        let delays: Vec<u64> = (0..8)
            .map(|_| {
                assert_eq!(memory.failed("u", &wait).after, Duration::from_millis(500));
                memory.failed("u", &failure(Kind::Transient)).after.as_secs()
            })
            .collect();
        assert!(delays[7] >= 128, "{delays:?}");
    }

    #[test]
    fn a_race_is_taken_up_at_once_three_times_and_then_slowly() {
        let memory = Memory::default();
        let delays: Vec<Duration> = (0..4).map(|_| memory.failed("u", &failure(Kind::Raced)).after).collect();
        assert_eq!(delays[..3], [Duration::ZERO; 3]);
        assert!(delays[3] > Duration::ZERO);
    }

    #[test]
    fn a_known_time_is_kept_to() {
        let known = Failure { retry_after: Some(Duration::from_millis(1500)), ..failure(Kind::Deferred) };
        assert_eq!(Memory::default().failed("u", &known).after, Duration::from_millis(1500));
    }

    #[test]
    fn what_search_shows_otherwise_is_worth_one_look_as_long_as_nothing_changes() {
        let at = |second: i64| (Duration::from_secs(second.unsigned_abs()), Timestamp::from_second(1_000 + second).unwrap());
        let fingerprint = |name: &str| {
            let mut found = crate::plan::fixtures::found();
            found.first_name = Some(name.to_owned());
            Fingerprint::of_found(&found)
        };
        let theirs = |name: &str| ("1".into(), fingerprint("mine"), fingerprint(name));
        let memory = Memory::default();
        assert!(!memory.dispute("u", theirs("other"), at(10)), "it is new");
        assert!(!memory.dispute("u", theirs("other"), at(20)), "nobody has read it yet");
        memory.read("u", &"1".into(), at(30).0);
        assert!(memory.dispute("u", theirs("other"), at(40)));
        assert!(!memory.dispute("u", theirs("third"), at(50)), "this is something else");
        memory.read("u", &"1".into(), at(60).0);
        memory.changed("u", at(61).1);
        assert!(!memory.dispute("u", theirs("third"), at(70)), "it was put right, and may have been changed to the same again");
        memory.read("u", &"1".into(), at(75).0);
        assert!(memory.dispute("u", theirs("third"), at(80)), "the index has lost that it was put right");
        memory.agree("u");
        assert!(!memory.dispute("u", theirs("third"), at(90)), "it was over, and began anew");
        memory.read("u", &"1".into(), at(95).0);
        assert!(memory.dispute("u", theirs("third"), at(100)));
        let another = ("2".into(), fingerprint("mine"), fingerprint("third"));
        assert!(!memory.dispute("u", another, at(110)), "it is another user");
    }

    #[test]
    fn a_look_that_was_made_for_one_spec_is_none_for_another() {
        let memory = Memory::default();
        let live = crate::plan::fixtures::live();
        let (id, at) = (live.user.id.clone(), Duration::from_secs(10));
        let look = |generation| KeptRead { live: live.clone(), generation, at, lifetime: Duration::from_secs(60) };
        memory.keep_read("u", look(3));
        assert!(memory.take_read("u", &id, 4, at).is_none());
        memory.keep_read("u", look(3));
        assert!(memory.take_read("u", &id, 3, at).is_some());
    }

    #[test]
    fn an_object_older_than_our_own_write_is_stale() {
        let memory = Memory::default();
        memory.wrote("u", Some("41"));
        assert!(memory.is_stale("u", Some("40")));
        assert!(!memory.is_stale("u", Some("41")));
        assert!(!memory.is_stale("other", Some("1")));
        memory.forget("u");
        assert!(!memory.is_stale("u", Some("40")));
    }
}
