//! One operation's tokens, and which caller may take them.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::{BucketStatus, Quota, adaptive_rate::AdaptiveRate, queue::Queue};
use crate::{Caller, Priority, QueuePosition};

/// A reserved token that is not used returns to the bucket after this long.
const RESERVATION_LIFETIME: Duration = Duration::from_secs(15);
/// A caller that has to wait for longer than this comes back after three quarters of the rest and asks again: the queue may have
/// become shorter, and nothing wakes the caller. So each caller asks a few times (four times in an hour), and callers at the end
/// of the queue no more often than those at its head.
const LONG: Duration = Duration::from_secs(60);

/// Returns how many tokens are reserved for edits. Less urgent callers leave them in the bucket, so that a person's edit, which
/// needs tokens of several operations, finds each of them at once. This costs no rate: a kept token is spent once and kept again.
fn kept_for_edits(burst: f64) -> f64 {
    // A smaller bucket would have no tokens left for callers that come a little late.
    if burst > 2.0 { 1.0 } else { 0.0 }
}

/// When to come back, and the position in the queue until then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Deferral {
    pub(super) after: Duration,
    pub(super) position: QueuePosition,
}

#[derive(Debug)]
pub(super) struct Bucket {
    burst: f64,
    rate: AdaptiveRate,
    tokens: f64,
    filled: Instant,
    queue: Queue,
    /// When each caller with a reserved token got it.
    reservations: HashMap<String, Instant>,
    /// Calls that were sent and are not answered yet.
    in_flight: usize,
    /// When a throttle last lowered the rate.
    slowed: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(quota: Quota, now: Instant) -> Self {
        let (queue, reservations, rate) = (Queue::default(), HashMap::new(), AdaptiveRate::new(quota));
        Self { burst: quota.burst, rate, tokens: quota.burst, filled: now, queue, reservations, in_flight: 0, slowed: None }
    }

    /// Removes a caller from the queue. A token that it reserved returns to the bucket when the reservation expires.
    pub(super) fn cancel(&mut self, key: &str) {
        self.queue.remove(key);
    }

    /// Advances the state to this time.
    fn advance(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.tokens = (self.tokens + self.rate.advance(elapsed)).min(self.room());
        let before = self.reservations.len();
        self.reservations.retain(|_, since| now.saturating_duration_since(*since) < RESERVATION_LIFETIME);
        let returned = u32::try_from(before - self.reservations.len()).unwrap_or(u32::MAX);
        self.tokens = (self.tokens + f64::from(returned)).min(self.room());
        self.queue.drop_late(now);
    }

    /// Returns how many tokens the bucket can hold now. Connect starts to refill a call's token when the call arrives there,
    /// which is certain only once the call is answered. Counted from when it was sent, this bucket would fill before Connect's
    /// does.
    fn room(&self) -> f64 {
        let spent = u32::try_from(self.reservations.len() + self.in_flight).unwrap_or(u32::MAX);
        (self.burst - f64::from(spent)).max(0.0)
    }

    pub(super) fn sent(&mut self) {
        self.in_flight += 1;
    }

    pub(super) fn answered(&mut self, now: Instant) {
        self.advance(now);
        self.in_flight -= 1;
    }

    pub(super) fn status(&mut self, now: Instant) -> BucketStatus {
        self.advance(now);
        let waiting = self.queue.len();
        let missing = f64::from(u32::try_from(waiting).unwrap_or(u32::MAX)) - self.tokens;
        BucketStatus { tokens: self.tokens, waiting, time: self.rate.time_for(missing.max(0.0)) }
    }

    /// Takes a token for this caller and returns how long the caller waited, or when to come back.
    pub(super) fn take(&mut self, caller: &Caller, now: Instant) -> Result<Duration, Deferral> {
        self.advance(now);
        self.queue.join(caller, now);
        if !self.may_take(caller, now) {
            return Err(self.defer(caller, now));
        }
        let since = self.queue.serve(&caller.key);
        self.tokens -= 1.0;
        Ok(since.map(|since| now.saturating_duration_since(since)).unwrap_or_default())
    }

