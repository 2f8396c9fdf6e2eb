//! The shell around [`plan`](crate::plan): reads, calls and reports. Only this module holds both clients.
//!
//! [`Reconciler::reconcile`] makes one pass over one resource: it asks the plan for the next step, takes it, and asks again.
//! Every pass ends in an outcome, which becomes conditions, Events and the time of the next pass.
//!
//! From the bottom up: values and services, the context that all passes share, the steps, the pass, and the reconciler. No
//! module imports one above it.

mod administrators;
mod clock;
mod cluster;
mod conditions;
mod confirmation;
mod context;
mod deletion_guard;
mod drift_scan;
mod failure;
#[cfg(test)]
mod fixtures;
mod instance_access;
mod instance_client;
mod latest;
mod learnt;
pub(crate) mod lookup;
mod memory;
mod orphan_deletion;
mod orphans;
mod outcome;
mod pass;
mod quick_connect_cleanup;
mod quota_lookup;
mod reconciler;
mod report;
mod requests;
mod schedule;
mod spread;
mod steps;
mod subject;
mod sweep;
mod username_waiters;
mod users_quota;
mod work;

pub use clock::Clock;
pub(crate) use clock::SystemClock;
pub use cluster::{Cluster, ClusterError, ClusterErrorKind, ClusterFuture, Event, SecretValue};
pub(crate) use cluster::{EventKind, THROTTLED};
pub(crate) use confirmation::{is_confirmed, is_refused_confirmation};
pub use context::{Connections, Settings};
pub(crate) use deletion_guard::{Deletion, DeletionLedger, NamespaceCounts};
pub use deletion_guard::{DeletionGuard, InstanceCounts, UserCounter};
pub use drift_scan::DriftSignal;
pub(crate) use drift_scan::ScanReport;
pub(crate) use instance_client::InstanceClient;
pub(crate) use orphans::{Orphan, OrphanError, OrphanOutcome};
pub use outcome::Verdict;
pub use reconciler::Reconciler;
pub use sweep::Cached;
pub use username_waiters::NamespacedName;
