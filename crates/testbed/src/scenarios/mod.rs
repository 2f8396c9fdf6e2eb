//! Scenarios of a fleet that tests run at one size and the benchmark at another: functions that return a report. Every time in a
//! report is virtual.
//!
//! Each function creates its own fleet and runtime.

mod crowds;
mod day;
mod edits;
mod held;
mod naive;
mod outages;
mod takeover;

use std::{collections::BTreeMap, time::Duration};

use connect_api::OperationName;

pub use crowds::{AtOnceReport, NamespaceReport, applied_at_once, deleted_at_once, namespace_deleted};
pub use day::{DayReport, day};
pub use edits::{Beside, EditsReport, edits_beside};
pub use held::{HeldReport, held_deletions};
pub use naive::{NaiveReport, naive};
pub use outages::{OutageReport, outage};
pub use takeover::{Takeover, TakeoverReport, taken_over};

/// Calls to Connect by operation.
pub type Calls = BTreeMap<OperationName, usize>;

/// The waiting times of a number of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Their number.
    pub count: usize,
    /// The median.
    pub p50: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Waits {
    fn of(mut waits: Vec<Duration>) -> Self {
        waits.sort();
        let at = |percent: usize| waits.get((waits.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default();
        Self { count: waits.len(), p50: at(50), p99: at(99), longest: at(100) }
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_of_the_sample() {
        let waits = Waits::of((1..=200).rev().map(Duration::from_secs).collect());
        let seconds = |s| Duration::from_secs(s);
        assert_eq!(waits, Waits { count: 200, p50: seconds(100), p99: seconds(198), longest: seconds(200) });
        assert_eq!(Waits::of(vec![SECOND]).p99, SECOND);
        assert_eq!(Waits::of(vec![]), Waits::default());
    }
}
