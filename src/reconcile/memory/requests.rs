//! What people ask of a resource, and how often it was woken.

use std::time::Duration;

use crate::reconcile::requests::Request;

/// What people ask of a resource, and how often it was woken.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct Requests {
    /// The last request, and the uptime at which it was first seen.
    last: Option<Box<(Request, Duration)>>,
    wakes: u32,
}

impl Requests {
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
