//! The successful answers to calls, independent of the surface.

use std::sync::Arc;

use connect_api::{CreatedUser, FoundUser, HierarchyGroup, Instance, Named, Page, Proficiency, Tags, User, UserSummary};
use jiff::Timestamp;

use crate::state::QuickConnect;

/// The successful answer to a call.
#[derive(Debug)]
pub(crate) enum Response {
    Empty,
    CreatedUser(CreatedUser),
    User { user: Box<User>, region: String },
    Users { page: Page<UserSummary>, region: String },
    Found { page: Page<FoundUser>, total: usize, milliseconds_in_lists: bool },
    Proficiencies { page: Page<Proficiency>, modified: Option<Timestamp>, region: String },
    Tags(Tags),
    Instance { instance: Instance, created: Timestamp, tags: Tags },
    Instances(Page<(Instance, Timestamp)>),
    Listing { kind: Kind, page: Page<Listed>, region: String },
    Group { group: HierarchyGroup, above: Vec<Listed>, modified: Timestamp, region: String, tags: Tags },
    Attribute { name: String, values: Vec<String>, modified: Timestamp, region: String },
    QuickConnect { rendered: RenderedQuickConnect, region: String },
    QuickConnects { page: Page<RenderedQuickConnect>, total: usize, region: String },
    Created { kind: Kind, id: String, arn: String },
}

/// An item of a listing.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub named: Named,
    pub modified: Timestamp,
}

/// A quick connect, as the typed client returns it and as stored.
#[derive(Clone, Debug)]
pub(crate) struct RenderedQuickConnect {
    pub typed: connect_api::QuickConnect,
    pub stored: Arc<QuickConnect>,
}

/// The kind of resource in a listing, since each has different member names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    RoutingProfile,
    SecurityProfile,
    HierarchyGroup,
    PredefinedAttribute,
    QuickConnect,
}
