//! Virtual time: real or manual, and movable forwards in both cases.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

/// What moves the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClockMode {
    /// The wall clock, plus what [`Sim::advance`](crate::Sim::advance) added.
    #[default]
    Real,
    /// [`Sim::advance`](crate::Sim::advance) alone.
    Manual,
}

/// A point in time and what was added to it.
#[derive(Debug)]
pub(crate) struct Clock {
    mode: ClockMode,
    start: Timestamp,
    advanced: Duration,
}

impl Clock {
    pub fn new(mode: ClockMode, start: Timestamp) -> Self {
        Self { mode, start, advanced: Duration::ZERO }
    }

    pub fn now(&self) -> Timestamp {
        let base = match self.mode {
            ClockMode::Real => Timestamp::now(),
            ClockMode::Manual => self.start,
        };
        // Connect knows no finer time on the wire, and a time must be the same whichever way it is read.
        Timestamp::from_millisecond(later(base, self.advanced).as_millisecond()).unwrap_or(base)
    }

    pub fn advance(&mut self, by: Duration) {
        self.advanced = self.advanced.saturating_add(by);
    }
}

/// A duration after a time; the end of time stays the end of time.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
