//! A user in Connect, as it was read.

use std::collections::BTreeMap;

use connect_api::{Proficiency, ProficiencyKey, User};

/// A user as Connect shows it, with its proficiencies if they were read.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// The user.
    pub user: User,
    /// Its proficiencies; None if they were not read.
    pub proficiencies: Option<BTreeMap<ProficiencyKey, f32>>,
}

impl Live {
    /// A user whose proficiencies were not read.
    pub fn unread(user: User) -> Self {
        Self { user, proficiencies: None }
    }

    /// The same user with its proficiencies.
    pub fn with_proficiencies(self, proficiencies: impl IntoIterator<Item = Proficiency>) -> Self {
        Self { proficiencies: Some(proficiencies.into_iter().map(|p| (p.key, p.level)).collect()), ..self }
    }
}
