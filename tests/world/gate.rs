//! Every call of an operator goes through a door, where the world can let others go first, break the call, or end the process.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The process dies before the call has any effect.
    CrashBefore,
    /// The process dies after the call took effect, before it learns of that.
    CrashAfter,
    /// The call fails without effect.
    FailBefore,
    /// The call takes effect, and its reply is lost.
    FailAfter,
}

impl Fault {
    pub const ALL: [Self; 4] = [Self::CrashBefore, Self::CrashAfter, Self::FailBefore, Self::FailAfter];
}

/// How a call that was let through ended.
pub enum Passed<T> {
    /// As the other side answered.
    Answered(T),
    /// Without an answer.
    NoAnswer,
}

/// Which calls meet a mishap, counted over all operators; and what came of it.
#[derive(Debug, Default)]
pub struct Schedule {
    pub mishaps: BTreeMap<u64, Fault>,
    pub calls: u64,
    pub log: Vec<String>,
}

/// One operator's door.
#[derive(Clone, Debug)]
pub struct Door {
    pub schedule: Arc<Mutex<Schedule>>,
    /// Set when this operator's process died.
    pub dead: Arc<Mutex<bool>>,
}

impl Door {
    pub fn new(schedule: Arc<Mutex<Schedule>>) -> Self {
        Self { schedule, dead: Arc::default() }
    }

    /// Lets a call through.
    pub async fn pass<T>(&self, what: &str, effect: impl FnOnce() -> T) -> Passed<T> {
        Yield(false).await;
        let mishap = {
            let mut schedule = self.schedule.lock().unwrap();
            let number = schedule.calls;
            schedule.calls += 1;
            let mishap = schedule.mishaps.get(&number).copied();
            schedule.log.push(format!("{number} {what}{}", mishap.map_or_else(String::new, |m| format!(" [{m:?}]"))));
            mishap
        };
        match mishap {
            None => Passed::Answered(effect()),
            Some(Fault::CrashBefore) => self.die().await,
            Some(Fault::CrashAfter) => {
                effect();
                self.die().await
            }
            Some(Fault::FailBefore) => Passed::NoAnswer,
            Some(Fault::FailAfter) => {
                effect();
                Passed::NoAnswer
            }
        }
    }

    async fn die<T>(&self) -> T {
        *self.dead.lock().unwrap() = true;
        std::future::pending().await
    }
}

/// Lets others go first, once.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}
