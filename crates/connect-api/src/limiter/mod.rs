//! A rate limiter that parks no caller: one that has to wait is refused with a time to come back at.
//!
//! Connect allows each operation its own rate, per account and Region, shared with every other tool. One [`Limiter`] limits the
//! calls of one account and Region. Each operation has a token bucket (`bucket`) with a rate that throttles lower
//! (`adaptive_rate`), and a queue of callers (`queue`), ordered by priority and fair between namespaces. A caller without a token
//! is refused with the time of its turn, and keeps its position by its key.

mod adaptive_rate;
mod bucket;
mod queue;
#[cfg(test)]
mod simulation;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use parking_lot::Mutex;

use self::bucket::{Bucket, Deferral};
use crate::{Call, CallObserver, Caller, Class, Connect, Error, OperationName, Reply};

/// A bucket's size and refill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// Tokens per second.
    pub rate: f64,
    /// The most tokens that the bucket holds.
    pub burst: f64,
}

/// The quotas of an account and Region, and the share of them that may be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Quotas {
    /// For each operation without a quota of its own. AWS documents 2 calls per second with bursts of 5. Other sources give 10
    /// per second for some reads, but an account may have less, so higher quotas have to be configured.
    pub default: Quota,
    /// Quotas by operation.
    pub by_operation: BTreeMap<OperationName, Quota>,
    /// The share of the quotas that may be used, up to 1. The rest is left to other tools.
    pub share: f64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { default: Quota { rate: 2.0, burst: 5.0 }, by_operation: BTreeMap::new(), share: 1.0 }
    }
}

impl Quotas {
    /// Returns the time that calls take at least, all begun at once and with nothing else calling. Operations do not wait for each other.
    pub fn least_time(&self, calls: impl IntoIterator<Item = (OperationName, usize)>) -> Duration {
        let time = |(operation, count): (OperationName, usize)| {
            let Quota { rate, burst } = self.of(operation);
            Duration::try_from_secs_f64((count as f64 - burst).max(0.0) / rate).unwrap_or(Duration::MAX)
        };
        calls.into_iter().map(time).max().unwrap_or_default()
    }

    /// Returns the part of an operation's quota that may be used.
    fn of(&self, operation: OperationName) -> Quota {
        let Quota { rate, burst } = *self.by_operation.get(&operation).unwrap_or(&self.default);
        // A bucket that holds less than one token would never give any.
        Quota { rate: rate * self.share, burst: (burst * self.share).max(1.0) }
    }
}

/// The state of an operation's bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BucketStatus {
    /// Calls that could be made now.
    pub tokens: f64,
    /// Callers in the queue.
    pub waiting: usize,
    /// The estimated time until all of them have made their calls.
    pub time: Duration,
}

/// The state of the buckets of an account and Region, without the type of the client that a [`Limiter`] wraps.
pub trait LimiterStatus: Send + Sync {
    /// Returns the state of each operation that was called or reserved so far. Empty until Connect has answered a call: anybody can
    /// name a Region that does not exist.
    fn statuses(&self) -> BTreeMap<OperationName, BucketStatus>;
}

/// Passes calls on at the rate that Connect allows.
pub struct Limiter<C> {
    inner: C,
    quotas: Quotas,
    buckets: Mutex<HashMap<OperationName, Bucket>>,
    /// Whether Connect has answered a call, with success or a refusal.
    was_answered: AtomicBool,
    now: fn() -> Instant,
    observer: Option<Arc<dyn CallObserver>>,
}

impl<C> Limiter<C> {
    /// Limits `inner` to these quotas.
    pub fn new(inner: C, quotas: Quotas) -> Self {
        Self::with_clock(inner, quotas, Instant::now)
    }

    /// Limits `inner` to these quotas, with another clock.
    pub fn with_clock(inner: C, quotas: Quotas, now: fn() -> Instant) -> Self {
        Self { inner, quotas, buckets: Mutex::default(), was_answered: AtomicBool::new(false), now, observer: None }
    }

