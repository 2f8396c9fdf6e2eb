//! The routing profile. Connect always has one.

use std::collections::BTreeSet;

use connect_api::{Arn, InstanceId, RoutingProfileId, UpdateUserRoutingProfile};

use super::{Action, Change, IgnoredField, Live, NameIndex, Reference, Referent, SpecError, UserUpdate};

pub(super) fn parse(arn: Option<&str>, name: Option<&str>, instance: &Arn) -> Result<Reference<RoutingProfileId>, SpecError> {
    Reference::parse(arn, name, instance)?.ok_or_else(RoutingProfileId::one_of)
}

pub(super) fn diff(want: Option<&RoutingProfileId>, names: &NameIndex, live: &Live, instance: &InstanceId) -> Option<Action> {
    let (want, is) = (want?, live.user.routing_profile_id.as_ref());
    if is == Some(want) {
        return None;
    }
    let change = Change::new(RoutingProfileId::field(names), is.map(|is| is.label(names)), Some(want.label(names)));
    let (instance, user, routing_profile_id) = (instance.clone(), live.user.id.clone(), want.clone());
    let request = UpdateUserRoutingProfile { instance, user, routing_profile_id };
    Action::unless_equal(UserUpdate::UpdateUserRoutingProfile(request), vec![change])
}

pub(super) fn predict(live: &mut Live, request: &UpdateUserRoutingProfile) {
    live.user.routing_profile_id = Some(request.routing_profile_id.clone());
}

/// Stops managing the profile, if it is ignored and the user has one.
pub(super) fn ignore(want: Option<&RoutingProfileId>, ignored: &BTreeSet<IgnoredField>, live: &Live) -> Option<RoutingProfileId> {
    let is_ignored = ignored.contains(&IgnoredField::RoutingProfileArn) || ignored.contains(&IgnoredField::RoutingProfileName);
    want.filter(|_| !is_ignored || live.user.routing_profile_id.is_none()).cloned()
}
