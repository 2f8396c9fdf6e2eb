//! One small world: API servers of a few objects, Connect, a clock, people, and operators that make passes when a cache or a timer
//! wakes them. It is single-threaded and deterministic, so that a seed repeats it exactly.
//!
//! Every call of an operator passes a [`Gate`], where the world can let something else happen first, fail the call or end the process.
//! [`CheckedConnect`] checks each write against the invariants of docs/design.md.

mod checks;
mod connect;
mod gate;
mod kube;
mod ledger;
mod lock;
mod mutation;
mod operator;
mod quick_connects;
mod setup;
mod simulation;
pub mod specs;
mod start;
mod view;

pub(crate) use connect::is_paused;
pub use connect::{CLUSTER, CheckedConnect, SingleClient, is_ours, owner_of};
pub use gate::{Acting, Fault, Gate, GateResult, Schedule};
pub use kube::{FakeCluster, NAME, NAMESPACE, Namespace, Secret, Snapshot, Store, jane};
pub use ledger::UserLedger;
pub(crate) use lock::lock;
pub use mutation::Mutation;
pub use operator::Operator;
pub(crate) use operator::SWEEP_INTERVAL;
pub use quick_connects::point_to;
pub use setup::{Lag, Setup, config, secret};
pub use simulation::{Simulation, is_ready};
pub use view::{changed_paths, fields, is_managed};
