//! What to do about a ConnectUser: pure decisions from the desired state and what is known. No I/O, no clock, no client.
//!
//! Three questions, each total and deterministic, with answers that can be printed:
//! - [`next`]: which step comes next, by the create and delete protocol that docs/design.md explains?
//! - `diff`: which calls make a live user equal the spec?
//! - `after` and `created`: how does the user look after a call?
//!
//! What changes most often is a part of a user. Each is in one file below `parts`, with everything that the plan does with it.

mod action;
mod administrators;
mod bounds;
mod desired;
mod export;
#[cfg(test)]
pub(crate) mod fixtures;
mod identity_type;
mod last_change;
mod live;
mod name_index;
mod ownership;
mod parts;
mod preview;
#[cfg(test)]
mod properties;
mod protocol;
mod references;
pub(crate) mod refusals;
mod spec_error;
mod step_text;

pub use action::{Action, Change, UserUpdate};
pub(crate) use administrators::administrates;
pub use bounds::{Bounds, OthersUsers, Pattern};
pub(crate) use bounds::{Excess, given};
pub use desired::Desired;
#[cfg(test)]
pub(crate) use desired::diff;
pub(crate) use desired::{DIRECTORY_USER_ID, SpecIssue, differences, equal_fields, ignored_drift};
pub use export::{Export, References, export};
pub use identity_type::broken_rules;
pub(crate) use identity_type::{advice_on_create, advice_on_update, clears_identity, empties_identity, in_other_words};
pub(crate) use last_change::modified;
pub use live::Live;
pub use name_index::NameIndex;
pub(crate) use name_index::{Catalog, ReferenceKind};
pub use ownership::{ClusterNames, OtherOwner, Owner, Ownership};
pub(crate) use ownership::{RETAINED, tag_key};
pub use parts::{Channels, Parts};
pub(crate) use parts::{Fingerprint, MOST_ON_A_USER, after, created, from_status, to_status};
pub use preview::{Preview, Users, preview};
pub use protocol::{CreateAttempts, Creation, Knowledge, Observation, Policy, QuickConnects, Step, next};
pub(crate) use references::{Unresolved, UnresolvedReason, explain};
