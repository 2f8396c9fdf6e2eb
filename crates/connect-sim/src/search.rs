//! SearchUsers' grammar, and whether a user fits it.

use std::collections::BTreeMap;

use connect_api::{SearchCriteria, StringComparison, TagFilter};

use crate::{
    LongSearchValues,
    state::{Group, User, is_within},
};

/// `UserSearchCriteria`.
#[derive(Clone, Debug)]
pub(crate) enum Criteria {
    Or(Vec<Criteria>),
    And(Vec<Criteria>),
    String(StringCondition),
    /// A proficiency that meets all of these.
    Proficiency(Vec<ProficiencyCondition>),
    Group(GroupCondition),
}

/// `StringCondition`, whose field is also the name of an attribute inside a `ListCondition`.
#[derive(Clone, Debug)]
pub(crate) struct StringCondition {
    pub field: String,
    pub value: String,
    pub comparison: StringComparison,
}

/// `HierarchyGroupCondition`.
#[derive(Clone, Debug)]
pub(crate) struct GroupCondition {
    pub id: String,
    pub with_child_groups: bool,
}

/// One of a `ListCondition`'s `Conditions`.
#[derive(Clone, Debug)]
pub(crate) enum ProficiencyCondition {
    Value(StringCondition),
    Level(LevelComparison),
}

/// `NumberCondition` on a level.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LevelComparison {
    GreaterOrEqual(f32),
    Greater(f32),
    LesserOrEqual(f32),
    Lesser(f32),
    Equal(f32),
    NotEqual(f32),
    Range(f32, f32),
}

/// `UserSearchFilter`: each any of its conjunctions. Connect refuses both at once.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub tags: Option<Vec<Conjunction>>,
    pub attributes: Option<Vec<Conjunction>>,
}

/// All of these.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conjunction {
    /// Key and value; no value, or an empty one, is any.
    pub tags: Vec<(String, Option<String>)>,
    pub group: Option<GroupCondition>,
}

impl From<SearchCriteria> for Criteria {
    fn from(criteria: SearchCriteria) -> Self {
        match criteria {
            SearchCriteria::Or(any) => Self::Or(any.into_iter().map(Self::from).collect()),
            SearchCriteria::And(all) => Self::And(all.into_iter().map(Self::from).collect()),
            SearchCriteria::String { field, value, comparison } => Self::String(StringCondition { field, value, comparison }),
            SearchCriteria::HierarchyGroup { id, with_child_groups } => {
                Self::Group(GroupCondition { id: id.to_string(), with_child_groups })
            }
        }
    }
}

impl From<TagFilter> for Filter {
    fn from(filter: TagFilter) -> Self {
        let all = |tags: Vec<(String, String)>| Conjunction {
            tags: tags.into_iter().map(|(key, value)| (key, Some(value))).collect(),
            group: None,
        };
        let tags = match filter {
            TagFilter::Tag { key, value } => vec![all(vec![(key, value)])],
            TagFilter::And(tags) => vec![all(tags)],
            TagFilter::Or(any) => any.into_iter().map(all).collect(),
        };
        Self { tags: Some(tags), attributes: None }
    }
}

/// The fields that a `StringCondition` may name.
pub(crate) const FIELDS: &[&str] = &["Username", "FirstName", "LastName", "RoutingProfileId", "SecurityProfileId", "resourceId"];

impl Criteria {
    /// The first field in it that SearchUsers does not know.
    pub fn unknown_field(&self) -> Option<&str> {
        match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().find_map(Self::unknown_field),
            Self::String(condition) => Some(condition.field.as_str()).filter(|field| !FIELDS.contains(field)),
            Self::Proficiency(_) | Self::Group(_) => None,
        }
    }
}

/// What users are matched against besides themselves.
#[derive(Clone, Copy)]
pub(crate) struct Matcher<'a> {
    pub groups: &'a BTreeMap<String, Group>,
    pub long_values: LongSearchValues,
}

impl Matcher<'_> {
    pub fn fits(self, user: &User, criteria: Option<&Criteria>, filter: Option<&Filter>) -> bool {
        criteria.is_none_or(|criteria| self.meets(user, criteria)) && filter.is_none_or(|filter| self.passes(user, filter))
    }

    fn passes(self, user: &User, filter: &Filter) -> bool {
        [&filter.tags, &filter.attributes].into_iter().flatten().all(|any| {
            any.iter().any(|all| {
                all.tags.iter().all(|(key, value)| {
                    let wanted = value.as_deref().filter(|value| !value.is_empty());
                    user.tags.get(key).is_some_and(|is| wanted.is_none_or(|wanted| is == wanted))
                }) && all.group.as_ref().is_none_or(|group| self.in_group(user, group))
            })
        })
    }

    fn meets(self, user: &User, criteria: &Criteria) -> bool {
        match criteria {
            Criteria::Or(any) => any.iter().any(|one| self.meets(user, one)),
            Criteria::And(all) => all.iter().all(|one| self.meets(user, one)),
            Criteria::Group(group) => self.in_group(user, group),
            Criteria::Proficiency(conditions) => user.proficiencies.iter().any(|(key, level)| {
                conditions.iter().all(|condition| match condition {
                    ProficiencyCondition::Value(c) => {
                        c.field == key.attribute_name && self.compare(&key.attribute_value, &c.value, c.comparison)
                    }
                    ProficiencyCondition::Level(comparison) => comparison.holds(*level),
                })
            }),
            Criteria::String(StringCondition { field, value, comparison }) => {
                let is = |text: &str| self.compare(text, value, *comparison);
                let maybe = |text: &Option<String>| text.as_deref().is_some_and(is);
                match field.as_str() {
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
    }

    fn in_group(self, user: &User, condition: &GroupCondition) -> bool {
        user.hierarchy_group_id.as_ref().is_some_and(|group| {
            group.as_str() == condition.id || condition.with_child_groups && is_within(self.groups, group.as_str(), &condition.id)
        })
    }

    /// The index folds case, as full-text indexes do.
    fn compare(self, text: &str, value: &str, comparison: StringComparison) -> bool {
        let mut value = value.to_lowercase();
        if !(2..=25).contains(&value.chars().count()) {
            match self.long_values {
                LongSearchValues::AsGiven => {}
                LongSearchValues::NoMatch => return false,
                LongSearchValues::Truncated => {
                    value = value.chars().take(25).collect();
                    return text.to_lowercase().contains(&value);
                }
            }
        }
        let text = text.to_lowercase();
        match comparison {
            StringComparison::StartsWith => text.starts_with(&value),
            StringComparison::Contains => text.contains(&value),
            StringComparison::Exact => text == value,
        }
    }
}

impl LevelComparison {
    fn holds(self, level: f32) -> bool {
        match self {
            Self::GreaterOrEqual(n) => level >= n,
            Self::Greater(n) => level > n,
            Self::LesserOrEqual(n) => level <= n,
            Self::Lesser(n) => level < n,
            Self::Equal(n) => level == n,
            Self::NotEqual(n) => level != n,
            Self::Range(from, to) => (from..=to).contains(&level),
        }
    }
}
