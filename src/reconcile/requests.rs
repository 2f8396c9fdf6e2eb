//! What people ask of a resource: by its spec, its deletion and its annotations.

use kube::ResourceExt;

use super::confirmation::confirmation_value;
use crate::api::{ConnectUser, PAUSED, RECONCILE_REQUESTED_AT};

/// What people ask of a resource at one point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) generation: i64,
    pub(super) deleting: bool,
    /// The value of the confirm-deletion annotation.
    pub(super) confirmation: Option<String>,
    /// The value of the reconcile-requested-at annotation.
    pub(super) reconcile_at: Option<String>,
}

impl Request {
    pub(super) fn of(resource: &ConnectUser) -> Self {
        let meta = &resource.metadata;
        Self {
            generation: meta.generation.unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            confirmation: confirmation_value(meta).map(str::to_owned),
            reconcile_at: resource.annotations().get(RECONCILE_REQUESTED_AT).cloned(),
        }
    }
}

/// Returns whether an annotation pauses the resource.
pub(super) fn is_paused(resource: &ConnectUser) -> bool {
    resource.annotations().get(PAUSED).is_some_and(|value| is_true(value))
}

/// Returns the value of the pausing annotation if it means neither true nor false.
pub(super) fn unreadable_pause(resource: &ConnectUser) -> Option<&str> {
    let value = resource.annotations().get(PAUSED)?;
    (!is_true(value) && !is_false(value)).then_some(value)
}

/// Returns whether people mean true: the spellings of YAML and of command lines.
fn is_true(value: &str) -> bool {
    ["true", "yes", "on", "y", "t", "1"].iter().any(|spelling| value.trim().eq_ignore_ascii_case(spelling))
}

fn is_false(value: &str) -> bool {
    ["false", "no", "off", "n", "f", "0", ""].iter().any(|spelling| value.trim().eq_ignore_ascii_case(spelling))
}

/// Returns the value of the reconcile-requested-at annotation if no pass has answered it yet.
pub(super) fn reconcile_requested(resource: &ConnectUser) -> Option<&String> {
    let requested = resource.annotations().get(RECONCILE_REQUESTED_AT)?;
    let handled = resource.status.as_ref().and_then(|s| s.last_handled_reconcile_at.as_ref());
    (handled != Some(requested)).then_some(requested)
}
