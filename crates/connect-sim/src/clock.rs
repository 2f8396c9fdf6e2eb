//! Virtual time: real or manual. Both can be moved forward.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

/// What moves the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClockMode {
    /// The wall clock, plus the time added by [`Sim::advance`](crate::Sim::advance).
    #[default]
    Real,
    /// Only [`Sim::advance`](crate::Sim::advance).
    Manual,
}

/// A point in time and the time added to it.
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
        // Connect sends times in milliseconds, and all reads must return the same time.
        Timestamp::from_millisecond(later(base, self.advanced).as_millisecond()).unwrap_or(base)
    }

    pub fn advance(&mut self, by: Duration) {
        self.advanced = self.advanced.saturating_add(by);
    }
}

/// Returns a time plus a duration, at most the last representable time.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
