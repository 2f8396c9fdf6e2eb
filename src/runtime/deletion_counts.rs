//! Counts the users of each instance, and those about to be deleted, over the cache of the watch.

use std::{collections::HashMap, sync::Arc, time::Duration};

use connect_api::Arn;
use jiff::Timestamp;
use kube::Resource;
use kube_runtime::reflector::Store;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    namespaces::Unlisted,
    packed::{DeletionStanding, Guarded, PackedConnectUser, readable},
};
use crate::{
    api::{ConnectUser, DeletionPolicy},
    reconcile::{InstanceCounts, NamespaceCounts, UserCounter, is_confirmed},
};

/// How long a count is reused: thousands of resources that are deleted together each need it.
const LASTS: Duration = Duration::from_secs(1);

/// When the counts were made, and the counts by instance ARN.
type CachedCounts = Option<(Instant, HashMap<Box<str>, Arc<InstanceCounts>>)>;

/// Counts over the cache of the watch.
pub(super) struct StoreCounter {
    store: Store<Guarded>,
    unlisted: Unlisted,
    counts: Mutex<CachedCounts>,
}

impl StoreCounter {
    pub(super) fn new(store: Store<Guarded>, unlisted: Unlisted) -> Self {
        Self { store, unlisted, counts: Mutex::default() }
    }
}

impl UserCounter for StoreCounter {
    fn instance_counts(&self, instance: &Arn, now: Timestamp, default: &dyn Fn(&str) -> DeletionPolicy) -> Arc<InstanceCounts> {
        let mut cached = self.counts.lock();
        let (_, by_instance) = match cached.take().filter(|(made, _)| made.elapsed() < LASTS) {
            Some(fresh) => cached.insert(fresh),
            None => {
                let objects: Vec<_> = readable(&self.store).collect();
                let resources = objects.iter().filter_map(|object| object.0.as_ref().ok());
                let counted = count(resources, &self.unlisted, now, default);
                cached.insert((Instant::now(), counted.into_iter().map(|(arn, counts)| (arn, Arc::new(counts))).collect()))
            }
        };
        by_instance.get(instance.to_string().as_str()).cloned().unwrap_or_default()
    }
}

/// Counts the users of each instance that these resources manage. `default` returns the deletion policy of a namespace.
pub fn count_users(
    resources: impl IntoIterator<Item = ConnectUser>,
    now: Timestamp,
    default: &dyn Fn(&str) -> DeletionPolicy,
) -> HashMap<Box<str>, InstanceCounts> {
    let packed: Vec<_> = resources.into_iter().map(PackedConnectUser::from).collect();
    count(packed.iter(), &Unlisted::default(), now, default)
}

type InstanceAndNamespace<'a> = (&'a str, &'a str);
/// When deletions were requested, by UID.
type Going = HashMap<String, Timestamp>;

