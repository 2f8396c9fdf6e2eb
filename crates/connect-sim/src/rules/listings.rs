//! Lists of instances, and lists and descriptions of the resources that users refer to.

use std::collections::BTreeMap;

use connect_api::{Named, Page, Resource};
use jiff::Timestamp;

use super::{Context, references};
use crate::{
    Rules,
    paginator::{Paginator, Paging},
    refusal::Refusal,
    state::{Attribute, Group, Instance, Profile, lineage},
};

/// An item of a listing.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub named: Named,
    pub modified: Timestamp,
}

/// ListInstances models no InvalidParameterException.
pub(crate) fn instances<'a>(paginator: Paginator, paging: &Paging, all: &[&'a Instance]) -> Result<Page<&'a Instance>, Refusal> {
    let start = paginator.start(paging, 10, "ListInstances").map_err(|refusal| Refusal::invalid_request(refusal.message))?;
    // Replicas of an instance share its id, but not its ARN.
    let mut keyed: Vec<_> = all.iter().map(|instance| (instance.arn.to_string(), *instance)).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(start.page_of(keyed.into_iter()))
}

pub(crate) fn routing_profiles(cx: &Context<'_>, paging: &Paging) -> Result<Page<Listed>, Refusal> {
    let arn = |id: &str| cx.instance.arn_of(Resource::RoutingProfile(id.into()));
    listing(cx, paging, ("ListRoutingProfiles", 1000), profiles(&cx.instance.routing_profiles, arn))
}

pub(crate) fn security_profiles(cx: &Context<'_>, paging: &Paging) -> Result<Page<Listed>, Refusal> {
    let arn = |id: &str| cx.instance.arn_of(Resource::SecurityProfile(id.into()));
    listing(cx, paging, ("ListSecurityProfiles", 1000), profiles(&cx.instance.security_profiles, arn))
}

/// Returns a page of what a security profile permits, and when that changed.
pub(crate) fn permissions(cx: &Context<'_>, given: &str, paging: &Paging) -> Result<(Page<String>, Timestamp), Refusal> {
    let id = references::security_profile(&Rules::default(), cx.instance, given)?;
    let query = ("ListSecurityProfilePermissions", cx.instance.arn.instance.as_str(), id.as_str());
    let start = cx.paginator.start(paging, 1000, query)?;
    let profile = &cx.instance.security_profiles[id.as_str()];
    let page = start.page_of(profile.permissions.iter().map(|permission| (permission.clone(), permission.clone())));
    Ok((page, profile.modified))
}

pub(crate) fn hierarchy_groups(cx: &Context<'_>, paging: &Paging) -> Result<Page<Listed>, Refusal> {
    let lines = cx.instance.groups.iter().map(|(id, group)| listed_group(cx.instance, id, group));
    listing(cx, paging, ("ListUserHierarchyGroups", 1000), lines)
}

/// Predefined attributes are identified by name only.
pub(crate) fn predefined_attributes(cx: &Context<'_>, paging: &Paging) -> Result<Page<Listed>, Refusal> {
    let lines = cx.instance.attributes.iter().map(|(name, attribute)| Listed {
        named: Named { id: name.clone(), arn: String::new(), name: name.clone() },
        modified: attribute.modified,
    });
    listing(cx, paging, ("ListPredefinedAttributes", 100), lines)
}

fn profiles(profiles: &BTreeMap<String, Profile>, arn: impl Fn(&str) -> String) -> impl Iterator<Item = Listed> {
    profiles.iter().map(move |(id, profile)| Listed {
        named: Named { id: id.clone(), arn: arn(id), name: profile.name.clone() },
        modified: profile.modified,
    })
}

fn listed_group(instance: &Instance, id: &str, group: &Group) -> Listed {
    let arn = instance.arn_of(Resource::HierarchyGroup(id.into()));
    Listed { named: Named { id: id.to_owned(), arn, name: group.name.clone() }, modified: group.modified }
}

/// `lines` must be in order of their ids.
fn listing(
    cx: &Context<'_>,
    paging: &Paging,
    (operation, max): (&str, i32),
    lines: impl Iterator<Item = Listed>,
) -> Result<Page<Listed>, Refusal> {
    let start = cx.paginator.start(paging, max, (operation, cx.instance.arn.instance.as_str()))?;
    Ok(start.page_of(lines.map(|line| (line.named.id.clone(), line))))
}

/// Returns a group, and those above it from the top level down.
pub(crate) fn hierarchy_group(instance: &Instance, given: &str) -> Result<(Listed, Vec<Listed>), Refusal> {
    let id = references::hierarchy_group(&Rules::default(), instance, given)?;
    Ok(path(instance, id.as_str()))
}

/// Returns an existing group, and those above it from the top level down.
pub(crate) fn path(instance: &Instance, id: &str) -> (Listed, Vec<Listed>) {
    let path = lineage(&instance.groups, id);
    let mut path: Vec<Listed> = path.into_iter().map(|(id, group)| listed_group(instance, id, group)).collect();
    let own = path.pop().expect("an existing group is the end of its own path");
    (own, path)
}

pub(crate) fn predefined_attribute<'a>(instance: &'a Instance, name: &str) -> Result<&'a Attribute, Refusal> {
    instance.attributes.get(name).ok_or_else(|| Refusal::not_found(format!("Predefined attribute not found: {name}")))
}
