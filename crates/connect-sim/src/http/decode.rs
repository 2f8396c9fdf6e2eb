//! From a body to what it asks for.

use connect_api::{Password, StringComparison};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    wire, wire_quick_connect,
    wire_search::{self, HierarchyGroupMatchType, NumberComparison},
};
use crate::{
    refusal::Refusal,
    request::{Action, NewQuickConnect, NewUser, Paging},
    search::{Conjunction, Criteria, Filter, GroupCondition, LevelComparison, ProficiencyCondition, StringCondition},
};

/// Reads a body. No body at all is an empty structure.
pub(super) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| {
        if error.is_data() {
            Refusal::invalid_request(format!("1 validation error detected: {error}"))
        } else {
            Refusal::new(400, "SerializationException", "the body is no JSON")
        }
    })
}

pub(super) fn create_user(bytes: &[u8]) -> Result<Action, Refusal> {
    let new: wire::CreateUser = body(bytes)?;
    let password = match new.password {
        None | Some(Value::Null) => None,
        Some(Value::String(password)) => Some(Password::new(password)),
        Some(_) => return Err(Refusal::invalid_request("1 validation error detected: Password is no string")),
    };
    Ok(Action::CreateUser(Box::new(NewUser {
        username: new.username,
        password,
        identity_info: new.identity_info.map(Into::into),
        phone_config: new.phone_config.map(Into::into),
        channel_configs: new.channel_configs.into(),
        directory_user_id: new.directory_user_id,
        security_profile_ids: new.security_profile_ids.into_iter().collect(),
        routing_profile_id: new.routing_profile_id,
        hierarchy_group_id: new.hierarchy_group_id,
        tags: new.tags.unwrap_or_default(),
    })))
}

pub(super) fn create_quick_connect(bytes: &[u8]) -> Result<Action, Refusal> {
    let wire_quick_connect::CreateQuickConnect { name, quick_connect_config: config, tags } = body(bytes)?;
    let (target, contact_flow_id) = config.target().map_err(Refusal::invalid_parameter)?;
    Ok(Action::CreateQuickConnect(NewQuickConnect { name, target, contact_flow_id, tags: tags.unwrap_or_default() }))
}

pub(super) fn update_quick_connect(id: &str, bytes: &[u8]) -> Result<Action, Refusal> {
    let wire_quick_connect::UpdateQuickConnectConfig { quick_connect_config: config } = body(bytes)?;
    let (target, contact_flow_id) = config.target().map_err(Refusal::invalid_parameter)?;
    Ok(Action::UpdateQuickConnectConfig(id.to_owned(), target, contact_flow_id))
}

pub(super) fn search_quick_connects(bytes: &[u8]) -> Result<(String, Action), Refusal> {
    let search: wire_quick_connect::SearchQuickConnects = body(bytes)?;
    if search.search_criteria.is_some() || search.search_filter.is_some() {
        return Err(Refusal::invalid_parameter("SearchCriteria and SearchFilter of quick connects are not simulated"));
    }
    let paging = Paging { max_results: search.max_results, next_token: search.next_token };
    Ok((search.instance_id, Action::SearchQuickConnects(paging)))
}

pub(super) fn search_users(bytes: &[u8]) -> Result<(String, Action), Refusal> {
    let search: wire_search::SearchUsers = body(bytes)?;
    let paging = Paging { max_results: search.max_results, next_token: search.next_token };
    let criteria = search.search_criteria.map(criteria).transpose()?.flatten();
    Ok((search.instance_id, Action::SearchUsers(paging, criteria, search.search_filter.and_then(filter))))
}

/// An empty node asks for nothing; AWS wants one member a node at most.
fn criteria(node: wire_search::SearchCriteria) -> Result<Option<Criteria>, Refusal> {
    let wire_search::SearchCriteria {
        or_conditions,
        and_conditions,
        string_condition,
        list_condition,
        hierarchy_group_condition,
    } = node;
    let mut found = Vec::new();
    if let Some(any) = or_conditions {
        found.push(Criteria::Or(all(any)?));
    }
    if let Some(conditions) = and_conditions {
        found.push(Criteria::And(all(conditions)?));
    }
    found.extend(string_condition.map(|c| Criteria::String(string(c))));
    if let Some(list) = list_condition {
        found.push(Criteria::Proficiency(list_conditions(list)?));
    }
    found.extend(hierarchy_group_condition.map(|c| Criteria::Group(group(c))));
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(Refusal::invalid_parameter("a search criterion must have one member only")),
    }
}

