//! An API server in memory, for up to a hundred thousand objects. It answers the requests of the operator like the real one.
//!
//! [`ApiServer`] is the handle for tests; as a `tower` service it is what a [`kube::Client`] talks to. It keeps resourceVersions,
//! UIDs, generations, finalizers and their guards, pages its lists, and feeds watches from a log that can be compacted.
//! One thing is simpler than in the real one: the pages of a list are not a snapshot. They carry the resourceVersion of the first
//! page, so that a watch from there reports everything that changed in between again.

mod objects;
mod service;
mod status;
mod watching;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kube::Client;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use tokio::sync::watch;

pub use objects::{NamespacedName, Tally};

use self::objects::Objects;
use crate::time::VirtualTime;

/// Requests by verb and resource, such as `patch connectusers/status`.
pub type Requests = BTreeMap<String, u64>;

/// Wakes the watches: something was written, or all connections are cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WatchSignal {
    version: u64,
    connections_cut: u64,
}

struct Shared {
    objects: Mutex<Objects>,
    signal: watch::Sender<WatchSignal>,
    latency: Duration,
}

/// An API server. Clones are handles to the same one.
#[derive(Clone)]
pub struct ApiServer(Arc<Shared>);

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiServer").finish_non_exhaustive()
    }
}

impl ApiServer {
    /// Creates an empty one with this clock, which takes this long for each answer.
    pub fn new(time: VirtualTime, latency: Duration) -> Self {
        let (signal, _) = watch::channel(WatchSignal::default());
        Self(Arc::new(Shared { objects: Mutex::new(Objects::new(time)), signal, latency }))
    }

    /// Creates a client of it.
    pub fn client(&self) -> Client {
        Client::new(self.clone(), "default")
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        // An assertion of a test may fail while it holds the lock. The objects are still consistent.
        self.0.objects.lock()
    }

    /// Changes objects, and wakes the watches if something was written.
    fn write<T>(&self, act: impl FnOnce(&mut Objects) -> T) -> T {
        let mut objects = self.objects();
        let result = act(&mut objects);
        let version = objects.version();
        drop(objects);
        self.0.signal.send_if_modified(|signal| std::mem::replace(&mut signal.version, version) != version);
        result
    }

    /// Applies a ConnectUser, as a person does: it is created, or changed if the spec differs. Returns its UID.
    pub fn apply(&self, place: &NamespacedName, spec: Value) -> String {
        self.write(|objects| objects.apply(place, spec))
    }

    /// Changes the spec of an existing ConnectUser, as a person does. Returns its UID.
    pub fn edit(&self, place: &NamespacedName, change: impl FnOnce(&mut Value)) -> Option<String> {
        self.write(|objects| {
            let mut spec = objects.read(place)?.get_mut("spec").map(Value::take)?;
            change(&mut spec);
            Some(objects.apply(place, spec))
        })
    }

    /// Stores a ConnectUser as an earlier operator has left it: with its finalizer and this status.
    pub fn put(&self, place: &NamespacedName, spec: Value, status: impl FnOnce(&str) -> Value) -> String {
        self.write(|objects| {
            let uid = objects.apply(place, spec);
            let status = status(&uid);
            objects.restore(place, status);
            uid
        })
    }

    /// Stores a ConnectUser as a restore without the status does: with its UID, but without finalizer and status.
    pub fn restore_bare(&self, place: &NamespacedName, spec: Value) -> String {
        self.write(|objects| {
            let uid = objects.apply(place, spec);
            objects.strip(place);
            uid
        })
    }

    /// Annotates a ConnectUser, as a person does.
    pub fn annotate(&self, place: &NamespacedName, key: &str, value: &str) {
        let patch = serde_json::json!({ "metadata": { "annotations": { key: value } } });
        // If there is none, there is nothing to annotate.
        _ = self.write(|objects| objects.merge(place, &patch));
    }

    /// Deletes a ConnectUser, as a person does. Returns false if there is none.
    pub fn delete(&self, place: &NamespacedName) -> bool {
        self.write(|objects| objects.delete(place))
    }

    /// Deletes all ConnectUsers of a namespace. Returns their number.
    pub fn delete_namespace(&self, namespace: &str) -> usize {
        self.write(|objects| {
            let places = objects.places().filter(|place| place.namespace == namespace).cloned().collect::<Vec<_>>();
            places.iter().filter(|place| objects.delete(place)).count()
        })
    }

    /// Creates a Secret with one key, if there is none of this name.
    pub fn put_secret_once(&self, namespace: &str, name: &str, key: &str, value: &str) {
        if self.objects().secret(&NamespacedName::new(namespace, name), true).is_err() {
            self.write(|objects| objects.put_secret(namespace, name, key, value));
        }
    }

    /// Returns a ConnectUser.
    pub fn get(&self, place: &NamespacedName) -> Option<Value> {
        self.objects().read(place)
    }

    /// Returns all ConnectUsers, by namespace and name.
    pub fn all(&self) -> Vec<Value> {
        let objects = self.objects();
        objects.places().filter_map(|place| objects.read(place)).collect()
    }

    /// Returns the number of ConnectUsers by state.
    pub fn tally(&self) -> Tally {
        self.objects().tally()
    }

    /// Returns the requests since the start or the last reset, by verb and resource. Calls of the methods above are not among them.
    pub fn requests(&self) -> Requests {
        self.objects().requests.clone()
    }

    /// Resets the count of requests.
    pub fn reset_requests(&self) {
        self.objects().requests.clear();
    }

    /// Returns the number of write requests, whether they changed anything or not.
    pub fn writes(&self) -> u64 {
        let reads = ["get ", "list ", "watch "];
        let requests = self.requests();
        requests.iter().filter(|(what, _)| !reads.iter().any(|read| what.starts_with(read))).map(|(_, count)| count).sum()
    }

    /// Returns how often the value of a Secret was in a status or an Event.
    pub fn leaks(&self) -> u64 {
        self.objects().leaks
    }

    /// Cuts every watch. Clients resume where they were.
    pub fn cut_watches(&self) {
        self.0.signal.send_modify(|signal| signal.connections_cut += 1);
    }

    /// Drops the log, as etcd's compaction does, and cuts every watch. A client that resumes gets 410 and has to list again.
    pub fn compact(&self) {
        self.write(Objects::compact);
        self.cut_watches();
    }
}
