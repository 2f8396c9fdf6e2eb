//! Counts the users of each instance, and those about to be deleted, over the cache of the watch.

use std::{collections::HashMap, sync::Arc, time::Duration};

use connect_api::Arn;
use kube::ResourceExt;
use kube_runtime::reflector::Store;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::packed::{Guarded, PackedConnectUser, readable};
use crate::{
    api::{ConnectUser, DeletionPolicy, FINALIZER, ManagementPolicy},
    reconcile::{InstanceCounts, UserCounter, is_confirmed},
};

/// How a resource counts for the guard against mass deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeletionStanding {
    /// Not at all: it has no user in Connect, or only observes one.
    None,
    /// As a user that stays.
    Staying,
    /// As a user that is about to be deleted, without a person's confirmation.
    Going,
    /// The same, provided that the default policy of the namespace or of the operator is `Delete`.
    GoingByDefault,
}

impl DeletionStanding {
    pub(super) fn of(resource: &ConnectUser) -> Self {
        let has_user = resource.status.as_ref().is_some_and(|s| s.user_id.is_some() || s.create_attempt.is_some());
        let deleted = resource.metadata.deletion_timestamp.is_some() && resource.finalizers().iter().any(|f| f == FINALIZER);
        // Deleting a resource that only observes its user does not delete the user.
        let observed = resource.spec.management_policy == ManagementPolicy::Observe;
        match (has_user && !observed, deleted && !is_confirmed(resource), resource.spec.deletion_policy) {
            (false, ..) => Self::None,
            (true, false, _) | (true, true, Some(DeletionPolicy::Retain)) => Self::Staying,
            (true, true, Some(DeletionPolicy::Delete)) => Self::Going,
            (true, true, None) => Self::GoingByDefault,
        }
    }
}

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
        let mut cached = self.counts.lock();
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
    use crate::api::{CONFIRM_DELETION, fixtures};

    /// A resource that is being deleted, with changes.
    fn resource(metadata: Value, spec: Value, user: Option<&str>) -> PackedConnectUser {
        let mut resource = fixtures::json_of(json!({
            "metadata": { "uid": user, "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER] },
            "spec": { "instanceArn": "arn:1" },
            "status": { "userId": user },
        }));
        fixtures::merge(&mut resource, json!({ "metadata": metadata, "spec": spec }));
        serde_json::from_value(resource).unwrap()
    }

    #[test]
    fn only_unconfirmed_deletions_count_as_going() {
        let nothing = || json!({});
        let resources = [
            resource(nothing(), nothing(), Some("u-1")),
            resource(json!({ "deletionTimestamp": null }), nothing(), Some("u-2")),
            resource(json!({ "annotations": { CONFIRM_DELETION: "true" } }), nothing(), Some("u-3")),
            resource(json!({ "finalizers": ["another/one"] }), nothing(), Some("u-4")),
            resource(nothing(), json!({ "deletionPolicy": "Retain" }), Some("u-5")),
            resource(nothing(), json!({ "managementPolicy": "Observe" }), Some("u-6")),
            resource(nothing(), nothing(), None),
            resource(nothing(), json!({ "instanceArn": "arn:2" }), Some("u-7")),
        ];
        let counts = count(resources.iter(), &|_| DeletionPolicy::Delete);
        assert_eq!(counts["arn:1"], InstanceCounts { all: 5, going: ["u-1".to_owned()].into() });
        assert_eq!(counts["arn:2"], InstanceCounts { all: 1, going: ["u-7".to_owned()].into() });
    }

    #[test]
    fn users_that_the_default_policy_retains_do_not_count_as_going() {
        let kept = resource(json!({ "namespace": "kept" }), json!({}), Some("u-1"));
        let explicit = resource(json!({ "namespace": "kept" }), json!({ "deletionPolicy": "Delete" }), Some("u-2"));
        let other = resource(json!({ "namespace": "other" }), json!({}), Some("u-3"));
        let default = |namespace: &str| if namespace == "kept" { DeletionPolicy::Retain } else { DeletionPolicy::Delete };
        let counts = count([&kept, &explicit, &other].into_iter(), &default);
        assert_eq!(counts["arn:1"], InstanceCounts { all: 3, going: ["u-2".to_owned(), "u-3".to_owned()].into() });
    }
}
