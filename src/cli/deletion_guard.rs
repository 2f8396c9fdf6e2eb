//! Flags for the guard against mass deletion.

use std::time::Duration;

use clap::Args;

use super::{durations::duration, quotas::share};
use crate::reconcile::DeletionGuard;

#[derive(Debug, Args)]
pub(super) struct GuardFlags {
    /// Deletions are held until a person confirms them by the annotation connect-operator.dev/confirm-deletion if, within the
    /// guard's window, they exceed this share of the users that ConnectUsers of a namespace, or all ConnectUsers, have in an
    /// instance, and also exceed the guard's count. 1: no deletion is ever held.
    #[arg(long, env = "CONNECT_OPERATOR_DELETION_GUARD_SHARE", default_value_t = DeletionGuard::default().share, value_parser = share)]
    deletion_guard_share: f64,

    /// This many deletions are never held.
    #[arg(long, env = "CONNECT_OPERATOR_DELETION_GUARD_COUNT", default_value_t = DeletionGuard::default().count)]
    deletion_guard_count: usize,

    /// Deletions that are requested within this time of each other count together.
    #[arg(long, env = "CONNECT_OPERATOR_DELETION_GUARD_WINDOW", default_value = "1h", value_parser = duration)]
    deletion_guard_window: Duration,
}

impl GuardFlags {
    pub(super) fn guard(&self) -> DeletionGuard {
        DeletionGuard { share: self.deletion_guard_share, count: self.deletion_guard_count, window: self.deletion_guard_window }
    }
}
