//! A rate limiter whose queue is the queue: who has to wait is told until when and comes back, nobody is parked.
//!
//! Connect allows each operation its own rate, per account and Region, shared with every other tool. One [`Limiter`] stands in
//! front of one account and Region. Each operation has a token bucket and a line of callers, ordered by priority and then by
//! arrival. A caller without a token is refused with the time at which its turn will come, and keeps its place by its key.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;

use crate::{Call, Caller, Class, Connect, Error, OperationName, Priority, Reply};

/// A bucket's size and refill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// Tokens a second.
    pub rate: f64,
    /// Tokens it holds at most.
    pub burst: f64,
}

/// The quotas of an account and Region: a default, and what differs by operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Quotas {
    /// For each operation that has none of its own. AWS documents 2 a second with bursts of 5.
    pub default: Quota,
    /// By operation.
    pub by_operation: BTreeMap<OperationName, Quota>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { default: Quota { rate: 2.0, burst: 5.0 }, by_operation: BTreeMap::new() }
    }
}

/// A caller that never comes back for its place must not hold up the others: its place goes this long after its turn.
const ABANDONED_AFTER: Duration = Duration::from_secs(15);
/// Leave to make a call that is not made goes back to the bucket after this long.
const LEAVE_LASTS: Duration = Duration::from_secs(15);
/// How far throttles may lower the rate, as a part of the quota.
const SLOWEST: f64 = 0.1;
/// How fast the rate recovers from a throttle: the part of the quota that each second without one gives back.
const RECOVERY_PER_SECOND: f64 = 0.02;

#[derive(Debug)]
struct Waiting {
    key: String,
    turn: Instant,
}

#[derive(Debug)]
struct Bucket {
    quota: Quota,
    /// Part of the quota in use, 0.1 to 1: throttles halve it, time gives it back.
    share: f64,
    tokens: f64,
    filled: Instant,
    line: BTreeMap<(Priority, u64), Waiting>,
    arrivals: u64,
    leaves: HashMap<String, Instant>,
    /// Calls that were sent and not answered yet.
    under_way: usize,
}

impl Bucket {
    fn new(quota: Quota, now: Instant) -> Self {
        let (line, leaves) = (BTreeMap::new(), HashMap::new());
        Self { quota, share: 1.0, tokens: quota.burst, filled: now, line, arrivals: 0, leaves, under_way: 0 }
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + elapsed * self.quota.rate * self.share).min(self.room());
        self.share = (self.share + elapsed * RECOVERY_PER_SECOND).min(1.0);
        let before = self.leaves.len();
        self.leaves.retain(|_, given| now.saturating_duration_since(*given) < LEAVE_LASTS);
        let returned = u32::try_from(before - self.leaves.len()).unwrap_or(u32::MAX);
        self.tokens = (self.tokens + f64::from(returned)).min(self.room());
        self.line.retain(|_, waiting| now.saturating_duration_since(waiting.turn) < ABANDONED_AFTER);
    }

    /// How many tokens it holds at most. A call's token starts to grow again at Connect when the call arrives there, which is
    /// certain only once it was answered: counted from when it was sent, the bucket would fill before Connect's does.
    fn room(&self) -> f64 {
        let spent = u32::try_from(self.leaves.len() + self.under_way).unwrap_or(u32::MAX);
        (self.quota.burst - f64::from(spent)).max(0.0)
    }

    fn sent(&mut self) {
        self.under_way += 1;
    }

    fn answered(&mut self, now: Instant) {
        self.refill(now);
        self.under_way -= 1;
    }

    /// Takes a token for this caller, or says how long its turn is away.
    fn take(&mut self, caller: &Caller, now: Instant) -> Result<(), Duration> {
        self.refill(now);
        let place = self.line.iter().find(|(_, w)| w.key == caller.key).map(|(at, _)| *at).filter(|at| {
            // A more urgent reason to call moves a caller forward; a less urgent one leaves it where it is.
            at.0 <= caller.priority
        });
        let at = place.unwrap_or_else(|| {
            self.line.retain(|_, w| w.key != caller.key);
            self.arrivals += 1;
            (caller.priority, self.arrivals)
        });
        let ahead = u32::try_from(self.line.range(..at).count()).unwrap_or(u32::MAX);
        let missing = f64::from(ahead) + 1.0 - self.tokens;
        // A token is whole a rounding error before its time, or who comes back exactly on time waits again.
        if missing <= 1e-6 {
            self.line.remove(&at);
            self.tokens -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64(missing / (self.quota.rate * self.share));
        self.line.insert(at, Waiting { key: caller.key.clone(), turn: now + wait });
        Err(wait)
    }

    fn throttled(&mut self, now: Instant) {
        self.refill(now);
        self.tokens = self.tokens.min(0.0);
        self.share = (self.share / 2.0).max(SLOWEST);
    }
}

