//! Locks what the parts of a simulation share.

use std::sync::{Mutex, MutexGuard};

pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("no thread has panicked")
}
