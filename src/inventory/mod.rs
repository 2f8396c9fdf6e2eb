//! What each instance calls its profiles and hierarchy groups: read once for all resources that name them.
//!
//! Only a list that was read to its end says what a name means: with a page missing, a name could seem to be unique, or missing.
//! A page that fails changes nothing; the next pass that wants to know goes on from there.

mod name_cache;
mod name_lister;
mod user_scan;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use connect_api::{Arn, Connect, Error, Priority};

use crate::plan::{Catalog, ReferenceKind};
use name_cache::NameCache;
pub use user_scan::{Sink, UserScan};

/// The names of a kind are not read again before they are this old, whoever misses one. Connect allows two pages a second.
pub const REFRESH: Duration = Duration::from_secs(10);

/// The names that a spec gives, by kind.
pub type Wanted = BTreeMap<ReferenceKind, BTreeSet<String>>;

/// A question about an instance.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// Where to ask.
    pub connect: &'a dyn Connect,
    /// How urgent it is.
    pub priority: Priority,
    /// The instance.
    pub instance: &'a Arn,
    /// The uptime.
    pub now: Duration,
    /// The uptime at which the question came up: a failure from before is no answer.
    pub since: Duration,
    /// Names that were read before this uptime are read again, if they are old enough for that.
    pub oldest: Duration,
}

/// What an instance has.
#[derive(Clone, Debug)]
pub struct Found {
    /// By kind.
    pub catalogs: Vec<(ReferenceKind, Arc<Catalog>)>,
    /// The uptime at which reading the oldest of them began.
    pub read_at: Duration,
}

/// What instances call their profiles and groups, as the operator last read it.
#[derive(Debug, Default)]
pub struct Inventory(Mutex<HashMap<(Arn, ReferenceKind), Arc<NameCache>>>);

impl Inventory {
    /// All that the instance has of the kinds that are wanted; of groups, also where those are that may be meant.
    ///
    /// # Errors
    /// The call that failed, or [`Class::Deferred`](connect_api::Class::Deferred) with the time to come back at: where the
    /// limiter says so, or where somebody else is reading already.
    pub async fn read(&self, ask: &Query<'_>, wanted: &Wanted) -> Result<Found, Error> {
        let mut found = Found { catalogs: Vec::new(), read_at: ask.now };
        for (kind, names) in wanted {
            let (catalog, read_at) = self.shelf(ask.instance, *kind).read(ask, names).await?;
            found.catalogs.push((*kind, catalog));
            found.read_at = found.read_at.min(read_at);
        }
        Ok(found)
    }

    /// Believes the names of a kind no longer than it has to.
    pub fn doubt(&self, instance: &Arn, kind: ReferenceKind) {
        self.shelf(instance, kind).doubt();
    }

    fn shelf(&self, instance: &Arn, kind: ReferenceKind) -> Arc<NameCache> {
        // Nothing panics while holding the lock.
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.entry((instance.clone(), kind)).or_insert_with(|| Arc::new(NameCache::new(kind))).clone()
    }
}

#[cfg(test)]
mod tests;
