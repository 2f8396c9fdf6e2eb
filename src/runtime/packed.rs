//! A ConnectUser as the watch caches it: compressed, since the cache may hold a hundred thousand of them and few need a pass at a
//! time.
//!
//! The values that the controller, the counts and the metrics read of every resource are kept as fields. The rest is the JSON of
//! the resource, compressed against the first complete one as a dictionary. In a contact centre, resources differ in little:
//! names and ids.

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use connect_api::Arn;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt, core::DeserializeGuard};
use kube_runtime::reflector::Store;
use serde::Deserialize;

use super::deletion_counts::DeletionStanding;
use crate::{
    api::{ConnectUser, ConnectUserSpec, ConnectUserStatus, keep_short},
    reconcile::{Cached, NamespacedName, is_refused_confirmation},
    telemetry::ConditionSummary,
};

/// A resource that may be unreadable. An unreadable one must not stop the watch of the others.
pub(crate) type Guarded = DeserializeGuard<PackedConnectUser>;

/// A compressed ConnectUser.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "ConnectUser")]
pub(crate) struct PackedConnectUser {
    metadata: ObjectMeta,
    /// The spec's instance ARN, which may be invalid.
    pub(super) instance: Box<str>,
    /// The operator has recorded a user: the instance exists, and its namespace could use it.
    pub(super) has_user: bool,
    pub(super) deletion_standing: DeletionStanding,
    /// The confirmation of the deletion was refused before.
    pub(super) refused_confirmation: bool,
    pub(super) condition_summary: ConditionSummary,
    rest: Packed,
}

impl From<ConnectUser> for PackedConnectUser {
    fn from(mut resource: ConnectUser) -> Self {
        strip(&mut resource.metadata);
        let rest = Packed::of(&resource.spec, resource.status.as_ref());
        Self {
            has_user: resource.status.as_ref().is_some_and(|status| status.user_id.is_some()),
            deletion_standing: DeletionStanding::of(&resource),
            refused_confirmation: is_refused_confirmation(&resource),
            condition_summary: ConditionSummary::of(&resource),
            instance: resource.spec.instance_arn.into_boxed_str(),
            metadata: resource.metadata,
            rest,
        }
    }
}

impl PackedConnectUser {
    /// Returns the resource without the metadata that no pass needs. None if it cannot be unpacked, which does not happen to a
    /// resource that was parsed.
    pub(crate) fn resource(&self) -> Option<ConnectUser> {
        let (spec, status) = self.rest.unpack()?;
        Some(ConnectUser { metadata: self.metadata.clone(), spec, status })
    }
}

/// Removes metadata that no pass needs and that makes up most of the size of an object. For this reason, objects from the cache
/// are never sent back whole.
fn strip(metadata: &mut ObjectMeta) {
    metadata.managed_fields = None;
    metadata.labels = None;
    metadata.owner_references = None;
    keep_short(metadata);
}

/// Removes the same from the metadata of an unreadable resource.
pub(super) fn strip_unreadable(object: &mut Guarded) {
    if let Err(invalid) = &mut object.0 {
        strip(&mut invalid.metadata);
    }
}

impl Resource for PackedConnectUser {
    type DynamicType = ();
    type Scope = <ConnectUser as Resource>::Scope;

    fn kind(dt: &()) -> Cow<'_, str> {
        ConnectUser::kind(dt)
    }

    fn group(dt: &()) -> Cow<'_, str> {
        ConnectUser::group(dt)
    }

    fn version(dt: &()) -> Cow<'_, str> {
        ConnectUser::version(dt)
    }

    fn plural(dt: &()) -> Cow<'_, str> {
        ConnectUser::plural(dt)
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// Returns the resources that can be read.
pub(crate) fn readable(objects: &Store<Guarded>) -> impl Iterator<Item = Arc<Guarded>> + use<> {
    objects.state().into_iter().filter(|object| object.0.is_ok())
}

/// A readable resource in the cache.
pub(super) struct InCache(Arc<Guarded>);

impl InCache {
    fn packed(&self) -> Option<&PackedConnectUser> {
        self.0.0.as_ref().ok()
    }
}

impl Cached for InCache {
    fn uid(&self) -> &str {
        self.0.meta().uid.as_deref().unwrap_or_default()
    }

    fn name(&self) -> NamespacedName {
        NamespacedName { namespace: self.0.namespace().unwrap_or_default(), name: self.0.name_any() }
    }

    fn instance(&self) -> &str {
        self.packed().map(|packed| &*packed.instance).unwrap_or_default()
    }

    fn resource(&self) -> Option<ConnectUser> {
        self.packed().and_then(PackedConnectUser::resource)
    }
}

/// Returns the resources that can be read, for a sweep.
pub(super) fn for_sweep(objects: &Store<Guarded>) -> impl Iterator<Item = InCache> + use<> {
    readable(objects).map(InCache)
}

