//! An API server in memory, at the size of a hundred thousand objects: what the operator asks of the real one, answered as that
//! answers it.
//!
//! [`ApiServer`] is the handle for tests; as a `tower` service it is what a [`kube::Client`] talks to. It keeps resourceVersions,
//! UIDs, generations, finalizers and their guards, pages its lists, and feeds watches from a log that can be compacted.
//! One thing is simpler than in the real one: the pages of a list are not of one moment. They carry the resourceVersion of the
//! first page all the same, so that a watch from there on tells everything that changed in between once more.

mod objects;
mod service;
mod status;
mod watching;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connect_operator::api::FINALIZER;
use kube::Client;
use serde_json::Value;
use tokio::sync::watch;

pub use objects::{Place, Tally};

use self::objects::Objects;
use crate::time::VirtualTime;

/// Requests by verb and resource, such as `patch connectusers/status`.
pub type Requests = BTreeMap<String, u64>;

/// What wakes the watches: something was written, or all connections are cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tide {
    version: u64,
    connections_cut: u64,
}

struct Shared {
    objects: Mutex<Objects>,
    tide: watch::Sender<Tide>,
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
    /// An empty one, whose calendar is this and which takes so long to answer.
    pub fn new(time: VirtualTime, latency: Duration) -> Self {
        let (tide, _) = watch::channel(Tide::default());
        Self(Arc::new(Shared { objects: Mutex::new(Objects::new(time)), tide, latency }))
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::new(self.clone(), "default")
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        // A test's assertion may fail while it holds the lock; what others then read is still worth reading.
        self.0.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes objects, and wakes the watches if that wrote anything.
    fn write<T>(&self, act: impl FnOnce(&mut Objects) -> T) -> T {
        let mut objects = self.objects();
        let result = act(&mut objects);
        let version = objects.version();
        drop(objects);
        self.0.tide.send_if_modified(|tide| std::mem::replace(&mut tide.version, version) != version);
        result
    }

    /// A person applies a ConnectUser with this spec: it is created, or changed if it differs. Gives its UID.
    pub fn apply(&self, place: &Place, spec: Value) -> String {
        self.write(|objects| objects.apply(place, spec))
    }

    /// A person changes the spec of a ConnectUser that exists, and else nothing. Gives its UID.
    pub fn edit(&self, place: &Place, change: impl FnOnce(&mut Value)) -> Option<String> {
        self.write(|objects| {
            let mut spec = objects.read(place)?.get_mut("spec").map(Value::take)?;
            change(&mut spec);
            Some(objects.apply(place, spec))
        })
    }

    /// Puts a ConnectUser there as an operator before has left it: with its finalizer and this status.
    pub fn put(&self, place: &Place, spec: Value, status: impl FnOnce(&str) -> Value) -> String {
        self.write(|objects| {
            let uid = objects.apply(place, spec);
            let status = status(&uid);
            objects.finalize(place, &[FINALIZER.to_owned()]);
            objects.set_status(place, status);
            uid
        })
    }

    /// A person annotates a ConnectUser.
    pub fn annotate(&self, place: &Place, key: &str, value: &str) {
        let patch = serde_json::json!({ "metadata": { "annotations": { key: value } } });
        // Where there is none, there is nothing to annotate.
        _ = self.write(|objects| objects.merge(place, &patch));
    }

    /// A person deletes a ConnectUser. False if there is none.
    pub fn delete(&self, place: &Place) -> bool {
        self.write(|objects| objects.delete(place))
    }

    /// A person deletes all ConnectUsers of a namespace. Gives how many.
    pub fn delete_namespace(&self, namespace: &str) -> usize {
        self.write(|objects| {
            let places = objects.places().filter(|place| place.namespace == namespace).cloned().collect::<Vec<_>>();
            places.iter().filter(|place| objects.delete(place)).count()
        })
    }

    /// A person puts a Secret of one key there, if there is none of this name.
    pub fn put_secret_once(&self, namespace: &str, name: &str, key: &str, value: &str) {
        if self.objects().secret(&Place::new(namespace, name), true).is_err() {
            self.write(|objects| objects.put_secret(namespace, name, key, value));
        }
    }

    /// A ConnectUser as it is.
    pub fn get(&self, place: &Place) -> Option<Value> {
        self.objects().read(place)
    }

    /// All ConnectUsers as they are, by place.
    pub fn all(&self) -> Vec<Value> {
        let objects = self.objects();
        objects.places().filter_map(|place| objects.read(place)).collect()
    }

    /// How many ConnectUsers there are, and how they stand.
    pub fn tally(&self) -> Tally {
        self.objects().tally()
    }

    /// Requests since the start or the last reset, by verb and resource. What tests do by themselves is not among them.
    pub fn requests(&self) -> Requests {
        self.objects().requests.clone()
    }

    /// Counts requests from zero again.
    pub fn reset_requests(&self) {
        self.objects().requests.clear();
    }

    /// How many of them asked for something to be written, whether anything was written or not.
    pub fn writes(&self) -> u64 {
        let reads = ["get ", "list ", "watch "];
        let requests = self.requests();
        requests.iter().filter(|(what, _)| !reads.iter().any(|read| what.starts_with(read))).map(|(_, count)| count).sum()
    }

    /// How often a Secret's value stood in a status or an Event.
    pub fn leaks(&self) -> u64 {
        self.objects().leaks
    }

    /// Cuts every watch. Its client starts another where it was.
    pub fn cut_watches(&self) {
        self.0.tide.send_modify(|tide| tide.connections_cut += 1);
    }

    /// Forgets the log, as etcd's compaction does, and cuts every watch: who comes to go on where it was is answered 410 and has to
    /// list anew.
    pub fn compact(&self) {
        self.write(Objects::compact);
        self.cut_watches();
    }
}
