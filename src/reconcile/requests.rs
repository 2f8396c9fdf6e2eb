//! What people ask of a resource: by its spec, its deletion and its annotations.

use kube::ResourceExt;

use crate::api::{CONFIRM_DELETION, ConnectUser, PAUSED, RECONCILE_REQUESTED_AT};

/// What people ask of a resource at one point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) generation: i64,
    pub(super) deleting: bool,
    pub(super) confirmed: bool,
    /// The value of the reconcile-requested-at annotation.
    pub(super) reconcile_at: Option<String>,
}

impl Request {
    pub(super) fn of(resource: &ConnectUser) -> Self {
        let meta = &resource.metadata;
        Self {
            generation: meta.generation.unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            confirmed: is_confirmed(resource),
            reconcile_at: resource.annotations().get(RECONCILE_REQUESTED_AT).cloned(),
        }
    }
}

/// Returns whether an annotation pauses the resource.
pub(super) fn is_paused(resource: &ConnectUser) -> bool {
    resource.annotations().get(PAUSED).is_some_and(|value| is_true(value))
}

/// Returns whether people mean true: the spellings of YAML and of command lines.
fn is_true(value: &str) -> bool {
    ["true", "yes", "on", "y", "t", "1"].iter().any(|spelling| value.trim().eq_ignore_ascii_case(spelling))
}

/// Returns whether an annotation confirms the deletion of the user.
pub(crate) fn is_confirmed(resource: &ConnectUser) -> bool {
    resource.annotations().get(CONFIRM_DELETION).is_some_and(|v| v == "true")
}

/// Returns the value of the reconcile-requested-at annotation if no pass has answered it yet.
pub(super) fn reconcile_requested(resource: &ConnectUser) -> Option<&String> {
    let requested = resource.annotations().get(RECONCILE_REQUESTED_AT)?;
    let handled = resource.status.as_ref().and_then(|s| s.last_handled_reconcile_at.as_ref());
    (handled != Some(requested)).then_some(requested)
}
