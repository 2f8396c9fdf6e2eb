//! Doing it: the shell around [`plan`](crate::plan) that reads, calls and reports. The only place that holds both clients.
//!
//! [`Reconciler::reconcile`] makes one pass over one resource: it asks the plan for the next step, takes it, and asks again.
//! Whatever way a pass ends, it ends in an outcome, which `report` turns into conditions and `failure` into a pace.

mod clock;
mod cluster;
mod conditions;
mod drift_scan;
mod failure;
mod finish;
mod guard;
mod identity_type;
mod instance_access;
mod lookup;
mod memory;
mod names;
mod observed;
mod orphans;
mod pass;
mod password;
mod quick_connects;
mod reconciler;
mod snapshot;
mod steps;
mod username_waiters;

pub use clock::{Clock, SystemClock};
pub use cluster::{Cluster, ClusterError, ClusterErrorKind, Event, EventKind, SecretValue, THROTTLED};
pub use drift_scan::{DriftScan, DriftSignal, ScanReport};
pub use failure::{Failure, Kind, Phase};
pub use guard::{DeletionGuard, InstanceCounts, UserCounter};
pub use orphans::{Orphan, OrphanError, OrphanOutcome};
pub(crate) use reconciler::is_confirmed;
pub use reconciler::{Connections, Reconciler, Settings, Verdict};
pub use username_waiters::NamespacedName;
