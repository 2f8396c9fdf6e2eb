//! The hierarchy group: not managed, none, or one.

use std::collections::BTreeSet;

use connect_api::{Arn, HierarchyGroupId, InstanceId, UpdateUserHierarchy};

use super::{Action, Change, IgnoredField, Live, NameIndex, Reference, Referent, SpecError, UserUpdate};

/// A group, none, or None for a group that is not managed.
type Managed<T> = Option<Option<T>>;

pub(super) fn parse(
    arn: Option<&str>,
    path: Option<&str>,
    instance: &Arn,
) -> Result<Managed<Reference<HierarchyGroupId>>, SpecError> {
    match (arn, path) {
        (Some(""), None) | (None, Some("")) => Ok(Some(None)),
        _ => Ok(Reference::parse(arn, path, instance)?.map(Some)),
    }
}

pub(super) fn diff(want: &Managed<HierarchyGroupId>, names: &NameIndex, live: &Live, instance: &InstanceId) -> Option<Action> {
    let (want, is) = (want.as_ref()?, &live.user.hierarchy_group_id);
    if is == want {
        return None;
    }
    let label = |id: &Option<HierarchyGroupId>| id.as_ref().map(|id| id.label(names));
    let change = Change::new(HierarchyGroupId::field(names), label(is), label(want));
    let (instance, user, hierarchy_group_id) = (instance.clone(), live.user.id.clone(), want.clone());
    let request = UpdateUserHierarchy { instance, user, hierarchy_group_id };
    Action::unless_equal(UserUpdate::UpdateUserHierarchy(request), vec![change])
}

pub(super) fn predict(live: &mut Live, request: &UpdateUserHierarchy) {
    live.user.hierarchy_group_id.clone_from(&request.hierarchy_group_id);
}

/// Stops managing the group, if it is ignored.
pub(super) fn ignore(want: &Managed<HierarchyGroupId>, ignored: &BTreeSet<IgnoredField>) -> Managed<HierarchyGroupId> {
    let is_ignored = ignored.contains(&IgnoredField::HierarchyGroupArn) || ignored.contains(&IgnoredField::HierarchyGroupPath);
    want.clone().filter(|_| !is_ignored)
}
