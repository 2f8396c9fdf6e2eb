//! What to do about a ConnectUser: pure decisions from what is wanted and what is known. No I/O, no clock, no client.
//!
//! [`next`] says the next step of a resource's life, by the create and delete protocol that docs/design.md explains;
//! [`diff`](fn@diff) says which calls make a live user equal the spec. Both are total and deterministic, and their values can be printed.

mod channels;
mod desired;
mod diff;
mod fingerprint;
#[cfg(test)]
pub(crate) mod fixtures;
mod identity_type;
mod ignore_drift;
mod name_index;
mod ownership;
mod predict;
#[cfg(test)]
mod properties;
mod protocol;
mod references;
mod spelling;
mod step_text;

pub use desired::{Desired, DesiredPhone, SpecError, SpecIssue};
pub use diff::{Action, Change, diff, differences};
pub use fingerprint::{Fingerprint, modified};
pub use identity_type::{advice_on_create, advice_on_update, beside_a_directory, broken_rules};
pub use ignore_drift::ignored_drift;
pub use name_index::{Catalog, NameIndex, ReferenceKind};
pub use ownership::{Owner, Ownership};
pub use predict::{after, created};
pub use protocol::{CreateAttempts, Knowledge, Observation, Policy, QuickConnects, Step, next};
use references::References;
pub use references::{Unresolved, UnresolvedReason, explain};
pub(crate) use spelling::shown;

use std::collections::BTreeMap;

use connect_api::{Proficiency, ProficiencyKey, User};

/// A user as Connect shows it, with its proficiencies where they were read.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// The user.
    pub user: User,
    /// Its proficiencies; None where nobody asked.
    pub proficiencies: Option<BTreeMap<ProficiencyKey, f32>>,
}

impl Live {
    /// A user whose proficiencies nobody asked for.
    pub fn unread(user: User) -> Self {
        Self { user, proficiencies: None }
    }

    /// The same user with its proficiencies.
    pub fn with_proficiencies(self, proficiencies: impl IntoIterator<Item = Proficiency>) -> Self {
        Self { proficiencies: Some(proficiencies.into_iter().map(|p| (p.key, p.level)).collect()), ..self }
    }
}
