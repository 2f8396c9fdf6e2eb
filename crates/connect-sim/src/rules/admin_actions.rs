//! Creates, renames and deletes the resources that users refer to, as far as it affects users.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::Tags;

use super::{Context, listings, references};
use crate::{
    config::security_profiles::check_permissions,
    refusal::Refusal,
    state::{Attribute, Group, Instance, Profile, lineage},
};

/// The most levels of a hierarchy.
const DEEPEST: usize = 5;

/// A new routing profile or security profile.
#[derive(Debug, Default)]
pub(crate) struct NewProfile {
    pub name: String,
    pub description: Option<String>,
    /// What a security profile permits.
    pub permissions: BTreeSet<String>,
    pub tags: Tags,
}

/// Returns the id of the new profile, as the other functions that create something do.
pub(crate) fn create_routing_profile(cx: &mut Context<'_>, new: NewProfile) -> Result<String, Refusal> {
    create_profile(cx, |instance| &mut instance.routing_profiles, NewProfile { permissions: BTreeSet::new(), ..new })
}

pub(crate) fn create_security_profile(cx: &mut Context<'_>, new: NewProfile) -> Result<String, Refusal> {
    check_permissions(new.permissions.iter()).map_err(|e| Refusal::invalid_parameter(format!("Permissions: {e}")))?;
    create_profile(cx, |instance| &mut instance.security_profiles, new)
}

/// Omitted members stay.
pub(crate) fn update_security_profile(
    cx: &mut Context<'_>,
    given: &str,
    description: Option<String>,
    permissions: Option<BTreeSet<String>>,
) -> Result<(), Refusal> {
    let id = references::security_profile(cx.rules, cx.instance, given)?;
    check_permissions(permissions.iter().flatten()).map_err(|e| Refusal::invalid_parameter(format!("Permissions: {e}")))?;
    check_description(description.as_deref())?;
    if let Some(profile) = cx.instance.security_profiles.get_mut(id.as_str()) {
        profile.description = description.or(profile.description.take());
        profile.permissions = permissions.unwrap_or_else(|| std::mem::take(&mut profile.permissions));
        profile.modified = cx.now;
    }
    Ok(())
}

fn create_profile(
    cx: &mut Context<'_>,
    profiles: fn(&mut Instance) -> &mut BTreeMap<String, Profile>,
    NewProfile { name, description, permissions, tags }: NewProfile,
) -> Result<String, Refusal> {
    check_description(description.as_deref())?;
    let profiles = profiles(cx.instance);
    check_name(&name, profiles.values().any(|p| p.name == name))?;
    let id = cx.identifiers.next();
    profiles.insert(id.clone(), Profile { name, description, permissions, tags, modified: cx.now });
    Ok(id)
}

/// An omitted name or description stays.
pub(crate) fn rename_routing_profile(
    cx: &mut Context<'_>,
    given: &str,
    name: Option<String>,
    description: Option<String>,
) -> Result<(), Refusal> {
    let id = references::routing_profile(cx.rules, cx.instance, given)?;
    if let Some(name) = &name {
        check_name(name, cx.instance.routing_profiles.iter().any(|(i, p)| i != id.as_str() && p.name == *name))?;
    }
    check_description(description.as_deref())?;
    if let Some(profile) = cx.instance.routing_profiles.get_mut(id.as_str()) {
        profile.name = name.unwrap_or_else(|| std::mem::take(&mut profile.name));
        profile.description = description.or(profile.description.take());
        profile.modified = cx.now;
    }
    Ok(())
}

pub(crate) fn delete_routing_profile(cx: &mut Context<'_>, given: &str) -> Result<(), Refusal> {
    let id = references::routing_profile(cx.rules, cx.instance, given)?;
    unused(cx.instance.users.values().any(|u| u.routing_profile_id == id))?;
    cx.instance.routing_profiles.remove(id.as_str());
    Ok(())
}

