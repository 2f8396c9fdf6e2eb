//! Calls to one instance on behalf of one caller.

use connect_api::{Caller, Class, Connect, ConnectExt, Error, InstanceId, Operation};

/// What the calls to one instance need.
#[derive(Clone, Copy)]
pub(crate) struct InstanceClient<'a> {
    pub(crate) connect: &'a dyn Connect,
    pub(crate) caller: &'a Caller,
    pub(crate) instance: &'a InstanceId,
}

impl InstanceClient<'_> {
    pub(super) async fn call<O: Operation<Output: Send>>(&self, request: O) -> Result<O::Output, Error> {
        self.connect.call(self.caller, request).await
    }

    pub(super) fn instance(&self) -> InstanceId {
        self.instance.clone()
    }
}

/// Returns None if what the call was about does not exist.
pub(super) fn unless_gone<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.class == Class::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
