//! What people ask of a resource, and how often it was woken.

use std::time::Duration;

use crate::reconcile::requests::Request;

/// What people ask of a resource, and how often it was woken.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct Requests {
    /// The last request, and the uptime at which it was first seen.
    last: Option<Box<(Request, Duration)>>,
    wakes: u32,
    /// The unreadable value of the pausing annotation that was reported last.
    unreadable_pause: Option<Box<str>>,
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
        self.wakes = self.wakes.wrapping_add(1);
    }

    /// Returns how often the resource was woken. A pass during which this changes may have read an older state.
    pub(in crate::reconcile) fn wakes(&self) -> u32 {
        self.wakes
    }
}
