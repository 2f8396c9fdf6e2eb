//! The names of one kind in one instance.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connect_api::{Class, Error, Priority};

use super::{Query, REFRESH, name_lister::NameLister};
use crate::plan::{Catalog, ReferenceKind};

/// When to come back if somebody else is reading: a page takes less.
const SHORTLY: Duration = Duration::from_secs(1);
/// The same for what a person waits for. Of these there are few, while a fleet that came back so soon would do nothing else.
const SOONER: Duration = Duration::from_millis(250);
/// How long a failure to read answers those who asked before it, so that a fleet that cannot be served does not ask one by one.
const FAILURE_LASTS: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
struct Snapshot {
    catalog: Arc<Catalog>,
    /// When reading it began.
    began: Duration,
    /// Connect did not know what it said.
    doubted: bool,
}

impl Snapshot {
    /// Whether it answers a question: if it is new enough, or too new to be read again.
    fn answers(&self, ask: &Query<'_>) -> bool {
        !self.may_be_replaced(ask.now) || (self.began >= ask.oldest && !self.doubted)
    }

    fn may_be_replaced(&self, now: Duration) -> bool {
        now >= self.began + REFRESH
    }
}

#[derive(Debug, Default)]
struct Shown {
    snapshot: Option<Snapshot>,
    failed: Option<(Duration, Error)>,
}

/// The names of one kind in one instance.
#[derive(Debug)]
pub(super) struct NameCache {
    kind: ReferenceKind,
    shown: Mutex<Shown>,
    /// Held by who reads.
    walk: tokio::sync::Mutex<NameLister>,
}

impl NameCache {
    pub(super) fn new(kind: ReferenceKind) -> Self {
        Self { kind, shown: Mutex::default(), walk: tokio::sync::Mutex::default() }
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        // Nothing panics while holding the lock.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names, and when reading them began.
    pub(super) async fn read(&self, ask: &Query<'_>, names: &BTreeSet<String>) -> Result<(Arc<Catalog>, Duration), Error> {
        if let Some(answer) = self.ready(ask, names)? {
            return Ok(answer);
        }
        let Ok(mut walk) = self.walk.try_lock() else {
            let after = if ask.priority == Priority::Edit { SOONER } else { SHORTLY };
            return Err(Error::deferred(NameLister::operation(self.kind), after));
        };
        // Somebody may just have finished.
        if let Some(answer) = self.ready(ask, names)? {
            return Ok(answer);
        }
        let read = self.go_on(&mut walk, ask, names).await;
        self.shown().failed = read.as_ref().err().filter(|e| e.class != Class::Deferred).map(|e| (ask.now, e.clone()));
        read
    }

    /// What can be said without a call.
    fn ready(&self, ask: &Query<'_>, names: &BTreeSet<String>) -> Result<Option<(Arc<Catalog>, Duration)>, Error> {
        let shown = self.shown();
        let snapshot = shown.snapshot.as_ref().filter(|snapshot| snapshot.answers(ask));
        if let Some(snapshot) = snapshot.filter(|snapshot| unplaced(self.kind, &snapshot.catalog, names).is_empty()) {
            return Ok(Some((snapshot.catalog.clone(), snapshot.began)));
        }
        match &shown.failed {
            Some((at, error)) if *at >= ask.since && ask.now < *at + FAILURE_LASTS => Err(error.clone()),
            _ => Ok(None),
        }
    }

    async fn go_on(
        &self,
        walk: &mut NameLister,
        ask: &Query<'_>,
        names: &BTreeSet<String>,
    ) -> Result<(Arc<Catalog>, Duration), Error> {
        let snapshot = self.shown().snapshot.clone().filter(|snapshot| snapshot.answers(ask));
        let mut snapshot = match snapshot {
            Some(snapshot) => snapshot,
            None => {
                let (catalog, began) = walk.finish(self.kind, ask).await?;
                let snapshot = Snapshot { catalog: Arc::new(catalog), began, doubted: false };
                self.shown().snapshot = Some(snapshot.clone());
                snapshot
            }
        };
        for id in unplaced(self.kind, &snapshot.catalog, names) {
            let place = NameLister::place_of(ask, &id).await?;
            let catalog = Arc::make_mut(&mut snapshot.catalog);
            match place {
                Some(path) => catalog.place(&id, path),
                None => catalog.remove(&id),
            }
            // What was found out is kept, whatever becomes of the rest. Who reads is alone: only a doubt may have come meanwhile.
            if let Some(shown) = &mut self.shown().snapshot {
                shown.catalog = snapshot.catalog.clone();
            }
        }
        Ok((snapshot.catalog, snapshot.began))
    }

    pub(super) fn doubt(&self) {
        if let Some(snapshot) = &mut self.shown().snapshot {
            snapshot.doubted = true;
        }
    }
}

/// The groups whose place has to be looked up to know what these paths mean.
fn unplaced(kind: ReferenceKind, catalog: &Catalog, names: &BTreeSet<String>) -> BTreeSet<String> {
    match kind {
        ReferenceKind::RoutingProfile | ReferenceKind::SecurityProfile => BTreeSet::new(),
        ReferenceKind::HierarchyGroup => names.iter().flat_map(|path| catalog.unplaced(path)).collect(),
    }
}