/// Lets calls through at the rate that Connect allows.
pub struct Limiter<C> {
    inner: C,
    quotas: Quotas,
    buckets: Mutex<HashMap<OperationName, Bucket>>,
    now: fn() -> Instant,
}

impl<C> std::fmt::Debug for Limiter<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter").field("quotas", &self.quotas).finish_non_exhaustive()
    }
}

impl<C> Limiter<C> {
    /// Limits `inner` to these quotas.
    pub fn new(inner: C, quotas: Quotas) -> Self {
        Self::with_clock(inner, quotas, Instant::now)
    }

    /// Limits `inner` to these quotas by another clock.
    pub fn with_clock(inner: C, quotas: Quotas, now: fn() -> Instant) -> Self {
        Self { inner, quotas, buckets: Mutex::default(), now }
    }

    fn bucket<T>(&self, operation: OperationName, act: impl FnOnce(&mut Bucket, Instant) -> T) -> T {
        let now = (self.now)();
        // Nothing panics while holding the lock; if something did, a count that is off by one call does no harm.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let quota = self.quotas.by_operation.get(&operation).copied().unwrap_or(self.quotas.default);
        act(buckets.entry(operation).or_insert_with(|| Bucket::new(quota, now)), now)
    }

    /// Callers that wait for their turn, by operation.
    pub fn waiting(&self) -> BTreeMap<OperationName, usize> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.iter().map(|(operation, bucket)| (*operation, bucket.line.len())).collect()
    }
}

/// A call under way, until it is answered or given up.
struct UnderWay<'a, C> {
    limiter: &'a Limiter<C>,
    operation: OperationName,
}

impl<C> Drop for UnderWay<'_, C> {
    fn drop(&mut self) {
        self.limiter.bucket(self.operation, Bucket::answered);
    }
}

