//! How a resource counts for the guard against mass deletion.

use kube::ResourceExt;

use crate::{
    api::{ConnectUser, DeletionPolicy, FINALIZER, ManagementPolicy},
    reconcile::is_confirmed,
};

/// How a resource counts for the guard against mass deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeletionStanding {
    /// Not at all: it has no user in Connect, or only observes one.
    None,
    /// As a user that stays.
    Staying,
    /// As a user that is about to be deleted, without a person's confirmation.
    Going,
    /// The same, provided that the default policy of the namespace or of the operator is `Delete`.
    GoingByDefault,
}

impl DeletionStanding {
    pub(super) fn of(resource: &ConnectUser) -> Self {
        let has_user = resource.status.as_ref().is_some_and(|s| s.user_id.is_some() || s.create_attempt.is_some());
        let deleted = resource.metadata.deletion_timestamp.is_some() && resource.finalizers().iter().any(|f| f == FINALIZER);
        // Deleting a resource that only observes its user does not delete the user.
        let observed = resource.spec.management_policy == ManagementPolicy::Observe;
        match (has_user && !observed, deleted && !is_confirmed(resource), resource.spec.deletion_policy) {
            (false, ..) => Self::None,
            (true, false, _) | (true, true, Some(DeletionPolicy::Retain)) => Self::Staying,
            (true, true, Some(DeletionPolicy::Delete)) => Self::Going,
            (true, true, None) => Self::GoingByDefault,
        }
    }
}
