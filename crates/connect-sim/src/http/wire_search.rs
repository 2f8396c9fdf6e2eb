//! SearchUsers' body.

use serde::Deserialize;

use super::wire::StringComparison;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SearchUsers {
    pub instance_id: String,
    pub next_token: Option<String>,
    pub max_results: Option<i32>,
    pub search_filter: Option<SearchFilter>,
    pub search_criteria: Option<SearchCriteria>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SearchFilter {
    pub tag_filter: Option<TagFilter>,
    pub user_attribute_filter: Option<UserAttributeFilter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagFilter {
    pub or_conditions: Option<Vec<Vec<TagCondition>>>,
    pub and_conditions: Option<Vec<TagCondition>>,
    pub tag_condition: Option<TagCondition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserAttributeFilter {
    pub or_conditions: Option<Vec<AttributeAndCondition>>,
    pub and_condition: Option<AttributeAndCondition>,
    pub tag_condition: Option<TagCondition>,
    pub hierarchy_group_condition: Option<HierarchyGroupCondition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributeAndCondition {
    #[serde(default)]
    pub tag_conditions: Vec<TagCondition>,
    pub hierarchy_group_condition: Option<HierarchyGroupCondition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagCondition {
    pub tag_key: String,
    pub tag_value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct HierarchyGroupCondition {
    pub value: String,
    #[serde(default)]
    pub hierarchy_group_match_type: HierarchyGroupMatchType,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum HierarchyGroupMatchType {
    #[default]
    Exact,
    WithChildGroups,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SearchCriteria {
    pub or_conditions: Option<Vec<SearchCriteria>>,
    pub and_conditions: Option<Vec<SearchCriteria>>,
    pub string_condition: Option<StringCondition>,
    pub list_condition: Option<ListCondition>,
    pub hierarchy_group_condition: Option<HierarchyGroupCondition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StringCondition {
    pub field_name: String,
    pub value: String,
    pub comparison_type: StringComparison,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListCondition {
    pub target_list_type: String,
    pub conditions: Vec<ListedCondition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedCondition {
    pub string_condition: Option<StringCondition>,
    pub number_condition: Option<NumberCondition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NumberCondition {
    pub field_name: String,
    pub min_value: Option<f32>,
    pub max_value: Option<f32>,
    pub comparison_type: NumberComparison,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum NumberComparison {
    GreaterOrEqual,
    Greater,
    LesserOrEqual,
    Lesser,
    Equal,
    NotEqual,
    Range,
}
