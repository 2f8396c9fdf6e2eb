//! Lists and descriptions of the resources that users refer to.

use std::collections::BTreeMap;

use connect_api::{HierarchyGroup, Named, Resource};

use super::{Context, references};
use crate::{
    Rules,
    refusal::Refusal,
    request::Paging,
    response::{Kind, Listed, Response},
    state::{Group, Instance, Profile, lineage},
};

pub(super) fn routing_profiles(context: &Context<'_>, instance: &Instance, paging: &Paging) -> Result<Response, Refusal> {
    let arn = |id: &str| instance.arn_of(Resource::RoutingProfile(id.into()));
    listing(context, instance, paging, Kind::RoutingProfile, profiles(&instance.routing_profiles, arn))
}

pub(super) fn security_profiles(context: &Context<'_>, instance: &Instance, paging: &Paging) -> Result<Response, Refusal> {
    let arn = |id: &str| instance.arn_of(Resource::SecurityProfile(id.into()));
    listing(context, instance, paging, Kind::SecurityProfile, profiles(&instance.security_profiles, arn))
}

pub(super) fn hierarchy_groups(context: &Context<'_>, instance: &Instance, paging: &Paging) -> Result<Response, Refusal> {
    let listed = instance.groups.iter().map(|(id, group)| listed_group(instance, id, group)).collect();
    listing(context, instance, paging, Kind::HierarchyGroup, listed)
}

/// Predefined attributes are identified by name only.
pub(super) fn predefined_attributes(context: &Context<'_>, instance: &Instance, paging: &Paging) -> Result<Response, Refusal> {
    let line = |(name, attribute): (&String, &crate::state::Attribute)| Listed {
        named: Named { id: name.clone(), arn: String::new(), name: name.clone() },
        modified: attribute.modified,
    };
    listing(context, instance, paging, Kind::PredefinedAttribute, instance.attributes.iter().map(line).collect())
}

fn profiles(profiles: &BTreeMap<String, Profile>, arn: impl Fn(&str) -> String) -> Vec<Listed> {
    let line = |(id, profile): (&String, &Profile)| Listed {
        named: Named { id: id.clone(), arn: arn(id), name: profile.name.clone() },
        modified: profile.modified,
    };
    profiles.iter().map(line).collect()
}

fn listed_group(instance: &Instance, id: &str, group: &Group) -> Listed {
    let arn = instance.arn_of(Resource::HierarchyGroup(id.into()));
    Listed { named: Named { id: id.to_owned(), arn, name: group.name.clone() }, modified: group.modified }
}

/// `lines` must be in order of their ids.
fn listing(
    context: &Context<'_>,
    instance: &Instance,
    paging: &Paging,
    kind: Kind,
    lines: Vec<Listed>,
) -> Result<Response, Refusal> {
    let max = if kind == Kind::PredefinedAttribute { 100 } else { 1000 };
    let start = context.paginator.start(paging, max, (format!("{kind:?}"), instance.arn.instance.as_str()))?;
    let page = start.page_of(lines.into_iter().map(|line| (line.named.id.clone(), line)));
    Ok(Response::Listing { kind, page, region: instance.arn.region.clone() })
}

pub(super) fn hierarchy_group(instance: &Instance, given: &str) -> Result<Response, Refusal> {
    let id = references::hierarchy_group(&Rules::default(), instance, given)?;
    let mut path: Vec<Listed> =
        lineage(&instance.groups, id.as_str()).into_iter().map(|(id, group)| listed_group(instance, id, group)).collect();
    let names = path.iter().map(|line| line.named.name.clone()).collect();
    let (Some(own), Some(group)) = (path.pop(), instance.groups.get(id.as_str())) else {
        return Err(Refusal::not_found(format!("Hierarchy group not found: {given}")));
    };
    Ok(Response::Group {
        group: HierarchyGroup { id, arn: own.named.arn, path: names },
        above: path,
        modified: group.modified,
        region: instance.arn.region.clone(),
        tags: group.tags.clone(),
    })
}

pub(super) fn predefined_attribute(instance: &Instance, name: &str) -> Result<Response, Refusal> {
    let attribute =
        instance.attributes.get(name).ok_or_else(|| Refusal::not_found(format!("Predefined attribute not found: {name}")))?;
    Ok(Response::Attribute {
        name: name.to_owned(),
        values: attribute.values.clone(),
        modified: attribute.modified,
        region: instance.arn.region.clone(),
    })
}