    /// Reports how long callers waited to this observer.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn CallObserver>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    fn bucket<T>(&self, operation: OperationName, act: impl FnOnce(&mut Bucket, Instant) -> T) -> T {
        let now = (self.now)();
        // No code panics while holding the lock. If it did, a count that is off by one call would do no harm.
        let mut buckets = self.buckets.lock();
        act(buckets.entry(operation).or_insert_with(|| Bucket::new(self.quotas.of(operation), now)), now)
    }

    /// Reports a caller's wait. A caller with a reservation was reported when it got the reservation.
    fn report_wait(&self, caller: &Caller, waited: Option<Duration>) {
        if let (Some(observer), Some(waited)) = (&self.observer, waited) {
            observer.waited(caller.priority, waited);
        }
    }
}

impl<C: Send + Sync> LimiterStatus for Limiter<C> {
    fn statuses(&self) -> BTreeMap<OperationName, BucketStatus> {
        if !self.was_answered.load(Ordering::Relaxed) {
            return BTreeMap::new();
        }
        let now = (self.now)();
        let mut buckets = self.buckets.lock();
        buckets.iter_mut().map(|(operation, bucket)| (*operation, bucket.status(now))).collect()
    }
}

/// A call that was sent, until it is answered or dropped.
struct InFlight<'a, C> {
    limiter: &'a Limiter<C>,
    operation: OperationName,
}

impl<C> Drop for InFlight<'_, C> {
    fn drop(&mut self) {
        self.limiter.bucket(self.operation, Bucket::answered);
    }
}

fn deferred(operation: OperationName, Deferral { after, position }: Deferral) -> Error {
    Error { queue_position: Some(position), ..Error::deferred(operation, after) }
}

impl<C: Connect> Connect for Limiter<C> {
    fn send<'a>(&'a self, caller: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        let operation = call.name();
        let admitted = self.bucket(operation, |bucket, now| {
            let waited = bucket.redeem(caller, now)?;
            bucket.sent();
            Ok((InFlight { limiter: self, operation }, now, waited))
        });
        Box::pin(async move {
            let (in_flight, sent, waited) = admitted.map_err(|deferral| deferred(operation, deferral))?;
            self.report_wait(caller, waited);
            let result = self.inner.send(caller, call).await;
            drop(in_flight);
            if result.as_ref().err().is_none_or(|error| error.status.is_some()) {
                self.was_answered.store(true, Ordering::Relaxed);
            }
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
        let reserved = self.bucket(operation, |bucket, now| bucket.reserve(caller, now));
        let waited = reserved.map_err(|deferral| deferred(operation, deferral))?;
        self.report_wait(caller, waited);
        self.inner.admit(caller, operation)
    }

    fn ready(&self, operation: OperationName) -> BoxFuture<'_, Result<(), Error>> {
        self.inner.ready(operation)
    }

