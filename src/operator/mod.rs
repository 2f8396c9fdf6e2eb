//! When passes are made, and by which replica: the lease, the watch, the queue, health, shutdown, and what is
//! configured for it.

mod accounts;
mod cached;
pub mod config;
mod connections;
mod health;
mod kubernetes;
mod lease;
mod namespaces;
mod roll;
mod sweeper;
mod watch;

pub use accounts::{await_accounts, check_accounts};
pub(crate) use cached::Guarded;
pub use connections::{AwsConnections, Everywhere};
pub use health::{Health, Listeners, Stage};
pub use kubernetes::KubeCluster;
pub use lease::{Candidate, Decision, Elector, Lost, LostLease, Timing};
pub(crate) use sweeper::{Objects, instances, part_with, sweep};
pub use watch::{WatchOptions, watch};
