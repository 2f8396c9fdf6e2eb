//! What to do about a ConnectUser: pure decisions from what is wanted and what is known. No I/O, no clock, no client.
//!
//! [`next`] says the next step of a resource's life, by the create and delete protocol that docs/design.md explains;
//! [`diff`](fn@diff) says which calls make a live user equal the spec. Both are total and deterministic, and their values can be printed.

mod action;
mod desired;
#[cfg(test)]
pub(crate) mod fixtures;
mod identity_type;
mod last_change;
mod live;
mod name_index;
mod ownership;
mod parts;
#[cfg(test)]
mod properties;
mod protocol;
mod references;
mod spec_error;
mod step_text;

pub use action::{Action, Change, UserUpdate};
pub use desired::{Desired, SpecIssue, diff, differences, ignored_drift};
pub use identity_type::{advice_on_create, advice_on_update, beside_a_directory, broken_rules};
pub use last_change::modified;
pub use live::Live;
pub use name_index::{Catalog, NameIndex, ReferenceKind};
pub use ownership::{Owner, Ownership};
pub use parts::{Channels, DesiredPhone, Fingerprint, Parts, after, created, from_status, to_status};
pub use protocol::{CreateAttempts, Knowledge, Observation, Policy, QuickConnects, Step, next};
pub use references::{Unresolved, UnresolvedReason, explain};
pub use spec_error::SpecError;
