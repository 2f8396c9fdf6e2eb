//! Every call of an operator passes a gate, where the simulation can run other operators first, fail the call, or end the process.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use crate::simulation::World;

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
}

impl Fault {
    pub const ALL: [Self; 4] = [Self::CrashBefore, Self::CrashAfter, Self::FailBefore, Self::FailAfter];
}

/// The result of a call that passed the gate.
pub enum GateResult<T> {
    /// The other side answered.
    Answered(T),
    /// There was no answer.
    NoAnswer,
}

/// The faults by the number of the call, counted over all operators, and the calls that were made.
#[derive(Debug, Default)]
pub struct Schedule {
    pub faults: BTreeMap<u64, Fault>,
    pub calls: u64,
    pub log: Vec<String>,
}

/// The gate of one operator.
#[derive(Clone)]
pub struct Gate {
    pub world: Arc<World>,
    /// Set when this operator's process has died.
    pub dead: Arc<Mutex<bool>>,
}

impl Gate {
    pub fn new(world: Arc<World>) -> Self {
        Self { world, dead: Arc::default() }
    }

    /// Makes a call, or what a fault makes of it.
    pub async fn pass<T>(&self, what: &str, effect: impl FnOnce() -> T) -> GateResult<T> {
        Yield(false).await;
        let fault = {
            let mut schedule = self.world.schedule.lock().unwrap();
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
            Some(Fault::FailAfter) => {
                effect();
                GateResult::NoAnswer
            }
        }
    }

    async fn die<T>(&self) -> T {
        *self.dead.lock().unwrap() = true;
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
