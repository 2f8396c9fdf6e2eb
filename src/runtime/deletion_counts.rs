//! Counts the users of each instance, and those about to be deleted, over the cache of the watch.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use connect_api::Arn;
use kube::ResourceExt;
use kube_runtime::reflector::Store;
use tokio::time::Instant;

use super::{
    deletion_standing::DeletionStanding,
    packed::{Guarded, PackedConnectUser, readable},
};
use crate::{
    api::DeletionPolicy,
    reconcile::{InstanceCounts, UserCounter},
};

/// How long a count is reused: thousands of resources that are deleted together each need it.
const LASTS: Duration = Duration::from_secs(1);

/// When the counts were made, and the counts by instance ARN.
type CachedCounts = Option<(Instant, HashMap<Box<str>, Arc<InstanceCounts>>)>;

/// Counts over the cache of the watch.
pub(super) struct StoreCounter {
    store: Store<Guarded>,
    counts: Mutex<CachedCounts>,
}

impl StoreCounter {
    pub(super) fn new(store: Store<Guarded>) -> Self {
        Self { store, counts: Mutex::default() }
    }
}

impl UserCounter for StoreCounter {
    fn instance_counts(&self, instance: &Arn, default: &dyn Fn(&str) -> DeletionPolicy) -> Arc<InstanceCounts> {
        // Nothing panics while holding the lock.
        let mut cached = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, by_instance) = match cached.take().filter(|(made, _)| made.elapsed() < LASTS) {
            Some(fresh) => cached.insert(fresh),
            None => {
                let objects: Vec<_> = readable(&self.store).collect();
                let counted = count(objects.iter().filter_map(|object| object.0.as_ref().ok()), default);
                cached.insert((Instant::now(), counted.into_iter().map(|(arn, counts)| (arn, Arc::new(counts))).collect()))
            }
        };
        by_instance.get(instance.to_string().as_str()).cloned().unwrap_or_default()
    }
}

fn count<'a>(
    resources: impl Iterator<Item = &'a PackedConnectUser>,
    default: &dyn Fn(&str) -> DeletionPolicy,
) -> HashMap<Box<str>, InstanceCounts> {
    let mut by_instance: HashMap<Box<str>, InstanceCounts> = HashMap::new();
    for resource in resources {
        let PackedConnectUser { instance, deletion_standing, .. } = resource;
        if *deletion_standing == DeletionStanding::None {
            continue;
        }
        let counts = match by_instance.get_mut(instance) {
            Some(counts) => counts,
            None => by_instance.entry(instance.clone()).or_default(),
        };
        counts.all += 1;
        let goes = match deletion_standing {
            DeletionStanding::None | DeletionStanding::Staying => false,
            DeletionStanding::Going => true,
            DeletionStanding::GoingByDefault => default(&resource.namespace().unwrap_or_default()) == DeletionPolicy::Delete,
        };
        counts.going.extend(resource.uid().filter(|_| goes));
    }
    by_instance
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::{CONFIRM_DELETION, FINALIZER};

    fn resource(metadata: &Value, spec: &Value, user: Option<&str>) -> PackedConnectUser {
        let mut object = json!({
            "apiVersion": "connect-operator.dev/v1alpha1",
            "kind": "ConnectUser",
            "metadata": { "name": "jane", "uid": user, "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER] },
            "spec": { "instanceArn": "arn:1", "username": "jane", "routingProfileArn": "", "securityProfileArns": [] },
            "status": { "userId": user },
        });
        for (part, changes) in [("metadata", metadata), ("spec", spec)] {
            for (key, value) in changes.as_object().unwrap() {
                object[part][key] = value.clone();
            }
        }
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn only_unconfirmed_deletions_count_as_going() {
        let nothing = json!({});
        let resources = [
            resource(&nothing, &nothing, Some("u-1")),
            resource(&json!({ "deletionTimestamp": null }), &nothing, Some("u-2")),
            resource(&json!({ "annotations": { CONFIRM_DELETION: "true" } }), &nothing, Some("u-3")),
            resource(&json!({ "finalizers": ["another/one"] }), &nothing, Some("u-4")),
            resource(&nothing, &json!({ "deletionPolicy": "Retain" }), Some("u-5")),
            resource(&nothing, &json!({ "managementPolicy": "Observe" }), Some("u-6")),
            resource(&nothing, &nothing, None),
            resource(&nothing, &json!({ "instanceArn": "arn:2" }), Some("u-7")),
        ];
        let counts = count(resources.iter(), &|_| DeletionPolicy::Delete);
        assert_eq!(counts["arn:1"], InstanceCounts { all: 5, going: ["u-1".to_owned()].into() });
        assert_eq!(counts["arn:2"], InstanceCounts { all: 1, going: ["u-7".to_owned()].into() });
    }

    #[test]
    fn users_that_the_default_policy_retains_do_not_count_as_going() {
        let kept = resource(&json!({ "namespace": "kept" }), &json!({}), Some("u-1"));
        let explicit = resource(&json!({ "namespace": "kept" }), &json!({ "deletionPolicy": "Delete" }), Some("u-2"));
        let other = resource(&json!({ "namespace": "other" }), &json!({}), Some("u-3"));
        let default = |namespace: &str| if namespace == "kept" { DeletionPolicy::Retain } else { DeletionPolicy::Delete };
        let counts = count([&kept, &explicit, &other].into_iter(), &default);
        assert_eq!(counts["arn:1"], InstanceCounts { all: 3, going: ["u-2".to_owned(), "u-3".to_owned()].into() });
    }
}
