//! How many users there are and how many are to go, counted over the watch's cache.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use connect_api::Arn;
use kube::ResourceExt;
use kube_runtime::reflector::Store;
use tokio::time::Instant;

use super::packed::{Guarded, PackedConnectUser, readable};
use crate::{
    api::{ConnectUser, DeletionPolicy, FINALIZER, ManagementPolicy},
    reconcile::{InstanceCounts, UserCounter, is_confirmed},
};

/// A count is good for so long: thousands who are deleted at once ask for it one by one.
const LASTS: Duration = Duration::from_secs(1);

/// Counts by instance ARN, and when they were made.
type Counts = Option<(Instant, HashMap<Box<str>, Arc<InstanceCounts>>)>;

/// The watch's cache as a roll.
pub(super) struct StoreCounter {
    store: Store<Guarded>,
    counts: Mutex<Counts>,
}

impl StoreCounter {
    pub(super) fn new(store: Store<Guarded>) -> Self {
        Self { store, counts: Mutex::default() }
    }
}

impl UserCounter for StoreCounter {
    fn census(&self, instance: &Arn, default: &dyn Fn(&str) -> DeletionPolicy) -> Arc<InstanceCounts> {
        // Nothing panics while holding the lock.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, by_instance) = match counts.take().filter(|(made, _)| made.elapsed() < LASTS) {
            Some(fresh) => counts.insert(fresh),
            None => {
                let objects: Vec<_> = readable(&self.store).collect();
                let counted = count(objects.iter().filter_map(|object| object.0.as_ref().ok()), default);
                counts.insert((Instant::now(), counted.into_iter().map(|(arn, census)| (arn, Arc::new(census))).collect()))
            }
        };
        by_instance.get(instance.to_string().as_str()).cloned().unwrap_or_default()
    }
}

fn count<'a>(
    resources: impl Iterator<Item = &'a PackedConnectUser>,
    default: &dyn Fn(&str) -> DeletionPolicy,
) -> HashMap<Box<str>, InstanceCounts> {
    let mut counts: HashMap<Box<str>, InstanceCounts> = HashMap::new();
    for cached in resources {
        let PackedConnectUser { instance, part, .. } = cached;
        if *part == DeletionStanding::None {
            continue;
        }
        let census = match counts.get_mut(instance) {
            Some(census) => census,
            None => counts.entry(instance.clone()).or_default(),
        };
        census.all += 1;
        let goes = match part {
            DeletionStanding::None | DeletionStanding::Staying => false,
            DeletionStanding::Going => true,
            DeletionStanding::GoingByDefault => default(&cached.namespace().unwrap_or_default()) == DeletionPolicy::Delete,
        };
        census.going.extend(cached.uid().filter(|_| goes));
    }
    counts
}

/// What a resource counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeletionStanding {
    /// Nothing: it has no user in Connect, or only observes one.
    None,
    /// A user.
    Staying,
    /// A user that is to be deleted, and no person has confirmed it.
    Going,
    /// The same, if the namespace or the operator has it that users are deleted.
    GoingByDefault,
}

impl DeletionStanding {
    pub(super) fn of(resource: &ConnectUser) -> Self {
        let has_user = resource.status.as_ref().is_some_and(|s| s.user_id.is_some() || s.create_attempt.is_some());
        let deleted = resource.metadata.deletion_timestamp.is_some() && resource.finalizers().iter().any(|f| f == FINALIZER);
        let observed = resource.spec.management_policy == ManagementPolicy::Observe;
        // A user that is only observed is another one's to delete, or nobody's.
        match (has_user && !observed, deleted && !is_confirmed(resource), resource.spec.deletion_policy) {
            (false, ..) => Self::None,
            (true, false, _) | (true, true, Some(DeletionPolicy::Retain)) => Self::Staying,
            (true, true, Some(DeletionPolicy::Delete)) => Self::Going,
            (true, true, None) => Self::GoingByDefault,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::CONFIRM_DELETION;

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
    fn who_goes_is_who_would_be_deleted_without_a_persons_word() {
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
    fn who_stays_because_the_namespace_or_the_operator_says_so_does_not_go() {
        let kept = resource(&json!({ "namespace": "kept" }), &json!({}), Some("u-1"));
        let told = resource(&json!({ "namespace": "kept" }), &json!({ "deletionPolicy": "Delete" }), Some("u-2"));
        let other = resource(&json!({ "namespace": "other" }), &json!({}), Some("u-3"));
        let default = |namespace: &str| if namespace == "kept" { DeletionPolicy::Retain } else { DeletionPolicy::Delete };
        let counts = count([&kept, &told, &other].into_iter(), &default);
        assert_eq!(counts["arn:1"], InstanceCounts { all: 3, going: ["u-2".to_owned(), "u-3".to_owned()].into() });
    }
}
