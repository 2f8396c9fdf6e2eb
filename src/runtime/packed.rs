//! A ConnectUser as the watch keeps it: packed, since a hundred thousand of them are kept and few are worth a pass at a time.
//!
//! What the controller, the counts and the metrics ask of every one is at hand; the rest is the resource's own JSON, written as what
//! differs from the first one that was kept. In a contact centre that is little: names and ids.

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, core::DeserializeGuard};
use kube_runtime::reflector::Store;
use serde::{Deserialize, Serialize};

use super::deletion_counts::DeletionStanding;
use crate::{
    api::{ConnectUser, ConnectUserSpec, ConnectUserStatus, PREFIX},
    telemetry::ConditionSummary,
};

/// One that may be unreadable: it must not stop the watch of the others.
pub(crate) type Guarded = DeserializeGuard<PackedConnectUser>;

/// A ConnectUser, packed.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "ConnectUser")]
pub(crate) struct PackedConnectUser {
    metadata: ObjectMeta,
    /// The ARN of the instance that it speaks of.
    pub(super) instance: Box<str>,
    /// What it counts as for the guard against mass deletion.
    pub(super) part: DeletionStanding,
    /// What it counts as in the metrics.
    pub(super) standing: ConditionSummary,
    rest: Packed,
}

/// All but the metadata, for reading.
#[derive(Deserialize)]
struct Rest {
    spec: ConnectUserSpec,
    status: Option<ConnectUserStatus>,
}

/// The same, for writing.
#[derive(Serialize)]
struct RestOf<'a> {
    spec: &'a ConnectUserSpec,
    status: &'a Option<ConnectUserStatus>,
}

impl From<ConnectUser> for PackedConnectUser {
    fn from(mut resource: ConnectUser) -> Self {
        strip(&mut resource.metadata);
        let rest = Packed::of(&RestOf { spec: &resource.spec, status: &resource.status });
        Self {
            part: DeletionStanding::of(&resource),
            standing: ConditionSummary::of(&resource),
            instance: resource.spec.instance_arn.into_boxed_str(),
            metadata: resource.metadata,
            rest,
        }
    }
}

impl PackedConnectUser {
    /// The resource, without what no pass needs of its metadata. None if it could not be kept, which nothing that was parsed can be.
    pub(crate) fn resource(&self) -> Option<ConnectUser> {
        let Rest { spec, status } = self.rest.unpack()?;
        Some(ConnectUser { metadata: self.metadata.clone(), spec, status })
    }
}

/// No pass needs these, and they are most of an object's size. Objects from the cache are therefore never sent back whole.
fn strip(metadata: &mut ObjectMeta) {
    metadata.managed_fields = None;
    metadata.labels = None;
    metadata.owner_references = None;
    if let Some(annotations) = &mut metadata.annotations {
        annotations.retain(|name, _| name.starts_with(PREFIX));
    }
    metadata.annotations.take_if(|annotations| annotations.is_empty());
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

/// Those that can be read.
pub(crate) fn readable(objects: &Store<Guarded>) -> impl Iterator<Item = Arc<Guarded>> + use<> {
    objects.state().into_iter().filter(|object| object.0.is_ok())
}

/// The UIDs of all there are, those that cannot be read among them.
pub(super) fn uids(objects: &Store<Guarded>) -> HashSet<String> {
    objects.state().iter().filter_map(|object| object.meta().uid.clone()).collect()
}

/// JSON, as what differs from [`DICTIONARY`] if there was one.
#[derive(Clone, Debug)]
struct Packed {
    bytes: Box<[u8]>,
    by_example: bool,
}

/// The first resource that had all there is to have.
static DICTIONARY: OnceLock<Box<[u8]>> = OnceLock::new();

impl Packed {
    fn of(rest: &RestOf<'_>) -> Self {
        // Everything that was parsed can be written; what could not would be unreadable, and told as such.
        let json = serde_json::to_vec(rest).unwrap_or_default();
        if rest.status.as_ref().is_some_and(|status| status.observed.is_some()) && DICTIONARY.get().is_none() {
            let _ = DICTIONARY.set(json.clone().into_boxed_slice());
        }
        let example = DICTIONARY.get();
        let bytes = match example {
            Some(example) => lz4_flex::block::compress_prepend_size_with_dict(&json, example),
            None => lz4_flex::block::compress_prepend_size(&json),
        };
        Self { bytes: bytes.into_boxed_slice(), by_example: example.is_some() }
    }

    fn unpack(&self) -> Option<Rest> {
        let json = match DICTIONARY.get().filter(|_| self.by_example) {
            Some(example) => lz4_flex::block::decompress_size_prepended_with_dict(&self.bytes, example),
            None => lz4_flex::block::decompress_size_prepended(&self.bytes),
        };
        serde_json::from_slice(&json.ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use kube::ResourceExt;
    use serde_json::{Value, json};

    use super::*;

    /// As the API server sends one.
    fn sent(name: &str, status: Value) -> Value {
        json!({
            "apiVersion": "connect-operator.dev/v1alpha1",
            "kind": "ConnectUser",
            "metadata": {
                "name": name, "namespace": "sales", "uid": format!("uid-of-{name}"), "resourceVersion": "7", "generation": 3,
                "labels": { "app": "users" },
                "annotations": { "connect-operator.dev/paused": "true", "argocd.argoproj.io/tracking-id": "users" },
                "managedFields": [{ "manager": "kubectl" }],
            },
            "spec": {
                "instanceArn": "arn:1", "username": name, "routingProfileArn": "arn:2", "securityProfileArns": ["arn:3"],
                "tags": { "team": "billing" }, "autoAcceptConfigs": [],
            },
            "status": status,
        })
    }

    #[test]
    fn what_was_packed_is_what_was_sent_but_for_metadata_that_nobody_needs() {
        let observed =
            json!({ "observedGeneration": 3, "userId": "u-1", "observed": { "username": "jane", "tags": { "a": "b" } } });
        // Before there is an example, the example itself, and after it.
        for (name, status) in [("new", Value::Null), ("first", observed.clone()), ("second", observed), ("later", Value::Null)] {
            let sent = sent(name, status);
            let resource: ConnectUser = serde_json::from_value(sent.clone()).unwrap();
            let cached: PackedConnectUser = serde_json::from_value(sent).unwrap();
            let unpacked = cached.resource().unwrap();
            assert_eq!((&unpacked.spec, &unpacked.status), (&resource.spec, &resource.status));
            assert_eq!(unpacked.uid(), resource.uid());
            assert_eq!(unpacked.annotations().keys().collect::<Vec<_>>(), ["connect-operator.dev/paused"]);
            assert_eq!((unpacked.metadata.labels, unpacked.metadata.managed_fields), (None, None));
        }
    }

    #[test]
    fn one_like_the_first_takes_little_room() {
        let status =
            json!({ "observedGeneration": 3, "userId": "u-1", "observed": { "username": "jane", "tags": { "a": "b" } } });
        let packed =
            |name: &str| serde_json::from_value::<PackedConnectUser>(sent(name, status.clone())).unwrap().rest.bytes.len();
        packed("jane");
        assert!(packed("john") < 100, "{}", packed("john"));
    }
}
