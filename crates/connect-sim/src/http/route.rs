//! Maps method, path and query to an operation.

use std::collections::BTreeSet;

use axum::http::{Method, Uri};
use connect_api::{Proficiency, ProficiencyKey};
use percent_encoding::percent_decode_str;

use super::{decode, wire};
use crate::{
    refusal::Refusal,
    request::{Action, Paging, Request, Target},
};

/// Returns the path's segments. They are split before decoding, so that an ARN can be one segment.
pub(super) fn segments(path: &str) -> Vec<String> {
    path.trim_start_matches('/').split('/').map(decoded).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn query(uri: &Uri, name: &str) -> impl Iterator<Item = String> {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(move |(key, _)| decoded(key) == name).map(|(_, value)| decoded(value))
}

fn paging(uri: &Uri) -> Result<Paging, Refusal> {
    let max_results = query(uri, "maxResults")
        .next()
        .map(|max| max.parse().map_err(|_| Refusal::invalid_parameter(format!("maxResults must be a number, but is {max:?}"))));
    Ok(Paging { max_results: max_results.transpose()?, next_token: query(uri, "nextToken").next() })
}

/// Returns the call of a request, or None if the operation is not simulated.
pub(super) fn request(method: &Method, segments: &[String], uri: &Uri, body: &[u8]) -> Option<Request> {
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let paged = |operation, action: fn(Paging) -> Action| or_malformed(operation, paging(uri).map(action));
    let (target, action) = match (method.as_str(), &path[..]) {
        ("POST", ["search-users"]) => return Some(search("SearchUsers", decode::search_users(body))),
        ("POST", ["search-quick-connects"]) => return Some(search("SearchQuickConnects", decode::search_quick_connects(body))),
        ("GET", ["instance"]) => (Target::Account, paged("ListInstances", Action::ListInstances)),
        ("GET", ["instance", i]) => (instance(i), Action::DescribeInstance),
        ("GET", ["users-summary", i]) => (instance(i), paged("ListUsers", Action::ListUsers)),
        ("PUT", ["users", i]) => (instance(i), or_malformed("CreateUser", decode::create_user(body))),
        ("GET", ["users", i, u]) => (user(i, u), Action::DescribeUser),
        ("DELETE", ["users", i, u]) => (user(i, u), Action::DeleteUser),
        ("GET", ["users", i, u, "proficiencies"]) => (user(i, u), paged("ListUserProficiencies", Action::ListUserProficiencies)),
        ("POST", ["users", i, u, what]) => (user(i, u), update_user(what, body)?),
        (method, ["tags", arn @ ..]) => (Target::Resource(arn.join("/")), tags(method, uri, body)?),
        ("GET", ["routing-profiles-summary", i]) => (instance(i), paged("ListRoutingProfiles", Action::ListRoutingProfiles)),
        ("GET", ["security-profiles-summary", i]) => (instance(i), paged("ListSecurityProfiles", Action::ListSecurityProfiles)),
        ("GET", ["user-hierarchy-groups-summary", i]) => {
            (instance(i), paged("ListUserHierarchyGroups", Action::ListUserHierarchyGroups))
        }
        ("GET", ["predefined-attributes", i]) => {
            (instance(i), paged("ListPredefinedAttributes", Action::ListPredefinedAttributes))
        }
        (method, [kind, i, rest @ ..]) => (instance(i), admin_action(method, kind, rest, body)?),
        _ => return None,
    };
    Some(Request { target, action })
}

fn instance(id: &str) -> Target {
    Target::Instance(id.to_owned())
}

fn user(instance: &str, user: &str) -> Target {
    Target::User { instance: instance.to_owned(), user: user.to_owned() }
}

fn or_malformed(operation: &'static str, action: Result<Action, Refusal>) -> Action {
    action.unwrap_or_else(|refusal| Action::Malformed { operation, refusal })
}

/// Returns the call of a search, which has its instance in the body.
fn search(operation: &'static str, asked: Result<(String, Action), Refusal>) -> Request {
    match asked {
        Ok((id, action)) => Request { target: instance(&id), action },
        Err(refusal) => Request { target: Target::Account, action: Action::Malformed { operation, refusal } },
    }
}

fn update_user(what: &str, body: &[u8]) -> Option<Action> {
    let (operation, action) = match what {
        "config" => ("UpdateUserConfig", decode::body(body).map(|b: wire::ChannelConfigs| Action::UpdateUserConfig(b.into()))),
        "identity-info" => (
            "UpdateUserIdentityInfo",
            decode::body(body).map(|b: wire::UpdateUserIdentityInfo| Action::UpdateUserIdentityInfo(b.identity_info.into())),
        ),
        "phone-config" => (
            "UpdateUserPhoneConfig",
            decode::body(body).map(|b: wire::UpdateUserPhoneConfig| Action::UpdateUserPhoneConfig(b.phone_config.into())),
        ),
        "routing-profile" => (
            "UpdateUserRoutingProfile",
            decode::body(body).map(|b: wire::UpdateUserRoutingProfile| Action::UpdateUserRoutingProfile(b.routing_profile_id)),
        ),
        "security-profiles" => (
            "UpdateUserSecurityProfiles",
            decode::body(body).map(|b: wire::UpdateUserSecurityProfiles| {
                Action::UpdateUserSecurityProfiles(b.security_profile_ids.into_iter().collect())
            }),
        ),
        "hierarchy" => (
            "UpdateUserHierarchy",
            decode::body(body).map(|b: wire::UpdateUserHierarchy| Action::UpdateUserHierarchy(b.hierarchy_group_id)),
        ),
        "associate-proficiencies" => ("AssociateUserProficiencies", proficiencies(body).map(Action::AssociateUserProficiencies)),
        "proficiencies" => ("UpdateUserProficiencies", proficiencies(body).map(Action::UpdateUserProficiencies)),
        "disassociate-proficiencies" => (
            "DisassociateUserProficiencies",
            decode::body(body).map(|b: wire::UserProficiencies<wire::ProficiencyKey>| {
                Action::DisassociateUserProficiencies(b.user_proficiencies.into_iter().map(ProficiencyKey::from).collect())
            }),
        ),
        _ => return None,
    };
    Some(or_malformed(operation, action))
}

fn proficiencies(body: &[u8]) -> Result<Vec<Proficiency>, Refusal> {
    let body: wire::UserProficiencies<wire::Proficiency> = decode::body(body)?;
    Ok(body.user_proficiencies.into_iter().map(Proficiency::from).collect())
}

fn tags(method: &str, uri: &Uri, body: &[u8]) -> Option<Action> {
    Some(match method {
        "GET" => Action::ListTagsForResource,
        "POST" => or_malformed("TagResource", decode::body(body).map(|b: wire::TagResource| Action::TagResource(b.tags))),
        "DELETE" => Action::UntagResource(query(uri, "tagKeys").collect::<BTreeSet<_>>()),
        _ => return None,
    })
}

/// Returns the action of an administrator: on the resources that users refer to, and on quick connects.
fn admin_action(method: &str, kind: &str, rest: &[&str], bytes: &[u8]) -> Option<Action> {
    let body = || decode::body::<wire::AdminBody>(bytes);
    let name = |body: &mut wire::AdminBody| body.name.take().ok_or_else(|| Refusal::invalid_request("Name is required"));
    let (operation, action) = match (method, kind, rest) {
        ("PUT", "routing-profiles", []) => (
            "CreateRoutingProfile",
            body().and_then(|mut b| Ok(Action::CreateRoutingProfile(name(&mut b)?, b.tags.unwrap_or_default()))),
        ),
        ("POST", "routing-profiles", [id, "name"]) => {
            ("UpdateRoutingProfileName", body().map(|b| Action::UpdateRoutingProfileName((*id).to_owned(), b.name)))
        }
        ("DELETE", "routing-profiles", [id]) => ("DeleteRoutingProfile", Ok(Action::DeleteRoutingProfile((*id).to_owned()))),
        ("PUT", "security-profiles", []) => (
            "CreateSecurityProfile",
            body().and_then(|b| {
                let name = b.security_profile_name.ok_or_else(|| Refusal::invalid_request("SecurityProfileName is required"))?;
                Ok(Action::CreateSecurityProfile(name, b.tags.unwrap_or_default()))
            }),
        ),
        ("DELETE", "security-profiles", [id]) => ("DeleteSecurityProfile", Ok(Action::DeleteSecurityProfile((*id).to_owned()))),
        ("PUT", "user-hierarchy-groups", []) => (
            "CreateUserHierarchyGroup",
            body().and_then(|mut b| {
                Ok(Action::CreateUserHierarchyGroup(name(&mut b)?, b.parent_group_id, b.tags.unwrap_or_default()))
            }),
        ),
        ("GET", "user-hierarchy-groups", [id]) => {
            ("DescribeUserHierarchyGroup", Ok(Action::DescribeUserHierarchyGroup((*id).to_owned())))
        }
        ("POST", "user-hierarchy-groups", [id, "name"]) => (
            "UpdateUserHierarchyGroupName",
            body().and_then(|mut b| Ok(Action::UpdateUserHierarchyGroupName((*id).to_owned(), name(&mut b)?))),
        ),
        ("DELETE", "user-hierarchy-groups", [id]) => {
            ("DeleteUserHierarchyGroup", Ok(Action::DeleteUserHierarchyGroup((*id).to_owned())))
        }
        ("PUT", "predefined-attributes", []) => (
            "CreatePredefinedAttribute",
            body().and_then(|mut b| Ok(Action::CreatePredefinedAttribute(name(&mut b)?, values(b)))),
        ),
        ("GET", "predefined-attributes", [name]) => {
            ("DescribePredefinedAttribute", Ok(Action::DescribePredefinedAttribute((*name).to_owned())))
        }
        ("POST", "predefined-attributes", [name]) => {
            ("UpdatePredefinedAttribute", body().map(|b| Action::UpdatePredefinedAttribute((*name).to_owned(), values(b))))
        }
        ("DELETE", "predefined-attributes", [name]) => {
            ("DeletePredefinedAttribute", Ok(Action::DeletePredefinedAttribute((*name).to_owned())))
        }
        ("PUT", "quick-connects", []) => ("CreateQuickConnect", decode::create_quick_connect(bytes)),
        ("GET", "quick-connects", [id]) => ("DescribeQuickConnect", Ok(Action::DescribeQuickConnect((*id).to_owned()))),
        ("POST", "quick-connects", [id, "config"]) => ("UpdateQuickConnectConfig", decode::update_quick_connect(id, bytes)),
        ("DELETE", "quick-connects", [id]) => ("DeleteQuickConnect", Ok(Action::DeleteQuickConnect((*id).to_owned()))),
        _ => return None,
    };
    Some(or_malformed(operation, action))
}

fn values(body: wire::AdminBody) -> Vec<String> {
    body.values.map(|values| values.string_list).unwrap_or_default()
}
