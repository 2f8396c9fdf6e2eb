//! When passes run, and in which replica: the lease, the watch, the queue, health, shutdown, and the configuration of these.

pub mod config;
mod connections;
mod credential_check;
mod deletion_counts;
mod deletion_standing;
mod health;
mod kubernetes;
mod lease;
mod namespaces;
mod packed;
mod resync;
mod sweep;
mod watch;

pub use connections::{AwsConnections, Defaults};
pub use credential_check::{await_accounts, check_accounts};
pub use health::{Health, Listeners, Readiness};
pub use kubernetes::KubeCluster;
pub use lease::{Candidate, Decision, Elector, Lost, LostLease, Timing};
pub(crate) use packed::Guarded;
pub(crate) use sweep::{Objects, delete_orphan, instances, sweep};
pub use watch::{WatchOptions, watch};
