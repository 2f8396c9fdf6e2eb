//! The port: what a client of Connect offers, whoever answers behind it.

use futures::future::BoxFuture;

use crate::{Call, Error, Operation, OperationName, Reply};

/// How urgent a call is. Whoever waits for less important things lets the more important ones pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// A person changed something and waits for it.
    Edit,
    /// Work that piled up: many new resources, a restart.
    #[default]
    Backlog,
    /// Drift that is put right.
    Repair,
    /// Looking whether there is drift.
    Sweep,
}

/// On whose behalf a call is made, and how urgent it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Who it is: the resource's UID. A caller that is told to come back later keeps its place in the queue by it.
    pub key: String,
    /// How urgent it is.
    pub priority: Priority,
    /// With whom it shares its turns: the resource's namespace, so that the many of one do not hold up the few of another. The
    /// operator's own work is a group of its own, the empty one.
    pub group: String,
}

impl Caller {
    /// A caller of this key and priority.
    pub fn new(key: impl Into<String>, priority: Priority) -> Self {
        Self { key: key.into(), priority, group: String::new() }
    }

    /// The same caller as one of this group.
    #[must_use]
    pub fn in_group(self, group: impl Into<String>) -> Self {
        Self { group: group.into(), ..self }
    }
}

/// Amazon Connect, or something that behaves like it, in one account and Region.
pub trait Connect: Send + Sync {
    /// Makes one call. One attempt: no retries behind the caller's back.
    fn send<'a>(&'a self, caller: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>>;

    /// Asks for leave to make a call of this operation soon, without making it.
    ///
    /// For a caller that has to do something before the call which is only worth doing if the call can follow at once.
    /// Leave once given is used up by the next [`send`](Connect::send) of the same caller and operation.
    ///
    /// # Errors
    /// [`Class::Deferred`](crate::Class::Deferred) with the time to come back at.
    fn admit(&self, caller: &Caller, operation: OperationName) -> Result<(), Error> {
        let _ = (caller, operation);
        Ok(())
    }

    /// The caller of this key will not call again: nobody is to wait behind it.
    fn cancel(&self, key: &str) {
        let _ = key;
    }
}

impl<C: Connect + ?Sized> Connect for std::sync::Arc<C> {
    fn send<'a>(&'a self, caller: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        (**self).send(caller, call)
    }

    fn admit(&self, caller: &Caller, operation: OperationName) -> Result<(), Error> {
        (**self).admit(caller, operation)
    }

    fn cancel(&self, key: &str) {
        (**self).cancel(key);
    }
}

/// Calls with typed answers, for every [`Connect`].
pub trait ConnectExt: Connect {
    /// Makes one call and takes the answer out of the reply.
    ///
    /// # Errors
    /// As [`Connect::send`].
    fn call<'a, O>(&'a self, caller: &'a Caller, request: O) -> BoxFuture<'a, Result<O::Output, Error>>
    where
        O: Operation + 'a,
        O::Output: Send,
    {
        let reply = self.send(caller, request.into());
        Box::pin(async move {
            let reply = reply.await?;
            let answered = reply.name();
            O::output(reply).ok_or_else(|| Error::no_reply(O::NAME, format!("was answered as if it were {answered}")))
        })
    }
}

impl<C: Connect + ?Sized> ConnectExt for C {}
