//! The security profiles: a set, replaced as a whole. A user has at least one.

use std::collections::BTreeSet;

use connect_api::{Arn, InstanceId, Resource, SecurityProfileId, UpdateUserSecurityProfiles};

use crate::{
    api::IgnoredField,
    plan::{
        action::{Action, Change, UserUpdate},
        live::Live,
        name_index::{NameIndex, ReferenceKind},
        references::{Reference, one_of},
        spec_error::{self, SpecError},
    },
};

pub(super) const KIND: ReferenceKind = ReferenceKind::SecurityProfile;

pub(super) fn parse(
    arns: Option<&[String]>,
    names: Option<&[String]>,
    instance: &Arn,
) -> Result<Vec<Reference<SecurityProfileId>>, SpecError> {
    let profiles = match (arns, names) {
        (Some(arns), None) => arns
            .iter()
            .map(|arn| spec_error::id(KIND.arn_field(), arn, instance, id).map(Reference::Id))
            .collect::<Result<Vec<_>, _>>()?,
        (None, Some(names)) => names.iter().cloned().map(Reference::Name).collect(),
        (None, None) | (Some(_), Some(_)) => return Err(one_of(KIND)),
    };
    if profiles.is_empty() {
        let message = "a user needs at least one security profile".to_owned();
        return Err(SpecError { field: KIND.arn_field(), message });
    }
    Ok(profiles)
}

fn id(resource: Resource) -> Option<SecurityProfileId> {
    match resource {
        Resource::SecurityProfile(id) => Some(id),
        _ => None,
    }
}

pub(super) fn diff(want: &BTreeSet<SecurityProfileId>, names: &NameIndex, live: &Live, instance: &InstanceId) -> Option<Action> {
    let is = &live.user.security_profile_ids;
    let list =
        |set: &BTreeSet<SecurityProfileId>| set.iter().map(|p| names.label(KIND, p.as_str())).collect::<Vec<_>>().join(", ");
    let change = (want != is).then(|| Change::new(names.field(KIND), Some(list(is)), Some(list(want))));
    let (instance, user, security_profile_ids) = (instance.clone(), live.user.id.clone(), want.clone());
    let request = UpdateUserSecurityProfiles { instance, user, security_profile_ids };
    Action::unless_equal(UserUpdate::UpdateUserSecurityProfiles(request), change.into_iter().collect())
}

pub(super) fn predict(live: &mut Live, request: &UpdateUserSecurityProfiles) {
    live.user.security_profile_ids = request.security_profile_ids.clone();
}

/// Asks for the profiles that the user has, if they are ignored and there are any.
pub(super) fn ignore(
    want: &BTreeSet<SecurityProfileId>,
    ignored: &BTreeSet<IgnoredField>,
    live: &Live,
) -> BTreeSet<SecurityProfileId> {
    let is_ignored =
        ignored.contains(&IgnoredField::SecurityProfileArns) || ignored.contains(&IgnoredField::SecurityProfileNames);
    let is = &live.user.security_profile_ids;
    if is_ignored && !is.is_empty() { is.clone() } else { want.clone() }
}

pub(super) fn to_status(profiles: &BTreeSet<SecurityProfileId>, instance: &Arn) -> BTreeSet<String> {
    profiles.iter().map(|id| instance.sibling(Resource::SecurityProfile(id.clone())).to_string()).collect()
}

/// Returns None for an ARN that cannot be read.
pub(super) fn from_status(arns: &BTreeSet<String>, instance: &Arn) -> Option<BTreeSet<SecurityProfileId>> {
    arns.iter().map(|arn| spec_error::id(KIND.arn_field(), arn, instance, id).ok()).collect()
}
