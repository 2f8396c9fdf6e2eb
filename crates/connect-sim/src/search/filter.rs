//! Search filters: by tags, and for users by hierarchy group too.

use serde::Deserialize;

use super::{Searchable, criteria::HierarchyGroupCondition};
use crate::refusal::Refusal;

/// `SearchFilter`, with the members of every search: users have the first two, profiles the first, hierarchy groups the last.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SearchFilter {
    tag_filter: Option<TagFilter>,
    user_attribute_filter: Option<AttributeFilter>,
    attribute_filter: Option<AttributeFilter>,
}

/// A resource passes if it has all tags of one of these lists.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagFilter {
    or_conditions: Option<Vec<Vec<TagCondition>>>,
    and_conditions: Option<Vec<TagCondition>>,
    tag_condition: Option<TagCondition>,
}

/// A filter with one member. Only that of users has conditions on the hierarchy group.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AttributeFilter {
    or_conditions: Option<Vec<AndCondition>>,
    and_condition: Option<AndCondition>,
    tag_condition: Option<TagCondition>,
    hierarchy_group_condition: Option<HierarchyGroupCondition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AndCondition {
    tag_conditions: Option<Vec<TagCondition>>,
    hierarchy_group_condition: Option<HierarchyGroupCondition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagCondition {
    tag_key: String,
    tag_value: Option<String>,
}

impl SearchFilter {
    /// Refuses a filter that AWS refuses.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.tag_filter.is_some() && self.user_attribute_filter.is_some() {
            // AWS documents this code.
            return Err(Refusal::access_denied("TagFilter and UserAttributeFilter cannot be combined"));
        }
        [&self.user_attribute_filter, &self.attribute_filter].into_iter().flatten().try_for_each(AttributeFilter::check)
    }

    /// Returns whether a resource passes.
    pub fn passes(&self, found: &impl Searchable) -> bool {
        self.tag_filter.as_ref().is_none_or(|filter| filter.passes(found))
            && [&self.user_attribute_filter, &self.attribute_filter].into_iter().flatten().all(|filter| filter.passes(found))
    }
}

impl TagFilter {
    fn passes(&self, found: &impl Searchable) -> bool {
        let has = |condition: &TagCondition| condition.matches(found);
        self.or_conditions.iter().flatten().chain(&self.and_conditions).any(|all| all.iter().all(has))
            || self.tag_condition.as_ref().is_some_and(has)
    }
}

impl AttributeFilter {
    fn check(&self) -> Result<(), Refusal> {
        let Self { or_conditions, and_condition, tag_condition, hierarchy_group_condition } = self;
        let given =
            [or_conditions.is_some(), and_condition.is_some(), tag_condition.is_some(), hierarchy_group_condition.is_some()];
        if given.into_iter().filter(|given| *given).count() > 1 {
            return Err(Refusal::invalid_parameter("an attribute filter must have one member only"));
        }
        Ok(())
    }

    fn passes(&self, found: &impl Searchable) -> bool {
        self.or_conditions.iter().flatten().chain(&self.and_condition).any(|condition| condition.matches(found))
            || self.tag_condition.as_ref().is_some_and(|condition| condition.matches(found))
            || self.hierarchy_group_condition.as_ref().is_some_and(|condition| condition.matches(found))
    }
}

impl AndCondition {
    fn matches(&self, found: &impl Searchable) -> bool {
        self.tag_conditions.iter().flatten().all(|condition| condition.matches(found))
            && self.hierarchy_group_condition.as_ref().is_none_or(|condition| condition.matches(found))
    }
}

impl TagCondition {
    /// No value, or an empty one, matches any value.
    fn matches(&self, found: &impl Searchable) -> bool {
        let wanted = self.tag_value.as_ref().filter(|value| !value.is_empty());
        let value = found.tags().and_then(|tags| tags.get(&self.tag_key));
        value.is_some_and(|is| wanted.is_none_or(|wanted| is == wanted))
    }
}