fn count<'a>(
    resources: impl Iterator<Item = &'a PackedConnectUser>,
    unlisted: &Unlisted,
    now: Timestamp,
    default: &dyn Fn(&str) -> DeletionPolicy,
) -> HashMap<Box<str>, InstanceCounts> {
    let mut counted: HashMap<InstanceAndNamespace<'_>, (usize, Going)> = HashMap::new();
    for resource in resources.filter(|resource| resource.deletion_standing != DeletionStanding::None) {
        let metadata = resource.meta();
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        let (all, going) = counted.entry((&*resource.instance, namespace)).or_default();
        *all += 1;
        let goes = match resource.deletion_standing {
            DeletionStanding::None | DeletionStanding::Staying => false,
            DeletionStanding::Going => true,
            DeletionStanding::GoingByDefault => default(namespace) == DeletionPolicy::Delete,
        };
        if goes
            && !is_confirmed(metadata, resource.refused_confirmation, now)
            && let (Some(uid), Some(requested)) = (&metadata.uid, &metadata.deletion_timestamp)
        {
            going.insert(uid.clone(), requested.0);
        }
    }
    let mut by_instance: HashMap<Box<str>, InstanceCounts> = HashMap::new();
    // What the cache shows of a namespace that can no longer be listed may be long gone.
    for ((instance, namespace), (all, going)) in counted.into_iter().filter(|((_, namespace), _)| !unlisted.contains(namespace)) {
        let namespaces = by_instance.entry(instance.into()).or_default();
        namespaces.insert(namespace.into(), NamespaceCounts::new(all, going));
    }
    by_instance
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::{CONFIRM_DELETION, FINALIZER, fixtures};

    const DELETED: &str = "2026-01-01T00:00:00Z";

    /// A resource that is being deleted, with changes.
    fn resource(metadata: Value, spec: Value, user: Option<&str>) -> PackedConnectUser {
        let mut resource = fixtures::json_of(json!({
            "metadata": { "uid": user, "namespace": "a", "deletionTimestamp": DELETED, "finalizers": [FINALIZER] },
            "spec": { "instanceArn": "arn:1" },
            "status": { "userId": user, "refusedConfirmation": "2026-01-01T00:30:00Z" },
        }));
        fixtures::merge(&mut resource, json!({ "metadata": metadata, "spec": spec }));
        serde_json::from_value(resource).unwrap()
    }

    /// Counts an hour later, with the default policy of the namespace `kept` being Retain.
    fn counted(resources: &[PackedConnectUser], unlisted: &Unlisted) -> HashMap<Box<str>, InstanceCounts> {
        let default = |namespace: &str| if namespace == "kept" { DeletionPolicy::Retain } else { DeletionPolicy::Delete };
        count(resources.iter(), unlisted, "2026-01-01T01:00:00Z".parse().unwrap(), &default)
    }

    fn counts(all: usize, going: &[&str]) -> NamespaceCounts {
        NamespaceCounts::new(all, going.iter().map(|uid| ((*uid).to_owned(), DELETED.parse().unwrap())).collect())
    }

    #[test]
    fn only_unconfirmed_deletions_count_as_going() {
        let nothing = || json!({});
        let annotated = |value| json!({ "annotations": { CONFIRM_DELETION: value } });
        let resources = [
            resource(nothing(), nothing(), Some("u-1")),
            resource(json!({ "deletionTimestamp": null }), nothing(), Some("u-2")),
            resource(annotated(DELETED), nothing(), Some("u-3")),
            resource(json!({ "finalizers": ["another/one"] }), nothing(), Some("u-4")),
            resource(nothing(), json!({ "deletionPolicy": "Retain" }), Some("u-5")),
            resource(nothing(), json!({ "managementPolicy": "Observe" }), Some("u-6")),
            resource(nothing(), nothing(), None),
            resource(nothing(), json!({ "instanceArn": "arn:2" }), Some("u-7")),
        ];
        let found = counted(&resources, &Unlisted::default());
        assert_eq!(found["arn:1"], [("a".into(), counts(5, &["u-1"]))].into());
        assert_eq!(found["arn:2"], [("a".into(), counts(1, &["u-7"]))].into());
    }

    #[test]
    fn confirmation_of_another_deletion_does_not_count() {
        let values = ["true", "2025-12-31T23:00:00Z", "2026-01-01T02:00:00Z", "2026-01-01T00:30:00Z", "2026-01-01T00:31:00Z"];
        let uids = ["word", "earlier", "future", "refused", "confirmed"];
        let annotated = |(value, uid)| resource(json!({ "annotations": { CONFIRM_DELETION: value } }), json!({}), Some(uid));
        let resources: Vec<_> = values.into_iter().zip(uids).map(annotated).collect();
        let found = counted(&resources, &Unlisted::default());
        assert_eq!(found["arn:1"], [("a".into(), counts(5, &uids[..4]))].into());
    }

    #[test]
    fn users_that_the_default_policy_retains_do_not_count_as_going() {
        let kept = resource(json!({ "namespace": "kept" }), json!({}), Some("u-1"));
        let explicit = resource(json!({ "namespace": "kept" }), json!({ "deletionPolicy": "Delete" }), Some("u-2"));
        let other = resource(json!({ "namespace": "other" }), json!({}), Some("u-3"));
        let found = counted(&[kept, explicit, other], &Unlisted::default());
        assert_eq!(found["arn:1"], [("kept".into(), counts(2, &["u-2"])), ("other".into(), counts(1, &["u-3"]))].into());
    }

    #[test]
    fn namespace_that_can_no_longer_be_listed_does_not_count() {
        let ghost = resource(json!({ "namespace": "gone" }), json!({}), Some("u-1"));
        let other = resource(json!({ "namespace": "other" }), json!({}), Some("u-2"));
        let unlisted = Unlisted::default();
        unlisted.add("gone");
        assert_eq!(counted(&[ghost, other], &unlisted)["arn:1"], [("other".into(), counts(1, &["u-2"]))].into());
    }
}
