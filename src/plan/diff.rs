//! Which calls make a live user equal the spec: one per part that differs, each with its reasons.
//!
//! Parts are independent of each other, so that one call's failure leaves the others' progress. Where a call replaces a whole
//! structure, members that the spec does not manage are carried over from the live user, not wiped.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use connect_api::{
    AssociateUserProficiencies, Call, DisassociateUserProficiencies, IdentityInfo, PhoneConfig, PhoneType, Proficiency,
    ProficiencyKey, TagResource, UntagResource, UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserPhoneConfig,
    UpdateUserProficiencies, UpdateUserRoutingProfile, UpdateUserSecurityProfiles,
};

use super::{Desired, Live};

/// One difference, in the words of the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field's path below `spec`.
    pub field: String,
    /// What Connect shows; None for nothing.
    pub from: Option<String>,
    /// What the spec asks for; None for nothing.
    pub to: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |v: &Option<String>| v.as_deref().map_or_else(|| "(none)".to_owned(), |v| format!("{v:?}"));
        write!(f, "{}: {} → {}", self.field, show(&self.from), show(&self.to))
    }
}

/// One call that is to be made, and why.
#[derive(Clone, Debug)]
pub struct Action {
    /// The call, fully decided.
    pub call: Call,
    /// The differences that it removes.
    pub because: Vec<Change>,
}

fn change(field: impl Into<String>, from: Option<impl ToString>, to: Option<impl ToString>) -> Change {
    Change { field: field.into(), from: from.map(|v| v.to_string()), to: to.map(|v| v.to_string()) }
}

/// A call for one part, if that part differs.
fn action(call: impl Into<Call>, because: Vec<Change>) -> Option<Action> {
    if because.is_empty() { None } else { Some(Action { call: call.into(), because }) }
}

/// The calls that make `live` equal `desired`; none if it does.
///
/// `applied_tag_keys` are the keys that this resource has set before: those that left the spec are removed, all other keys on
/// the user are somebody else's and stay.
pub fn diff(desired: &Desired, live: &Live, applied_tag_keys: &BTreeSet<String>) -> Vec<Action> {
    let mut actions = Vec::new();
    actions.extend(tags(desired, live));
    actions.extend(identity_info(desired, live));
    actions.extend(phone_config(desired, live));
    actions.extend(routing_profile(desired, live));
    actions.extend(security_profiles(desired, live));
    actions.extend(hierarchy_group(desired, live));
    actions.extend(proficiencies(desired, live));
    actions.extend(old_tags(desired, live, applied_tag_keys));
    actions
}

fn tags(desired: &Desired, live: &Live) -> Option<Action> {
    let missing: BTreeMap<_, _> = desired.all_tags().into_iter().filter(|(k, v)| live.user.tags.get(k) != Some(v)).collect();
    let because = missing.iter().map(|(k, v)| change(format!("tags[{k}]"), live.user.tags.get(k), Some(v))).collect();
    action(TagResource { arn: live.user.arn.clone(), tags: missing }, because)
}

fn old_tags(desired: &Desired, live: &Live, applied: &BTreeSet<String>) -> Option<Action> {
    let wanted = desired.all_tags();
    let keys: BTreeSet<_> =
        applied.iter().filter(|k| !wanted.contains_key(*k) && live.user.tags.contains_key(*k)).cloned().collect();
    let because = keys.iter().map(|k| change(format!("tags[{k}]"), live.user.tags.get(k), None::<&str>)).collect();
    action(UntagResource { arn: live.user.arn.clone(), keys }, because)
}

fn identity_info(desired: &Desired, live: &Live) -> Option<Action> {
    let mut because = Vec::new();
    let mut merge = |field: &str, wanted: &Option<String>, shown: &Option<String>| {
        // Connect shows a cleared member as an empty string or not at all: both are "nothing".
        let is = shown.as_deref().unwrap_or_default();
        match wanted {
            Some(w) if w != is => {
                let filled = |v: &str| (!v.is_empty()).then(|| v.to_owned());
                because.push(change(format!("identityInfo.{field}"), filled(is), filled(w)));
                Some(w.clone())
            }
            _ => shown.clone(),
        }
    };
    let (want, is) = (&desired.identity_info, &live.user.identity_info);
    let identity_info = IdentityInfo {
        first_name: merge("firstName", &want.first_name, &is.first_name),
        last_name: merge("lastName", &want.last_name, &is.last_name),
        email: merge("email", &want.email, &is.email),
        secondary_email: merge("secondaryEmail", &want.secondary_email, &is.secondary_email),
        mobile: merge("mobile", &want.mobile, &is.mobile),
    };
    action(UpdateUserIdentityInfo { instance: desired.instance_id(), user: live.user.id.clone(), identity_info }, because)
}

