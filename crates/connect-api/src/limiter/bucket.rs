//! One operation's tokens, and who may take them.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::{BucketStatus, Quota, adaptive_rate::Pace, queue::Line};
use crate::{Caller, Priority, QueuePosition};

/// Leave to make a call that is not made goes back to the bucket after this long.
const LEAVE_LASTS: Duration = Duration::from_secs(15);
/// Who has to wait for longer than this comes back when three quarters of the rest are over, and asks again: the line may have
/// become shorter, and nobody calls. So each comes a few times (four for an hour), and the line's end not more often than its head.
const LONG: Duration = Duration::from_secs(60);

/// Tokens that only edits may take. Whoever waits for less leaves them in the bucket, so that a person's edit, which needs tokens of
/// several operations, finds each of them at once. It costs no rate: a token that was kept is spent once and kept again.
fn kept_for_edits(burst: f64) -> f64 {
    // Of a smaller bucket nothing would be left for callers who come a little late.
    if burst > 2.0 { 1.0 } else { 0.0 }
}

/// When to come back, and how the line stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Deferral {
    pub(super) after: Duration,
    pub(super) turn: QueuePosition,
}

#[derive(Debug)]
pub(super) struct Bucket {
    burst: f64,
    pace: Pace,
    tokens: f64,
    filled: Instant,
    line: Line,
    leaves: HashMap<String, Instant>,
    /// Calls that were sent and not answered yet.
    under_way: usize,
    /// When the last throttle lowered the pace.
    slowed: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(quota: Quota, now: Instant) -> Self {
        let (line, leaves, pace) = (Line::default(), HashMap::new(), Pace::new(quota));
        Self { burst: quota.burst, pace, tokens: quota.burst, filled: now, line, leaves, under_way: 0, slowed: None }
    }

    /// Waits no longer for a caller. Leave that it had goes back to the bucket when it runs out.
    pub(super) fn cancel(&mut self, key: &str) {
        self.line.leave(key);
    }

    /// Brings everything up to this time.
    fn pass(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.tokens = (self.tokens + self.pace.pass(elapsed)).min(self.room());
        let before = self.leaves.len();
        self.leaves.retain(|_, given| now.saturating_duration_since(*given) < LEAVE_LASTS);
        let returned = u32::try_from(before - self.leaves.len()).unwrap_or(u32::MAX);
        self.tokens = (self.tokens + f64::from(returned)).min(self.room());
        self.line.pass_over(now);
    }

    /// How many tokens it holds at most. A call's token starts to grow again at Connect when the call arrives there, which is
    /// certain only once it was answered: counted from when it was sent, the bucket would fill before Connect's does.
    fn room(&self) -> f64 {
        let spent = u32::try_from(self.leaves.len() + self.under_way).unwrap_or(u32::MAX);
        (self.burst - f64::from(spent)).max(0.0)
    }

    pub(super) fn sent(&mut self) {
        self.under_way += 1;
    }

    pub(super) fn answered(&mut self, now: Instant) {
        self.pass(now);
        self.under_way -= 1;
    }

    /// How it stands.
    pub(super) fn level(&mut self, now: Instant) -> BucketStatus {
        self.pass(now);
        BucketStatus { tokens: self.tokens, waiting: self.line.len() }
    }

    /// Takes a token for this caller and tells how long that one has waited, or says how long its turn is away.
    pub(super) fn take(&mut self, caller: &Caller, now: Instant) -> Result<Duration, Deferral> {
        self.pass(now);
        self.line.join(caller, now);
        if !self.may_take(caller, now) {
            return Err(self.defer(caller, now));
        }
        let since = self.line.serve(&caller.key);
        self.tokens -= 1.0;
        Ok(since.map(|since| now.saturating_duration_since(since)).unwrap_or_default())
    }