fn all(nodes: Vec<wire_search::SearchCriteria>) -> Result<Vec<Criteria>, Refusal> {
    nodes.into_iter().filter_map(|node| criteria(node).transpose()).collect()
}

fn string(condition: wire_search::StringCondition) -> StringCondition {
    StringCondition {
        field: condition.field_name,
        value: condition.value,
        comparison: StringComparison::from(condition.comparison_type),
    }
}

fn group(condition: wire_search::HierarchyGroupCondition) -> GroupCondition {
    GroupCondition {
        id: condition.value.rsplit('/').next().unwrap_or_default().to_owned(),
        with_child_groups: condition.hierarchy_group_match_type == HierarchyGroupMatchType::WithChildGroups,
    }
}

fn list_conditions(list: wire_search::ListCondition) -> Result<Vec<ProficiencyCondition>, Refusal> {
    if list.target_list_type != "PROFICIENCIES" {
        return Err(Refusal::invalid_parameter(format!("TargetListType {} is not simulated", list.target_list_type)));
    }
    let mut conditions = Vec::new();
    for wire_search::ListedCondition { string_condition, number_condition } in list.conditions {
        conditions.extend(string_condition.map(|c| ProficiencyCondition::Value(string(c))));
        if let Some(number) = number_condition {
            conditions.push(ProficiencyCondition::Level(level(&number)?));
        }
    }
    Ok(conditions)
}

fn level(condition: &wire_search::NumberCondition) -> Result<LevelComparison, Refusal> {
    if condition.field_name != "limit" {
        return Err(Refusal::invalid_parameter(format!("NumberCondition on {} is not simulated", condition.field_name)));
    }
    let needed = |value: Option<f32>, member: &str| {
        value.ok_or_else(|| Refusal::invalid_parameter(format!("NumberCondition needs {member} for this ComparisonType")))
    };
    let one = || needed(condition.min_value.or(condition.max_value), "MinValue");
    Ok(match condition.comparison_type {
        NumberComparison::GreaterOrEqual => LevelComparison::GreaterOrEqual(one()?),
        NumberComparison::Greater => LevelComparison::Greater(one()?),
        NumberComparison::LesserOrEqual => {
            LevelComparison::LesserOrEqual(needed(condition.max_value, "MaxValue").or_else(|_| one())?)
        }
        NumberComparison::Lesser => LevelComparison::Lesser(needed(condition.max_value, "MaxValue").or_else(|_| one())?),
        NumberComparison::Equal => LevelComparison::Equal(one()?),
        NumberComparison::NotEqual => LevelComparison::NotEqual(one()?),
        NumberComparison::Range => {
            LevelComparison::Range(needed(condition.min_value, "MinValue")?, needed(condition.max_value, "MaxValue")?)
        }
    })
}

fn filter(filter: wire_search::SearchFilter) -> Option<Filter> {
    let filter =
        Filter { tags: filter.tag_filter.map(tag_filter), attributes: filter.user_attribute_filter.map(attribute_filter) };
    (filter.tags.is_some() || filter.attributes.is_some()).then_some(filter)
}

fn tags(conditions: Vec<wire_search::TagCondition>) -> Vec<(String, Option<String>)> {
    conditions.into_iter().map(|c| (c.tag_key, c.tag_value)).collect()
}

fn tag_filter(filter: wire_search::TagFilter) -> Vec<Conjunction> {
    let wire_search::TagFilter { or_conditions, and_conditions, tag_condition } = filter;
    let lists = or_conditions.into_iter().flatten().chain(and_conditions).chain(tag_condition.map(|c| vec![c]));
    lists.map(|list| Conjunction { tags: tags(list), group: None }).collect()
}

fn attribute_filter(filter: wire_search::UserAttributeFilter) -> Vec<Conjunction> {
    let wire_search::UserAttributeFilter { or_conditions, and_condition, tag_condition, hierarchy_group_condition } = filter;
    let one = |tag_conditions, hierarchy_group_condition| wire_search::AttributeAndCondition {
        tag_conditions,
        hierarchy_group_condition,
    };
    or_conditions
        .into_iter()
        .flatten()
        .chain(and_condition)
        .chain(tag_condition.map(|c| one(vec![c], None)))
        .chain(hierarchy_group_condition.map(|c| one(Vec::new(), Some(c))))
        .map(|all| Conjunction { tags: tags(all.tag_conditions), group: all.hierarchy_group_condition.map(group) })
        .collect()
}