fn phone_config(desired: &Desired, live: &Live) -> Option<Action> {
    let want = &desired.phone;
    let is = live.user.phone_config.clone().unwrap_or_default();
    let mut because = Vec::new();
    let mut differs = |field: &str, from: Option<String>, to: Option<String>| {
        if to.is_some() && from != to {
            because.push(change(format!("phoneConfig.{field}"), from, to));
        }
    };
    differs("phoneType", Some(is.phone_type.as_str().into()), want.phone_type.map(|t| t.as_str().into()));
    differs("autoAccept", Some(is.auto_accept.to_string()), want.auto_accept.map(|v| v.to_string()));
    differs(
        "afterContactWorkTimeLimit",
        Some(is.after_contact_work_time_limit.to_string()),
        want.after_contact_work_time_limit.map(|v| v.to_string()),
    );
    differs("deskPhoneNumber", is.desk_phone_number.clone(), want.desk_phone_number.clone());
    // Connect leaves the member out where it was never set: that is the same as false.
    differs(
        "persistentConnection",
        Some(is.persistent_connection.unwrap_or_default().to_string()),
        want.persistent_connection.map(|v| v.to_string()),
    );
    let phone_type = want.phone_type.unwrap_or(is.phone_type);
    let phone_config = PhoneConfig {
        phone_type,
        auto_accept: want.auto_accept.unwrap_or(is.auto_accept),
        after_contact_work_time_limit: want.after_contact_work_time_limit.unwrap_or(is.after_contact_work_time_limit),
        // A soft phone has no number: one that is left from a desk phone goes with it.
        desk_phone_number: match phone_type {
            PhoneType::DeskPhone => want.desk_phone_number.clone().or(is.desk_phone_number),
            PhoneType::SoftPhone => None,
        },
        persistent_connection: want.persistent_connection.or(is.persistent_connection),
    };
    action(UpdateUserPhoneConfig { instance: desired.instance_id(), user: live.user.id.clone(), phone_config }, because)
}

fn routing_profile(desired: &Desired, live: &Live) -> Option<Action> {
    let (want, is) = (&desired.routing_profile, &live.user.routing_profile_id);
    let because = if is.as_ref() == Some(want) { vec![] } else { vec![change("routingProfileArn", is.as_ref(), Some(want))] };
    let (instance, user) = (desired.instance_id(), live.user.id.clone());
    action(UpdateUserRoutingProfile { instance, user, routing_profile_id: want.clone() }, because)
}

fn security_profiles(desired: &Desired, live: &Live) -> Option<Action> {
    let (want, is) = (&desired.security_profiles, &live.user.security_profile_ids);
    let list = |set: &BTreeSet<connect_api::SecurityProfileId>| set.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(", ");
    let because = if want == is { vec![] } else { vec![change("securityProfileArns", Some(list(is)), Some(list(want)))] };
    let (instance, user) = (desired.instance_id(), live.user.id.clone());
    action(UpdateUserSecurityProfiles { instance, user, security_profile_ids: want.clone() }, because)
}

fn hierarchy_group(desired: &Desired, live: &Live) -> Option<Action> {
    let want = desired.hierarchy_group.as_ref()?;
    let is = &live.user.hierarchy_group_id;
    let because = if want == is { vec![] } else { vec![change("hierarchyGroupArn", is.as_ref(), want.as_ref())] };
    let (instance, user) = (desired.instance_id(), live.user.id.clone());
    action(UpdateUserHierarchy { instance, user, hierarchy_group_id: want.clone() }, because)
}

/// Proficiencies go first where they are taken away: an instance limits how many a user may have.
fn proficiencies(desired: &Desired, live: &Live) -> Vec<Action> {
    let (Some(want), Some(is)) = (&desired.proficiencies, &live.proficiencies) else { return vec![] };
    let differs = |key: &ProficiencyKey, from: Option<f32>, to: Option<u8>| {
        change(format!("userProficiencies[{}={}].level", key.attribute_name, key.attribute_value), from, to)
    };
    let proficiency = |(key, level): (&ProficiencyKey, &u8)| Proficiency { key: key.clone(), level: f32::from(*level) };
    let gone: Vec<_> = is.keys().filter(|k| !want.contains_key(*k)).cloned().collect();
    let changed: Vec<_> =
        want.iter().filter(|(k, level)| is.get(*k).is_some_and(|l| *l != f32::from(**level))).map(proficiency).collect();
    let new: Vec<_> = want.iter().filter(|(k, _)| !is.contains_key(*k)).map(proficiency).collect();

    let (instance, user) = (desired.instance_id(), live.user.id.clone());
    let because = |keys: &[&ProficiencyKey]| {
        keys.iter().map(|k| differs(k, is.get(*k).copied(), want.get(*k).copied())).collect::<Vec<_>>()
    };
    let why_gone = because(&gone.iter().collect::<Vec<_>>());
    let why_changed = because(&changed.iter().map(|p| &p.key).collect::<Vec<_>>());
    let why_new = because(&new.iter().map(|p| &p.key).collect::<Vec<_>>());
    [
        action(DisassociateUserProficiencies { instance: instance.clone(), user: user.clone(), proficiencies: gone }, why_gone),
        action(UpdateUserProficiencies { instance: instance.clone(), user: user.clone(), proficiencies: changed }, why_changed),
        action(AssociateUserProficiencies { instance, user, proficiencies: new }, why_new),
    ]
    .into_iter()
    .flatten()
    .collect()
}
