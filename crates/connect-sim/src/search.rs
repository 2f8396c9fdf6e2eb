//! The part of SearchUsers' grammar that is simulated, and which users match it.

use serde::Deserialize;
use serde_json::Value;

use crate::{LongSearchValues, refusal::Refusal, state::User};

/// `UserSearchCriteria`: a node with one member, or an empty one, which asks for nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Criteria {
    or_conditions: Option<Vec<Criteria>>,
    and_conditions: Option<Vec<Criteria>>,
    string_condition: Option<StringCondition>,
    /// Not simulated, and therefore refused.
    list_condition: Option<Value>,
    /// Not simulated, and therefore refused.
    hierarchy_group_condition: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StringCondition {
    field_name: String,
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

/// `UserSearchFilter`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SearchFilter {
    tag_filter: Option<TagFilter>,
    /// Not simulated, and therefore refused.
    user_attribute_filter: Option<Value>,
}

/// `TagFilter`: a user passes if it has all tags of one of these lists.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagFilter {
    or_conditions: Option<Vec<Vec<TagCondition>>>,
    and_conditions: Option<Vec<TagCondition>>,
    tag_condition: Option<TagCondition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagCondition {
    tag_key: String,
    tag_value: Option<String>,
}

/// The fields that a `StringCondition` may name.
const FIELDS: &[&str] = &["Username", "FirstName", "LastName", "RoutingProfileId", "SecurityProfileId", "resourceId"];

fn refuse_unsimulated(member: &str, given: Option<&Value>) -> Result<(), Refusal> {
    match given {
        Some(_) => Err(Refusal::invalid_parameter(format!("{member} is not simulated"))),
        None => Ok(()),
    }
}

impl Criteria {
    /// Returns the criteria that match the user with this name.
    pub fn username(value: String) -> Self {
        let condition = StringCondition { field_name: "Username".into(), value, comparison_type: StringComparison::Exact };
        Self { string_condition: Some(condition), ..Self::default() }
    }

    /// Refuses criteria that AWS refuses, or that are not simulated.
    pub fn check(&self) -> Result<(), Refusal> {
        refuse_unsimulated("ListCondition", self.list_condition.as_ref())?;
        refuse_unsimulated("HierarchyGroupCondition", self.hierarchy_group_condition.as_ref())?;
        let parts = [&self.or_conditions, &self.and_conditions];
        parts.into_iter().flatten().flatten().try_for_each(Self::check)?;
        if parts.into_iter().flatten().count() + usize::from(self.string_condition.is_some()) > 1 {
            return Err(Refusal::invalid_parameter("a search criterion must have one member only"));
        }
        match &self.string_condition {
            Some(StringCondition { field_name, .. }) if !FIELDS.contains(&field_name.as_str()) => {
                Err(Refusal::invalid_parameter(format!("users cannot be searched by {field_name}")))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether a user meets the criteria, or None if they ask for nothing.
    pub fn match_user(&self, user: &User, long_values: LongSearchValues) -> Option<bool> {
        let meets = |part: &Self| part.match_user(user, long_values);
        if let Some(any) = &self.or_conditions {
            return Some(any.iter().any(|part| meets(part) == Some(true)));
        }
        if let Some(all) = &self.and_conditions {
            return Some(all.iter().all(|part| meets(part) != Some(false)));
        }
        let condition = self.string_condition.as_ref()?;
        let is = |text: &str| condition.matches(text, long_values);
        let maybe = |text: &Option<String>| text.as_deref().is_some_and(is);
        Some(match condition.field_name.as_str() {
            "Username" => is(&user.username),
            "FirstName" => maybe(&user.identity_info.first_name),
            "LastName" => maybe(&user.identity_info.last_name),
            "RoutingProfileId" => is(user.routing_profile_id.as_str()),
            "SecurityProfileId" => user.security_profile_ids.iter().any(|id| is(id.as_str())),
            "resourceId" => is(user.id.as_str()),
            _ => false,
        })
    }
}

impl StringCondition {
    /// The index folds case, as full-text indexes do.
    fn matches(&self, text: &str, long_values: LongSearchValues) -> bool {
        let (text, mut value) = (text.to_lowercase(), self.value.to_lowercase());
        let is_name = ["Username", "FirstName", "LastName"].contains(&self.field_name.as_str());
        if is_name && !(2..=25).contains(&value.chars().count()) {
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

impl SearchFilter {
    /// Refuses a filter that is not simulated.
    pub fn check(&self) -> Result<(), Refusal> {
        refuse_unsimulated("UserAttributeFilter", self.user_attribute_filter.as_ref())
    }

    /// Returns whether a user has all tags of one of the lists. No value, or an empty one, matches any value.
    pub fn passes(&self, user: &User) -> bool {
        let Some(TagFilter { or_conditions, and_conditions, tag_condition }) = &self.tag_filter else { return true };
        let has = |condition: &TagCondition| {
            let wanted = condition.tag_value.as_ref().filter(|value| !value.is_empty());
            user.tags.get(&condition.tag_key).is_some_and(|is| wanted.is_none_or(|wanted| is == wanted))
        };
        or_conditions.iter().flatten().chain(and_conditions).any(|all| all.iter().all(has))
            || tag_condition.as_ref().is_some_and(has)
    }
}
