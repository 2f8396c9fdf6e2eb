//! When passes run, and in which replica: the lease, the watch, the queue, health, shutdown, and the configuration of these.

mod api_server;
pub(crate) mod config;
mod connections;
mod credential_check;
mod deletion_counts;
mod guard;
mod health;
mod kubernetes;
mod large_replies;
mod lease;
mod listener;
mod namespaces;
mod packed;
mod progress;
mod resync;
mod retry;
mod slots;
mod sweep;
mod watch;

pub(crate) use api_server::{Patience, connect};
pub use config::schema as config_schema;
pub(crate) use connections::{AwsConnections, Defaults};
pub(crate) use credential_check::{await_accounts, check_accounts};
pub use deletion_counts::count_users;
pub(crate) use guard::Guard;
pub use health::Health;
pub(crate) use health::{Listeners, Readiness};
pub use kubernetes::KubeCluster;
pub(crate) use kubernetes::text_of;
pub(crate) use lease::{Candidate, Elector, Timing};
pub(crate) use retry::Retry;
pub(crate) use sweep::{delete_orphan, sweep};
pub use watch::{WatchOptions, watch};
