//! Doing it: the shell around [`plan`](crate::plan) that reads, calls and reports. The only place that holds both clients.
//!
//! [`Reconciler::reconcile`] makes one pass over one resource: it asks the plan for the next step, takes it, and asks again.
//! Whatever way a pass ends, it ends in an outcome, which `report` turns into conditions and `failure` into a pace.

mod allowing;
mod clock;
mod cluster;
mod conclude;
mod failure;
mod find;
mod guard;
mod memory;
mod names;
mod observed;
mod orphans;
mod pass;
mod password;
mod quick_connects;
mod reconciler;
mod report;
mod sign_in;
mod snapshot;
mod steps;
mod sweeping;
mod waiting;

pub use clock::{Clock, SystemClock};
pub use cluster::{Cluster, ClusterError, ClusterErrorKind, Event, EventKind, SecretValue, THROTTLED};
pub use failure::{Failure, Kind, Phase};
pub use guard::{Census, DeletionGuard, Roll};
pub use orphans::{Orphan, Parting, PartingError};
pub(crate) use reconciler::is_confirmed;
pub use reconciler::{Connections, Reconciler, Settings, Verdict};
pub use sweeping::{Sweeping, Swept, Worth};
pub use waiting::Place;