    /// Returns whether there is a token for this caller: one that remains after all callers ahead of it, or after all callers
    /// that are expected before the next token. The first rule keeps the order. The second keeps tokens from being lost to
    /// callers that are ahead but come later, because the queue was longer or slower when they asked.
    fn may_take(&self, caller: &Caller, now: Instant) -> bool {
        // Allow for rounding: a caller that comes back exactly on time must not wait again.
        let whole = self.tokens_for(caller) + 1e-6;
        if whole < 1.0 {
            return false;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1, and no bucket holds 2^64")]
        let whole = whole as usize;
        self.queue.ahead(&caller.key) < whole || self.queue.expected(now + self.rate.time_for(1.0), &caller.key, whole) < whole
    }

    fn tokens_for(&self, caller: &Caller) -> f64 {
        match caller.priority {
            Priority::Edit => self.tokens,
            Priority::Backlog | Priority::Repair | Priority::Sweep => self.tokens - kept_for_edits(self.burst),
        }
    }

    fn defer(&mut self, caller: &Caller, now: Instant) -> Deferral {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let place = count(self.queue.ahead(&caller.key)).saturating_add(1);
        let wait = self.rate.time_for(f64::from(place) - self.tokens_for(caller));
        // Schedule the turn itself, not the time to come back: until its turn the caller counts as waiting.
        self.queue.schedule(&caller.key, now + wait);
        let after = wait - wait.saturating_sub(LONG) / 4;
        Deferral { after, position: QueuePosition { place, of: count(self.queue.len()), wait } }
    }

    /// Takes the token that this caller reserved, or else one from the bucket. Returns how long the caller waited, or None if the
    /// token was reserved.
    pub(super) fn redeem(&mut self, caller: &Caller, now: Instant) -> Result<Option<Duration>, Deferral> {
        if self.reservations.remove(&caller.key).is_some() { Ok(None) } else { self.take(caller, now).map(Some) }
    }

    /// Reserves a token for this caller. Returns how long the caller waited, or None if it has a reservation already.
    pub(super) fn reserve(&mut self, caller: &Caller, now: Instant) -> Result<Option<Duration>, Deferral> {
        if self.reservations.contains_key(&caller.key) {
            return Ok(None);
        }
        let waited = self.take(caller, now)?;
        self.reservations.insert(caller.key.clone(), now);
        Ok(Some(waited))
    }

    /// Records that AWS throttled a call that was sent at `sent`: lowers the rate, and queues the caller first in its class.
    pub(super) fn throttled(&mut self, caller: &Caller, sent: Instant, now: Instant) -> Deferral {
        self.advance(now);
        self.tokens = self.tokens.min(0.0);
        // Throttles of calls that were in flight together have one cause: only the first lowers the rate.
        if self.slowed.is_none_or(|slowed| sent >= slowed) {
            self.rate.slow_down();
            self.slowed = Some(now);
        }
        self.queue.join_front(caller, now);
        self.defer(caller, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Result<Duration, Deferral> = Ok(Duration::ZERO);

    fn edit(key: &str) -> Caller {
        Caller::new(key, Priority::Edit)
    }

    fn backlog(key: &str) -> Caller {
        Caller::new(key, Priority::Backlog)
    }

    fn bucket(now: Instant) -> Bucket {
        Bucket::new(Quota { rate: 2.0, burst: 5.0 }, now)
    }

    /// Returns a bucket whose tokens are all taken, by calls that were just sent.
    fn spent(now: Instant) -> Bucket {
        let mut bucket = bucket(now);
        for i in 0..5 {
            assert_eq!(bucket.take(&edit(&format!("burst-{i}")), now), AT_ONCE);
            bucket.sent();
        }
        bucket
    }

    fn wait<T>(result: Result<T, Deferral>) -> Option<u128> {
        result.err().map(|deferral| deferral.after.as_millis())
    }

    #[test]
    fn after_a_burst_each_caller_waits_for_its_own_token() {
        let start = Instant::now();
        let mut b = bucket(start);
        for i in 0..5 {
            assert_eq!(b.take(&edit(&format!("burst-{i}")), start), AT_ONCE);
        }
        assert_eq!(wait(b.take(&edit("a"), start)), Some(500));
        let b_waits = b.take(&edit("b"), start).unwrap_err();
        assert_eq!(b_waits.position, QueuePosition { place: 2, of: 2, wait: Duration::from_secs(1) });
        let later = start + Duration::from_millis(500);
        assert_eq!(wait(b.take(&edit("b"), later)), Some(500), "b does not overtake a");
        assert_eq!(b.take(&edit("a"), later), Ok(Duration::from_millis(500)));
        // The wait is counted since the caller first asked.
        assert_eq!(b.take(&edit("b"), start + Duration::from_secs(1)), Ok(Duration::from_secs(1)));
    }

    #[test]
    fn a_token_refills_only_once_its_call_is_answered() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut b = spent(start);
        b.answered(after(80));
        assert!(b.take(&edit("next"), after(500)).is_err(), "it may have arrived at 80 ms");
        assert_eq!(b.take(&edit("next"), after(580)), Ok(Duration::from_millis(80)));
    }

    #[test]
    fn the_bucket_refills_when_all_calls_are_answered() {
        let start = Instant::now();
        let mut b = spent(start);
        for _ in 0..5 {
            b.answered(start);
        }
        b.advance(start + Duration::from_secs(60));
        assert!((b.tokens - 5.0).abs() < 1e-9);
    }

    #[test]
    fn the_more_urgent_caller_goes_first() {
        let start = Instant::now();
        let mut b = bucket(start);
        b.tokens = 0.0;
        let sweep = Caller::new("sweep", Priority::Sweep);
        assert_eq!(wait(b.take(&sweep, start)), Some(1000), "the first token that comes is kept");
        assert_eq!(wait(b.take(&edit("edit"), start)), Some(500));
        let later = start + Duration::from_millis(500);
        assert_eq!(wait(b.take(&sweep, later)), Some(1000));
        assert_eq!(b.take(&edit("edit"), later), Ok(Duration::from_millis(500)));
    }

    #[test]
    fn a_token_is_left_for_edits() {
        let start = Instant::now();
        let mut b = bucket(start);
        for i in 0..4 {
            assert_eq!(b.take(&backlog(&i.to_string()), start), AT_ONCE);
        }
        assert_eq!(wait(b.take(&backlog("next"), start)), Some(500));
        assert_eq!(b.take(&edit("edit"), start), AT_ONCE);
        assert_eq!(wait(b.take(&backlog("next"), start)), Some(1000));
        let mut small = Bucket::new(Quota { rate: 1.0, burst: 1.0 }, start);
        assert_eq!(small.take(&backlog("any"), start), AT_ONCE, "a small bucket keeps none");
    }

    #[test]
    fn a_throttle_slows_down_once_for_all_calls_in_flight() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut b = spent(start);
        let slow = |b: &Bucket| b.rate.time_for(1.0);
        b.throttled(&edit("burst-0"), start, after(80));
        let slowed = slow(&b);
        assert!(slowed > Duration::from_millis(700));
        b.throttled(&edit("burst-1"), start, after(80));
        assert_eq!(slow(&b), slowed);
        b.throttled(&edit("burst-0"), after(900), after(980));
        assert!(slow(&b) > slowed);
    }

    #[test]
    fn a_throttled_caller_goes_first_in_its_class() {
        let start = Instant::now();
        let mut b = bucket(start);
        b.tokens = 2.0;
        assert_eq!(b.take(&backlog("first"), start), AT_ONCE);
        for key in ["a", "b", "c"] {
            assert!(b.take(&backlog(key), start).is_err());
        }
        assert_eq!(b.throttled(&backlog("first"), start, start).position.place, 1);
        assert_eq!(b.take(&backlog("a"), start).unwrap_err().position.place, 2);
    }

    #[test]
    fn an_unused_reservation_expires() {
        let start = Instant::now();
        let mut b = Bucket::new(Quota { rate: 1e-9, burst: 1.0 }, start);
        assert_eq!(b.reserve(&backlog("a"), start), Ok(Some(Duration::ZERO)));
        assert!(b.take(&backlog("b"), start).is_err());
        assert_eq!(b.take(&backlog("b"), start + RESERVATION_LIFETIME), Ok(RESERVATION_LIFETIME));
    }

    #[test]
    fn a_reservation_is_used_once() {
        let start = Instant::now();
        let mut b = Bucket::new(Quota { rate: 1e-9, burst: 1.0 }, start);
        assert_eq!(b.reserve(&backlog("a"), start), Ok(Some(Duration::ZERO)));
        assert_eq!(b.reserve(&backlog("a"), start), Ok(None), "it has a reservation already");
        assert_eq!(b.redeem(&backlog("a"), start), Ok(None));
        assert!(b.redeem(&backlog("a"), start).is_err());
    }
}
