//! Search criteria: a tree of conditions.

use serde::Deserialize;

use super::{Searchable, list_condition::ListCondition, string_condition::StringCondition};
use crate::{LongSearchValues, refusal::Refusal};

/// A node with one member, or an empty one, which asks for nothing. Users alone have the last two members.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Criteria {
    or_conditions: Option<Vec<Criteria>>,
    and_conditions: Option<Vec<Criteria>>,
    string_condition: Option<StringCondition>,
    list_condition: Option<ListCondition>,
    hierarchy_group_condition: Option<HierarchyGroupCondition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct HierarchyGroupCondition {
    value: String,
    hierarchy_group_match_type: Option<GroupMatch>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum GroupMatch {
    Exact,
    WithChildGroups,
}

/// The fields that AWS searches by values of 2 to 25 characters only.
const SHORT_FIELDS: &[&str] = &["Username", "FirstName", "LastName", "name", "description"];

impl Criteria {
    /// Returns the criteria that match the user with this name.
    pub fn username(value: String) -> Self {
        Self { string_condition: Some(StringCondition::username(value)), ..Self::default() }
    }

    /// Refuses criteria that AWS refuses.
    pub fn check<T: Searchable>(&self) -> Result<(), Refusal> {
        let Self { or_conditions, and_conditions, string_condition, list_condition, hierarchy_group_condition } = self;
        let parts = [or_conditions, and_conditions].into_iter().flatten();
        parts.clone().flatten().try_for_each(Self::check::<T>)?;
        let leaves = [string_condition.is_some(), list_condition.is_some(), hierarchy_group_condition.is_some()];
        if parts.count() + leaves.into_iter().filter(|given| *given).count() > 1 {
            return Err(Refusal::invalid_parameter("a search criterion must have one member only"));
        }
        if let Some(condition) = list_condition {
            condition.check()?;
        }
        match string_condition {
            Some(condition) => condition.check(T::FIELDS),
            None => Ok(()),
        }
    }

    /// Returns whether a resource meets the criteria, or None if they ask for nothing.
    pub fn matches(&self, found: &impl Searchable, long_values: LongSearchValues) -> Option<bool> {
        let meets = |part: &Self| part.matches(found, long_values);
        if let Some(any) = &self.or_conditions {
            return Some(any.iter().any(|part| meets(part) == Some(true)));
        }
        if let Some(all) = &self.and_conditions {
            return Some(all.iter().all(|part| meets(part) != Some(false)));
        }
        if let Some(condition) = &self.list_condition {
            return Some(found.proficiencies().is_some_and(|proficiencies| condition.matches(proficiencies)));
        }
        if let Some(condition) = &self.hierarchy_group_condition {
            return Some(condition.matches(found));
        }
        let condition = self.string_condition.as_ref()?;
        let limits = SHORT_FIELDS.contains(&condition.field_name.as_str()).then_some(long_values);
        Some(found.has(&condition.field_name, &|text| condition.matches(text, limits)))
    }
}

impl HierarchyGroupCondition {
    pub fn matches(&self, found: &impl Searchable) -> bool {
        found.is_in_group(&self.value, self.hierarchy_group_match_type == Some(GroupMatch::WithChildGroups))
    }
}
