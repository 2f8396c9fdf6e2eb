//! An API server of a few objects, in memory and in typed values: a simulation makes millions of calls to it. Like the real one, it
//! keeps resourceVersions, UIDs, generations, finalizers and their guards. [`ApiServer`](crate::ApiServer) is the one for whole fleets.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use connect_api::Password;
use connect_operator::{
    api::{CONFIRM_DELETION, ConnectUser, ConnectUserSpec, ConnectUserStatus, DeletionPolicy, FINALIZER, PAUSED},
    reconcile::{Cluster, ClusterError, ClusterErrorKind, Event, NamespacedName, SecretValue},
};
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::{
    gate::{Gate, GateResult},
    lock::lock,
    mutation::Mutation,
};

/// The namespace of [`jane`].
pub const NAMESPACE: &str = "sales";
/// The name of [`jane`].
pub const NAME: &str = "jane";

/// Returns the resource of simulations that have only one.
pub fn jane() -> NamespacedName {
    NamespacedName { namespace: NAMESPACE.into(), name: NAME.into() }
}

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// The annotation with the deletion policy.
    pub deletion_policy: Option<String>,
    /// The operator may not read the namespace.
    pub forbidden: bool,
    /// The namespace is being deleted: nothing can be created in it, and it goes with its last object.
    pub terminating: bool,
    /// It was deleted, and nothing was applied to it since.
    pub gone: bool,
}

/// A Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secret {
    /// Its keys and values.
    pub data: BTreeMap<String, String>,
    /// The UID of its controller.
    pub owner: Option<String>,
    /// Changes with each write.
    version: u64,
}

/// The objects of a cluster at one revision.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The ConnectUsers.
    pub objects: BTreeMap<NamespacedName, Arc<ConnectUser>>,
    /// The namespaces. One that is not listed has no annotation and may be read.
    pub namespaces: BTreeMap<String, Namespace>,
}

impl Snapshot {
    /// Returns the object with this UID.
    pub fn of_uid(&self, uid: &str) -> Option<&Arc<ConnectUser>> {
        self.objects.values().find(|object| object.metadata.uid.as_deref() == Some(uid))
    }

    /// Returns the deletion policy of an object, as people have set it, whether or not the operator can read it.
    pub fn deletion_policy(&self, object: &ConnectUser) -> DeletionPolicy {
        let namespace = self.namespaces.get(&object.namespace().unwrap_or_default());
        let of_namespace = || namespace?.deletion_policy.as_deref().map(DeletionPolicy::of_annotation);
        object.spec.deletion_policy.or_else(of_namespace).unwrap_or_default()
    }
}

/// One API server.
#[derive(Clone, Debug, Default)]
pub struct Store {
    now: Snapshot,
    /// Every revision so far, any of which a cache may show.
    pub past: Vec<Snapshot>,
    /// The Secrets, by namespace and name.
    pub secrets: BTreeMap<NamespacedName, Secret>,
    /// The number of writes that operators made.
    pub writes: u64,
    /// The Events that operators published: object, reason and note.
    pub events: Vec<(NamespacedName, &'static str, String)>,
    /// Whether a password was in a status or an Event.
    pub leaked: bool,
    /// Distinguishes the UIDs of this cluster from another's.
    pub uid_prefix: String,
    version: u64,
    uids: u64,
}

impl Store {
    /// Returns the objects as they are now.
    pub fn snapshot(&self) -> &Snapshot {
        &self.now
    }

    /// Returns an object.
    pub fn get(&self, name: &NamespacedName) -> Option<&ConnectUser> {
        self.now.objects.get(name).map(Arc::as_ref)
    }

    /// Stores an object, or removes it.
    fn keep(&mut self, name: &NamespacedName, object: Option<ConnectUser>) {
        self.version += 1;
        match object {
            Some(mut object) => {
                object.metadata.resource_version = Some(self.version.to_string());
                self.now.objects.insert(name.clone(), Arc::new(object));
            }
            None => {
                self.now.objects.remove(name);
                self.finish_namespace(&name.namespace);
            }
        }
        self.past.push(self.now.clone());
    }

    fn is_terminating(&self, namespace: &str) -> bool {
        self.now.namespaces.get(namespace).is_some_and(|namespace| namespace.terminating)
    }

    /// Removes a namespace that is being deleted, if nothing is left in it. The rights to read it stay.
    fn finish_namespace(&mut self, name: &str) {
        if self.is_terminating(name) && self.now.objects.keys().all(|object| object.namespace != name) {
            let forbidden = self.now.namespaces[name].forbidden;
            self.now.namespaces.insert(name.to_owned(), Namespace { forbidden, gone: true, ..Namespace::default() });
        }
    }

