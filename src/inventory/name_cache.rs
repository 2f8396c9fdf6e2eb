//! The names of one kind in one instance.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use connect_api::{Class, Error, Priority};
use parking_lot::Mutex;

use super::{
    name_lister::NameLister,
    query::{Query, REFRESH},
};
use crate::plan::{Catalog, ReferenceKind};

/// When to retry while another caller reads the list: a page takes less.
const RETRY: Duration = Duration::from_secs(1);
/// The same for an edit that a person waits for. There are few of these; a fleet that retried this often would do nothing else.
const EDIT_RETRY: Duration = Duration::from_millis(250);
/// How long a failed read is returned to callers whose question is older than the failure, so that a fleet that cannot be served
/// does not repeat the call for each resource.
const FAILURE_LASTS: Duration = Duration::from_secs(2);

/// How long the path of a group is believed if the list shows no change of the groups in it. Connect has no call that moves a group,
/// and a list does not show where groups are.
const PATH_LASTS: Duration = Duration::from_secs(24 * 3600);

/// A complete list of names.
#[derive(Clone, Debug)]
struct Snapshot {
    catalog: Arc<Catalog>,
    /// The uptime at which reading it began.
    began: Duration,
    /// The uptimes at which the paths of groups were described.
    described: BTreeMap<String, Duration>,
    /// Connect rejected an id that came from it.
    invalidated: bool,
}

impl Snapshot {
    /// Returns whether it answers a query: it is new enough, or too new to be read again.
    fn answers(&self, query: &Query<'_>) -> bool {
        !self.may_be_replaced(query.now) || (self.began >= query.oldest && !self.invalidated)
    }

    fn may_be_replaced(&self, now: Duration) -> bool {
        now >= self.began + REFRESH
    }
}

#[derive(Debug, Default)]
struct LastRead {
    snapshot: Option<Snapshot>,
    failed: Option<(Duration, Error)>,
}

/// The names of one kind in one instance. One caller at a time reads them.
#[derive(Debug)]
pub(super) struct NameCache {
    kind: ReferenceKind,
    last_read: Mutex<LastRead>,
    /// Locked by the caller that reads.
    lister: tokio::sync::Mutex<NameLister>,
}

impl NameCache {
    pub(super) fn new(kind: ReferenceKind) -> Self {
        Self { kind, last_read: Mutex::default(), lister: tokio::sync::Mutex::default() }
    }

    /// Returns the names, and the uptime at which reading them began.
    pub(super) async fn read(&self, query: &Query<'_>, names: &BTreeSet<String>) -> Result<(Arc<Catalog>, Duration), Error> {
        if let Some(answer) = self.cached(query, names)? {
            return Ok(answer);
        }
        let Ok(mut lister) = self.lister.try_lock() else {
            let after = if query.priority == Priority::Edit { EDIT_RETRY } else { RETRY };
            return Err(Error::deferred(NameLister::operation(self.kind), after));
        };
        // Another caller may just have finished.
        if let Some(answer) = self.cached(query, names)? {
            return Ok(answer);
        }
        let read = self.refresh(&mut lister, query, names).await;
        self.last_read.lock().failed = read.as_ref().err().filter(|e| e.class != Class::Deferred).map(|e| (query.now, e.clone()));
        read
    }

    /// Returns the answer that needs no call, if there is one: cached names, or a recent failure.
    fn cached(&self, query: &Query<'_>, names: &BTreeSet<String>) -> Result<Option<(Arc<Catalog>, Duration)>, Error> {
        let last_read = self.last_read.lock();
        let snapshot = last_read.snapshot.as_ref().filter(|snapshot| snapshot.answers(query));
        if let Some(snapshot) = snapshot.filter(|snapshot| groups_without_path(self.kind, &snapshot.catalog, names).is_empty()) {
            return Ok(Some((snapshot.catalog.clone(), snapshot.began)));
        }
        match &last_read.failed {
            Some((at, error)) if *at >= query.since && query.now < *at + FAILURE_LASTS => Err(error.clone()),
            _ => Ok(None),
        }
    }

    async fn refresh(
        &self,
        lister: &mut NameLister,
        query: &Query<'_>,
        names: &BTreeSet<String>,
    ) -> Result<(Arc<Catalog>, Duration), Error> {
        let snapshot = self.last_read.lock().snapshot.clone().filter(|snapshot| snapshot.answers(query));
        let mut snapshot = match snapshot {
            Some(snapshot) => snapshot,
            None => {
                let (mut catalog, began) = lister.finish(self.kind, query).await?;
                let mut described = BTreeMap::new();
                if let Some(earlier) = self.last_read.lock().snapshot.as_ref().filter(|earlier| !earlier.invalidated) {
                    let is_recent = |id: &str| earlier.described.get(id).is_some_and(|at| query.now < *at + PATH_LASTS);
                    let kept = catalog.keep_places(&earlier.catalog, is_recent);
                    described = earlier.described.clone();
                    described.retain(|id, _| kept.contains(id));
                }
                let snapshot = Snapshot { catalog: Arc::new(catalog), began, described, invalidated: false };
                self.last_read.lock().snapshot = Some(snapshot.clone());
                snapshot
            }
        };
        while let Some(id) = groups_without_path(self.kind, &snapshot.catalog, names).pop_first() {
            let path = NameLister::group_path(query, &id).await?;
            let catalog = Arc::make_mut(&mut snapshot.catalog);
            match path {
                Some(path) => {
                    snapshot.described.insert(id.clone(), query.now);
                    catalog.place(&id, path);
                }
                None => catalog.remove(&id),
            }
            // Keep each path, even if the next call fails. Only this caller reads; the snapshot can only have been invalidated
            // meanwhile.
            if let Some(current) = &mut self.last_read.lock().snapshot {
                current.catalog = snapshot.catalog.clone();
                current.described = snapshot.described.clone();
            }
        }
        Ok((snapshot.catalog, snapshot.began))
    }

    pub(super) fn invalidate(&self) {
        if let Some(snapshot) = &mut self.last_read.lock().snapshot {
            snapshot.invalidated = true;
        }
    }
}

/// Returns the groups whose path must be looked up to know what these names mean, or what is near them.
fn groups_without_path(kind: ReferenceKind, catalog: &Catalog, names: &BTreeSet<String>) -> BTreeSet<String> {
    match kind {
        ReferenceKind::RoutingProfile | ReferenceKind::SecurityProfile => BTreeSet::new(),
        ReferenceKind::HierarchyGroup => {
            names.iter().flat_map(|path| catalog.unplaced(path).into_iter().chain(catalog.unplaced_near(path))).collect()
        }
    }
}
