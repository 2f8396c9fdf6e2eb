//! What the API server stores, and the rules by which it changes.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use connect_operator::{api::ConnectUserSpec, reconcile::Clock};
use serde_json::{Map, Value, json};

use super::{
    Requests,
    status::{Refusal, conflict, exists, invalid, not_found},
};
use crate::time::VirtualTime;

pub(super) const API_VERSION: &str = "connect-operator.dev/v1alpha1";
pub(super) const KIND: &str = "ConnectUser";
/// So many changes are kept for watches; who is further behind has to list anew.
const LOG: usize = 200_000;

/// Where a ConnectUser is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Place {
    /// This name in this namespace.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

/// How ConnectUsers stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All there are.
    pub objects: usize,
    /// Those whose status says of the spec as it is: Ready and Synced.
    pub in_sync: usize,
    /// Those that are being deleted.
    pub deleting: usize,
    /// By the reason of their condition Ready; `-` where there is none yet.
    pub ready: BTreeMap<String, usize>,
    /// Those that are Stalled, by its reason.
    pub stalled: BTreeMap<String, usize>,
}

/// What can be told of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    ready: String,
    stalled: Option<String>,
    in_sync: bool,
    deleting: bool,
}

impl Standing {
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
    standing: Standing,
}

/// A change that watches tell of.
pub(super) struct Change {
    pub version: u64,
    pub kind: &'static str,
    pub namespace: String,
    pub object: Bytes,
}

/// Everything that is stored.
pub(super) struct Objects {
    time: VirtualTime,
    objects: BTreeMap<Place, Object>,
    tally: Tally,
    secrets: BTreeMap<Place, Value>,
    passwords: Vec<String>,
    events: BTreeMap<Place, Value>,
    log: VecDeque<Change>,
    /// The resourceVersion of the last write.
    version: u64,
    /// Watches from before this resourceVersion are answered 410.
    oldest: u64,
    uids: u64,
    pub requests: Requests,
    pub leaks: u64,
}

type Answer = Result<Value, Refusal>;

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

    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.objects.keys()
    }

    /// Up to `limit` objects from this place on, as they are stored, and the place at which to go on.
    pub fn page(&self, namespace: Option<&str>, from: Option<&Place>, limit: usize) -> (Vec<Bytes>, Option<Place>) {
        let start = from.cloned().unwrap_or_else(|| Place::new(namespace.unwrap_or_default(), ""));
        let mut rest = self.objects.range(start..).take_while(|(place, _)| namespace.is_none_or(|ns| place.namespace == ns));
        let page = rest.by_ref().take(limit).map(|(_, object)| object.json.clone()).collect();
        (page, rest.next().map(|(place, _)| place.clone()))
    }

    /// The changes since this resourceVersion; None where they are no longer known.
    pub fn since(&self, version: u64) -> Option<impl Iterator<Item = &Change>> {
        let first = self.log.partition_point(|change| change.version <= version);
        (version >= self.oldest).then(|| self.log.range(first..))
    }

    pub fn compact(&mut self) {
        self.log.clear();
        // Another resource's write: without it, who saw everything would be within the log.
        self.version += 1;
        self.oldest = self.version;
    }

    pub fn stored(&self, place: &Place) -> Option<Bytes> {
        self.objects.get(place).map(|object| object.json.clone())
    }

    pub fn read(&self, place: &Place) -> Option<Value> {
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

    fn count(&mut self, standing: &Standing, there: bool) {
        let step = |count: &mut usize| if there { *count += 1 } else { *count -= 1 };
        let tally = &mut self.tally;
        step(&mut tally.objects);
        if standing.in_sync {
            step(&mut tally.in_sync);
        }
        if standing.deleting {
            step(&mut tally.deleting);
        }
        step(tally.ready.entry(standing.ready.clone()).or_default());
        tally.ready.retain(|_, count| *count > 0);
        if let Some(reason) = &standing.stalled {
            step(tally.stalled.entry(reason.clone()).or_default());
            tally.stalled.retain(|_, count| *count > 0);
        }
    }

    /// Stores an object, or takes it away, and tells the watches.
    fn keep(&mut self, place: &Place, mut object: Value, gone: bool) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let json = Bytes::from(serde_json::to_vec(&object).expect("a value is JSON"));
        let before = self.objects.remove(place);
        if let Some(before) = &before {
            self.count(&before.standing, false);
        }
        if !gone {
            let standing = Standing::of(&object);
            self.count(&standing, true);
            self.objects.insert(place.clone(), Object { json: json.clone(), standing });
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

    pub fn apply(&mut self, place: &Place, spec: Value) -> String {
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

    pub fn finalize(&mut self, place: &Place, finalizers: &[String]) {
        if let Some(mut object) = self.read(place) {
            object["metadata"]["finalizers"] = json!(finalizers);
            self.keep(place, object, false);
        }
    }

    pub fn set_status(&mut self, place: &Place, status: Value) {
        if let Some(mut object) = self.read(place) {
            object["status"] = status;
            self.keep(place, object, false);
        }
    }

    pub fn delete(&mut self, place: &Place) -> bool {
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

    /// The object that a request is about, if its guards allow it.
    fn guarded(&self, place: &Place, asked: &Value) -> Answer {
        let Some(object) = self.read(place) else { return Err(not_found("connectusers", &place.name)) };
        for guard in ["uid", "resourceVersion"] {
            let (expected, is) = (&asked["metadata"][guard], &object["metadata"][guard]);
            if !expected.is_null() && expected != is {
                return Err(conflict(&place.name, guard));
            }
        }
        Ok(object)
    }

    /// A merge patch of a ConnectUser. Its status is a resource of its own and stays as it is.
    pub fn merge(&mut self, place: &Place, patch: &Value) -> Answer {
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

    /// A server-side apply of the status by the one who has applied all of it before.
    pub fn apply_status(&mut self, place: &Place, patch: &Value) -> Answer {
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
        self.store_secret(&Place::new(namespace, name), json!({ "metadata": {}, "data": data }));
        self.passwords.push(value.to_owned());
    }

    pub fn create_secret(&mut self, namespace: &str, secret: Value) -> Answer {
        let place = Place::new(namespace, secret["metadata"]["name"].as_str().unwrap_or_default());
        if self.secrets.contains_key(&place) {
            return Err(exists(&place.name));
        }
        Ok(self.store_secret(&place, secret))
    }

    fn store_secret(&mut self, place: &Place, mut secret: Value) -> Value {
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

    pub fn secret(&self, place: &Place, metadata_only: bool) -> Answer {
        let secret = self.secrets.get(place).ok_or_else(|| not_found("secrets", &place.name))?;
        Ok(match metadata_only {
            false => secret.clone(),
            true => json!({
                "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": secret["metadata"],
            }),
        })
    }

    pub fn namespace(&self, name: &str) -> Answer {
        let uid = format!("00000000-0000-4000-9000-{:012x}", name.len());
        Ok(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "uid": uid } }))
    }

    /// Keeps an Event. Its writer is told what was kept.
    pub fn create_event(&mut self, namespace: &str, mut event: Value) -> Value {
        self.look_for_leaks(&event);
        self.version += 1;
        event["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let name = event["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        self.events.insert(Place::new(namespace, name), event.clone());
        event
    }

    pub fn patch_event(&mut self, place: &Place, patch: &Value) -> Answer {
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

/// Secrets carry their values so.
fn base64(text: &str) -> Value {
    serde_json::to_value(k8s_openapi::ByteString(text.as_bytes().to_vec())).expect("bytes are JSON")
}
