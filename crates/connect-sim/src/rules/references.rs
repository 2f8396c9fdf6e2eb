//! Converts the ids and ARNs in a call to bare ids of existing resources.

use std::{collections::BTreeSet, sync::Arc};

use connect_api::{Arn, HierarchyGroupId, Resource, RoutingProfileId, SecurityProfileId, UserId};

use super::Context;
use crate::{
    Rules, UnknownReference,
    refusal::Refusal,
    state::{Instance, User},
};

/// Returns the bare id: the given id itself, or the one that `pick` reads from an ARN of this instance.
fn bare(instance: &Instance, given: &str, pick: impl FnOnce(Resource) -> Option<String>) -> Option<String> {
    if !given.starts_with("arn:") {
        return Some(given.to_owned());
    }
    let arn: Arn = given.parse().ok()?;
    (arn.sibling(Resource::Instance) == instance.arn).then(|| pick(arn.resource)).flatten()
}

fn unknown(rules: &Rules, what: &str, given: &str) -> Refusal {
    let message = format!("{what} not found: {given}");
    match rules.unknown_reference {
        UnknownReference::NotFound => Refusal::not_found(message),
        UnknownReference::InvalidParameter => Refusal::invalid_parameter(message),
    }
}

/// Returns the id of a user, which need not exist: reads and writes check that differently.
pub(crate) fn user(instance: &Instance, given: &str) -> Result<UserId, Refusal> {
    let id = bare(instance, given, |resource| match resource {
        Resource::User(id) => Some(id.to_string()),
        _ => None,
    });
    id.map(UserId::new).ok_or_else(|| no_user(given))
}

/// Returns an existing user.
pub(crate) fn present<'a>(instance: &'a Instance, given: &UserId) -> Result<&'a Arc<User>, Refusal> {
    let id = user(instance, given.as_str())?;
    instance.users.get(&id).ok_or_else(|| no_user(id.as_str()))
}

/// Returns a user as DescribeUser sees it.
pub(crate) fn readable(cx: &mut Context<'_>, given: &UserId) -> Result<Arc<User>, Refusal> {
    let id = user(cx.instance, given.as_str())?;
    cx.instance.read(&id, cx.now).ok_or_else(|| no_user(id.as_str()))
}

fn no_user(given: &str) -> Refusal {
    Refusal::not_found(format!("User not found: {given}"))
}

pub(crate) fn routing_profile(rules: &Rules, instance: &Instance, given: &str) -> Result<RoutingProfileId, Refusal> {
    let id = bare(instance, given, |resource| match resource {
        Resource::RoutingProfile(id) => Some(id.to_string()),
        _ => None,
    });
    id.filter(|id| instance.routing_profiles.contains_key(id))
        .map(RoutingProfileId::new)
        .ok_or_else(|| unknown(rules, "Routing profile", given))
}

pub(crate) fn security_profile(rules: &Rules, instance: &Instance, given: &str) -> Result<SecurityProfileId, Refusal> {
    let id = bare(instance, given, |resource| match resource {
        Resource::SecurityProfile(id) => Some(id.to_string()),
        _ => None,
    });
    id.filter(|id| instance.security_profiles.contains_key(id))
        .map(SecurityProfileId::new)
        .ok_or_else(|| unknown(rules, "Security profile", given))
}

/// Returns the ids of 1 to 10 security profiles.
pub(crate) fn security_profiles(
    rules: &Rules,
    instance: &Instance,
    given: &BTreeSet<SecurityProfileId>,
) -> Result<BTreeSet<SecurityProfileId>, Refusal> {
    if !(1..=10).contains(&given.len()) {
        return Err(Refusal::invalid_parameter(format!("SecurityProfileIds must have 1 to 10 members, but has {}", given.len())));
    }
    given.iter().map(|id| security_profile(rules, instance, id.as_str())).collect()
}

pub(crate) fn hierarchy_group(rules: &Rules, instance: &Instance, given: &str) -> Result<HierarchyGroupId, Refusal> {
    if given.is_empty() {
        return Err(Refusal::invalid_parameter("HierarchyGroupId must not be empty; omit it to clear the group"));
    }
    let id = bare(instance, given, |resource| match resource {
        Resource::HierarchyGroup(id) => Some(id.to_string()),
        _ => None,
    });
    id.filter(|id| instance.groups.contains_key(id))
        .map(HierarchyGroupId::new)
        .ok_or_else(|| unknown(rules, "Hierarchy group", given))
}