    /// Deletes a namespace with all that is in it.
    pub fn delete_namespace(&mut self, name: &str, now: Timestamp) {
        self.now.namespaces.entry(name.to_owned()).or_default().terminating = true;
        self.secrets.retain(|secret, _| secret.namespace != name);
        let objects: Vec<_> = self.now.objects.keys().filter(|object| object.namespace == name).cloned().collect();
        for object in &objects {
            self.delete(object, now);
        }
        self.finish_namespace(name);
        self.past.push(self.now.clone());
    }

    /// Changes an object, if it exists, as people and their tools do. A changed spec raises the generation.
    pub fn change(&mut self, name: &NamespacedName, change: impl FnOnce(&mut ConnectUser)) {
        let Some(before) = self.get(name).cloned() else { return };
        let mut object = before.clone();
        change(&mut object);
        if object.spec != before.spec {
            object.metadata.generation = object.metadata.generation.map(|g| g + 1);
        }
        if object == before {
            return;
        }
        let gone = object.metadata.deletion_timestamp.is_some() && object.finalizers().is_empty();
        self.keep(name, (!gone).then_some(object));
    }

    /// Applies a spec, in a namespace that is created if need be.
    pub fn apply(&mut self, name: &NamespacedName, spec: ConnectUserSpec) {
        if self.get(name).is_some() {
            return self.change(name, |object| object.spec = spec);
        }
        if self.is_terminating(&name.namespace) {
            return;
        }
        if let Some(namespace) = self.now.namespaces.get_mut(&name.namespace) {
            namespace.gone = false;
        }
        self.uids += 1;
        let mut object = ConnectUser::new(&name.name, spec);
        object.metadata.namespace = Some(name.namespace.clone());
        object.metadata.uid = Some(format!("uid-{}{}", self.uid_prefix, self.uids));
        object.metadata.generation = Some(1);
        // The CRD's default.
        object.status = Some(ConnectUserStatus { observed_generation: -1, ..ConnectUserStatus::default() });
        self.keep(name, Some(object));
    }

    /// Adds an annotation that the operator ignores.
    pub fn annotate(&mut self, name: &NamespacedName) {
        self.change(name, |object| {
            let count = object.annotations().len();
            object.annotations_mut().insert(format!("note-{count}"), "read".into());
        });
    }

    /// Deletes an object.
    pub fn delete(&mut self, name: &NamespacedName, now: Timestamp) {
        match self.get(name) {
            Some(object) if object.finalizers().is_empty() => self.keep(name, None),
            Some(object) if object.metadata.deletion_timestamp.is_none() => {
                self.change(name, |object| object.metadata.deletion_timestamp = Some(Time(now)));
            }
            _ => {}
        }
    }

    /// Confirms all deletions that the guard against mass deletion may hold.
    pub fn confirm_deletions(&mut self) {
        self.change_deleted(|object, requested| {
            object.annotations_mut().insert(CONFIRM_DELETION.to_owned(), requested.to_string());
        });
    }

    /// Lets the deletions of paused objects go on.
    pub fn resume_deletions(&mut self) {
        self.change_deleted(|object, _| drop(object.annotations_mut().remove(PAUSED)));
    }

    /// Changes all objects that are being deleted, by the time at which this was requested.
    fn change_deleted(&mut self, change: impl Fn(&mut ConnectUser, Timestamp)) {
        let names: Vec<_> = self.now.objects.keys().cloned().collect();
        for name in &names {
            self.change(name, |object| {
                if let Some(Time(requested)) = object.metadata.deletion_timestamp {
                    change(object, requested);
                }
            });
        }
    }

    /// Removes the finalizers by force.
    pub fn strip_finalizers(&mut self, name: &NamespacedName) {
        self.change(name, |object| object.metadata.finalizers = None);
    }

    /// Changes a namespace.
    pub fn change_namespace(&mut self, name: &str, change: impl FnOnce(&mut Namespace)) {
        change(self.now.namespaces.entry(name.to_owned()).or_default());
        self.past.push(self.now.clone());
    }

    /// Restores the objects of an earlier revision, as from a backup of etcd. The revision counts on from there, or from now.
    pub fn restore(&mut self, revision: usize, counts_on_from_there: bool) {
        let Some(snapshot) = self.past.get(revision).cloned() else { return };
        if counts_on_from_there {
            let versions = snapshot.objects.values().filter_map(|object| object.resource_version()?.parse::<u64>().ok());
            self.version = versions.max().unwrap_or_default();
        }
        // Each watch lists again, so that all objects are new to it.
        let listed_again = |(name, object): (_, Arc<ConnectUser>)| (name, Arc::new(object.as_ref().clone()));
        let objects = snapshot.objects.into_iter().map(listed_again).collect();
        let mut namespaces = self.now.namespaces.clone();
        namespaces.values_mut().for_each(|namespace| (namespace.terminating, namespace.gone) = (false, false));
        self.now = Snapshot { objects, namespaces };
        self.past.push(self.now.clone());
    }