/// Returns the UIDs of all resources, including the unreadable ones, and the instances of those that can be read. Invalid ARNs are
/// skipped.
pub(super) fn known(objects: &Store<Guarded>) -> (HashSet<String>, HashSet<Arn>) {
    let objects = objects.state();
    (objects.iter().filter_map(|object| object.meta().uid.clone()).collect(), instances(&objects))
}

/// Returns the ARNs of instances in which a resource has a user, with repetitions.
pub(super) fn used(objects: &[Arc<Guarded>]) -> impl Iterator<Item = &str> {
    objects
        .iter()
        .filter_map(|object| object.0.as_ref().ok())
        .filter(|resource| resource.has_user)
        .map(|resource| &*resource.instance)
}

/// Returns the instances of the resources that can be read. Invalid ARNs are skipped.
pub(super) fn instances(objects: &[Arc<Guarded>]) -> HashSet<Arn> {
    let arns: HashSet<&str> = objects.iter().filter_map(|object| object.0.as_ref().ok()).map(|r| &*r.instance).collect();
    arns.into_iter().filter_map(|arn| arn.parse().ok()).collect()
}

/// JSON, compressed with the [`DICTIONARY`] if there was one.
#[derive(Clone, Debug)]
struct Packed {
    bytes: Box<[u8]>,
    uses_dictionary: bool,
}

/// The JSON of the first resource with an observed state: such a resource has most of the keys and ids that the others have.
static DICTIONARY: OnceLock<Box<[u8]>> = OnceLock::new();

impl Packed {
    fn of(spec: &ConnectUserSpec, status: Option<&ConnectUserStatus>) -> Self {
        // Everything that was parsed can be written. If it could not, the resource would be reported as unreadable.
        let json = serde_json::to_vec(&(spec, status)).unwrap_or_default();
        if status.is_some_and(|status| status.observed.is_some()) && DICTIONARY.get().is_none() {
            let _ = DICTIONARY.set(json.clone().into_boxed_slice());
        }
        let dictionary = DICTIONARY.get();
        let bytes = match dictionary {
            Some(dictionary) => lz4_flex::block::compress_prepend_size_with_dict(&json, dictionary),
            None => lz4_flex::block::compress_prepend_size(&json),
        };
        Self { bytes: bytes.into_boxed_slice(), uses_dictionary: dictionary.is_some() }
    }

    fn unpack(&self) -> Option<(ConnectUserSpec, Option<ConnectUserStatus>)> {
        let json = match DICTIONARY.get().filter(|_| self.uses_dictionary) {
            Some(dictionary) => lz4_flex::block::decompress_size_prepended_with_dict(&self.bytes, dictionary),
            None => lz4_flex::block::decompress_size_prepended(&self.bytes),
        };
        serde_json::from_slice(&json.ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::fixtures;

    /// A resource as the API server sends it.
    fn sent(name: &str, status: Value) -> Value {
        fixtures::json_of(json!({
            "metadata": {
                "name": name, "uid": format!("uid-of-{name}"), "resourceVersion": "7", "generation": 3,
                "labels": { "app": "users" },
                "annotations": { "connect-operator.dev/paused": "true", "argocd.argoproj.io/tracking-id": "users" },
                "managedFields": [{ "manager": "kubectl" }],
            },
            "spec": { "username": name, "tags": { "team": "billing" }, "autoAcceptConfigs": [] },
            "status": status,
        }))
    }

    fn observed() -> Value {
        json!({ "observedGeneration": 3, "userId": "u-1", "observed": { "username": "jane", "tags": { "a": "b" } } })
    }

    #[test]
    fn unpacked_resource_is_the_original_without_unused_metadata() {
        // Before there is a dictionary, the one that becomes it, and two after it.
        for (name, status) in [("new", Value::Null), ("first", observed()), ("second", observed()), ("later", Value::Null)] {
            let sent = sent(name, status);
            let resource: ConnectUser = serde_json::from_value(sent.clone()).unwrap();
            let packed: PackedConnectUser = serde_json::from_value(sent).unwrap();
            let unpacked = packed.resource().unwrap();
            assert_eq!((&unpacked.spec, &unpacked.status), (&resource.spec, &resource.status));
            assert_eq!(unpacked.metadata.uid, resource.metadata.uid);
            assert_eq!(unpacked.annotations().keys().collect::<Vec<_>>(), ["connect-operator.dev/paused"]);
            assert_eq!((unpacked.metadata.labels, unpacked.metadata.managed_fields), (None, None));
        }
    }

    #[test]
    fn resource_similar_to_the_first_packs_small() {
        let packed = |name: &str| serde_json::from_value::<PackedConnectUser>(sent(name, observed())).unwrap().rest.bytes.len();
        packed("jane");
        assert!(packed("john") < 100, "{}", packed("john"));
    }
}