    /// Whether there is a token for this caller: one that is left by all who come before it, or by all who are expected before
    /// the next token comes. The first keeps the order. The second keeps tokens from being lost to callers who are ahead, but were
    /// told a later time because the line was longer or slower then.
    fn may_take(&self, caller: &Caller, now: Instant) -> bool {
        // A token is whole a rounding error before its time, or who comes back exactly on time waits again.
        let whole = self.tokens_for(caller) + 1e-6;
        if whole < 1.0 {
            return false;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1, and no bucket holds 2^64")]
        let whole = whole as usize;
        self.line.ahead(&caller.key) < whole || self.line.expected(now + self.pace.time_for(1.0), &caller.key, whole) < whole
    }

    fn tokens_for(&self, caller: &Caller) -> f64 {
        match caller.priority {
            Priority::Edit => self.tokens,
            Priority::Backlog | Priority::Repair | Priority::Sweep => self.tokens - kept_for_edits(self.burst),
        }
    }

    fn defer(&mut self, caller: &Caller, now: Instant) -> Deferral {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let place = count(self.line.ahead(&caller.key)).saturating_add(1);
        let wait = self.pace.time_for(f64::from(place) - self.tokens_for(caller));
        // The turn itself and not the time to come back: until then the place is a place.
        self.line.tell(&caller.key, now + wait);
        let after = wait - wait.saturating_sub(LONG) / 4;
        Deferral { after, turn: QueuePosition { place, of: count(self.line.len()), wait } }
    }

    /// Takes the token that this caller was given leave for, or else one from the bucket. In that case it tells how long the caller
    /// has waited.
    pub(super) fn redeem(&mut self, caller: &Caller, now: Instant) -> Result<Option<Duration>, Deferral> {
        if self.leaves.remove(&caller.key).is_some() { Ok(None) } else { self.take(caller, now).map(Some) }
    }

    /// Puts a token aside for this caller, unless there is one already, and tells how long the caller has waited for it.
    pub(super) fn reserve(&mut self, caller: &Caller, now: Instant) -> Result<Option<Duration>, Deferral> {
        if self.leaves.contains_key(&caller.key) {
            return Ok(None);
        }
        let waited = self.take(caller, now)?;
        self.leaves.insert(caller.key.clone(), now);
        Ok(Some(waited))
    }

    /// AWS throttled a call that was sent at this time: slower for all, and the caller goes first in its class.
    pub(super) fn throttled(&mut self, caller: &Caller, sent: Instant, now: Instant) -> Deferral {
        self.pass(now);
        self.tokens = self.tokens.min(0.0);
        // Calls that were under way together tell the same thing: one of them slows down.
        if self.slowed.is_none_or(|slowed| sent >= slowed) {
            self.pace.throttled();
            self.slowed = Some(now);
        }
        self.line.join_first(caller, now);
        self.defer(caller, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Priority;

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

    fn wait<T>(result: Result<T, Deferral>) -> Option<u128> {
        result.err().map(|deferral| deferral.after.as_millis())
    }

    #[test]
    fn a_burst_passes_and_then_each_waits_for_its_own_token() {
        let start = Instant::now();
        let mut b = bucket(start);
        for i in 0..5 {
            assert_eq!(b.take(&edit(&format!("burst-{i}")), start), AT_ONCE);
        }
        assert_eq!(wait(b.take(&edit("a"), start)), Some(500));
        let b_waits = b.take(&edit("b"), start).unwrap_err();
        assert_eq!(b_waits.turn, QueuePosition { place: 2, of: 2, wait: Duration::from_secs(1) });
        let later = start + Duration::from_millis(500);
        assert_eq!(wait(b.take(&edit("b"), later)), Some(500), "b does not overtake a");
        assert_eq!(b.take(&edit("a"), later), Ok(Duration::from_millis(500)));
        assert_eq!(
            b.take(&edit("b"), start + Duration::from_millis(1000)),
            Ok(Duration::from_millis(1000)),
            "since it first asked"
        );
    }

    #[test]
    fn a_token_grows_again_only_once_its_call_was_answered() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut b = bucket(start);
        for i in 0..5 {
            assert_eq!(b.take(&edit(&format!("burst-{i}")), start), AT_ONCE);
            b.sent();
        }
        b.answered(after(80));
        assert!(b.take(&edit("next"), after(500)).is_err(), "it may have arrived at 80 ms");
        assert_eq!(b.take(&edit("next"), after(580)), Ok(Duration::from_millis(80)));
    }

    #[test]
    fn the_bucket_fills_up_again_when_all_calls_were_answered() {
        let start = Instant::now();
        let mut b = bucket(start);
        for i in 0..5 {
            assert_eq!(b.take(&edit(&format!("burst-{i}")), start), AT_ONCE);
            b.sent();
        }
        for _ in 0..5 {
            b.answered(start);
        }
        b.pass(start + Duration::from_secs(60));
        assert!((b.tokens - 5.0).abs() < 1e-9);
    }

    #[test]
    fn who_is_more_urgent_goes_first() {
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
    fn a_throttle_slows_down_once_for_all_calls_that_were_under_way() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut b = bucket(start);
        for i in 0..5 {
            assert_eq!(b.take(&edit(&format!("burst-{i}")), start), AT_ONCE);
            b.sent();
        }
        let slow = |b: &Bucket| b.pace.time_for(1.0);
        b.throttled(&edit("burst-0"), start, after(80));
        let slowed = slow(&b);
        assert!(slowed > Duration::from_millis(700));
        b.throttled(&edit("burst-1"), start, after(80));
        assert_eq!(slow(&b), slowed);
        b.throttled(&edit("burst-0"), after(900), after(980));
        assert!(slow(&b) > slowed);
    }

    #[test]
    fn who_was_throttled_goes_first_in_its_class() {
        let start = Instant::now();
        let mut b = bucket(start);
        b.tokens = 2.0;
        assert_eq!(b.take(&backlog("first"), start), AT_ONCE);
        for key in ["a", "b", "c"] {
            assert!(b.take(&backlog(key), start).is_err());
        }
        assert_eq!(b.throttled(&backlog("first"), start, start).turn.place, 1);
        assert_eq!(b.take(&backlog("a"), start).unwrap_err().turn.place, 2);
    }

    #[test]
    fn leave_that_is_not_used_goes_back() {
        let start = Instant::now();
        let mut b = Bucket::new(Quota { rate: 1e-9, burst: 1.0 }, start);
        assert_eq!(b.reserve(&backlog("a"), start), Ok(Some(Duration::ZERO)));
        assert!(b.take(&backlog("b"), start).is_err());
        assert_eq!(b.take(&backlog("b"), start + LEAVE_LASTS), Ok(LEAVE_LASTS));
    }

    #[test]
    fn leave_that_was_given_is_used_once() {
        let start = Instant::now();
        let mut b = Bucket::new(Quota { rate: 1e-9, burst: 1.0 }, start);
        assert_eq!(b.reserve(&backlog("a"), start), Ok(Some(Duration::ZERO)));
        assert_eq!(b.reserve(&backlog("a"), start), Ok(None), "it has leave already");
        assert_eq!(b.redeem(&backlog("a"), start), Ok(None));
        assert!(b.redeem(&backlog("a"), start).is_err());
    }
}
