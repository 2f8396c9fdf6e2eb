//! The port: the trait that every client of Connect implements.

use futures::future::BoxFuture;

use crate::{Call, Error, Operation, OperationName, Reply};

/// How urgent a call is. The limiter serves more urgent calls first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// A person changed something and waits for it.
    Edit,
    /// Work that has piled up: many new resources, a restart.
    #[default]
    Backlog,
    /// A repair of drift.
    Repair,
    /// A check for drift.
    Sweep,
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Edit, Self::Backlog, Self::Repair, Self::Sweep];
}

/// On whose behalf a call is made, and how urgent it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Identifies the caller: the resource's UID. A deferred caller keeps its position in the queue by this key.
    pub key: String,
    /// How urgent the call is.
    pub priority: Priority,
    /// The group that the caller shares its turns with: the resource's namespace, so that many resources in one namespace do not
    /// hold up a few in another. The operator's own work is in the empty group.
    pub group: String,
}

impl Caller {
    /// A caller with this key and priority, in the empty group.
    pub fn new(key: impl Into<String>, priority: Priority) -> Self {
        Self { key: key.into(), priority, group: String::new() }
    }

    /// Puts the caller into this group.
    #[must_use]
    pub fn in_group(self, group: impl Into<String>) -> Self {
        Self { group: group.into(), ..self }
    }
}

/// Amazon Connect, or something that behaves like it, in one account and Region.
pub trait Connect: Send + Sync {
    /// Makes one call, in one attempt. A client never retries.
    fn send<'a>(&'a self, caller: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>>;

    /// Reserves a call of this operation, without making it.
    ///
    /// This is for a caller that has to do something before the call which is useful only if the call can follow at once. The
    /// next [`send`](Connect::send) of the same caller and operation redeems the reservation.
    ///
    /// # Errors
    /// [`Class::Deferred`](crate::Class::Deferred) with the time to come back at.
    fn admit(&self, caller: &Caller, operation: OperationName) -> Result<(), Error> {
        let _ = (caller, operation);
        Ok(())
    }

    /// Returns whether calls can be made at all: whether there are credentials to sign them with. This makes no call to Connect.
    ///
    /// This is for a caller that does something before its first call which could not be undone without another call.
    ///
    /// # Errors
    /// The error that a call of this operation would end with.
    fn ready(&self, operation: OperationName) -> BoxFuture<'_, Result<(), Error>> {
        let _ = operation;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Removes the caller with this key from all queues: it will not call again.
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

    fn ready(&self, operation: OperationName) -> BoxFuture<'_, Result<(), Error>> {
        (**self).ready(operation)
    }

    fn cancel(&self, key: &str) {
        (**self).cancel(key);
    }
}

/// Calls with typed outputs, for every [`Connect`].
pub trait ConnectExt: Connect {
    /// Makes one call and returns its output.
    ///
    /// # Errors
    /// As [`Connect::send`].
    fn call<'a, O: Operation + 'a>(&'a self, caller: &'a Caller, request: O) -> BoxFuture<'a, Result<O::Output, Error>> {
        let reply = self.send(caller, request.into());
        Box::pin(async move {
            let reply = reply.await?;
            let answered = reply.name();
            O::output(reply).ok_or_else(|| Error::no_reply(O::NAME, format!("was answered as if it were {answered}")))
        })
    }
}

impl<C: Connect + ?Sized> ConnectExt for C {}
