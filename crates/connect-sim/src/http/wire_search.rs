//! SearchUsers' body. Members that are not simulated are kept, so that they can be refused.

use serde::Deserialize;
use serde_json::Value;

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
    pub user_attribute_filter: Option<Value>,
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
pub(super) struct TagCondition {
    pub tag_key: String,
    pub tag_value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SearchCriteria {
    pub or_conditions: Option<Vec<SearchCriteria>>,
    pub and_conditions: Option<Vec<SearchCriteria>>,
    pub string_condition: Option<StringCondition>,
    pub list_condition: Option<Value>,
    pub hierarchy_group_condition: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StringCondition {
    pub field_name: String,
    pub value: String,
    pub comparison_type: StringComparison,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum StringComparison {
    StartsWith,
    Contains,
    Exact,
}
