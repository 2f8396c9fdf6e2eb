//! Tags of users and of the resources that they refer to.

use std::{collections::BTreeSet, sync::LazyLock};

use connect_api::{Arn, Resource, Tags};
use regex::Regex;

use super::{Context, change, references};
use crate::{refusal::Refusal, state::Instance};

/// The most tags of a resource.
const MOST: usize = 50;

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

pub(super) fn check_most(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() <= MOST {
        return Ok(());
    }
    Err(Refusal::invalid_parameter(format!("a resource has at most {MOST} tags")))
}

fn check_count(member: &str, count: usize) -> Result<(), Refusal> {
    if (1..=MOST).contains(&count) {
        return Ok(());
    }
    Err(Refusal::invalid_parameter(format!("{member} must have 1 to {MOST} members, but has {count}")))
}

pub(crate) fn tag(cx: &mut Context<'_>, arn: &str, new: &Tags) -> Result<(), Refusal> {
    check_count("tags", new.len())?;
    check(new)?;
    change_tags(cx, arn, |tags| {
        tags.extend(new.clone());
        check_most(tags)
    })
}

pub(crate) fn untag(cx: &mut Context<'_>, arn: &str, keys: &BTreeSet<String>) -> Result<(), Refusal> {
    check_count("tagKeys", keys.len())?;
    change_tags(cx, arn, |tags| {
        tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })
}

/// Returns the tags of a resource. AWS does not say whether those of a user lag, so they lag as DescribeUser does.
pub(crate) fn list(cx: &mut Context<'_>, arn: &str) -> Result<Tags, Refusal> {
    match resource(arn)? {
        Resource::User(id) => Ok(references::readable(cx, &id)?.tags.clone()),
        other => Ok(tags_of(cx.instance, &other).ok_or_else(|| unknown(arn))?.clone()),
    }
}

fn change_tags(cx: &mut Context<'_>, arn: &str, edit: impl FnOnce(&mut Tags) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let resource = resource(arn)?;
    if let Resource::User(id) = &resource {
        let touch = cx.rules.tags_touch_user;
        return change(cx, id, touch, |_, user| edit(&mut user.tags));
    }
    let tags = tags_of(cx.instance, &resource).ok_or_else(|| unknown(arn))?;
    let mut all = tags.clone();
    edit(&mut all)?;
    *tags = all;
    Ok(())
}

/// Returns the tags of a resource that is not a user.
fn tags_of<'a>(instance: &'a mut Instance, resource: &Resource) -> Option<&'a mut Tags> {
    match resource {
        Resource::Instance => Some(&mut instance.tags),
        Resource::RoutingProfile(id) => instance.routing_profiles.get_mut(id.as_str()).map(|p| &mut p.tags),
        Resource::SecurityProfile(id) => instance.security_profiles.get_mut(id.as_str()).map(|p| &mut p.tags),
        Resource::HierarchyGroup(id) => instance.groups.get_mut(id.as_str()).map(|g| &mut g.tags),
        Resource::User(_) => None,
    }
}

fn resource(arn: &str) -> Result<Resource, Refusal> {
    Ok(arn.parse::<Arn>().map_err(|_| unknown(arn))?.resource)
}

fn unknown(arn: &str) -> Refusal {
    Refusal::not_found(format!("Resource {arn} not found"))
}
