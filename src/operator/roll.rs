//! How many users there are and how many are to go, counted over the watch's cache.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use connect_api::Arn;
use kube::{ResourceExt, core::DeserializeGuard};
use kube_runtime::reflector::Store;
use tokio::time::Instant;

use super::sweeper::readable;
use crate::{
    api::{CONFIRM_DELETION, ConnectUser, DeletionPolicy, FINALIZER, ManagementPolicy},
    reconcile::{Census, Roll},
};

/// A count is good for so long: thousands who are deleted at once ask for it one by one.
const LASTS: Duration = Duration::from_secs(1);

/// Counts by instance ARN, and when they were made.
type Counts = Option<(Instant, HashMap<String, Census>)>;

/// The watch's cache as a roll.
pub(super) struct StoreRoll {
    store: Store<DeserializeGuard<ConnectUser>>,
    counts: Mutex<Counts>,
}

impl StoreRoll {
    pub(super) fn new(store: Store<DeserializeGuard<ConnectUser>>) -> Self {
        Self { store, counts: Mutex::default() }
    }
}

impl Roll for StoreRoll {
    fn census(&self, instance: &Arn) -> Census {
        // Nothing panics while holding the lock.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, by_instance) = match counts.take().filter(|(made, _)| made.elapsed() < LASTS) {
            Some(fresh) => counts.insert(fresh),
            None => counts.insert((Instant::now(), count(readable(&self.store.state())))),
        };
        by_instance.get(&instance.to_string()).copied().unwrap_or_default()
    }
}

fn count<'a>(resources: impl Iterator<Item = &'a ConnectUser>) -> HashMap<String, Census> {
    let mut counts: HashMap<String, Census> = HashMap::new();
    for resource in resources.filter(|r| has_user(r)) {
        let census = match counts.get_mut(&resource.spec.instance_arn) {
            Some(census) => census,
            None => counts.entry(resource.spec.instance_arn.clone()).or_default(),
        };
        census.all += 1;
        census.going += usize::from(is_going(resource));
    }
    counts
}

/// Whether it has a user in Connect, or may have.
fn has_user(resource: &ConnectUser) -> bool {
    resource.status.as_ref().is_some_and(|status| status.user_id.is_some() || status.create_attempt.is_some())
}

/// Whether its user is to be deleted, and no person has confirmed that.
fn is_going(resource: &ConnectUser) -> bool {
    let confirmed = resource.annotations().get(CONFIRM_DELETION).is_some_and(|v| v == "true");
    let stays = resource.spec.management_policy == ManagementPolicy::Observe
        || resource.spec.deletion_policy == Some(DeletionPolicy::Retain);
    resource.metadata.deletion_timestamp.is_some() && resource.finalizers().iter().any(|f| f == FINALIZER) && !confirmed && !stays
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn resource(metadata: &Value, spec: &Value, user: Option<&str>) -> ConnectUser {
        let mut object = json!({
            "apiVersion": "connect-operator.dev/v1alpha1",
            "kind": "ConnectUser",
            "metadata": { "name": "jane", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [FINALIZER] },
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
        let counts = count(resources.iter());
        assert_eq!(counts["arn:1"], Census { all: 6, going: 1 });
        assert_eq!(counts["arn:2"], Census { all: 1, going: 1 });
    }
}
