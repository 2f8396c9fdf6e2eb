//! Converts bodies to requests.

use connect_api::Password;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{wire, wire_quick_connect, wire_search};
use crate::{
    refusal::Refusal,
    request::{Action, NewQuickConnect, NewUser, Paging},
    search::{Criteria, StringComparison, StringCondition, TagFilter},
};

/// Reads a body. An absent body is an empty structure.
pub(super) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| {
        if error.is_data() {
            Refusal::invalid_request(format!("1 validation error detected: {error}"))
        } else {
            Refusal::new(400, "SerializationException", "the body is not JSON")
        }
    })
}

pub(super) fn create_user(bytes: &[u8]) -> Result<Action, Refusal> {
    let new: wire::CreateUser = body(bytes)?;
    let password = match new.password {
        None | Some(Value::Null) => None,
        Some(Value::String(password)) => Some(Password::new(password)),
        Some(_) => return Err(Refusal::invalid_request("1 validation error detected: Password is not a string")),
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
    let filter = search.search_filter.map(filter).transpose()?.flatten();
    Ok((search.instance_id, Action::SearchUsers(paging, criteria, filter)))
}

/// An empty node asks for nothing. AWS accepts at most one member in a node.
fn criteria(node: wire_search::SearchCriteria) -> Result<Option<Criteria>, Refusal> {
    let wire_search::SearchCriteria {
        or_conditions,
        and_conditions,
        string_condition,
        list_condition,
        hierarchy_group_condition,
    } = node;
    refuse_unsimulated("ListCondition", list_condition.as_ref())?;
    refuse_unsimulated("HierarchyGroupCondition", hierarchy_group_condition.as_ref())?;
    let mut found = Vec::new();
    if let Some(any) = or_conditions {
        found.push(Criteria::Or(all(any)?));
    }
    if let Some(conditions) = and_conditions {
        found.push(Criteria::And(all(conditions)?));
    }
    found.extend(string_condition.map(string));
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(Refusal::invalid_parameter("a search criterion must have one member only")),
    }
}

fn refuse_unsimulated(member: &str, given: Option<&Value>) -> Result<(), Refusal> {
    match given {
        Some(_) => Err(Refusal::invalid_parameter(format!("{member} is not simulated"))),
        None => Ok(()),
    }
}

fn all(nodes: Vec<wire_search::SearchCriteria>) -> Result<Vec<Criteria>, Refusal> {
    nodes.into_iter().filter_map(|node| criteria(node).transpose()).collect()
}

fn string(condition: wire_search::StringCondition) -> Criteria {
    Criteria::String(StringCondition {
        field: condition.field_name,
        value: condition.value,
        comparison: match condition.comparison_type {
            wire_search::StringComparison::StartsWith => StringComparison::StartsWith,
            wire_search::StringComparison::Contains => StringComparison::Contains,
            wire_search::StringComparison::Exact => StringComparison::Exact,
        },
    })
}

fn filter(filter: wire_search::SearchFilter) -> Result<Option<TagFilter>, Refusal> {
    refuse_unsimulated("UserAttributeFilter", filter.user_attribute_filter.as_ref())?;
    Ok(filter.tag_filter.map(|wire_search::TagFilter { or_conditions, and_conditions, tag_condition }| {
        let lists = or_conditions.into_iter().flatten().chain(and_conditions).chain(tag_condition.map(|c| vec![c]));
        lists.map(|list| list.into_iter().map(|c| (c.tag_key, c.tag_value)).collect()).collect()
    }))
}
