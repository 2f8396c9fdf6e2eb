//! A walk through a list, page by page, which may have to stop for the rate limit and goes on where it was.

use std::time::Duration;

use connect_api::{
    Caller, Class, ConnectExt, DescribeUserHierarchyGroup, Error, HierarchyGroupId, ListRoutingProfiles, ListSecurityProfiles,
    ListUserHierarchyGroups, Named, OperationName, Page, PageCursor,
};

use super::Query;
use crate::plan::{Catalog, ReferenceKind};

/// How long a walk that stopped is gone on with: what it has read by then says little of now.
const LASTS: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct NameLister {
    began: Duration,
    read: Vec<Named>,
    bookmark: PageCursor,
}

/// All passes that wait for a walk have one place in the limiter's queue.
fn caller(ask: &Query<'_>) -> Caller {
    Caller::new(format!("names of {}", ask.instance), ask.priority)
}

impl NameLister {
    /// The operation that lists a kind.
    pub(super) fn operation(kind: ReferenceKind) -> OperationName {
        match kind {
            ReferenceKind::RoutingProfile => OperationName::ListRoutingProfiles,
            ReferenceKind::SecurityProfile => OperationName::ListSecurityProfiles,
            ReferenceKind::HierarchyGroup => OperationName::ListUserHierarchyGroups,
        }
    }

    /// Goes on to the end of the list, or begins anew where the first page is too old by now. Gives all of it, and when its
    /// first page was read.
    pub(super) async fn finish(&mut self, kind: ReferenceKind, ask: &Query<'_>) -> Result<(Catalog, Duration), Error> {
        if self.bookmark.token().is_none() || ask.now > self.began + LASTS {
            *self = Self { began: ask.now, ..Self::default() };
        }
        loop {
            let page = match page(kind, ask, self.bookmark.token()).await {
                Ok(page) => page,
                Err(e) if self.bookmark.is_lost(&e) => {
                    *self = Self::default();
                    return Err(Error { class: Class::Transient, ..e });
                }
                Err(e) => return Err(e),
            };
            self.read.extend(page.items);
            match self.bookmark.turn(Self::operation(kind), page.next_token) {
                Ok(false) => {}
                Ok(true) => {
                    let Self { began, read, .. } = std::mem::take(self);
                    return Ok((read.into_iter().map(|named| (named.id, named.name)).collect(), began));
                }
                Err(e) => {
                    *self = Self::default();
                    return Err(e);
                }
            }
        }
    }

    /// The names from the top level down to a group, or None if it is gone.
    pub(super) async fn place_of(ask: &Query<'_>, group: &str) -> Result<Option<Vec<String>>, Error> {
        let request =
            DescribeUserHierarchyGroup { instance: ask.instance.instance.clone(), group: HierarchyGroupId::from(group) };
        match ask.connect.call(&caller(ask), request).await {
            Ok(group) => Ok(Some(group.path)),
            Err(e) if e.class == Class::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
}

async fn page(kind: ReferenceKind, ask: &Query<'_>, next_token: Option<String>) -> Result<Page<Named>, Error> {
    let (instance, max_results, caller) = (ask.instance.instance.clone(), 1000, caller(ask));
    match kind {
        ReferenceKind::RoutingProfile => {
            ask.connect.call(&caller, ListRoutingProfiles { instance, max_results, next_token }).await
        }
        ReferenceKind::SecurityProfile => {
            ask.connect.call(&caller, ListSecurityProfiles { instance, max_results, next_token }).await
        }
        ReferenceKind::HierarchyGroup => {
            ask.connect.call(&caller, ListUserHierarchyGroups { instance, max_results, next_token }).await
        }
    }
}
