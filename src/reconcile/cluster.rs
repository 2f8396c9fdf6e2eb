//! The operations of Kubernetes that a pass needs, each with the guard that it depends on.

use connect_api::Password;
use futures::future::BoxFuture;

use crate::api::{ConnectUser, ConnectUserStatus};

/// The kinds of failure of a Kubernetes call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterErrorKind {
    /// The object changed since it was read (409).
    Conflict,
    /// The object is gone, or a new one has its name.
    Gone,
    /// The service account may not do this (401, 403).
    Forbidden,
    /// The API server refused the object (400, 422).
    Refused,
    /// The API server has an object that this version cannot read.
    Unreadable,
    /// Anything else: whether the call took effect is unknown.
    Unavailable,
}

/// A Kubernetes call that failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ClusterError {
    /// The kind of failure.
    pub kind: ClusterErrorKind,
    /// The operation, and the API server's answer.
    pub message: String,
}

/// The result of reading a key of a Secret.
#[derive(Clone, Debug)]
pub enum SecretValue {
    /// The value.
    Found {
        /// The value.
        password: Password,
        /// As [`Cluster::secret_version`].
        version: String,
        /// The UID of the Secret's controller, if it has one.
        controller: Option<String>,
    },
    /// The Secret does not exist.
    NoSecret,
    /// The Secret does not have the key.
    NoKey,
    /// The value is not text.
    NotText,
}

/// The type of an Event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// An expected event.
    Normal,
    /// An event that may need attention.
    Warning,
}

/// The reason of the Event that is counted instead of published again: throttling is frequent, and its message does not change.
pub const THROTTLED: &str = "Throttled";

/// An Event on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The type.
    pub kind: EventKind,
    /// The reason, one of the list in docs/states.md.
    pub reason: &'static str,
    /// The operator's action: `Create`, `Update`, `Delete`, `Observe`, `Reconcile`.
    pub action: &'static str,
    /// The message.
    pub note: String,
}

/// A call to the API server under way.
pub type ClusterFuture<'a, T> = BoxFuture<'a, Result<T, ClusterError>>;

/// The API server.
pub trait Cluster: Send + Sync {
    /// Reads a resource from the API server, not from a cache. Returns None if it does not exist.
    fn get<'a>(&'a self, namespace: &'a str, name: &'a str) -> ClusterFuture<'a, Option<ConnectUser>>;

    /// Reads one key of a Secret.
    fn secret<'a>(&'a self, namespace: &'a str, name: &'a str, key: &'a str) -> ClusterFuture<'a, SecretValue>;

    /// Returns a text that identifies the Secret with this name and its state, without reading its content: another Secret, and
    /// each write to the same one, has another text. Returns None if it does not exist.
    fn secret_version<'a>(&'a self, namespace: &'a str, name: &'a str) -> ClusterFuture<'a, Option<String>>;

    /// Creates a Secret with one key, which `owner` controls and which is deleted with it. Fails with a conflict if a Secret has
    /// this name.
    fn create_secret<'a>(
        &'a self,
        owner: &'a ConnectUser,
        name: &'a str,
        key: &'a str,
        value: &'a Password,
    ) -> ClusterFuture<'a, ()>;

    /// Reads an annotation of a namespace. Returns None if there is no such annotation. Fails with `Gone` if there is no such namespace.
    fn namespace_annotation<'a>(&'a self, namespace: &'a str, annotation: &'a str) -> ClusterFuture<'a, Option<String>>;

    /// Adds the finalizer, if the resource has not changed since it was read.
    fn add_finalizer<'a>(&'a self, resource: &'a ConnectUser) -> ClusterFuture<'a, ConnectUser>;

    /// Removes the finalizer, if the resource has not changed since it was read.
    fn remove_finalizer<'a>(&'a self, resource: &'a ConnectUser) -> ClusterFuture<'a, ()>;

    /// Writes the whole status, if the resource has not changed since it was read: a status that was composed from an older one
    /// could undo what another pass has recorded.
    fn write_status<'a>(&'a self, resource: &'a ConnectUser, status: &'a ConnectUserStatus) -> ClusterFuture<'a, ConnectUser>;

    /// Publishes an Event. It may get lost, and no pass depends on it.
    fn publish<'a>(&'a self, resource: &'a ConnectUser, event: Event) -> BoxFuture<'a, ()>;
}
