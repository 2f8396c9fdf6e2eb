//! The stored objects, and the rules by which they change.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use connect_operator::{
    api::{ConnectUserSpec, FINALIZER},
    reconcile::Clock,
};
use kube::core::Status;
use serde_json::{Map, Value, json};

use super::{
    Requests,
    status::{conflict, exists, invalid, not_found},
};
use crate::time::VirtualTime;

pub(super) const API_VERSION: &str = "connect-operator.dev/v1alpha1";
pub(super) const KIND: &str = "ConnectUser";
/// The number of changes that are kept for watches. A client that is further behind has to list again.
const LOG: usize = 200_000;

/// The namespace and name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespacedName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl NamespacedName {
    /// The name in the namespace.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

/// The number of ConnectUsers by state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub objects: usize,
    /// Those whose status is Ready and Synced for the current generation.
    pub in_sync: usize,
    /// Those that are being deleted.
    pub deleting: usize,
    /// By the reason of their condition Ready; `-` if there is none yet.
    pub ready: BTreeMap<String, usize>,
    /// Those that are Stalled, by the reason.
    pub stalled: BTreeMap<String, usize>,
}

/// The state of an object, kept so that it need not be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ConditionSummary {
    ready: String,
    stalled: Option<String>,
    in_sync: bool,
    deleting: bool,
}

impl ConditionSummary {
    fn of(object: &Value) -> Self {
        let condition = |kind: &str| {
            let all = object["status"]["conditions"].as_array();
            all.and_then(|all| all.iter().find(|condition| condition["type"] == kind))
        };
        let is_true = |kind: &str| condition(kind).is_some_and(|condition| condition["status"] == "True");
        let reason = |kind: &str| condition(kind).and_then(|condition| condition["reason"].as_str()).map(str::to_owned);
        let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
        Self {
            ready: reason("Ready").unwrap_or_else(|| "-".to_owned()),
            stalled: reason("Stalled"),
            in_sync: current && is_true("Ready") && is_true("Synced"),
            deleting: object["metadata"]["deletionTimestamp"].is_string(),
        }
    }
}

struct Object {
    json: Bytes,
    summary: ConditionSummary,
}

/// A change for watches.
pub(super) struct Change {
    pub version: u64,
    pub kind: &'static str,
    pub namespace: String,
    pub object: Bytes,
}

pub(super) struct Objects {
    time: VirtualTime,
    objects: BTreeMap<NamespacedName, Object>,
    tally: Tally,
    secrets: BTreeMap<NamespacedName, Value>,
    passwords: Vec<String>,
    events: BTreeMap<NamespacedName, Value>,
    log: VecDeque<Change>,
    /// The resourceVersion of the last write.
    version: u64,
    /// Watches from before this resourceVersion get 410.
    oldest: u64,
    uids: u64,
    pub requests: Requests,
    pub leaks: u64,
}

type ApiResult = Result<Value, Box<Status>>;

impl Objects {
    pub fn new(time: VirtualTime) -> Self {
        Self {
            time,
            objects: BTreeMap::new(),
            tally: Tally::default(),
            secrets: BTreeMap::new(),
            passwords: Vec::new(),
            events: BTreeMap::new(),
            log: VecDeque::new(),
            version: 1,
            oldest: 0,
            uids: 0,
            requests: Requests::new(),
            leaks: 0,
        }
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn tally(&self) -> Tally {
        self.tally.clone()
    }

    pub fn places(&self) -> impl Iterator<Item = &NamespacedName> {
        self.objects.keys()
    }

    /// Returns up to `limit` objects from this name on, as they are stored, and the name of the next one.
    pub fn page(
        &self,
        namespace: Option<&str>,
        from: Option<&NamespacedName>,
        limit: usize,
    ) -> (Vec<Bytes>, Option<NamespacedName>) {
        let start = from.cloned().unwrap_or_else(|| NamespacedName::new(namespace.unwrap_or_default(), ""));
        let mut rest = self.objects.range(start..).take_while(|(place, _)| namespace.is_none_or(|ns| place.namespace == ns));
        let page = rest.by_ref().take(limit).map(|(_, object)| object.json.clone()).collect();
        (page, rest.next().map(|(place, _)| place.clone()))
    }

    /// Returns the changes since this resourceVersion, or None if they are no longer known.
    pub fn since(&self, version: u64) -> Option<impl Iterator<Item = &Change>> {
        let first = self.log.partition_point(|change| change.version <= version);
        (version >= self.oldest).then(|| self.log.range(first..))
    }

    pub fn compact(&mut self) {
        self.log.clear();
        // Like a write of another resource: without it, a client that has seen everything could resume.
        self.version += 1;
        self.oldest = self.version;
    }

    pub fn stored(&self, place: &NamespacedName) -> Option<Bytes> {
        self.objects.get(place).map(|object| object.json.clone())
    }

    pub fn read(&self, place: &NamespacedName) -> Option<Value> {
        let stored = self.objects.get(place)?;
        Some(serde_json::from_slice(&stored.json).expect("it was written from a value"))
    }

    fn next_uid(&mut self) -> String {
        self.uids += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.uids)
    }

