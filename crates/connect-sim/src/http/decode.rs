//! Converts bodies to requests.

use connect_api::Password;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{wire, wire_quick_connect};
use crate::{
    refusal::Refusal,
    request::{Action, NewQuickConnect, NewUser, Paging},
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
    let search: wire::Search = body(bytes)?;
    if search.search_criteria.is_some() || search.search_filter.is_some() {
        return Err(Refusal::invalid_parameter("SearchCriteria and SearchFilter of quick connects are not simulated"));
    }
    let paging = Paging { max_results: search.max_results, next_token: search.next_token };
    Ok((search.instance_id, Action::SearchQuickConnects(paging)))
}

/// Reads a search for all users, or for the one with a username. No other search is simulated.
pub(super) fn search_users(bytes: &[u8]) -> Result<(String, Action), Refusal> {
    let search: wire::Search = body(bytes)?;
    let paging = Paging { max_results: search.max_results, next_token: search.next_token };
    let criteria = search.search_criteria.map(serde_json::from_value::<wire::UsernameCriteria>).transpose();
    match (criteria, search.search_filter) {
        (Ok(criteria), None) => Ok((search.instance_id, Action::SearchUsers(paging, criteria.map(|c| c.string_condition.value)))),
        _ => Err(Refusal::invalid_parameter("of SearchCriteria and SearchFilter, only an exact Username is simulated")),
    }
}
