//! The in-process client.

use connect_api::{Call, Caller, Connect, Error, Reply};
use futures::future::BoxFuture;

use crate::{Scope, Sim, admission::Surface};

/// An in-process client of a [`Sim`]. Every future is ready at its first poll, and has no effect before.
#[derive(Clone, Debug)]
pub struct Client {
    sim: Sim,
    scope: Scope,
    surface: Surface,
}

impl Client {
    pub(crate) fn new(sim: Sim, scope: Scope, surface: Surface) -> Self {
        Self { sim, scope, surface }
    }

    /// Makes one call synchronously.
    ///
    /// # Errors
    /// As [`Connect::send`].
    pub fn call_now(&self, call: Call) -> Result<Reply, Error> {
        self.sim.send(&self.scope, call, self.surface)
    }
}

impl Connect for Client {
    fn send<'a>(&'a self, _caller: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move { self.call_now(call) })
    }
}
