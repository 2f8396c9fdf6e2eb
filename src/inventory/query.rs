//! What callers ask the inventory, and what it returns.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use connect_api::{Arn, Connect, Priority};

use crate::plan::{Catalog, ReferenceKind};

/// The minimum age at which the names of a kind are read again, however many callers miss one. Connect allows two pages a second.
pub const REFRESH: Duration = Duration::from_secs(10);

/// The names that a spec gives, by kind. A hierarchy group whose path is wanted may be given by its id too.
pub type Wanted = BTreeMap<ReferenceKind, BTreeSet<String>>;

/// A question about an instance. All times are uptimes.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// The client for the account and Region of the instance.
    pub connect: &'a dyn Connect,
    /// The priority of the calls in the limiter.
    pub priority: Priority,
    pub instance: &'a Arn,
    pub now: Duration,
    /// When the question came up. A failure that was recorded before this is not returned; the list is read instead.
    pub since: Duration,
    /// Names that were read before this are read again once they are older than [`REFRESH`].
    pub oldest: Duration,
}

#[derive(Clone, Debug)]
pub struct Found {
    pub catalogs: Vec<(ReferenceKind, Arc<Catalog>)>,
    /// The uptime at which reading the oldest of them began.
    pub read_at: Duration,
}
