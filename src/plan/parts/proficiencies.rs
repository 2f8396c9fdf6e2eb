//! The proficiencies, by attribute and value. CreateUser takes none.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::{
    AssociateUserProficiencies, DisassociateUserProficiencies, InstanceId, OperationName, Proficiency, ProficiencyKey,
    UpdateUserProficiencies,
};

use super::{Action, Change, IgnoredField, Live, UserProficiency, UserUpdate};

pub(super) fn parse(list: &[UserProficiency]) -> BTreeMap<ProficiencyKey, u8> {
    let one = |p: &UserProficiency| {
        let UserProficiency { attribute_name, attribute_value, level } = p.clone();
        (ProficiencyKey { attribute_name, attribute_value }, level)
    };
    list.iter().map(one).collect()
}

/// Returns the calls in the order in which they have to be made: an instance limits how many proficiencies a user may have, so they
/// are taken away first.
pub(super) fn diff(want: &Option<BTreeMap<ProficiencyKey, u8>>, live: &Live, instance: &InstanceId) -> Vec<Action> {
    let (Some(want), Some(is)) = (want, &live.proficiencies) else { return vec![] };
    let proficiency = |(key, level): (&ProficiencyKey, &u8)| Proficiency { key: key.clone(), level: f32::from(*level) };
    let gone: Vec<_> = is.keys().filter(|k| !want.contains_key(*k)).cloned().collect();
    let changed: Vec<_> =
        want.iter().filter(|(k, level)| is.get(*k).is_some_and(|l| *l != f32::from(**level))).map(proficiency).collect();
    let new: Vec<_> = want.iter().filter(|(k, _)| !is.contains_key(*k)).map(proficiency).collect();

    let change = |key: &ProficiencyKey| {
        let field = format!("userProficiencies[{}={}].level", key.attribute_name, key.attribute_value);
        Change::new(field, is.get(key), want.get(key))
    };
    let why_gone = gone.iter().map(change).collect();
    let why_changed = changed.iter().map(|p| change(&p.key)).collect();
    let why_new = new.iter().map(|p| change(&p.key)).collect();
    let target = || (instance.clone(), live.user.id.clone());
    let (instance, user) = target();
    let take_away = DisassociateUserProficiencies { instance, user, proficiencies: gone };
    let (instance, user) = target();
    let update = UpdateUserProficiencies { instance, user, proficiencies: changed };
    let (instance, user) = target();
    let add = AssociateUserProficiencies { instance, user, proficiencies: new };
    [
        Action::unless_equal(UserUpdate::DisassociateUserProficiencies(take_away), why_gone),
        Action::unless_equal(UserUpdate::UpdateUserProficiencies(update), why_changed),
        Action::unless_equal(UserUpdate::AssociateUserProficiencies(add), why_new)
            .map(|add| add.after(OperationName::DisassociateUserProficiencies)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(super) fn predict_set(live: &mut Live, set: &[Proficiency]) {
    if let Some(has) = &mut live.proficiencies {
        has.extend(set.iter().map(|p| (p.key.clone(), p.level)));
    }
}

pub(super) fn predict_removed(live: &mut Live, removed: &[ProficiencyKey]) {
    if let Some(has) = &mut live.proficiencies {
        has.retain(|k, _| !removed.contains(k));
    }
}

/// Stops managing them, if they are ignored.
pub(super) fn ignore(
    want: &Option<BTreeMap<ProficiencyKey, u8>>,
    ignored: &BTreeSet<IgnoredField>,
) -> Option<BTreeMap<ProficiencyKey, u8>> {
    want.clone().filter(|_| !ignored.contains(&IgnoredField::UserProficiencies))
}

pub(super) fn to_status(proficiencies: &BTreeMap<ProficiencyKey, f32>) -> Vec<UserProficiency> {
    let one = |(key, level): (&ProficiencyKey, &f32)| {
        let ProficiencyKey { attribute_name, attribute_value } = key.clone();
        // Connect's levels are 1.0 to 5.0, in practice whole: the cast saturates and cannot wrap.
        UserProficiency { attribute_name, attribute_value, level: level.round() as u8 }
    };
    proficiencies.iter().map(one).collect()
}

pub(super) fn from_status(list: &[UserProficiency]) -> BTreeMap<ProficiencyKey, f32> {
    parse(list).into_iter().map(|(key, level)| (key, f32::from(level))).collect()
}
