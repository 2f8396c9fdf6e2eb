//! A ConnectUser as the watch caches it: compressed, since the cache may hold a hundred thousand of them and few need a pass at a
//! time.
//!
//! The values that the controller, the counts and the metrics read of every resource are kept as fields. The rest is the JSON of
//! the resource, compressed against the first complete one as a dictionary. In a contact centre, resources differ in little:
//! names and ids. A resource that is large all the same is kept as a sketch: a person can fill one with a megabyte, and hundreds of
//! these must not cost the operator its memory.

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use connect_api::Arn;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};
use kube_runtime::reflector::Store;
use serde::Deserialize;
use serde_json::json;

use super::guard::Guard;
use crate::{
    api::{ConnectUser, ConnectUserSpec, ConnectUserStatus, DeletionPolicy, FINALIZER, ManagementPolicy, keep_short},
    reconcile::{Cached, NamespacedName, is_refused_confirmation},
    telemetry::ConditionSummary,
};

/// The most that is kept of a resource, in bytes. The largest that make sense, with a sentence in each of their tags, are smaller.
const LARGEST: usize = 6 * 1024;

/// A resource that may be unreadable. An unreadable one must not stop the watch of the others.
pub(crate) type Guarded = Guard<PackedConnectUser>;

/// How a resource counts for the guard against mass deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeletionStanding {
    /// Not at all: it has no user in Connect, or only observes one.
    None,
    /// As a user that stays.
    Staying,
    /// As a user that is about to be deleted.
    Going,
    /// The same, provided that the default policy of the namespace or of the operator is `Delete`.
    GoingByDefault,
}

impl DeletionStanding {
    pub(super) fn of(resource: &ConnectUser) -> Self {
        let has_user = resource.status.as_ref().is_some_and(|s| s.user_id.is_some() || s.create_attempt.is_some());
        let deleted = resource.metadata.deletion_timestamp.is_some() && resource.has_finalizer();
        // Deleting a resource that only observes its user does not delete the user.
        let observed = resource.spec.management_policy == ManagementPolicy::Observe;
        match (has_user && !observed, deleted, resource.spec.deletion_policy) {
            (false, ..) => Self::None,
            (true, false, _) | (true, true, Some(DeletionPolicy::Retain)) => Self::Staying,
            (true, true, Some(DeletionPolicy::Delete)) => Self::Going,
            (true, true, None) => Self::GoingByDefault,
        }
    }
}

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
    /// `rest` is a sketch: the instance, the username and the recorded user.
    is_sketch: bool,
}

