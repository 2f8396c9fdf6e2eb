//! What was learnt last about instances and namespaces.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;

/// The latest value by key.
#[derive(Debug)]
pub(super) struct Latest<T>(Mutex<HashMap<String, T>>);

impl<T: Copy> Latest<T> {
    pub(super) fn record(&self, key: impl Into<String>, value: T) {
        self.0.lock().insert(key.into(), value);
    }

    /// Drops all values but those of these keys.
    pub(super) fn retain(&self, keys: &HashSet<String>) {
        self.0.lock().retain(|key, _| keys.contains(key));
    }

    pub(super) fn get(&self, key: &str) -> Option<T> {
        self.0.lock().get(key).copied()
    }
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
