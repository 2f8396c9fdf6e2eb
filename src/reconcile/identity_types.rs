//! The identity types of instances, as far as they are known.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use connect_api::{Arn, IdentityManagementType};

/// The identity types of instances. An instance's type never changes, so one answer is enough.
#[derive(Debug, Default)]
pub(super) struct IdentityTypes(Mutex<HashMap<Arn, IdentityManagementType>>);

impl IdentityTypes {
    /// Returns the instance's type if it was read before.
    pub(super) fn known(&self, instance: &Arn) -> Option<IdentityManagementType> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(instance).copied()
    }

    pub(super) fn record(&self, instance: &Arn, identity: IdentityManagementType) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(instance.clone(), identity);
    }
}
