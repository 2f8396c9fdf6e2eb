//! Reads a list of names page by page. A read that the rate limit interrupts continues with the next page later.

use std::time::Duration;

use connect_api::{
    Caller, Class, ConnectExt, DescribeUserHierarchyGroup, Error, HierarchyGroupId, ListRoutingProfiles, ListSecurityProfiles,
    ListUserHierarchyGroups, Named, OperationName, Page,
};

use super::{pages::Pages, query::Query};
use crate::plan::{Catalog, ReferenceKind};

/// The age of the first page after which an interrupted read starts over: pages that old say little about the present.
const LASTS: Duration = Duration::from_secs(60);

/// A read in progress.
#[derive(Debug, Default)]
pub(super) struct NameLister(Pages<Named>);

/// All passes that wait for the same names share one place in the queue of the limiter.
fn caller(query: &Query<'_>) -> Caller {
    Caller::new(format!("names of {}", query.instance), query.priority)
}

impl NameLister {
    /// Returns the operation that lists a kind.
    pub(super) fn operation(kind: ReferenceKind) -> OperationName {
        match kind {
            ReferenceKind::RoutingProfile => OperationName::ListRoutingProfiles,
            ReferenceKind::SecurityProfile => OperationName::ListSecurityProfiles,
            ReferenceKind::HierarchyGroup => OperationName::ListUserHierarchyGroups,
        }
    }

    /// Reads the rest of the list, or all of it if the first page is too old by now. Returns the whole list and the uptime at
    /// which its first page was read.
    pub(super) async fn finish(&mut self, kind: ReferenceKind, query: &Query<'_>) -> Result<(Catalog, Duration), Error> {
        self.0.resume(query.now, LASTS);
        loop {
            let page = page(kind, query, self.0.token()).await;
            if let Some((items, began)) = self.0.add(Self::operation(kind), page)? {
                return Ok((items.into_iter().map(|named| (named.id, named.name)).collect(), began));
            }
        }
    }

    /// Returns the names from the top level down to a group, or None if the group does not exist any more.
    pub(super) async fn group_path(query: &Query<'_>, group: &str) -> Result<Option<Vec<String>>, Error> {
        let request =
            DescribeUserHierarchyGroup { instance: query.instance.instance.clone(), group: HierarchyGroupId::from(group) };
        match query.connect.call(&caller(query), request).await {
            Ok(group) => Ok(Some(group.path)),
            Err(e) if e.class == Class::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
}

async fn page(kind: ReferenceKind, query: &Query<'_>, next_token: Option<String>) -> Result<Page<Named>, Error> {
    let (instance, max_results, caller) = (query.instance.instance.clone(), 1000, caller(query));
    match kind {
        ReferenceKind::RoutingProfile => {
            query.connect.call(&caller, ListRoutingProfiles { instance, max_results, next_token }).await
        }
        ReferenceKind::SecurityProfile => {
            query.connect.call(&caller, ListSecurityProfiles { instance, max_results, next_token }).await
        }
        ReferenceKind::HierarchyGroup => {
            query.connect.call(&caller, ListUserHierarchyGroups { instance, max_results, next_token }).await
        }
    }
}
