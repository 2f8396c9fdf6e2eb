//! Kubernetes, as a pass needs it: few operations, each with the guard that it depends on.

use std::fmt;

use connect_api::Password;
use futures::future::BoxFuture;

use crate::api::{ConnectUser, ConnectUserStatus};

/// What kind of failure a Kubernetes call met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterErrorKind {
    /// The object changed since it was read (409).
    Conflict,
    /// The object is gone, or another one has its name now.
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
#[derive(Clone, Debug)]
pub struct ClusterError {
    /// What kind of failure it is.
    pub kind: ClusterErrorKind,
    /// What was tried and what the API server said.
    pub message: String,
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ClusterError {}

/// What a look for a Secret's key found.
#[derive(Clone, Debug)]
pub enum SecretValue {
    /// The value.
    Found {
        /// The value itself.
        password: Password,
        /// As [`Cluster::secret_version`].
        version: String,
        /// The UID of the object that the Secret belongs to, if it belongs to one.
        controller: Option<String>,
    },
    /// There is no such Secret.
    NoSecret,
    /// The Secret has no such key; these it has.
    NoKey(Vec<String>),
    /// The value is no text.
    NotText,
}

/// Whether an Event tells of something good or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// As it should be.
    Normal,
    /// Somebody should look.
    Warning,
}

/// The reason of the Event that is counted instead of told again: a throttle hits often, and says the same each time.
pub const THROTTLED: &str = "Throttled";

/// An Event on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Good or bad.
    pub kind: EventKind,
    /// One of the closed list in docs/states.md.
    pub reason: &'static str,
    /// What the operator was doing: `Create`, `Update`, `Delete`, `Observe`, `Reconcile`.
    pub action: &'static str,
    /// What happened, for people.
    pub note: String,
}

/// The API server.
pub trait Cluster: Send + Sync {
    /// Reads a resource from the API server itself, not from a cache. None where it does not exist.
    fn get<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<ConnectUser>, ClusterError>>;

    /// Reads one key of a Secret.
    fn secret<'a>(&'a self, namespace: &'a str, name: &'a str, key: &'a str) -> BoxFuture<'a, Result<SecretValue, ClusterError>>;

    /// Tells which Secret has this name and in which state it is, without reading its content: another Secret, and each write
    /// to the same, gives another answer. None where it does not exist.
    fn secret_version<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Result<Option<String>, ClusterError>>;

    /// Makes a Secret with one key, which belongs to `owner` and goes with it. A conflict where there is one of this name.
    fn create_secret<'a>(
        &'a self,
        owner: &'a ConnectUser,
        name: &'a str,
        key: &'a str,
        value: &'a Password,
    ) -> BoxFuture<'a, Result<(), ClusterError>>;

    /// Reads an annotation of a namespace. None where there is no such annotation, or where it may not be read.
    fn namespace_annotation<'a>(
        &'a self,
        namespace: &'a str,
        annotation: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, ClusterError>>;

    /// Adds the finalizer, if nothing of the resource changed since it was read.
    fn add_finalizer<'a>(&'a self, resource: &'a ConnectUser) -> BoxFuture<'a, Result<ConnectUser, ClusterError>>;

    /// Removes the finalizer, if nothing of the resource changed since it was read.
    fn remove_finalizer<'a>(&'a self, resource: &'a ConnectUser) -> BoxFuture<'a, Result<(), ClusterError>>;

    /// Writes the whole status, if nothing of the resource changed since it was read: a status that was put together from an
    /// older one could take back what another pass has recorded.
    fn write_status<'a>(
        &'a self,
        resource: &'a ConnectUser,
        status: &'a ConnectUserStatus,
    ) -> BoxFuture<'a, Result<ConnectUser, ClusterError>>;

    /// Publishes an Event. It may get lost: no pass depends on it.
    fn publish<'a>(&'a self, resource: &'a ConnectUser, event: Event) -> BoxFuture<'a, ()>;
}
