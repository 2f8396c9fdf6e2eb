//! Tags of users and of the resources that they refer to.

use std::{collections::BTreeSet, sync::LazyLock};

use connect_api::{Arn, Resource, Tags, UserId};
use regex::Regex;

use super::{Context, change, references};
use crate::{refusal::Refusal, request::Action, response::Response, state::Instance};

/// The most tags of a resource.
pub(super) const MOST: usize = 50;

static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$").expect("a constant pattern"));

/// Checks keys and values.
pub(super) fn check(tags: &Tags) -> Result<(), Refusal> {
    for (key, value) in tags {
        if key.starts_with("aws:") {
            return Err(Refusal::invalid_parameter(format!("the tag key {key} starts with aws:, which is reserved")));
        }
        if !(1..=128).contains(&key.chars().count()) || !KEY.is_match(key) {
            return Err(Refusal::invalid_parameter(format!("{key:?} is not a tag key of 1 to 128 allowed characters")));
        }
        if value.chars().count() > 256 {
            return Err(Refusal::invalid_parameter(format!("the value of the tag {key} has more than 256 characters")));
        }
    }
    Ok(())
}

pub(super) fn too_many() -> Refusal {
    Refusal::invalid_parameter(format!("a resource has at most {MOST} tags"))
}

fn add(tags: &mut Tags, new: &Tags) -> Result<(), Refusal> {
    tags.extend(new.clone());
    if tags.len() > MOST { Err(too_many()) } else { Ok(()) }
}

fn remove(tags: &mut Tags, keys: &BTreeSet<String>) {
    tags.retain(|key, _| !keys.contains(key));
}

fn check_count(member: &str, count: usize) -> Result<(), Refusal> {
    if (1..=MOST).contains(&count) {
        return Ok(());
    }
    Err(Refusal::invalid_parameter(format!("{member} must have 1 to {MOST} members, but has {count}")))
}

/// Processes a call about a resource with an ARN in this instance.
pub(super) fn about_resource(
    context: &Context<'_>,
    instance: &mut Instance,
    arn: &str,
    action: Action,
) -> Result<Response, Refusal> {
    let unknown = || Refusal::not_found(format!("Resource {arn} not found"));
    let resource = arn.parse::<Arn>().map_err(|_| unknown())?.resource;
    match &action {
        Action::TagResource(new) => {
            check_count("tags", new.len())?;
            check(new)?;
        }
        Action::UntagResource(keys) => check_count("tagKeys", keys.len())?,
        _ => {}
    }
    if let Resource::User(id) = &resource {
        return about_user(context, instance, id, &action);
    }
    let tags = match &resource {
        Resource::Instance => Some(&mut instance.tags),
        Resource::RoutingProfile(id) => instance.routing_profiles.get_mut(id.as_str()).map(|p| &mut p.tags),
        Resource::SecurityProfile(id) => instance.security_profiles.get_mut(id.as_str()).map(|p| &mut p.tags),
        Resource::HierarchyGroup(id) => instance.groups.get_mut(id.as_str()).map(|g| &mut g.tags),
        Resource::User(_) => None,
    }
    .ok_or_else(unknown)?;
    match action {
        Action::TagResource(new) => {
            let mut all = tags.clone();
            add(&mut all, &new)?;
            *tags = all;
            Ok(Response::Empty)
        }
        Action::UntagResource(keys) => {
            remove(tags, &keys);
            Ok(Response::Empty)
        }
        _ => Ok(Response::Tags(tags.clone())),
    }
}

fn about_user(context: &Context<'_>, instance: &mut Instance, id: &UserId, action: &Action) -> Result<Response, Refusal> {
    let touch = context.rules.tags_touch_user;
    match action {
        Action::TagResource(new) => change(context, instance, id, touch, |user| add(&mut user.tags, new)),
        Action::UntagResource(keys) => change(context, instance, id, touch, |user| {
            remove(&mut user.tags, keys);
            Ok(())
        }),
        _ => Ok(Response::Tags(references::present(instance, id)?.tags.clone())),
    }
}
