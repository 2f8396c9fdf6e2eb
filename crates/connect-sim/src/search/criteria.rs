//! Search criteria: a tree of conditions.

use serde::Deserialize;

use super::{Searchable, list_condition::ListCondition};
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
pub(super) struct StringCondition {
    pub field_name: String,
    value: String,
    comparison_type: StringComparison,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StringComparison {
    StartsWith,
    Contains,
    Exact,
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
        let condition = StringCondition { field_name: "Username".into(), value, comparison_type: StringComparison::Exact };
        Self { string_condition: Some(condition), ..Self::default() }
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

impl StringCondition {
    pub fn check(&self, fields: &[&str]) -> Result<(), Refusal> {
        if fields.contains(&self.field_name.as_str()) {
            return Ok(());
        }
        let (given, known) = (&self.field_name, fields.join(", "));
        Err(Refusal::invalid_parameter(format!("FieldName {given} is unknown; expected one of {known}")))
    }

    /// The index folds case, as full-text indexes do. `limits` applies to fields with values of 2 to 25 characters.
    pub fn matches(&self, text: &str, limits: Option<LongSearchValues>) -> bool {
        let (text, mut value) = (text.to_lowercase(), self.value.to_lowercase());
        if let Some(long_values) = limits
            && !(2..=25).contains(&value.chars().count())
        {
            match long_values {
                LongSearchValues::AsGiven => {}
                LongSearchValues::NoMatch => return false,
                LongSearchValues::Truncated => {
                    value = value.chars().take(25).collect();
                    return text.contains(&value);
                }
            }
        }
        match self.comparison_type {
            StringComparison::StartsWith => text.starts_with(&value),
            StringComparison::Contains => text.contains(&value),
            StringComparison::Exact => text == value,
        }
    }
}

impl HierarchyGroupCondition {
    pub fn matches(&self, found: &impl Searchable) -> bool {
        found.is_in_group(&self.value, self.hierarchy_group_match_type == Some(GroupMatch::WithChildGroups))
    }
}
