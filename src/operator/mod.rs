//! When passes are made: the watch, the queue, health, shutdown.

mod connections;
mod health;
mod kubernetes;
mod watch;

pub use connections::AwsConnections;
pub use health::{Health, Listeners};
pub use kubernetes::KubeCluster;
pub use watch::{WatchOptions, watch};
