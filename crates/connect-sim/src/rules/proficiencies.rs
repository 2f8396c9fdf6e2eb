//! A user's proficiencies: values of predefined attributes, each with a level.

use std::collections::BTreeMap;

use connect_api::{Proficiency, ProficiencyKey, UserId};

use super::{Context, change, references};
use crate::{
    refusal::Refusal,
    request::Paging,
    response::Response,
    state::{Attribute, Instance, User},
};

/// Checks levels, and that attributes and values exist.
fn check(context: &Context<'_>, attributes: &BTreeMap<String, Attribute>, given: &[Proficiency]) -> Result<(), Refusal> {
    for Proficiency { key: ProficiencyKey { attribute_name, attribute_value }, level } in given {
        let Some(attribute) = attributes.get(attribute_name) else {
            return Err(Refusal::invalid_parameter(format!("there is no predefined attribute {attribute_name}")));
        };
        if !attribute.values.contains(attribute_value) {
            return Err(Refusal::invalid_parameter(format!("{attribute_name} has no value {attribute_value}")));
        }
        if !(1.0..=5.0).contains(level) || context.rules.whole_levels && level.fract() != 0.0 {
            return Err(Refusal::invalid_parameter(format!("Level must be between 1 and 5, but is {level}")));
        }
    }
    Ok(())
}

fn set(
    context: &Context<'_>,
    instance: &mut Instance,
    id: &UserId,
    set: impl FnOnce(&mut User) -> Result<(), Refusal>,
) -> Result<Response, Refusal> {
    change(context, instance, id, context.rules.proficiencies_touch_user, |user| {
        set(user)?;
        user.proficiencies_modified = Some(context.now);
        Ok(())
    })
}

pub(super) fn associate(
    context: &Context<'_>,
    instance: &mut Instance,
    id: &UserId,
    new: Vec<Proficiency>,
) -> Result<Response, Refusal> {
    references::present(instance, id)?;
    check(context, &instance.attributes, &new)?;
    set(context, instance, id, |user| {
        user.proficiencies.extend(new.into_iter().map(|p| (p.key, p.level)));
        let most = context.rules.proficiencies_per_user;
        if user.proficiencies.len() > most {
            return Err(Refusal::invalid_parameter(format!("a user has at most {most} proficiencies")));
        }
        Ok(())
    })
}

/// Disassociates proficiencies. Those that the user does not have are ignored.
pub(super) fn disassociate(
    context: &Context<'_>,
    instance: &mut Instance,
    id: &UserId,
    gone: &[ProficiencyKey],
) -> Result<Response, Refusal> {
    set(context, instance, id, |user| {
        user.proficiencies.retain(|key, _| !gone.contains(key));
        Ok(())
    })
}

pub(super) fn update(
    context: &Context<'_>,
    instance: &mut Instance,
    id: &UserId,
    changed: Vec<Proficiency>,
) -> Result<Response, Refusal> {
    references::present(instance, id)?;
    check(context, &instance.attributes, &changed)?;
    set(context, instance, id, |user| {
        for Proficiency { key, level } in changed {
            let Some(current) = user.proficiencies.get_mut(&key) else {
                return Err(Refusal::invalid_parameter(format!(
                    "the user does not have the proficiency {} {}",
                    key.attribute_name, key.attribute_value
                )));
            };
            *current = level;
        }
        Ok(())
    })
}

pub(super) fn list(context: &Context<'_>, instance: &mut Instance, id: &UserId, paging: &Paging) -> Result<Response, Refusal> {
    let user = instance.read(id, context.now).ok_or_else(|| references::no_user(id.as_str()))?;
    let start = context.paginator.start(paging, 100, ("ListUserProficiencies", instance.arn.instance.as_str(), id.as_str()))?;
    // The separator sorts before all characters of a name, so the keys have the order of the pairs.
    let keyed = user.proficiencies.iter().map(|(key, level)| {
        (format!("{}\u{1}{}", key.attribute_name, key.attribute_value), Proficiency { key: key.clone(), level: *level })
    });
    let page = start.page_of(keyed);
    Ok(Response::Proficiencies { page, modified: user.proficiencies_modified, region: instance.arn.region.clone() })
}
