//! What people ask of a resource, and how often it was woken.

use std::time::Duration;

use jiff::Timestamp;

use crate::reconcile::requests::Request;

/// A moment, as uptime and as time.
pub(in crate::reconcile) type Moment = (Duration, Timestamp);

/// What people ask of a resource, and how often it was woken.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct Requests {
    /// The last request, and the uptime at which it was first seen.
    last: Option<Box<(Request, Duration)>>,
    wakes: Wakes,
    /// The unreadable value of the pausing annotation that was reported last.
    unreadable_pause: Option<Box<str>>,
}

/// What has woken a resource so far.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::reconcile) struct Wakes {
    pub(super) count: u32,
    /// The moment that the last list showed which differs from the status.
    pub(super) shown: Option<Box<Moment>>,
}

impl Requests {
    /// Returns whether an unreadable value of the pausing annotation is new, and remembers it.
    pub(in crate::reconcile) fn is_new_unreadable_pause(&mut self, value: &str) -> bool {
        let is_new = self.unreadable_pause.as_deref() != Some(value);
        self.unreadable_pause = Some(value.into());
        is_new
    }

    /// Returns the uptime at which this process first saw the request: now, if it is new.
    pub(in crate::reconcile) fn since(&mut self, request: Request, uptime: Duration) -> Duration {
        match self.last.as_deref() {
            Some((last, since)) if *last == request => *since,
            _ => {
                self.last = Some(Box::new((request, uptime)));
                uptime
            }
        }
    }

    pub(super) fn woken(&mut self) {
        self.wakes.count = self.wakes.count.wrapping_add(1);
    }

    /// Records that a list, which shows the user as of this moment, differs from the status.
    pub(super) fn woken_by_list(&mut self, shown: Moment) {
        self.wakes.shown = Some(Box::new(shown));
    }

    pub(in crate::reconcile) fn wakes(&self) -> Wakes {
        self.wakes.clone()
    }
}