    fn now(&self) -> String {
        self.time.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    fn count(&mut self, summary: &ConditionSummary, there: bool) {
        let step = |count: &mut usize| if there { *count += 1 } else { *count -= 1 };
        let tally = &mut self.tally;
        step(&mut tally.objects);
        if summary.in_sync {
            step(&mut tally.in_sync);
        }
        if summary.deleting {
            step(&mut tally.deleting);
        }
        step(tally.ready.entry(summary.ready.clone()).or_default());
        tally.ready.retain(|_, count| *count > 0);
        if let Some(reason) = &summary.stalled {
            step(tally.stalled.entry(reason.clone()).or_default());
            tally.stalled.retain(|_, count| *count > 0);
        }
    }

    /// Stores or deletes an object, and records the change for watches.
    fn keep(&mut self, place: &NamespacedName, mut object: Value, gone: bool) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let json = Bytes::from(serde_json::to_vec(&object).expect("a value is JSON"));
        let before = self.objects.remove(place);
        if let Some(before) = &before {
            self.count(&before.summary, false);
        }
        if !gone {
            let summary = ConditionSummary::of(&object);
            self.count(&summary, true);
            self.objects.insert(place.clone(), Object { json: json.clone(), summary });
        }
        let kind = match (before.is_some(), gone) {
            (_, true) => "DELETED",
            (true, false) => "MODIFIED",
            (false, false) => "ADDED",
        };
        self.log.push_back(Change { version: self.version, kind, namespace: place.namespace.clone(), object: json });
        if self.log.len() > LOG {
            self.oldest = self.log.pop_front().map_or(self.oldest, |change| change.version);
        }
        object
    }

