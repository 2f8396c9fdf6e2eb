//! The administrators of an instance, by whether they are managed in Git.

use std::collections::BTreeMap;

use connect_api::{Arn, Error, Priority};

use super::{drift_scan::UsersByProfiles, reconciler::Reconciler};
use crate::inventory::Query;

impl Reconciler {
    /// Returns the number of users that may change what users may do, by whether they are managed.
    ///
    /// # Errors
    /// The call that failed. If it was deferred, another call of this function continues.
    pub async fn administrators(&self, instance: &Arn, users: &UsersByProfiles) -> Result<BTreeMap<&'static str, usize>, Error> {
        let ctx = &self.ctx;
        let connect = ctx.connections.client_for(instance);
        let now = ctx.clock.uptime();
        let query = Query { connect: &*connect, priority: Priority::Sweep, instance, now, since: now, oldest: now };
        let profiles = users.0.keys().flat_map(|(_, profiles)| profiles.iter().cloned()).collect();
        let administrating = ctx.inventory.administrating(&query, &profiles).await?;
        Ok(users.with_profiles(|profiles| !profiles.is_disjoint(&administrating)))
    }
}
