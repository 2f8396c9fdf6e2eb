//! A decorator that tells a listener of each call: its operation, its outcome, its time.

use std::time::{Duration, Instant};

use futures::future::BoxFuture;

use crate::{Call, Caller, Connect, Error, OperationName, Priority, Reply};

/// Hears of every call that was made, and of what came before it.
pub trait CallObserver: Send + Sync {
    /// A call was made and this came of it. A deferred call was not made.
    fn called(&self, operation: OperationName, outcome: Result<(), &Error>, took: Duration);

    /// A caller of this priority was let through by the limiter, for which it had waited so long.
    fn waited(&self, priority: Priority, waited: Duration);
}

impl<L: CallObserver + ?Sized> CallObserver for std::sync::Arc<L> {
    fn called(&self, operation: OperationName, outcome: Result<(), &Error>, took: Duration) {
        (**self).called(operation, outcome, took);
    }

    fn waited(&self, priority: Priority, waited: Duration) {
        (**self).waited(priority, waited);
    }
}

/// Tells a [`CallObserver`] of each call that passes through.
#[derive(Debug)]
pub struct Meter<C, L> {
    inner: C,
    listener: L,
}

impl<C, L> Meter<C, L> {
    /// Meters `inner`.
    pub fn new(inner: C, listener: L) -> Self {
        Self { inner, listener }
    }
}

impl<C: Connect, L: CallObserver> Connect for Meter<C, L> {
    fn send<'a>(&'a self, caller: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        let operation = call.name();
        Box::pin(async move {
            let start = Instant::now();
            let result = self.inner.send(caller, call).await;
            if !matches!(&result, Err(e) if e.class == crate::Class::Deferred) {
                self.listener.called(operation, result.as_ref().map(|_| ()), start.elapsed());
            }
            result
        })
    }

    fn admit(&self, caller: &Caller, operation: OperationName) -> Result<(), Error> {
        self.inner.admit(caller, operation)
    }

    fn cancel(&self, key: &str) {
        self.inner.cancel(key);
    }
}
