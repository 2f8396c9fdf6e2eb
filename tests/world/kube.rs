//! An API server of one object, in memory and in typed values: the simulation makes millions of calls to it. Like the real one, it
//! keeps resourceVersions, UIDs, generations, finalizers and their guards. `testbed::ApiServer` is the one for whole fleets.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use connect_api::Password;
use connect_operator::{
    api::{ConnectUser, ConnectUserSpec, ConnectUserStatus, FINALIZER},
    reconcile::{Cluster, ClusterError, ClusterErrorKind, ClusterFuture, Event, SecretValue},
};
use futures::{FutureExt, future::BoxFuture};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use crate::{
    gate::{Gate, GateResult},
    mutation::Mutation,
};

pub const NAMESPACE: &str = "sales";
pub const NAME: &str = "jane";

/// The resource of the simulation and its Secrets, as the API server stores them.
#[derive(Debug, Default)]
pub struct Store {
    pub object: Option<ConnectUser>,
    /// Every state of the object so far, any of which a cache may show.
    pub past: Vec<Option<ConnectUser>>,
    pub secrets: BTreeMap<String, BTreeMap<String, String>>,
    /// The UID of the owner, by the name of the Secret.
    pub owned_secrets: BTreeMap<String, String>,
    /// The number of changes that people made to Secrets.
    pub secret_changes: u64,
    pub writes: u64,
    /// Whether a password was in a status or an Event.
    pub leaked: bool,
    version: u64,
    uids: u64,
}

impl Store {
    fn keep(&mut self, mut object: Option<ConnectUser>) {
        self.version += 1;
        if let Some(object) = &mut object {
            object.metadata.resource_version = Some(self.version.to_string());
        }
        self.past.push(object.clone());
        self.object = object;
    }

    /// Applies a spec, as a person does.
    pub fn apply(&mut self, spec: ConnectUserSpec) {
        let object = match self.object.clone() {
            Some(mut object) => {
                if object.spec != spec {
                    object.spec = spec;
                    object.metadata.generation = object.metadata.generation.map(|g| g + 1);
                }
                object
            }
            None => {
                self.uids += 1;
                let mut object = ConnectUser::new(NAME, spec);
                object.metadata.namespace = Some(NAMESPACE.into());
                object.metadata.uid = Some(format!("uid-{}", self.uids));
                object.metadata.generation = Some(1);
                // The CRD's default.
                object.status = Some(ConnectUserStatus { observed_generation: -1, ..ConnectUserStatus::default() });
                object
            }
        };
        self.keep(Some(object));
    }

    /// Adds an annotation that the operator ignores.
    pub fn annotate(&mut self) {
        if let Some(mut object) = self.object.clone() {
            let count = object.annotations().len();
            object.annotations_mut().insert(format!("note-{count}"), "read".into());
            self.keep(Some(object));
        }
    }

    /// Deletes the resource, as a person does.
    pub fn delete(&mut self, now: jiff::Timestamp) {
        let Some(mut object) = self.object.clone() else { return };
        if object.finalizers().is_empty() {
            self.keep(None);
        } else if object.metadata.deletion_timestamp.is_none() {
            object.metadata.deletion_timestamp = Some(Time(now));
            self.keep(Some(object));
        }
    }

    /// Removes the finalizers by force, as a person does.
    pub fn strip_finalizers(&mut self) {
        let Some(mut object) = self.object.clone() else { return };
        object.metadata.finalizers = None;
        let gone = object.metadata.deletion_timestamp.is_some();
        self.keep((!gone).then_some(object));
    }

    fn guarded(&self, read: &ConnectUser) -> Result<ConnectUser, ClusterError> {
        let error = |kind, message: &str| ClusterError { kind, message: message.into() };
        let Some(object) = &self.object else { return Err(error(ClusterErrorKind::Gone, "not found")) };
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
        self.keep((!gone).then(|| object.clone()));
        Ok(self.object.clone().unwrap_or(object))
    }

    /// Writes another password into a Secret, as a person does.
    pub fn change_secret(&mut self, name: &str, key: &str, password: &str) {
        self.secret_changes += 1;
        self.secrets.insert(name.to_owned(), [(key.to_owned(), password.to_owned())].into());
    }

    fn version_of(&self, secret: &str) -> String {
        format!("uid-of-{secret}/{}", self.secret_changes)
    }

    fn holds_password(&self, text: &str) -> bool {
        self.secrets.values().flat_map(BTreeMap::values).any(|password| text.contains(password))
    }

    fn write_status(&mut self, read: &ConnectUser, status: &ConnectUserStatus) -> Result<ConnectUser, ClusterError> {
        let mut object = self.guarded(read)?;
        // Through JSON and back, as over the wire.
        let text = serde_json::to_string(status).unwrap();
        self.leaked |= self.holds_password(&text);
        let status = serde_json::from_str(&text).unwrap();
        if object.status.as_ref() != Some(&status) {
            self.writes += 1;
            object.status = Some(status);
            self.keep(Some(object));
        }
        Ok(self.object.clone().unwrap())
    }
}