    fn cancel(&self, key: &str) {
        self.buckets.lock().values_mut().for_each(|bucket| bucket.cancel(key));
        self.inner.cancel(key);
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::{ConnectExt, ListUsers, Page, Priority};

    /// Answers with an empty page, or throttles.
    #[derive(Default)]
    struct EmptyInstance(AtomicBool);

    impl Connect for EmptyInstance {
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
        ListUsers { instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(), max_results: 1, next_token: None }
    }

    fn limiter() -> Limiter<EmptyInstance> {
        let by_operation = [(OperationName::ListUsers, Quota { rate: 0.02, burst: 2.0 })].into();
        Limiter::new(EmptyInstance::default(), Quotas { by_operation, share: 0.5, ..Quotas::default() })
    }

    fn caller(key: &str) -> Caller {
        Caller::new(key, Priority::Edit)
    }

    #[test]
    fn the_share_applies_to_rate_and_burst_and_leaves_one_call() {
        let quotas = Quotas { share: 0.1, ..limiter().quotas };
        assert_eq!(quotas.of(OperationName::CreateUser), Quota { rate: 0.2, burst: 1.0 });
        let quotas = limiter().quotas;
        assert_eq!(quotas.of(OperationName::CreateUser), Quota { rate: 1.0, burst: 2.5 });
        assert_eq!(quotas.of(OperationName::ListUsers), Quota { rate: 0.01, burst: 1.0 });
    }

    #[test]
    fn a_deferred_caller_gets_its_position_and_time() {
        let limiter = limiter();
        block_on(limiter.call(&caller("first"), list())).unwrap();
        let error = block_on(limiter.call(&caller("second"), list())).unwrap_err();
        let position = error.queue_position.unwrap();
        assert_eq!((error.class, position.place, position.of), (Class::Deferred, 1, 1));
        assert!(error.retry_after.unwrap() <= position.wait);
        let error = limiter.admit(&caller("third"), OperationName::ListUsers).unwrap_err();
        assert_eq!(error.queue_position.map(|position| (position.place, position.of)), Some((2, 2)));
        let BucketStatus { tokens, waiting, time } = limiter.statuses()[&OperationName::ListUsers];
        assert!(waiting == 2 && (0.0..1.0).contains(&tokens), "{waiting} callers wait, {tokens} tokens");
        assert!(time >= position.wait, "{time:?} for both, {:?} for the first", position.wait);
    }

    /// Does not answer, as the endpoint of a Region that does not exist.
    struct Silence;

    impl Connect for Silence {
        fn send<'a>(&'a self, _: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
            Box::pin(async move { Err(Error::no_reply(call.name(), "no such host")) })
        }
    }

    #[test]
    fn nothing_is_shown_of_a_region_that_has_not_answered() {
        let silence = Limiter::new(Silence, Quotas::default());
        block_on(silence.call(&caller("first"), list())).unwrap_err();
        assert!(silence.statuses().is_empty());
        let limiter = limiter();
        limiter.inner.0.store(true, Ordering::Relaxed);
        block_on(limiter.call(&caller("first"), list())).unwrap_err();
        assert_eq!(limiter.statuses().len(), 1, "a throttle is an answer");
    }

    #[test]
    fn a_cancelled_caller_no_longer_counts() {
        let limiter = limiter();
        block_on(limiter.call(&caller("first"), list())).unwrap();
        for nth in 0..100 {
            assert!(block_on(limiter.call(&caller(&format!("gone {nth}")), list())).is_err());
        }
        for nth in 0..100 {
            limiter.cancel(&format!("gone {nth}"));
        }
        let position = block_on(limiter.call(&caller("newcomer"), list())).unwrap_err().queue_position.unwrap();
        assert_eq!((position.place, position.of), (1, 1));
    }

    /// Records waits.
    #[derive(Default)]
    struct Waits(Mutex<Vec<(Priority, Duration)>>);

    impl CallObserver for Waits {
        fn called(&self, _: OperationName, _: Result<(), &Error>, _: Duration) {}

        fn waited(&self, priority: Priority, waited: Duration) {
            self.0.lock().push((priority, waited));
        }
    }

    #[test]
    fn each_wait_is_reported_once() {
        let waits = Arc::new(Waits::default());
        let limiter = limiter().with_observer(waits.clone());
        limiter.admit(&caller("first"), OperationName::ListUsers).unwrap();
        block_on(limiter.call(&caller("first"), list())).unwrap();
        assert!(block_on(limiter.call(&caller("second"), list())).is_err());
        assert_eq!(*waits.0.lock(), [(Priority::Edit, Duration::ZERO)], "a caller that still waits is not reported");
    }

    #[test]
    fn a_throttled_caller_gets_a_time_to_come_back_at() {
        let limiter = limiter();
        limiter.inner.0.store(true, Ordering::Relaxed);
        let error = block_on(limiter.call(&caller("first"), list())).unwrap_err();
        assert_eq!(error.class, Class::Throttled);
        assert!(error.retry_after.is_some() && error.queue_position.is_none());
        assert_eq!(limiter.statuses()[&OperationName::ListUsers].waiting, 1);
    }
}
