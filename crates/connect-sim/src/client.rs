//! The simulator as a client in-process.

use connect_api::{Call, Caller, Connect, Error, Reply};
use futures::future::BoxFuture;

use crate::{Scope, Sim};

/// Calls a [`Sim`] in-process. Every future is ready at its first poll, and does nothing before.
#[derive(Clone, Debug)]
pub struct Client {
    sim: Sim,
    scope: Scope,
    console: bool,
}

impl Client {
    pub(crate) fn new(sim: Sim, scope: Scope, console: bool) -> Self {
        Self { sim, scope, console }
    }

    /// One call, now.
    ///
    /// # Errors
    /// As [`Connect::send`].
    pub fn call_now(&self, call: Call) -> Result<Reply, Error> {
        if self.console { self.sim.call_from_console(&self.scope, call) } else { self.sim.call(&self.scope, call) }
    }
}

impl Connect for Client {
    fn send<'a>(&'a self, _caller: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move { self.call_now(call) })
    }
}
