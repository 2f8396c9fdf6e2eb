//! A successful answer in the simulator's own terms.

use std::sync::Arc;

use connect_api::{CreatedUser, FoundUser, HierarchyGroup, Instance, Named, Page, Proficiency, Tags, User, UserSummary};
use jiff::Timestamp;

use crate::state::QuickConnect;

/// What a call that went well answers.
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
    QuickConnect { shown: ShownQuickConnect, region: String },
    QuickConnects { page: Page<ShownQuickConnect>, total: usize, region: String },
    Created { kind: Kind, id: String, arn: String },
}

/// A line of a listing.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub named: Named,
    pub modified: Timestamp,
}

/// A quick connect, in the words of the typed client, and as it is.
#[derive(Clone, Debug)]
pub(crate) struct ShownQuickConnect {
    pub typed: connect_api::QuickConnect,
    pub whole: Arc<QuickConnect>,
}

/// What a listing is of, since each calls its members differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    RoutingProfile,
    SecurityProfile,
    HierarchyGroup,
    PredefinedAttribute,
    QuickConnect,
}