    fn guarded(&self, read: &ConnectUser) -> Result<ConnectUser, ClusterError> {
        let error = |kind, message: &str| ClusterError { kind, message: message.into() };
        let Some(object) = self.get(&NamespacedName::of(read)) else { return Err(error(ClusterErrorKind::Gone, "not found")) };
        if object.uid() != read.uid() || object.resource_version() != read.resource_version() {
            return Err(error(ClusterErrorKind::Conflict, "the object has been modified"));
        }
        Ok(object.clone())
    }

    fn set_finalizers(&mut self, read: &ConnectUser, finalizers: Vec<String>) -> Result<ConnectUser, ClusterError> {
        let mut object = self.guarded(read)?;
        self.writes += 1;
        object.metadata.finalizers = Some(finalizers);
        let gone = object.metadata.deletion_timestamp.is_some() && object.finalizers().is_empty();
        let name = NamespacedName::of(read);
        self.keep(&name, (!gone).then(|| object.clone()));
        Ok(self.get(&name).cloned().unwrap_or(object))
    }

    /// Writes a Secret with one key, as a person does, unless its namespace is being deleted.
    pub fn write_secret(&mut self, name: &NamespacedName, key: &str, value: &str) {
        if self.is_terminating(&name.namespace) {
            return;
        }
        self.version += 1;
        let data = [(key.to_owned(), value.to_owned())].into();
        let owner = self.secrets.get(name).and_then(|secret| secret.owner.clone());
        self.secrets.insert(name.clone(), Secret { data, owner, version: self.version });
    }

    /// Writes a Secret with one key and an owner, as a restored backup does.
    pub fn restore_secret(&mut self, name: &NamespacedName, key: &str, value: &str, owner: Option<String>) {
        self.write_secret(name, key, value);
        if let Some(secret) = self.secrets.get_mut(name) {
            secret.owner = owner;
        }
    }

    fn version_of(secret: &Secret, name: &str) -> String {
        format!("uid-of-{name}/{}", secret.version)
    }

    fn holds_password(&self, text: &str) -> bool {
        self.secrets.values().flat_map(|secret| secret.data.values()).any(|password| text.contains(password))
    }

    fn write_status(&mut self, read: &ConnectUser, status: &ConnectUserStatus) -> Result<ConnectUser, ClusterError> {
        let mut object = self.guarded(read)?;
        // Through JSON and back, as over the wire.
        let text = serde_json::to_string(status).expect("a status is JSON");
        self.leaked |= self.holds_password(&text);
        let status = serde_json::from_str(&text).expect("a status is read back");
        let name = NamespacedName::of(read);
        if object.status.as_ref() != Some(&status) {
            self.writes += 1;
            object.status = Some(status);
            self.keep(&name, Some(object));
        }
        Ok(self.get(&name).cloned().expect("it exists"))
    }
}

/// The API server as one operator reaches it.
pub struct FakeCluster {
    /// The API server.
    pub store: Arc<Mutex<Store>>,
    /// The operator's cache.
    pub cache: Arc<Mutex<Snapshot>>,
    /// The gate of the operator's calls.
    pub gate: Gate,
    /// The ingredient of the protocol that is left out.
    pub mutation: Option<Mutation>,
}

impl FakeCluster {
    fn call<'a, T: Send + 'a>(
        &'a self,
        what: &'a str,
        effect: impl FnOnce(&mut Store) -> Result<T, ClusterError> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, ClusterError>> {
        let error = |kind, message: &str| Err(ClusterError { kind, message: message.to_owned() });
        async move {
            match self.gate.pass(what, || effect(&mut lock(&self.store))).await {
                GateResult::Answered(result) => result,
                GateResult::NoAnswer => error(ClusterErrorKind::Unavailable, "the API server did not answer"),
                GateResult::Denied => error(ClusterErrorKind::Forbidden, "a proxy before the API server forbids it"),
            }
        }
        .boxed()
    }
}

impl Cluster for FakeCluster {
    fn get<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<ConnectUser>, ClusterError>> {
        let name = NamespacedName { namespace: namespace.to_owned(), name: name.to_owned() };
        let cached = (self.mutation == Some(Mutation::NoFreshGet))
            .then(|| lock(&self.cache).objects.get(&name).map(|object| object.as_ref().clone()));
        self.call("GET ConnectUser", move |store| {
            if lock(&self.gate.acting).resource.is_none() {
                lock(&self.gate.last_read).insert(name.clone(), store.past.len().saturating_sub(1));
            }
            Ok(cached.unwrap_or_else(|| store.get(&name).cloned()))
        })
    }