pub(crate) fn delete_security_profile(cx: &mut Context<'_>, given: &str) -> Result<(), Refusal> {
    let id = references::security_profile(cx.rules, cx.instance, given)?;
    unused(cx.instance.users.values().any(|u| u.security_profile_ids.contains(&id)))?;
    cx.instance.security_profiles.remove(id.as_str());
    Ok(())
}

/// Creates a group below another one, or at the top.
pub(crate) fn create_group(cx: &mut Context<'_>, name: String, parent: Option<&str>, tags: Tags) -> Result<String, Refusal> {
    let parent = parent.map(|given| references::hierarchy_group(cx.rules, cx.instance, given)).transpose()?;
    let parent = parent.map(|id| id.to_string());
    if parent.as_ref().is_some_and(|id| lineage(&cx.instance.groups, id).len() >= DEEPEST) {
        return Err(Refusal::invalid_parameter(format!("a hierarchy has at most {DEEPEST} levels")));
    }
    check_name(&name, cx.instance.groups.values().any(|g| g.name == name && g.parent == parent))?;
    let id = cx.identifiers.next();
    cx.instance.groups.insert(id.clone(), Group { name, parent, tags, modified: cx.now });
    Ok(id)
}

pub(crate) fn rename_group(cx: &mut Context<'_>, given: &str, name: String) -> Result<(), Refusal> {
    let id = references::hierarchy_group(cx.rules, cx.instance, given)?;
    check_name(&name, false)?;
    if let Some(group) = cx.instance.groups.get_mut(id.as_str()) {
        group.name = name;
        group.modified = cx.now;
    }
    Ok(())
}

pub(crate) fn delete_group(cx: &mut Context<'_>, given: &str) -> Result<(), Refusal> {
    let id = references::hierarchy_group(cx.rules, cx.instance, given)?;
    unused(
        cx.instance.groups.values().any(|g| g.parent.as_deref() == Some(id.as_str()))
            || cx.instance.users.values().any(|u| u.hierarchy_group_id.as_ref() == Some(&id)),
    )?;
    cx.instance.groups.remove(id.as_str());
    Ok(())
}

pub(crate) fn create_attribute(cx: &mut Context<'_>, name: String, values: Vec<String>) -> Result<(), Refusal> {
    check_name(&name, cx.instance.attributes.contains_key(&name))?;
    cx.instance.attributes.insert(name, Attribute { values, modified: cx.now });
    Ok(())
}

pub(crate) fn update_attribute(cx: &mut Context<'_>, name: &str, values: Vec<String>) -> Result<(), Refusal> {
    listings::predefined_attribute(cx.instance, name)?;
    cx.instance.attributes.insert(name.to_owned(), Attribute { values, modified: cx.now });
    Ok(())
}

pub(crate) fn delete_attribute(cx: &mut Context<'_>, name: &str) -> Result<(), Refusal> {
    unused(cx.instance.users.values().any(|u| u.proficiencies.keys().any(|k| k.attribute_name == name)))?;
    listings::predefined_attribute(cx.instance, name)?;
    cx.instance.attributes.remove(name);
    Ok(())
}

pub(super) fn check_name(name: &str, taken: bool) -> Result<(), Refusal> {
    if !(1..=127).contains(&name.chars().count()) {
        return Err(Refusal::invalid_parameter("a name must have 1 to 127 characters"));
    }
    if taken {
        return Err(Refusal::duplicate(format!("the name {name} is taken")));
    }
    Ok(())
}

fn check_description(description: Option<&str>) -> Result<(), Refusal> {
    match description.map(|text| text.chars().count()) {
        Some(251..) => Err(Refusal::invalid_parameter("a description must have at most 250 characters")),
        _ => Ok(()),
    }
}

fn unused(used: bool) -> Result<(), Refusal> {
    if used { Err(Refusal::in_use("users or groups refer to it")) } else { Ok(()) }
}
