//! A decorator that reports each call to an observer: its operation, outcome and duration.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;

use crate::{Call, Caller, Connect, Error, OperationName, Priority, Reply};

/// Receives a report of every call, and of the wait before it.
pub trait CallObserver: Send + Sync {
    /// Records a call that was made. Deferred calls are not reported, since they were not made.
    fn called(&self, operation: OperationName, outcome: Result<(), &Error>, took: Duration);

    /// Records how long a caller of this priority waited until the limiter admitted it.
    fn waited(&self, priority: Priority, waited: Duration);
}

/// Reports each call to a [`CallObserver`].
pub struct Meter<C> {
    inner: C,
    observer: Arc<dyn CallObserver>,
}

impl<C> Meter<C> {
    /// Reports the calls of `inner` to this observer.
    pub fn new(inner: C, observer: Arc<dyn CallObserver>) -> Self {
        Self { inner, observer }
    }
}

impl<C: Connect> Connect for Meter<C> {
    fn send<'a>(&'a self, caller: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        let operation = call.name();
        Box::pin(async move {
            let start = Instant::now();
            let result = self.inner.send(caller, call).await;
            if !matches!(&result, Err(e) if e.class == crate::Class::Deferred) {
                self.observer.called(operation, result.as_ref().map(|_| ()), start.elapsed());
            }
            result
        })
    }

    fn admit(&self, caller: &Caller, operation: OperationName) -> Result<(), Error> {
        self.inner.admit(caller, operation)
    }

    fn ready(&self, operation: OperationName) -> BoxFuture<'_, Result<(), Error>> {
        self.inner.ready(operation)
    }

    fn cancel(&self, key: &str) {
        self.inner.cancel(key);
    }
}