    fn secret<'a>(&'a self, namespace: &'a str, name: &'a str, key: &'a str) -> BoxFuture<'a, Result<SecretValue, ClusterError>> {
        self.call("GET Secret", move |store| {
            let found = store.secrets.get(&NamespacedName { namespace: namespace.to_owned(), name: name.to_owned() });
            let Some(secret) = found else { return Ok(SecretValue::NoSecret) };
            Ok(match secret.data.get(key) {
                None => SecretValue::NoKey,
                Some(value) => SecretValue::Found {
                    password: Password::new(value.clone()),
                    version: Store::version_of(secret, name),
                    controller: secret.owner.clone(),
                },
            })
        })
    }

    fn secret_version<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<String>, ClusterError>> {
        self.call("GET Secret's metadata", move |store| {
            let found = store.secrets.get(&NamespacedName { namespace: namespace.to_owned(), name: name.to_owned() });
            Ok(found.map(|secret| Store::version_of(secret, name)))
        })
    }

    fn create_secret<'a>(
        &'a self,
        owner: &'a ConnectUser,
        name: &'a str,
        key: &'a str,
        value: &'a Password,
    ) -> BoxFuture<'a, Result<(), ClusterError>> {
        self.call("create Secret", move |store| {
            let name = NamespacedName { namespace: owner.namespace().unwrap_or_default(), name: name.to_owned() };
            let error = |kind, message: &str| Err(ClusterError { kind, message: message.into() });
            if store.is_terminating(&name.namespace) {
                return error(ClusterErrorKind::Forbidden, "the namespace is being terminated");
            }
            if store.secrets.contains_key(&name) {
                return error(ClusterErrorKind::Conflict, "already exists");
            }
            store.writes += 1;
            store.write_secret(&name, key, value.expose());
            store.secrets.entry(name).or_default().owner = owner.uid();
            Ok(())
        })
    }

    fn namespace_annotation<'a>(&'a self, namespace: &'a str, _: &'a str) -> BoxFuture<'a, Result<Option<String>, ClusterError>> {
        self.call("GET Namespace", move |store| match store.now.namespaces.get(namespace) {
            Some(Namespace { forbidden: true, .. }) => {
                Err(ClusterError { kind: ClusterErrorKind::Forbidden, message: "namespaces is forbidden".into() })
            }
            Some(Namespace { gone: true, .. }) => {
                Err(ClusterError { kind: ClusterErrorKind::Gone, message: "there is no such namespace".into() })
            }
            Some(found) => Ok(found.deletion_policy.clone()),
            None => Ok(None),
        })
    }

    fn add_finalizer<'a>(&'a self, resource: &'a ConnectUser) -> BoxFuture<'a, Result<ConnectUser, ClusterError>> {
        if self.mutation == Some(Mutation::NoFinalizer) {
            let mut written = resource.clone();
            written.metadata.finalizers = Some(vec![FINALIZER.to_owned()]);
            return self.call("add finalizer", |_| Ok(written));
        }
        self.call("add finalizer", move |store| store.set_finalizers(resource, vec![FINALIZER.to_owned()]))
    }

    fn remove_finalizer<'a>(&'a self, resource: &'a ConnectUser) -> BoxFuture<'a, Result<(), ClusterError>> {
        self.call("remove finalizer", move |store| match store.set_finalizers(resource, vec![]) {
            Err(error) if error.kind == ClusterErrorKind::Gone => Ok(()),
            other => other.map(|_| ()),
        })
    }

    fn write_status<'a>(
        &'a self,
        resource: &'a ConnectUser,
        status: &'a ConnectUserStatus,
    ) -> BoxFuture<'a, Result<ConnectUser, ClusterError>> {
        let mut status = status.clone();
        match self.mutation {
            Some(Mutation::NoMark) => status.create_attempt = None,
            Some(Mutation::MarkNotKept) if status.user_id.is_some() => status.create_attempt = None,
            _ => {}
        }
        self.call("write status", move |store| store.write_status(resource, &status))
    }

    fn publish<'a>(&'a self, resource: &'a ConnectUser, event: Event) -> BoxFuture<'a, ()> {
        async move {
            let what = format!("Event {}: {}", event.reason, event.note);
            let keep = || {
                let mut store = lock(&self.store);
                store.leaked |= store.holds_password(&event.note);
                let name = NamespacedName::of(resource);
                if !store.is_terminating(&name.namespace) {
                    store.events.push((name, event.reason, event.note.clone()));
                }
            };
            self.gate.pass(&what, keep).await;
        }
        .boxed()
    }
}
