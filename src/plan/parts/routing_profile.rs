//! The routing profile. Connect always has one.

use std::collections::BTreeSet;

use connect_api::{Arn, InstanceId, Resource, RoutingProfileId, UpdateUserRoutingProfile};

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

pub(super) const KIND: ReferenceKind = ReferenceKind::RoutingProfile;

pub(super) fn parse(arn: Option<&str>, name: Option<&str>, instance: &Arn) -> Result<Reference<RoutingProfileId>, SpecError> {
    match (arn, name) {
        (Some(arn), None) => spec_error::id(KIND.arn_field(), arn, instance, id).map(Reference::Id),
        (None, Some(name)) => Ok(Reference::Name(name.to_owned())),
        (None, None) | (Some(_), Some(_)) => Err(one_of(KIND)),
    }
}

fn id(resource: Resource) -> Option<RoutingProfileId> {
    match resource {
        Resource::RoutingProfile(id) => Some(id),
        _ => None,
    }
}

pub(super) fn diff(want: &RoutingProfileId, names: &NameIndex, live: &Live, instance: &InstanceId) -> Option<Action> {
    let is = &live.user.routing_profile_id;
    let name = |id: &RoutingProfileId| names.label(KIND, id.as_str());
    let differs = is.as_ref() != Some(want);
    let change = differs.then(|| Change::new(names.field(KIND), is.as_ref().map(name), Some(name(want))));
    let (instance, user, routing_profile_id) = (instance.clone(), live.user.id.clone(), want.clone());
    let request = UpdateUserRoutingProfile { instance, user, routing_profile_id };
    Action::unless_equal(UserUpdate::UpdateUserRoutingProfile(request), change.into_iter().collect())
}

pub(super) fn predict(live: &mut Live, request: &UpdateUserRoutingProfile) {
    live.user.routing_profile_id = Some(request.routing_profile_id.clone());
}

/// Asks for the profile that the user has, if it is ignored.
pub(super) fn ignore(want: &RoutingProfileId, ignored: &BTreeSet<IgnoredField>, live: &Live) -> RoutingProfileId {
    let is_ignored = ignored.contains(&IgnoredField::RoutingProfileArn) || ignored.contains(&IgnoredField::RoutingProfileName);
    live.user.routing_profile_id.clone().filter(|_| is_ignored).unwrap_or_else(|| want.clone())
}

pub(super) fn to_status(profile: Option<&RoutingProfileId>, instance: &Arn) -> Option<String> {
    profile.map(|id| instance.sibling(Resource::RoutingProfile(id.clone())).to_string())
}

/// Returns None for an ARN that cannot be read.
pub(super) fn from_status(arn: Option<&str>, instance: &Arn) -> Option<Option<RoutingProfileId>> {
    arn.map_or(Some(None), |arn| spec_error::id(KIND.arn_field(), arn, instance, id).ok().map(Some))
}