impl From<ConnectUser> for PackedConnectUser {
    fn from(mut resource: ConnectUser) -> Self {
        strip(&mut resource.metadata);
        let mut rest = Packed::of(&resource.spec, resource.status.as_ref());
        let finalizers = resource.metadata.finalizers.iter().flatten().map(|finalizer| size_of::<String>() + finalizer.len());
        let is_sketch = rest.bytes.len() + finalizers.sum::<usize>() > LARGEST;
        if is_sketch && let Some((spec, status)) = sketch(&resource) {
            rest = Packed::of(&spec, Some(&status));
            resource.metadata.finalizers.iter_mut().for_each(|all| all.retain(|finalizer| finalizer == FINALIZER));
        }
        Self {
            is_sketch,
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
    /// Returns the resource without the metadata that no pass needs. None if it is so large that it has to be read again.
    pub(crate) fn resource(&self) -> Option<ConnectUser> {
        if self.is_sketch { None } else { self.outline() }
    }

    /// Returns the resource, or a sketch of one that is large. None does not happen to a resource that was parsed.
    fn outline(&self) -> Option<ConnectUser> {
        let (spec, status) = self.rest.unpack()?;
        Some(ConnectUser { metadata: self.metadata.clone(), spec, status })
    }
}

/// Returns what a sweep must know of every resource. None does not happen: these two members of a spec suffice.
fn sketch(resource: &ConnectUser) -> Option<(ConnectUserSpec, ConnectUserStatus)> {
    let spec = json!({ "instanceArn": resource.spec.instance_arn, "username": resource.spec.username });
    let user_arn = resource.status.as_ref().and_then(|status| status.user_arn.clone());
    Some((serde_json::from_value(spec).ok()?, ConnectUserStatus { user_arn, ..ConnectUserStatus::default() }))
}

/// Removes metadata that no pass needs and that makes up most of the size of an object. For this reason, objects from the cache
/// are never sent back whole.
pub(super) fn strip(metadata: &mut ObjectMeta) {
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
        self.packed().and_then(PackedConnectUser::outline)
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
        if json.len() <= LARGEST && status.is_some_and(|status| status.observed.is_some()) && DICTIONARY.get().is_none() {
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
    use serde_json::Value;

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

    /// Returns text that does not compress.
    fn noise(random: &mut fastrand::Rng, characters: usize) -> String {
        (0..characters).map(|_| random.char('\u{4e00}'..'\u{9f00}')).collect()
    }

    /// As large as the definition admits, and larger.
    fn hostile(random: &mut fastrand::Rng, number: usize) -> Value {
        let tags: serde_json::Map<_, _> = (0..46).map(|_| (noise(random, 128), noise(random, 256).into())).collect();
        let proficiencies: Vec<_> = (0..100)
            .map(|_| json!({ "attributeName": noise(random, 100), "attributeValue": noise(random, 100), "level": 1 }))
            .collect();
        let others = (0..1000).map(|_| format!("example.com/{}", noise(random, 60)));
        let finalizers: Vec<_> = others.chain([FINALIZER.to_owned()]).collect();
        fixtures::json_of(json!({
            "metadata": {
                "name": format!("hostile-{number}"), "uid": format!("00000000-aaaa-4bbb-8ccc-{number:012}"),
                "annotations": { "connect-operator.dev/reconcile-requested-at": noise(random, 80_000) },
                "finalizers": finalizers,
            },
            "spec": { "username": format!("user-{number}"), "tags": tags, "userProficiencies": proficiencies },
            "status": { "observedGeneration": 1, "userId": "u-1", "userArn": "arn:1", "observed": { "username": noise(random, 9000) } },
        }))
    }

    #[test]
    fn hostile_fleet_costs_little() {
        const USERS: usize = 500;
        let random = &mut fastrand::Rng::with_seed(1);
        let all: Vec<PackedConnectUser> = (0..USERS).map(|n| serde_json::from_value(hostile(random, n)).unwrap()).collect();
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let held = all.iter().map(|packed| {
            let PackedConnectUser { metadata, rest, instance, .. } = packed;
            let annotations = metadata.annotations.iter().flatten().map(|(key, value)| key.len() + value.len()).sum::<usize>();
            let finalizers = metadata.finalizers.iter().flatten().map(String::len).sum::<usize>();
            size_of::<PackedConnectUser>() + rest.bytes.len() + instance.len() + annotations + finalizers + text(&metadata.name)
        });
        let held: usize = held.sum();
        assert!(held < 1024 * 1024, "{} KiB", held / 1024);
        assert!(all.iter().all(|packed| packed.resource().is_none() && packed.has_user), "a pass reads them again");
        let outline = all[7].outline().unwrap();
        assert_eq!((&*outline.spec.username, outline.status.unwrap().user_arn.as_deref()), ("user-7", Some("arn:1")));
        assert_eq!(outline.metadata.finalizers.unwrap(), [FINALIZER]);
    }

    #[test]
    fn resource_just_below_the_limit_is_kept() {
        let random = &mut fastrand::Rng::with_seed(2);
        let with_tag = |characters: usize| {
            let mut resource = sent("large", Value::Null);
            resource["spec"]["tags"] = json!({ "a": noise(&mut random.clone(), characters) });
            serde_json::from_value::<PackedConnectUser>(resource).unwrap()
        };
        assert!(with_tag(1500).resource().is_some() && with_tag(1500).rest.bytes.len() > LARGEST / 2);
        assert!(with_tag(3000).resource().is_none());
    }

    #[test]
    fn resource_similar_to_the_first_packs_small() {
        let packed = |name: &str| serde_json::from_value::<PackedConnectUser>(sent(name, observed())).unwrap().rest.bytes.len();
        packed("jane");
        assert!(packed("john") < 100, "{}", packed("john"));
    }
}
