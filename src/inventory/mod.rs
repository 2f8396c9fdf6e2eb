//! The names of the profiles and hierarchy groups of each instance, read once for all resources that use them, and the scan over
//! all users of an instance.
//!
//! Only a complete list says what a name means: with a page missing, a name could seem to be unique or absent. A page that fails
//! changes nothing; the next pass that needs the names continues from that page.

mod administrators;
mod name_cache;
mod name_lister;
mod pages;
mod query;
mod user_scan;
mod usernames;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use connect_api::{Arn, Error, SecurityProfileId, UserId};
use parking_lot::Mutex;

use self::{administrators::Administrators, name_cache::NameCache, usernames::Usernames};
use crate::plan::ReferenceKind;

pub use query::{Found, Query, REFRESH, Wanted};
pub use user_scan::{ScanSink, UserScan};

/// The names of the profiles and groups of all instances, and of their users, as the operator last read them.
#[derive(Debug, Default)]
pub struct Inventory {
    names: Mutex<HashMap<(Arn, ReferenceKind), Arc<NameCache>>>,
    users: Mutex<HashMap<Arn, Arc<Usernames>>>,
    administrators: Mutex<HashMap<Arn, Arc<Administrators>>>,
}

impl Inventory {
    /// Returns all names that the instance has of the wanted kinds. For hierarchy groups, the paths of those that the wanted
    /// names may mean are resolved too.
    ///
    /// # Errors
    /// The call that failed, or [`Class::Deferred`](connect_api::Class::Deferred) with a time to retry after: if the limiter
    /// defers the call, or if another caller is already reading the list.
    pub async fn read(&self, query: &Query<'_>, wanted: &Wanted) -> Result<Found, Error> {
        let mut found = Found { catalogs: Vec::new(), read_at: query.now };
        for (kind, names) in wanted {
            let (catalog, read_at) = self.cache(query.instance, *kind).read(query, names).await?;
            found.catalogs.push((*kind, catalog));
            found.read_at = found.read_at.min(read_at);
        }
        Ok(found)
    }

    /// Returns the user with this name, or None if a list that was begun since `query.since` does not show it.
    ///
    /// # Errors
    /// The call that failed, or [`Class::Deferred`](connect_api::Class::Deferred) with a time to retry after.
    pub async fn user_named(&self, query: &Query<'_>, username: &str) -> Result<Option<UserId>, Error> {
        self.usernames(query.instance).find(query, username).await
    }

    /// Returns whether a user with this name was listed lately. This makes no call.
    pub fn shows_user(&self, instance: &Arn, username: &str, now: Duration) -> bool {
        let users = self.users.lock().get(instance).cloned();
        users.is_some_and(|users| users.shows(username, now))
    }

    /// Passes all users of the last list that was read to find a user to `sink`, if it was begun since then. Returns
    /// when it was begun.
    pub fn replay_users(&self, instance: &Arn, since: Duration, sink: &mut dyn ScanSink) -> Option<Duration> {
        let users = self.users.lock().get(instance).cloned();
        users?.replay(since, sink)
    }

    /// Returns those of these security profiles whose users may change what users may do. Each is read once a day.
    ///
    /// # Errors
    /// The call that failed. Another call continues with the profile whose read failed.
    pub async fn administrating(
        &self,
        query: &Query<'_>,
        profiles: &BTreeSet<SecurityProfileId>,
    ) -> Result<BTreeSet<SecurityProfileId>, Error> {
        let of_instance = self.administrators.lock().entry(query.instance.clone()).or_default().clone();
        of_instance.among(query, profiles).await
    }

    fn usernames(&self, instance: &Arn) -> Arc<Usernames> {
        self.users.lock().entry(instance.clone()).or_default().clone()
    }

    /// Marks the names of a kind as wrong: they are read again as soon as they are older than [`REFRESH`].
    pub fn invalidate(&self, instance: &Arn, kind: ReferenceKind) {
        self.cache(instance, kind).invalidate();
    }

    /// Drops what was read of all instances but these.
    pub fn retain(&self, instances: &HashSet<Arn>) {
        self.names.lock().retain(|(instance, _), _| instances.contains(instance));
        self.users.lock().retain(|instance, _| instances.contains(instance));
        self.administrators.lock().retain(|instance, _| instances.contains(instance));
    }

    fn cache(&self, instance: &Arn, kind: ReferenceKind) -> Arc<NameCache> {
        let mut caches = self.names.lock();
        caches.entry((instance.clone(), kind)).or_insert_with(|| Arc::new(NameCache::new(kind))).clone()
    }
}

#[cfg(test)]
mod tests;