    pub fn apply(&mut self, place: &NamespacedName, spec: Value) -> String {
        // With the schema's defaults.
        let spec: ConnectUserSpec = serde_json::from_value(spec).expect("a spec that the schema takes");
        let spec = serde_json::to_value(spec).expect("a spec is JSON");
        let object = match self.read(place) {
            Some(object) if object["spec"] == spec => object,
            Some(mut object) => {
                object["spec"] = spec;
                object["metadata"]["generation"] = json!(object["metadata"]["generation"].as_i64().unwrap_or(0) + 1);
                self.keep(place, object, false)
            }
            None => {
                let (uid, now) = (self.next_uid(), self.now());
                let metadata = json!({
                    "namespace": place.namespace, "name": place.name, "uid": uid, "generation": 1, "creationTimestamp": now,
                });
                let status = json!({ "observedGeneration": -1 });
                let object =
                    json!({ "apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec, "status": status });
                self.keep(place, object, false)
            }
        };
        object["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
    }

    /// Sets the finalizer of the operator and the status.
    pub fn restore(&mut self, place: &NamespacedName, status: Value) {
        if let Some(mut object) = self.read(place) {
            object["metadata"]["finalizers"] = json!([FINALIZER]);
            object["status"] = status;
            self.keep(place, object, false);
        }
    }

    /// Removes the finalizers and the status.
    pub fn strip(&mut self, place: &NamespacedName) {
        if let Some(mut object) = self.read(place) {
            if let Some(metadata) = object["metadata"].as_object_mut() {
                metadata.remove("finalizers");
            }
            object["status"] = json!({ "observedGeneration": -1 });
            self.keep(place, object, false);
        }
    }

    pub fn delete(&mut self, place: &NamespacedName) -> bool {
        let Some(mut object) = self.read(place) else { return false };
        let metadata = &mut object["metadata"];
        if finalizers(metadata).is_empty() {
            self.keep(place, object, true);
        } else if metadata["deletionTimestamp"].is_null() {
            metadata["deletionTimestamp"] = json!(self.now());
            metadata["deletionGracePeriodSeconds"] = json!(0);
            metadata["generation"] = json!(metadata["generation"].as_i64().unwrap_or(0) + 1);
            self.keep(place, object, false);
        }
        true
    }

    /// Returns the object of a request, if its UID and resourceVersion match.
    fn guarded(&self, place: &NamespacedName, asked: &Value) -> ApiResult {
        let Some(object) = self.read(place) else { return Err(not_found("connectusers", &place.name)) };
        for guard in ["uid", "resourceVersion"] {
            let (expected, is) = (&asked["metadata"][guard], &object["metadata"][guard]);
            if !expected.is_null() && expected != is {
                return Err(conflict(&place.name, guard));
            }
        }
        Ok(object)
    }

    /// Merges a patch into a ConnectUser. The status is a subresource and stays as it is.
    pub fn merge(&mut self, place: &NamespacedName, patch: &Value) -> ApiResult {
        let object = self.guarded(place, patch)?;
        let mut merged = object.clone();
        merge(&mut merged, patch);
        merged["status"] = object["status"].clone();
        let deleting = object["metadata"]["deletionTimestamp"].is_string();
        let (before, after) = (finalizers(&object["metadata"]), finalizers(&merged["metadata"]));
        if deleting && after.iter().any(|finalizer| !before.contains(finalizer)) {
            return Err(invalid(
                &place.name,
                "metadata.finalizers: no new finalizers can be added if the object is being deleted",
            ));
        }
        if after.is_empty()
            && let Some(metadata) = merged["metadata"].as_object_mut()
        {
            metadata.remove("finalizers");
        }
        if merged["spec"] != object["spec"] {
            merged["metadata"]["generation"] = json!(object["metadata"]["generation"].as_i64().unwrap_or(0) + 1);
        }
        if merged == object {
            return Ok(object);
        }
        Ok(self.keep(place, merged, deleting && after.is_empty()))
    }

    /// Applies the whole status, of which the applier is the only field manager.
    pub fn apply_status(&mut self, place: &NamespacedName, patch: &Value) -> ApiResult {
        let mut object = self.guarded(place, patch)?;
        let status = &patch["status"];
        if object["status"] == *status {
            return Ok(object);
        }
        self.look_for_leaks(status);
        object["status"] = status.clone();
        Ok(self.keep(place, object, false))
    }

    fn look_for_leaks(&mut self, written: &Value) {
        let text = written.to_string();
        self.leaks += u64::from(self.passwords.iter().any(|password| text.contains(password)));
    }

    pub fn put_secret(&mut self, namespace: &str, name: &str, key: &str, value: &str) {
        let data = json!({ key: base64(value) });
        self.store_secret(&NamespacedName::new(namespace, name), json!({ "metadata": {}, "data": data }));
        self.passwords.push(value.to_owned());
    }

    pub fn create_secret(&mut self, namespace: &str, secret: Value) -> ApiResult {
        let place = NamespacedName::new(namespace, secret["metadata"]["name"].as_str().unwrap_or_default());
        if self.secrets.contains_key(&place) {
            return Err(exists(&place.name));
        }
        Ok(self.store_secret(&place, secret))
    }

    fn store_secret(&mut self, place: &NamespacedName, mut secret: Value) -> Value {
        self.version += 1;
        let uid = self.next_uid();
        secret["apiVersion"] = json!("v1");
        secret["kind"] = json!("Secret");
        for (key, value) in [
            ("namespace", &place.namespace),
            ("name", &place.name),
            ("uid", &uid),
            ("resourceVersion", &self.version.to_string()),
        ] {
            secret["metadata"][key] = json!(value);
        }
        self.secrets.insert(place.clone(), secret.clone());
        secret
    }

    pub fn secret(&self, place: &NamespacedName, metadata_only: bool) -> ApiResult {
        let secret = self.secrets.get(place).ok_or_else(|| not_found("secrets", &place.name))?;
        Ok(match metadata_only {
            false => secret.clone(),
            true => json!({
                "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": secret["metadata"],
            }),
        })
    }

    pub fn namespace(&self, name: &str) -> ApiResult {
        let uid = format!("00000000-0000-4000-9000-{:012x}", name.len());
        Ok(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "uid": uid } }))
    }

    /// Stores an Event and returns it.
    pub fn create_event(&mut self, namespace: &str, mut event: Value) -> Value {
        self.look_for_leaks(&event);
        self.version += 1;
        event["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let name = event["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        self.events.insert(NamespacedName::new(namespace, name), event.clone());
        event
    }

    pub fn patch_event(&mut self, place: &NamespacedName, patch: &Value) -> ApiResult {
        self.look_for_leaks(patch);
        let event = self.events.get_mut(place).ok_or_else(|| not_found("events", &place.name))?;
        merge(event, patch);
        Ok(event.clone())
    }
}

fn finalizers(metadata: &Value) -> Vec<String> {
    let all = metadata["finalizers"].as_array();
    all.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(members) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            members.remove(key);
        } else {
            merge(members.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Encodes the value of a Secret.
fn base64(text: &str) -> Value {
    serde_json::to_value(k8s_openapi::ByteString(text.as_bytes().to_vec())).expect("bytes are JSON")
}
