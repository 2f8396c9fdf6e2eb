//! The administrators of an instance, by whether they are managed in Git.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::{Arn, Error, Priority, SecurityProfileId};

use super::reconciler::Reconciler;
use crate::{inventory::Query, telemetry::MANAGED};

/// The number of users with the same security profiles, by whether they are managed, as in
/// [`ScanReport`](super::ScanReport).
pub type UsersByProfiles = BTreeMap<(&'static str, BTreeSet<SecurityProfileId>), usize>;

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
        let profiles = users.keys().flat_map(|(_, profiles)| profiles.iter().cloned()).collect();
        let administrating = ctx.inventory.administrating(&query, &profiles).await?;
        let mut administrators = BTreeMap::from(MANAGED.map(|managed| (managed, 0)));
        for ((managed, profiles), users) in users {
            *administrators.entry(*managed).or_default() += if profiles.is_disjoint(&administrating) { 0 } else { *users };
        }
        Ok(administrators)
    }
}