impl<C: Connect> Connect for Limiter<C> {
    fn send<'a>(&'a self, caller: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        let operation = call.name();
        let admitted = self.bucket(operation, |bucket, now| {
            if bucket.leaves.remove(&caller.key).is_none() {
                bucket.take(caller, now)?;
            }
            bucket.sent();
            Ok(UnderWay { limiter: self, operation })
        });
        Box::pin(async move {
            let under_way = admitted.map_err(|wait| Error::deferred(operation, wait))?;
            let result = self.inner.send(caller, call).await;
            drop(under_way);
            if matches!(&result, Err(e) if e.class == Class::Throttled) {
                self.bucket(operation, Bucket::throttled);
            }
            result
        })
    }

    fn admit(&self, caller: &Caller, operation: OperationName) -> Result<(), Error> {
        self.bucket(operation, |bucket, now| {
            if !bucket.leaves.contains_key(&caller.key) {
                bucket.take(caller, now)?;
                bucket.leaves.insert(caller.key.clone(), now);
            }
            Ok(())
        })
        .map_err(|wait| Error::deferred(operation, wait))?;
        self.inner.admit(caller, operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(key: &str, priority: Priority) -> Caller {
        Caller::new(key, priority)
    }

    fn bucket(now: Instant) -> Bucket {
        Bucket::new(Quota { rate: 2.0, burst: 5.0 }, now)
    }

    #[test]
    fn a_burst_passes_and_then_each_waits_for_its_own_token() {
        let start = Instant::now();
        let mut b = bucket(start);
        for i in 0..5 {
            assert_eq!(b.take(&caller(&format!("burst-{i}"), Priority::Backlog), start), Ok(()));
        }
        assert_eq!(b.take(&caller("a", Priority::Backlog), start), Err(Duration::from_millis(500)));
        assert_eq!(b.take(&caller("b", Priority::Backlog), start), Err(Duration::from_millis(1000)));
        let later = start + Duration::from_millis(500);
        assert_eq!(b.take(&caller("b", Priority::Backlog), later), Err(Duration::from_millis(500)), "b does not overtake a");
        assert_eq!(b.take(&caller("a", Priority::Backlog), later), Ok(()));
        assert_eq!(b.take(&caller("b", Priority::Backlog), start + Duration::from_millis(1000)), Ok(()));
    }

    #[test]
    fn a_token_grows_again_only_once_its_call_was_answered() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut b = bucket(start);
        for i in 0..5 {
            assert_eq!(b.take(&caller(&format!("burst-{i}"), Priority::Backlog), start), Ok(()));
            b.sent();
        }
        b.answered(after(80));
        assert!(b.take(&caller("next", Priority::Backlog), after(500)).is_err(), "it may have arrived at 80 ms");
        assert_eq!(b.take(&caller("next", Priority::Backlog), after(580)), Ok(()));
    }

    #[test]
    fn the_bucket_fills_up_again_when_all_calls_were_answered() {
        let start = Instant::now();
        let mut b = bucket(start);
        for i in 0..5 {
            assert_eq!(b.take(&caller(&format!("burst-{i}"), Priority::Backlog), start), Ok(()));
            b.sent();
        }
        for _ in 0..5 {
            b.answered(start);
        }
        b.refill(start + Duration::from_secs(60));
        assert!((b.tokens - 5.0).abs() < 1e-9);
    }

    #[test]
    fn who_is_more_urgent_goes_first() {
        let start = Instant::now();
        let mut b = bucket(start);
        b.tokens = 0.0;
        assert!(b.take(&caller("sweep", Priority::Sweep), start).is_err());
        assert_eq!(b.take(&caller("edit", Priority::Edit), start), Err(Duration::from_millis(500)));
        let later = start + Duration::from_millis(500);
        assert!(b.take(&caller("sweep", Priority::Sweep), later).is_err());
        assert_eq!(b.take(&caller("edit", Priority::Edit), later), Ok(()));
    }

    #[test]
    fn a_caller_that_becomes_urgent_moves_forward() {
        let start = Instant::now();
        let mut b = bucket(start);
        b.tokens = 0.0;
        for key in ["a", "b", "c"] {
            assert!(b.take(&caller(key, Priority::Backlog), start).is_err());
        }
        assert_eq!(b.take(&caller("c", Priority::Edit), start), Err(Duration::from_millis(500)));
        assert_eq!(b.line.len(), 3, "a caller stands in line once");
    }

    #[test]
    fn a_place_that_nobody_comes_back_for_is_given_up() {
        let start = Instant::now();
        let mut b = bucket(start);
        b.tokens = 0.0;
        assert!(b.take(&caller("gone", Priority::Backlog), start).is_err());
        let later = start + Duration::from_secs(30);
        b.refill(later);
        assert_eq!(b.line.len(), 0);
    }

    #[test]
    fn a_throttle_slows_down_and_time_heals_it() {
        let start = Instant::now();
        let mut b = bucket(start);
        b.throttled(start);
        assert_eq!(b.take(&caller("a", Priority::Backlog), start), Err(Duration::from_secs(1)), "half the rate");
        for _ in 0..10 {
            b.throttled(start);
        }
        assert!(b.share >= SLOWEST);
        b.refill(start + Duration::from_secs(60));
        assert!((b.share - 1.0).abs() < 1e-9);
    }

    #[test]
    fn leave_that_is_not_used_goes_back() {
        let start = Instant::now();
        let mut b = bucket(start);
        b.tokens = 1.0;
        assert_eq!(b.take(&caller("a", Priority::Backlog), start), Ok(()));
        b.leaves.insert("a".into(), start);
        b.quota.rate = 0.0;
        b.refill(start + LEAVE_LASTS);
        assert!((b.tokens - 1.0).abs() < 1e-9);
    }
}
