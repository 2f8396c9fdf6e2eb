//! The part of SearchUsers' grammar that is simulated, and which users match it.

use crate::{LongSearchValues, state::User};

/// `UserSearchCriteria`.
#[derive(Clone, Debug)]
pub(crate) enum Criteria {
    Or(Vec<Criteria>),
    And(Vec<Criteria>),
    String(StringCondition),
}

/// `StringCondition`.
#[derive(Clone, Debug)]
pub(crate) struct StringCondition {
    pub field: String,
    pub value: String,
    pub comparison: StringComparison,
}

/// `StringComparisonType`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StringComparison {
    StartsWith,
    Contains,
    Exact,
}

/// `TagFilter`: a user passes if it has all tags of one of these lists.
pub(crate) type TagFilter = Vec<Vec<(String, Option<String>)>>;

/// The fields that a `StringCondition` may name.
const FIELDS: &[&str] = &["Username", "FirstName", "LastName", "RoutingProfileId", "SecurityProfileId", "resourceId"];

impl Criteria {
    /// The criteria that match the user with this name.
    pub fn username(username: String) -> Self {
        Self::String(StringCondition { field: "Username".into(), value: username, comparison: StringComparison::Exact })
    }

    /// Returns the first field that SearchUsers does not know.
    pub fn unknown_field(&self) -> Option<&str> {
        match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().find_map(Self::unknown_field),
            Self::String(condition) => Some(condition.field.as_str()).filter(|field| !FIELDS.contains(field)),
        }
    }

    /// Returns whether a user meets the criteria.
    pub fn match_user(&self, user: &User, long_values: LongSearchValues) -> bool {
        let condition = match self {
            Self::Or(any) => return any.iter().any(|one| one.match_user(user, long_values)),
            Self::And(all) => return all.iter().all(|one| one.match_user(user, long_values)),
            Self::String(condition) => condition,
        };
        let is = |text: &str| condition.matches(text, long_values);
        let maybe = |text: &Option<String>| text.as_deref().is_some_and(is);
        match condition.field.as_str() {
            "Username" => is(&user.username),
            "FirstName" => maybe(&user.identity_info.first_name),
            "LastName" => maybe(&user.identity_info.last_name),
            "RoutingProfileId" => is(user.routing_profile_id.as_str()),
            "SecurityProfileId" => user.security_profile_ids.iter().any(|id| is(id.as_str())),
            "resourceId" => is(user.id.as_str()),
            _ => false,
        }
    }
}

impl StringCondition {
    /// The index folds case, as full-text indexes do.
    fn matches(&self, text: &str, long_values: LongSearchValues) -> bool {
        let (text, mut value) = (text.to_lowercase(), self.value.to_lowercase());
        if !(2..=25).contains(&value.chars().count()) {
            match long_values {
                LongSearchValues::AsGiven => {}
                LongSearchValues::NoMatch => return false,
                LongSearchValues::Truncated => {
                    value = value.chars().take(25).collect();
                    return text.contains(&value);
                }
            }
        }
        match self.comparison {
            StringComparison::StartsWith => text.starts_with(&value),
            StringComparison::Contains => text.contains(&value),
            StringComparison::Exact => text == value,
        }
    }
}

/// Returns whether a user has all tags of one of the filter's lists. No value, or an empty one, matches any value.
pub(crate) fn has_tags(user: &User, filter: &TagFilter) -> bool {
    filter.iter().any(|all| {
        all.iter().all(|(key, value)| {
            let wanted = value.as_deref().filter(|value| !value.is_empty());
            user.tags.get(key).is_some_and(|is| wanted.is_none_or(|wanted| is == wanted))
        })
    })
}