/// The API server as one operator reaches it.
pub struct FakeCluster {
    pub cache: Arc<Mutex<Option<ConnectUser>>>,
    pub gate: Gate,
}

fn unavailable() -> ClusterError {
    ClusterError { kind: ClusterErrorKind::Unavailable, message: "the API server did not answer".into() }
}

impl FakeCluster {
    fn call<'a, T: Send + 'a>(
        &'a self,
        what: &'a str,
        effect: impl FnOnce(&mut Store) -> Result<T, ClusterError> + Send + 'a,
    ) -> ClusterFuture<'a, T> {
        async move {
            match self.gate.pass(what, || effect(&mut self.gate.world.store.lock().unwrap())).await {
                GateResult::Answered(result) => result,
                GateResult::NoAnswer => Err(unavailable()),
            }
        }
        .boxed()
    }
}

impl Cluster for FakeCluster {
    fn get<'a>(&'a self, _: &'a str, _: &'a str) -> ClusterFuture<'a, Option<ConnectUser>> {
        let cached = (self.gate.world.setup.mutation == Some(Mutation::NoFreshGet)).then(|| self.cache.lock().unwrap().clone());
        self.call("GET ConnectUser", move |store| Ok(cached.unwrap_or_else(|| store.object.clone())))
    }

    fn secret<'a>(&'a self, _: &'a str, name: &'a str, key: &'a str) -> ClusterFuture<'a, SecretValue> {
        self.call("GET Secret", move |store| {
            Ok(match store.secrets.get(name) {
                None => SecretValue::NoSecret,
                Some(secret) => match secret.get(key) {
                    None => SecretValue::NoKey(secret.keys().cloned().collect()),
                    Some(value) => SecretValue::Found {
                        password: Password::new(value.clone()),
                        version: store.version_of(name),
                        controller: store.owned_secrets.get(name).cloned(),
                    },
                },
            })
        })
    }

    fn secret_version<'a>(&'a self, _: &'a str, name: &'a str) -> ClusterFuture<'a, Option<String>> {
        self.call("GET Secret's metadata", move |store| Ok(store.secrets.contains_key(name).then(|| store.version_of(name))))
    }

    fn create_secret<'a>(
        &'a self,
        owner: &'a ConnectUser,
        name: &'a str,
        key: &'a str,
        value: &'a Password,
    ) -> ClusterFuture<'a, ()> {
        self.call("create Secret", move |store| {
            if store.secrets.contains_key(name) {
                return Err(ClusterError { kind: ClusterErrorKind::Conflict, message: "already exists".into() });
            }
            store.writes += 1;
            store.secrets.insert(name.to_owned(), [(key.to_owned(), value.expose().to_owned())].into());
            store.owned_secrets.insert(name.to_owned(), owner.uid().unwrap());
            Ok(())
        })
    }

    fn namespace_annotation<'a>(&'a self, _: &'a str, _: &'a str) -> ClusterFuture<'a, Option<String>> {
        self.call("GET Namespace", |_| Ok(None))
    }

    fn add_finalizer<'a>(&'a self, resource: &'a ConnectUser) -> ClusterFuture<'a, ConnectUser> {
        self.call("add finalizer", move |store| store.set_finalizers(resource, vec![FINALIZER.to_owned()]))
    }

    fn remove_finalizer<'a>(&'a self, resource: &'a ConnectUser) -> ClusterFuture<'a, ()> {
        self.call("remove finalizer", move |store| match store.set_finalizers(resource, vec![]) {
            Err(error) if error.kind == ClusterErrorKind::Gone => Ok(()),
            other => other.map(|_| ()),
        })
    }

    fn write_status<'a>(&'a self, resource: &'a ConnectUser, status: &'a ConnectUserStatus) -> ClusterFuture<'a, ConnectUser> {
        let mut status = status.clone();
        match self.gate.world.setup.mutation {
            Some(Mutation::NoMark) => status.create_attempt = None,
            Some(Mutation::MarkNotKept) if status.user_id.is_some() => status.create_attempt = None,
            _ => {}
        }
        self.call("write status", move |store| store.write_status(resource, &status))
    }

    fn publish<'a>(&'a self, _: &'a ConnectUser, event: Event) -> BoxFuture<'a, ()> {
        async move {
            let what = format!("Event {}: {}", event.reason, event.note);
            let store = || self.gate.world.store.lock().unwrap();
            let keep = || {
                let mut store = store();
                store.leaked |= store.holds_password(&event.note);
            };
            self.gate.pass(&what, keep).await;
        }
        .boxed()
    }
}
