//! A rate limiter whose queue is the queue: who has to wait is told until when and comes back, nobody is parked.
//!
//! Connect allows each operation its own rate, per account and Region, shared with every other tool. One [`Limiter`] stands in
//! front of one account and Region. Each operation has a token bucket (`bucket`), which fills at a pace that throttles slow down
//! (`pace`), and a line of callers (`line`), ordered by priority and fair between namespaces. A caller without a token is refused
//! with the time at which its turn will come, and keeps its place by its key.

mod adaptive_rate;
mod bucket;
mod queue;
mod ranked;
#[cfg(test)]
mod simulation;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;

use self::bucket::{Bucket, Deferral};
use crate::{Call, CallObserver, Caller, Class, Connect, Error, OperationName, Reply};

/// A bucket's size and refill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// Tokens a second.
    pub rate: f64,
    /// Tokens it holds at most.
    pub burst: f64,
}

/// The quotas of an account and Region: a default, what differs by operation, and how much of them is ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Quotas {
    /// For each operation that has none of its own. AWS documents 2 a second with bursts of 5. For some reads other sources tell of
    /// 10 a second, but an account may have been given less: who has more, says so.
    pub default: Quota,
    /// By operation.
    pub by_operation: BTreeMap<OperationName, Quota>,
    /// The part of them that is to be used, up to 1; the rest is left to other tools.
    pub share: f64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { default: Quota { rate: 2.0, burst: 5.0 }, by_operation: BTreeMap::new(), share: 1.0 }
    }
}

impl Quotas {
    /// What may be used of an operation's quota.
    fn of(&self, operation: OperationName) -> Quota {
        let Quota { rate, burst } = *self.by_operation.get(&operation).unwrap_or(&self.default);
        // A bucket that does not hold one token would never give any.
        Quota { rate: rate * self.share, burst: (burst * self.share).max(1.0) }
    }
}

/// How an operation's bucket stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BucketStatus {
    /// Calls that could be made at once.
    pub tokens: f64,
    /// Callers that wait for their turn.
    pub waiting: usize,
}

/// How the buckets of an account and Region stand: what a [`Limiter`] of any client can be asked.
pub trait LimiterStatus: Send + Sync {
    /// Of each operation that was called or asked for yet.
    fn levels(&self) -> BTreeMap<OperationName, BucketStatus>;
}

/// Lets calls through at the rate that Connect allows.
pub struct Limiter<C> {
    inner: C,
    quotas: Quotas,
    buckets: Mutex<HashMap<OperationName, Bucket>>,
    now: fn() -> Instant,
    listener: Option<Arc<dyn CallObserver>>,
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
        Self { inner, quotas, buckets: Mutex::default(), now, listener: None }
    }

    /// Tells this listener how long callers have waited.
    #[must_use]
    pub fn telling(self, listener: Arc<dyn CallObserver>) -> Self {
        Self { listener: Some(listener), ..self }
    }

    fn bucket<T>(&self, operation: OperationName, act: impl FnOnce(&mut Bucket, Instant) -> T) -> T {
        let now = (self.now)();
        // Nothing panics while holding the lock; if something did, a count that is off by one call does no harm.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        act(buckets.entry(operation).or_insert_with(|| Bucket::new(self.quotas.of(operation), now)), now)
    }

    /// A caller's turn has come. One that had leave was told of when it was given it.
    fn served(&self, caller: &Caller, waited: Option<Duration>) {
        if let (Some(listener), Some(waited)) = (&self.listener, waited) {
            listener.waited(caller.priority, waited);
        }
    }
}

