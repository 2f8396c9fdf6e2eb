//! Creates, renames and deletes the resources that users refer to, as far as it affects users.

use connect_api::{Resource, Tags};

use super::{Context, references};
use crate::{
    refusal::Refusal,
    request::Action,
    response::{Kind, Response},
    state::{Attribute, Group, Instance, Profile, lineage},
};

/// The most levels of a hierarchy.
const DEEPEST: usize = 5;

pub(super) fn change(context: &mut Context<'_>, instance: &mut Instance, action: Action) -> Result<Response, Refusal> {
    let (rules, now) = (context.rules, context.now);
    match action {
        Action::CreateRoutingProfile(name, tags) => {
            check_name(&name, instance.routing_profile_named(&name).is_some())?;
            let id = context.identifiers.next();
            let arn = instance.arn_of(Resource::RoutingProfile(id.as_str().into()));
            instance.routing_profiles.insert(id.clone(), Profile { name, tags, modified: now });
            Ok(Response::Created { kind: Kind::RoutingProfile, id, arn })
        }
        Action::UpdateRoutingProfileName(given, name) => {
            let id = references::routing_profile(rules, instance, &given)?;
            if let Some(name) = name {
                check_name(&name, instance.routing_profiles.iter().any(|(i, p)| i != id.as_str() && p.name == name))?;
                if let Some(profile) = instance.routing_profiles.get_mut(id.as_str()) {
                    profile.name = name;
                    profile.modified = now;
                }
            }
            Ok(Response::Empty)
        }
        Action::DeleteRoutingProfile(given) => {
            let id = references::routing_profile(rules, instance, &given)?;
            unused(instance.users.values().any(|u| u.routing_profile_id == id))?;
            instance.routing_profiles.remove(id.as_str());
            Ok(Response::Empty)
        }
        Action::CreateSecurityProfile(name, tags) => {
            check_name(&name, instance.security_profile_named(&name).is_some())?;
            let id = context.identifiers.next();
            let arn = instance.arn_of(Resource::SecurityProfile(id.as_str().into()));
            instance.security_profiles.insert(id.clone(), Profile { name, tags, modified: now });
            Ok(Response::Created { kind: Kind::SecurityProfile, id, arn })
        }
        Action::DeleteSecurityProfile(given) => {
            let id = references::security_profile(rules, instance, &given)?;
            unused(instance.users.values().any(|u| u.security_profile_ids.contains(&id)))?;
            instance.security_profiles.remove(id.as_str());
            Ok(Response::Empty)
        }
        Action::CreateUserHierarchyGroup(name, parent, tags) => create_group(context, instance, name, parent, tags),
        Action::UpdateUserHierarchyGroupName(given, name) => {
            let id = references::hierarchy_group(rules, instance, &given)?;
            check_name(&name, false)?;
            if let Some(group) = instance.groups.get_mut(id.as_str()) {
                group.name = name;
                group.modified = now;
            }
            Ok(Response::Empty)
        }
        Action::DeleteUserHierarchyGroup(given) => {
            let id = references::hierarchy_group(rules, instance, &given)?;
            unused(
                instance.groups.values().any(|g| g.parent.as_deref() == Some(id.as_str()))
                    || instance.users.values().any(|u| u.hierarchy_group_id.as_ref() == Some(&id)),
            )?;
            instance.groups.remove(id.as_str());
            Ok(Response::Empty)
        }
        Action::CreatePredefinedAttribute(name, values) => {
            check_name(&name, instance.attributes.contains_key(&name))?;
            instance.attributes.insert(name, Attribute { values, modified: now });
            Ok(Response::Empty)
        }
        Action::UpdatePredefinedAttribute(name, values) => {
            let attribute = instance.attributes.get_mut(&name).ok_or_else(|| no_attribute(&name))?;
            *attribute = Attribute { values, modified: now };
            Ok(Response::Empty)
        }
        Action::DeletePredefinedAttribute(name) => {
            let used = |u: &std::sync::Arc<crate::state::User>| u.proficiencies.keys().any(|k| k.attribute_name == name);
            unused(instance.users.values().any(used))?;
            instance.attributes.remove(&name).ok_or_else(|| no_attribute(&name))?;
            Ok(Response::Empty)
        }
        other => Err(Refusal::invalid_request(format!("{} is not about an instance", other.name()))),
    }
}

fn create_group(
    context: &mut Context<'_>,
    instance: &mut Instance,
    name: String,
    parent: Option<String>,
    tags: Tags,
) -> Result<Response, Refusal> {
    let parent =
        parent.map(|given| references::hierarchy_group(context.rules, instance, &given)).transpose()?.map(|id| id.to_string());
    if parent.as_ref().is_some_and(|id| lineage(&instance.groups, id).len() >= DEEPEST) {
        return Err(Refusal::invalid_parameter(format!("a hierarchy has at most {DEEPEST} levels")));
    }
    check_name(&name, instance.groups.values().any(|g| g.name == name && g.parent == parent))?;
    let id = context.identifiers.next();
    let arn = instance.arn_of(Resource::HierarchyGroup(id.as_str().into()));
    instance.groups.insert(id.clone(), Group { name, parent, tags, modified: context.now });
    Ok(Response::Created { kind: Kind::HierarchyGroup, id, arn })
}

fn check_name(name: &str, taken: bool) -> Result<(), Refusal> {
    if !(1..=127).contains(&name.chars().count()) {
        return Err(Refusal::invalid_parameter("a name must have 1 to 127 characters"));
    }
    if taken {
        return Err(Refusal::duplicate(format!("the name {name} is taken")));
    }
    Ok(())
}

fn unused(used: bool) -> Result<(), Refusal> {
    if used { Err(Refusal::in_use("users or groups refer to it")) } else { Ok(()) }
}

fn no_attribute(name: &str) -> Refusal {
    Refusal::not_found(format!("Predefined attribute not found: {name}"))
}
