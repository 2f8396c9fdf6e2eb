//! The tags: the spec's own, and the proof of ownership. Keys that others set on the user stay.

use std::collections::BTreeSet;

use connect_api::{TagResource, Tags, UntagResource};

use super::{Action, Change, IgnoredField, Live, UserUpdate};

/// The most tags that a resource of AWS has.
pub(crate) const MOST_ON_A_USER: usize = 50;

/// Returns the number of tags that a user has once these are set.
pub(super) fn count_after(live: &Live, set: Option<&Action>) -> usize {
    let shown = &live.user.tags;
    let new = match set.map(|action| &action.update) {
        Some(UserUpdate::TagResource(request)) => request.tags.keys().filter(|key| !shown.contains_key(*key)).count(),
        _ => 0,
    };
    shown.len() + new
}

/// Returns all tags that the user should carry.
pub(in crate::plan) fn with_proof(want: &Tags, proof: &Tags) -> Tags {
    let mut tags = want.clone();
    tags.extend(proof.clone());
    tags
}

/// Returns the path of a tag below `spec`.
pub(in crate::plan) fn field(key: &str) -> String {
    format!("tags[{key}]")
}

/// Returns the call that sets the tags that are missing or differ. The proof of ownership is set as a whole: another client may set one
/// of its own meanwhile, and a mixture of two would name an owner that does not exist.
pub(super) fn diff_set(want: &Tags, proof: &Tags, live: &Live) -> Option<Action> {
    let shown = &live.user.tags;
    let mut missing: Tags = with_proof(want, proof).into_iter().filter(|(k, v)| shown.get(k) != Some(v)).collect();
    let changes = missing.iter().map(|(k, v)| Change::new(field(k), shown.get(k), Some(v))).collect();
    if missing.keys().any(|key| proof.contains_key(key)) {
        missing.extend(proof.clone());
    }
    Action::unless_equal(UserUpdate::TagResource(TagResource { arn: live.user.arn.clone(), tags: missing }), changes)
}

/// Returns the call that removes the keys that this resource has set before and that have left the spec.
pub(super) fn diff_removed(want: &Tags, proof: &Tags, live: &Live, applied: &BTreeSet<String>) -> Option<Action> {
    let (wanted, shown) = (with_proof(want, proof), &live.user.tags);
    let left = |key: &&String| !wanted.contains_key(*key) && shown.contains_key(*key);
    let keys: BTreeSet<_> = applied.iter().filter(left).cloned().collect();
    let changes = keys.iter().map(|k| Change::new(field(k), shown.get(k), None::<&str>)).collect();
    Action::unless_equal(UserUpdate::UntagResource(UntagResource { arn: live.user.arn.clone(), keys }), changes)
}

pub(super) fn predict_set(live: &mut Live, request: &TagResource) {
    live.user.tags.extend(request.tags.clone());
}

pub(super) fn predict_removed(live: &mut Live, request: &UntagResource) {
    live.user.tags.retain(|k, _| !request.keys.contains(k));
}

/// Asks for the values that the user has, and for no key that it lacks, if the tags are ignored.
pub(super) fn ignore(want: &Tags, ignored: &BTreeSet<IgnoredField>, live: &Live) -> Tags {
    if !ignored.contains(&IgnoredField::Tags) {
        return want.clone();
    }
    want.keys().filter_map(|key| live.user.tags.get_key_value(key)).map(|(k, v)| (k.clone(), v.clone())).collect()
}