impl<C: Send + Sync> LimiterStatus for Limiter<C> {
    fn levels(&self) -> BTreeMap<OperationName, BucketStatus> {
        let now = (self.now)();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.iter_mut().map(|(operation, bucket)| (*operation, bucket.level(now))).collect()
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

fn deferred(operation: OperationName, Deferral { after, turn }: Deferral) -> Error {
    Error { turn: Some(turn), ..Error::deferred(operation, after) }
}

impl<C: Connect> Connect for Limiter<C> {
    fn send<'a>(&'a self, caller: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        let operation = call.name();
        let admitted = self.bucket(operation, |bucket, now| {
            let waited = bucket.redeem(caller, now)?;
            bucket.sent();
            Ok((UnderWay { limiter: self, operation }, now, waited))
        });
        Box::pin(async move {
            let (under_way, sent, waited) = admitted.map_err(|deferral| deferred(operation, deferral))?;
            self.served(caller, waited);
            let result = self.inner.send(caller, call).await;
            drop(under_way);
            match result {
                Err(error) if error.class == Class::Throttled => {
                    let Deferral { after, .. } = self.bucket(operation, |bucket, now| bucket.throttled(caller, sent, now));
                    Err(Error { retry_after: Some(after), ..error })
                }
                result => result,
            }
        })
    }

    fn admit(&self, caller: &Caller, operation: OperationName) -> Result<(), Error> {
        let given = self.bucket(operation, |bucket, now| bucket.reserve(caller, now));
        let waited = given.map_err(|deferral| deferred(operation, deferral))?;
        self.served(caller, waited);
        self.inner.admit(caller, operation)
    }

    fn cancel(&self, key: &str) {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).values_mut().for_each(|bucket| bucket.cancel(key));
        self.inner.cancel(key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::executor::block_on;

    use super::*;
    use crate::{ConnectExt, ListUsers, Page, Priority};

    /// Answers with nobody, or throttles.
    #[derive(Default)]
    struct Empty(AtomicBool);

    impl Connect for Empty {
        fn send<'a>(&'a self, _: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
            Box::pin(async move {
                if self.0.load(Ordering::Relaxed) {
                    return Err(Error::reply(call.name(), 429, Some("ThrottlingException"), "Rate exceeded"));
                }
                Ok(Reply::ListUsers(Page { items: vec![], next_token: None }))
            })
        }
    }

    fn list() -> ListUsers {
        ListUsers { instance: "i-1".into(), max_results: 1, next_token: None }
    }

    fn limiter() -> Limiter<Empty> {
        let by_operation = [(OperationName::ListUsers, Quota { rate: 0.02, burst: 2.0 })].into();
        Limiter::new(Empty::default(), Quotas { by_operation, share: 0.5, ..Quotas::default() })
    }

    fn caller(key: &str) -> Caller {
        Caller::new(key, Priority::Edit)
    }

    #[test]
    fn the_share_is_of_rate_and_burst_and_leaves_one_call_at_least() {
        let quotas = Quotas { share: 0.1, ..limiter().quotas };
        assert_eq!(quotas.of(OperationName::CreateUser), Quota { rate: 0.2, burst: 1.0 });
        let quotas = limiter().quotas;
        assert_eq!(quotas.of(OperationName::CreateUser), Quota { rate: 1.0, burst: 2.5 });
        assert_eq!(quotas.of(OperationName::ListUsers), Quota { rate: 0.01, burst: 1.0 });
    }

    #[test]
    fn who_is_deferred_is_told_its_place_and_time_and_counted() {
        let limiter = limiter();
        block_on(limiter.call(&caller("first"), list())).unwrap();
        let error = block_on(limiter.call(&caller("second"), list())).unwrap_err();
        let turn = error.turn.unwrap();
        assert_eq!((error.class, turn.place, turn.of), (Class::Deferred, 1, 1));
        assert!(error.retry_after.unwrap() <= turn.wait);
        let error = limiter.admit(&caller("third"), OperationName::ListUsers).unwrap_err();
        assert_eq!(error.turn.map(|turn| (turn.place, turn.of)), Some((2, 2)));
        let BucketStatus { tokens, waiting } = limiter.levels()[&OperationName::ListUsers];
        assert!(waiting == 2 && (0.0..1.0).contains(&tokens), "{waiting} wait for {tokens}");
    }

    #[test]
    fn who_is_gone_is_waited_for_no_longer() {
        let limiter = limiter();
        block_on(limiter.call(&caller("first"), list())).unwrap();
        for nth in 0..100 {
            assert!(block_on(limiter.call(&caller(&format!("gone {nth}")), list())).is_err());
        }
        for nth in 0..100 {
            limiter.cancel(&format!("gone {nth}"));
        }
        let turn = block_on(limiter.call(&caller("newcomer"), list())).unwrap_err().turn.unwrap();
        assert_eq!((turn.place, turn.of), (1, 1));
    }

    /// Remembers waits.
    #[derive(Default)]
    struct Waits(Mutex<Vec<(Priority, Duration)>>);

    impl CallObserver for Waits {
        fn called(&self, _: OperationName, _: Result<(), &Error>, _: Duration) {}

        fn waited(&self, priority: Priority, waited: Duration) {
            self.0.lock().unwrap().push((priority, waited));
        }
    }

    #[test]
    fn a_call_is_told_of_once_with_the_time_that_it_has_waited() {
        let waits = Arc::new(Waits::default());
        let limiter = limiter().telling(waits.clone());
        limiter.admit(&caller("first"), OperationName::ListUsers).unwrap();
        block_on(limiter.call(&caller("first"), list())).unwrap();
        assert!(block_on(limiter.call(&caller("second"), list())).is_err());
        assert_eq!(*waits.0.lock().unwrap(), [(Priority::Edit, Duration::ZERO)], "who still waits is not told of");
    }

    #[test]
    fn who_was_throttled_is_told_when_to_come_back() {
        let limiter = limiter();
        limiter.inner.0.store(true, Ordering::Relaxed);
        let error = block_on(limiter.call(&caller("first"), list())).unwrap_err();
        assert_eq!(error.class, Class::Throttled);
        assert!(error.retry_after.is_some() && error.turn.is_none());
        assert_eq!(limiter.levels()[&OperationName::ListUsers].waiting, 1);
    }
}
