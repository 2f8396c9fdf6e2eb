//! Personal data in the log, which can be left out: `--log-personal-data=false`.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether the log leaves personal data out. There is one log per process.
static HIDDEN: AtomicBool = AtomicBool::new(false);

/// Leaves personal data out of the log from now on.
pub(super) fn hide() {
    HIDDEN.store(true, Ordering::Relaxed);
}

/// A value in a log line that is personal data or may quote it: the name of a user or of its ConnectUser, an address, a number, or the
/// message of a failure. Printed as `[personal data]` if the log leaves such data out.
pub(crate) struct Personal<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if HIDDEN.load(Ordering::Relaxed) { f.write_str("[personal data]") } else { self.0.fmt(f) }
    }
}

/// Returns the name of a ConnectUser, or its UID if the log leaves names out.
pub(crate) fn name_or_uid<'a>(name: &'a str, uid: &'a str) -> &'a str {
    if HIDDEN.load(Ordering::Relaxed) { uid } else { name }
}
