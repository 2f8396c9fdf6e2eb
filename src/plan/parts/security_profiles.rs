//! The security profiles: a set, replaced as a whole. A user has at least one.

use std::collections::BTreeSet;

use connect_api::{Arn, InstanceId, SecurityProfileId, UpdateUserSecurityProfiles};

use super::{Action, Change, IgnoredField, Live, NameIndex, Reference, Referent, SpecError, UserUpdate};

pub(super) fn parse(
    arns: Option<&[String]>,
    names: Option<&[String]>,
    instance: &Arn,
) -> Result<Vec<Reference<SecurityProfileId>>, SpecError> {
    let profiles: Vec<_> = match (arns, names) {
        (Some(arns), None) => arns.iter().map(|arn| Reference::by_arn(arn, instance)).collect::<Result<_, _>>()?,
        (None, Some(names)) => names.iter().cloned().map(Reference::Name).collect(),
        (None, None) | (Some(_), Some(_)) => return Err(SecurityProfileId::one_of()),
    };
    if profiles.is_empty() {
        let message = "a user needs at least one security profile".to_owned();
        return Err(SpecError { field: SecurityProfileId::KIND.arn_field(), message });
    }
    Ok(profiles)
}

pub(super) fn diff(
    want: Option<&BTreeSet<SecurityProfileId>>,
    names: &NameIndex,
    live: &Live,
    instance: &InstanceId,
) -> Option<Action> {
    let (want, is) = (want?, &live.user.security_profile_ids);
    if is == want {
        return None;
    }
    let list = |set: &BTreeSet<SecurityProfileId>| set.iter().map(|id| id.label(names)).collect::<Vec<_>>().join(", ");
    let change = Change::new(SecurityProfileId::field(names), Some(list(is)), Some(list(want)));
    let (instance, user, security_profile_ids) = (instance.clone(), live.user.id.clone(), want.clone());
    let request = UpdateUserSecurityProfiles { instance, user, security_profile_ids };
    Action::unless_equal(UserUpdate::UpdateUserSecurityProfiles(request), vec![change])
}

pub(super) fn predict(live: &mut Live, request: &UpdateUserSecurityProfiles) {
    live.user.security_profile_ids = request.security_profile_ids.clone();
}

/// Stops managing the profiles, if they are ignored and the user has any.
pub(super) fn ignore(
    want: Option<&BTreeSet<SecurityProfileId>>,
    ignored: &BTreeSet<IgnoredField>,
    live: &Live,
) -> Option<BTreeSet<SecurityProfileId>> {
    let is_ignored =
        ignored.contains(&IgnoredField::SecurityProfileArns) || ignored.contains(&IgnoredField::SecurityProfileNames);
    want.filter(|_| !is_ignored || live.user.security_profile_ids.is_empty()).cloned()
}
