//! When a resource whose pass failed is tried again.

use std::time::Duration;

use crate::reconcile::{
    failure::{Failure, Kind, RACES_AT_ONCE},
    requests::Request,
    spread::spread,
};

/// When to retry a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::reconcile) struct Retry {
    pub(in crate::reconcile) after: Duration,
    /// The pass lost a race, and is retried at once.
    pub(in crate::reconcile) at_once: bool,
}

/// Failures in a row, and the hold that follows from the last one.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct BackOff {
    /// Failures in a row, all of one kind.
    failing: Option<(Kind, u32)>,
    /// The uptime until which the resource is left alone, and what people asked of it then: a new request ends the hold.
    held: Option<Box<(Request, Duration)>>,
}

impl BackOff {
    /// Counts a failure, and returns when to retry: at the time that the failure names, or after a delay that doubles from the
    /// kind's first to its longest. The delay is spread by a quarter, so that resources that failed together are not retried
    /// together.
    pub(super) fn failed(&mut self, uid: &str, failure: &Failure) -> Retry {
        let paced_by = failure.paced_by;
        let row = match (paced_by, self.failing) {
            // A wait for the rate limit neither begins a row of failures nor ends one.
            (Kind::Deferred, _) => 1,
            (kind, Some((failing, row))) if kind == failing => row.saturating_add(1),
            _ => 1,
        };
        if paced_by != Kind::Deferred {
            self.failing = Some((paced_by, row));
        }
        let at_once = paced_by == Kind::Raced && row <= RACES_AT_ONCE;
        if let Some(after) = failure.retry_after {
            return Retry { after, at_once };
        }
        let pace = match paced_by {
            Kind::Raced if !at_once => Kind::Transient.pace(),
            kind => kind.pace(),
        };
        let doubled = pace.first.saturating_mul(1 << (row - 1).min(16)).min(pace.longest);
        Retry { after: doubled + doubled.mul_f64(spread(uid, row) / 4.0), at_once }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Leaves the resource alone until then: the event of our own status write must not start a pass earlier.
    pub(in crate::reconcile) fn hold(&mut self, request: Request, until: Duration) {
        self.held = Some(Box::new((request, until)));
    }

    pub(super) fn end_hold(&mut self) {
        self.held = None;
    }

    /// Returns the uptime until which the resource is left alone, unless people ask something new of it.
    pub(in crate::reconcile) fn held_until(&self, request: &Request) -> Option<Duration> {
        self.held.as_deref().filter(|(held, _)| held == request).map(|(_, until)| *until)
    }
}
