//! Every call of an operator passes a gate, where the simulation can run other operators first, fail the call, or end the process.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use connect_operator::reconcile::NamespacedName;
use jiff::Timestamp;

use super::lock::lock;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The process dies before the call has any effect.
    CrashBefore,
    /// The process dies after the call took effect, before the reply arrives.
    CrashAfter,
    /// The call fails without effect.
    FailBefore,
    /// The call takes effect, and its reply is lost.
    FailAfter,
    /// The call is denied: by IAM, by RBAC, or by a proxy in between.
    Denied,
}

impl Fault {
    /// The faults of a process and of the network.
    pub const ALL: [Self; 4] = [Self::CrashBefore, Self::CrashAfter, Self::FailBefore, Self::FailAfter];
}

/// The result of a call that passed the gate.
pub enum GateResult<T> {
    /// The other side answered.
    Answered(T),
    /// There was no answer.
    NoAnswer,
    /// The call was denied.
    Denied,
}

/// The faults by the number of the call, counted over all operators, and the calls that were made.
#[derive(Debug, Default)]
pub struct Schedule {
    /// The faults.
    pub faults: BTreeMap<u64, Fault>,
    /// The number of calls so far.
    pub calls: u64,
    /// Each call in a line.
    pub log: Vec<String>,
}

/// The work that an operator does at the moment.
#[derive(Clone, Debug, Default)]
pub struct Acting {
    /// The resource of the pass; None in a sweep.
    pub resource: Option<NamespacedName>,
    /// The revision of the API server at which the work began.
    pub revision: usize,
    /// The time at which it began.
    pub began: Timestamp,
}

/// The gate of one operator.
#[derive(Clone)]
pub struct Gate {
    /// What happens to calls.
    pub schedule: Arc<Mutex<Schedule>>,
    /// Set when this operator's process has died.
    pub dead: Arc<Mutex<bool>>,
    /// The work that makes the calls.
    pub acting: Arc<Mutex<Acting>>,
    /// The ConnectUsers that the sweep has read, and the revision that the API server had then.
    pub last_read: Arc<Mutex<BTreeMap<NamespacedName, usize>>>,
}

impl Gate {
    /// Returns the gate of another process.
    pub fn new(schedule: Arc<Mutex<Schedule>>) -> Self {
        Self { schedule, dead: Arc::default(), acting: Arc::default(), last_read: Arc::default() }
    }

    /// Makes a call, or what a fault makes of it.
    pub async fn pass<T>(&self, what: &str, effect: impl FnOnce() -> T) -> GateResult<T> {
        Yield(false).await;
        let fault = {
            let mut schedule = lock(&self.schedule);
            let number = schedule.calls;
            schedule.calls += 1;
            let fault = schedule.faults.get(&number).copied();
            schedule.log.push(format!("{number} {what}{}", fault.map_or_else(String::new, |m| format!(" [{m:?}]"))));
            fault
        };
        match fault {
            None => GateResult::Answered(effect()),
            Some(Fault::CrashBefore) => self.die().await,
            Some(Fault::CrashAfter) => {
                effect();
                self.die().await
            }
            Some(Fault::FailBefore) => GateResult::NoAnswer,
            Some(Fault::Denied) => GateResult::Denied,
            Some(Fault::FailAfter) => {
                effect();
                GateResult::NoAnswer
            }
        }
    }

    async fn die<T>(&self) -> T {
        *lock(&self.dead) = true;
        std::future::pending().await
    }
}

/// Is pending once, so that other operators can run.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}
