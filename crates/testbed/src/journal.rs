//! The calls that were sent to Connect: when, for which resource, and with which result.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use connect_api::{Call, Caller, Class, Connect, Error, OperationName, Reply};
use connect_sim::Client;
use futures::{FutureExt, future::BoxFuture};
use parking_lot::{Mutex, MutexGuard};

use crate::time::{Paced, VirtualTime};

/// A call that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// When it was sent: virtual time since the fleet began.
    pub at: Duration,
    /// Its operation.
    pub operation: OperationName,
    /// The caller's key: the UID of a ConnectUser, or the name of the operator's own work.
    pub key: String,
    /// The namespace of the ConnectUser; empty for the operator's own work.
    pub group: String,
    /// The class of its error. None: it succeeded.
    pub error: Option<Class>,
}

/// The calls of a fleet, in the order in which they were answered. Clones are handles to the same one.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Vec<Sent>>>);

impl Journal {
    fn calls(&self) -> MutexGuard<'_, Vec<Sent>> {
        // Nothing panics while holding the lock.
        self.0.lock()
    }

    /// Returns the position of the next call, to be passed to the methods below.
    pub fn mark(&self) -> usize {
        self.calls().len()
    }

    /// Returns the calls from this position on.
    pub fn since(&self, mark: usize) -> Vec<Sent> {
        self.calls().get(mark..).unwrap_or_default().to_vec()
    }

    /// Returns the number of calls of each operation from this position on.
    pub fn counts(&self, mark: usize) -> BTreeMap<OperationName, usize> {
        let mut counts = BTreeMap::new();
        for sent in self.calls().iter().skip(mark) {
            *counts.entry(sent.operation).or_default() += 1;
        }
        counts
    }

    /// Returns the number of calls from this position on with this class of error.
    pub fn failed(&self, mark: usize, class: Class) -> usize {
        self.calls().iter().skip(mark).filter(|sent| sent.error == Some(class)).count()
    }
}

/// Returns the largest number of calls within any period of this length.
pub fn most_within(calls: &[Sent], stretch: Duration) -> usize {
    let mut at: Vec<Duration> = calls.iter().map(|sent| sent.at).collect();
    at.sort();
    let mut first = 0;
    let mut most = 0;
    for (last, end) in at.iter().enumerate() {
        while at[first] + stretch <= *end {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

/// A remote simulator: each call has a latency and is recorded.
pub(crate) struct Remote {
    pub client: Client,
    pub paced: Paced,
    pub time: VirtualTime,
    /// There and back.
    pub latency: Duration,
    pub journal: Journal,
}

impl Connect for Remote {
    fn send<'a>(&'a self, caller: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
        async move {
            let (at, operation) = (self.time.elapsed(), call.name());
            tokio::time::sleep(self.latency / 2).await;
            self.paced.now();
            let result = self.client.call_now(call);
            tokio::time::sleep(self.latency / 2).await;
            self.journal.calls().push(Sent {
                at,
                operation,
                key: caller.key.clone(),
                group: caller.group.clone(),
                error: result.as_ref().err().map(|error| error.class),
            });
            result
        }
        .boxed()
    }
}
