//! The hierarchy group: not managed, none, or one.

use std::collections::BTreeSet;

use connect_api::{Arn, HierarchyGroupId, InstanceId, Resource, UpdateUserHierarchy};

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

pub(super) const KIND: ReferenceKind = ReferenceKind::HierarchyGroup;

pub(super) fn parse(
    arn: Option<&str>,
    path: Option<&str>,
    instance: &Arn,
) -> Result<Option<Option<Reference<HierarchyGroupId>>>, SpecError> {
    match (arn, path) {
        (None, None) => Ok(None),
        (Some(""), None) | (None, Some("")) => Ok(Some(None)),
        (Some(arn), None) => spec_error::id(KIND.arn_field(), arn, instance, id).map(|id| Some(Some(Reference::Id(id)))),
        (None, Some(path)) => Ok(Some(Some(Reference::Name(path.to_owned())))),
        (Some(_), Some(_)) => Err(one_of(KIND)),
    }
}

fn id(resource: Resource) -> Option<HierarchyGroupId> {
    match resource {
        Resource::HierarchyGroup(id) => Some(id),
        _ => None,
    }
}

pub(super) fn at_creation(want: &Option<Option<HierarchyGroupId>>) -> Option<HierarchyGroupId> {
    want.clone().flatten()
}

pub(super) fn diff(
    want: &Option<Option<HierarchyGroupId>>,
    names: &NameIndex,
    live: &Live,
    instance: &InstanceId,
) -> Option<Action> {
    let want = want.as_ref()?;
    let is = &live.user.hierarchy_group_id;
    let name = |id: &Option<HierarchyGroupId>| id.as_ref().map(|id| names.label(KIND, id.as_str()));
    let change = (want != is).then(|| Change::new(names.field(KIND), name(is), name(want)));
    let (instance, user, hierarchy_group_id) = (instance.clone(), live.user.id.clone(), want.clone());
    let request = UpdateUserHierarchy { instance, user, hierarchy_group_id };
    Action::unless_equal(UserUpdate::UpdateUserHierarchy(request), change.into_iter().collect())
}

pub(super) fn predict(live: &mut Live, request: &UpdateUserHierarchy) {
    live.user.hierarchy_group_id.clone_from(&request.hierarchy_group_id);
}

/// Stops managing the group, if it is ignored.
pub(super) fn ignore(
    want: &Option<Option<HierarchyGroupId>>,
    ignored: &BTreeSet<IgnoredField>,
) -> Option<Option<HierarchyGroupId>> {
    let is_ignored = ignored.contains(&IgnoredField::HierarchyGroupArn) || ignored.contains(&IgnoredField::HierarchyGroupPath);
    want.clone().filter(|_| !is_ignored)
}

pub(super) fn to_status(group: Option<&HierarchyGroupId>, instance: &Arn) -> Option<String> {
    group.map(|id| instance.sibling(Resource::HierarchyGroup(id.clone())).to_string())
}

/// Returns None for an ARN that cannot be read.
pub(super) fn from_status(arn: Option<&str>, instance: &Arn) -> Option<Option<HierarchyGroupId>> {
    arn.map_or(Some(None), |arn| spec_error::id(KIND.arn_field(), arn, instance, id).ok().map(Some))
}
