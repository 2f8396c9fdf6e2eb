//! When passes are made, and by which replica: the lease, the watch, the queue, health, shutdown.

mod cached;
mod connections;
mod health;
mod kubernetes;
mod lease;
mod namespaces;
mod roll;
mod sweeper;
mod watch;

pub(crate) use cached::Guarded;
pub use connections::AwsConnections;
pub use health::{Health, Listeners, Stage};
pub use kubernetes::KubeCluster;
pub use lease::{Candidate, Decision, Elector, Lost, LostLease, Timing};
pub(crate) use sweeper::{Objects, instances, part_with, sweep};
pub use watch::{WatchOptions, watch};
