//! Virtual time: tokio's paused clock, which jumps to the next timer whenever nothing is left to do.

use std::{future::Future, time::Duration};

use connect_operator::reconcile::Clock;
use connect_sim::Sim;
use jiff::Timestamp;
use tokio::time::Instant;

/// Runs this in virtual time: an hour takes as long as the work that is done in it.
///
/// # Panics
/// If the machine gives no thread's worth of a runtime.
pub fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime with nothing but a clock").block_on(work)
}

/// The time of a virtual world, which began when this was made.
#[derive(Clone, Copy, Debug)]
pub struct VirtualTime {
    began: Instant,
    epoch: Timestamp,
}

impl VirtualTime {
    /// A world that begins now, and whose calendar shows this.
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { began: Instant::now(), epoch }
    }

    /// How long it has lasted.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

impl Clock for VirtualTime {
    fn now(&self) -> Timestamp {
        self.epoch + self.elapsed()
    }

    fn uptime(&self) -> Duration {
        self.elapsed()
    }
}

/// A simulator whose own clock is kept to the virtual one.
#[derive(Clone, Debug)]
pub(crate) struct Paced {
    sim: Sim,
    time: VirtualTime,
}

impl Paced {
    pub(crate) fn new(sim: Sim, time: VirtualTime) -> Self {
        Self { sim, time }
    }

    /// The simulator, at whatever time it was asked last.
    pub(crate) fn sim(&self) -> Sim {
        self.sim.clone()
    }

    /// The simulator, at the time that it is.
    pub(crate) fn now(&self) -> &Sim {
        let behind = self.time.now() - self.sim.now();
        if let Ok(behind) = Duration::try_from(behind) {
            self.sim.advance(behind);
        }
        &self.sim
    }
}
