//! A user's proficiencies: values of predefined attributes, each with a level.

use std::collections::BTreeMap;

use connect_api::{Page, Proficiency, ProficiencyKey, UserId};
use jiff::Timestamp;

use super::{Context, change, references};
use crate::{paginator::Paging, refusal::Refusal};

/// Checks levels, and that attributes and values exist.
fn check(cx: &Context<'_>, given: &[Proficiency]) -> Result<(), Refusal> {
    for Proficiency { key: ProficiencyKey { attribute_name, attribute_value }, level } in given {
        let Some(attribute) = cx.instance.attributes.get(attribute_name) else {
            return Err(Refusal::invalid_parameter(format!("there is no predefined attribute {attribute_name}")));
        };
        if !attribute.values.contains(attribute_value) {
            return Err(Refusal::invalid_parameter(format!("{attribute_name} has no value {attribute_value}")));
        }
        if !(1.0..=5.0).contains(level) || cx.rules.whole_levels && level.fract() != 0.0 {
            return Err(Refusal::invalid_parameter(format!("Level must be between 1 and 5, but is {level}")));
        }
    }
    Ok(())
}

type Levels = BTreeMap<ProficiencyKey, f32>;

fn set(
    cx: &mut Context<'_>,
    id: &UserId,
    set: impl FnOnce(&Context<'_>, &mut Levels) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let touch = cx.rules.proficiencies_touch_user;
    change(cx, id, touch, |cx, user| {
        user.proficiencies_modified = Some(cx.now);
        set(cx, &mut user.proficiencies)
    })
}

pub(crate) fn associate(cx: &mut Context<'_>, id: &UserId, new: Vec<Proficiency>) -> Result<(), Refusal> {
    set(cx, id, |cx, levels| {
        check(cx, &new)?;
        levels.extend(new.into_iter().map(|p| (p.key, p.level)));
        let most = cx.rules.proficiencies_per_user;
        if levels.len() > most {
            return Err(Refusal::invalid_parameter(format!("a user has at most {most} proficiencies")));
        }
        Ok(())
    })
}

/// Disassociates proficiencies. Those that the user does not have are ignored.
pub(crate) fn disassociate(cx: &mut Context<'_>, id: &UserId, gone: &[ProficiencyKey]) -> Result<(), Refusal> {
    set(cx, id, |_, levels| {
        levels.retain(|key, _| !gone.contains(key));
        Ok(())
    })
}

pub(crate) fn update(cx: &mut Context<'_>, id: &UserId, changed: Vec<Proficiency>) -> Result<(), Refusal> {
    set(cx, id, |cx, levels| {
        check(cx, &changed)?;
        for Proficiency { key, level } in changed {
            let Some(current) = levels.get_mut(&key) else {
                let ProficiencyKey { attribute_name: name, attribute_value: value } = key;
                return Err(Refusal::invalid_parameter(format!("the user does not have the proficiency {name} {value}")));
            };
            *current = level;
        }
        Ok(())
    })
}

/// Returns a page of proficiencies, and when they last changed.
pub(crate) fn list(
    cx: &mut Context<'_>,
    id: &UserId,
    paging: &Paging,
) -> Result<(Page<Proficiency>, Option<Timestamp>), Refusal> {
    let user = references::readable(cx, id)?;
    let query = ("ListUserProficiencies", cx.instance.arn.instance.as_str(), user.id.as_str());
    let start = cx.paginator.start(paging, 100, query)?;
    // The separator sorts before all characters of a name, so the keys have the order of the pairs.
    let keyed = user.proficiencies.iter().map(|(key, level)| {
        (format!("{}\u{1}{}", key.attribute_name, key.attribute_value), Proficiency { key: key.clone(), level: *level })
    });
    Ok((start.page_of(keyed), user.proficiencies_modified))
}
