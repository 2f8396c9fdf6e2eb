//! When each instance was last swept.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The uptime of the last complete sweep of each instance, by ARN.
#[derive(Debug, Default)]
pub(super) struct LastSweeps(Mutex<HashMap<String, Duration>>);

impl LastSweeps {
    pub(super) fn record(&self, instance: &str, uptime: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(instance.to_owned(), uptime);
    }

    pub(super) fn last(&self, instance: &str) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(instance).copied()
    }
}
