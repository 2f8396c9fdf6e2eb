//! Virtual time: the paused clock of tokio, which advances to the next timer when all tasks are idle.

use std::{future::Future, time::Duration};

use connect_operator::reconcile::Clock;
use connect_sim::Sim;
use jiff::Timestamp;
use tokio::time::Instant;

/// Runs a future in virtual time: an hour takes as long as the work in it.
///
/// # Panics
/// If the runtime cannot be created.
pub fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime with nothing but a clock").block_on(work)
}

/// A virtual clock, which starts when it is created.
#[derive(Clone, Copy, Debug)]
pub struct VirtualTime {
    began: Instant,
    epoch: Timestamp,
}

impl VirtualTime {
    /// Starts a clock at this time.
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { began: Instant::now(), epoch }
    }

    /// The virtual time since the start.
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

/// A simulator whose clock follows the virtual one.
#[derive(Clone, Debug)]
pub(crate) struct Paced {
    sim: Sim,
    time: VirtualTime,
}

impl Paced {
    pub(crate) fn new(sim: Sim, time: VirtualTime) -> Self {
        Self { sim, time }
    }

    /// Returns the simulator without advancing its clock.
    pub(crate) fn sim(&self) -> Sim {
        self.sim.clone()
    }

    /// Returns the simulator at the current time.
    pub(crate) fn now(&self) -> &Sim {
        let behind = self.time.now() - self.sim.now();
        if let Ok(behind) = Duration::try_from(behind) {
            self.sim.advance(behind);
        }
        &self.sim
    }
}
