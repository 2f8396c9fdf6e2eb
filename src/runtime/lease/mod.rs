//! Which of several replicas works: the one that holds a `coordination.k8s.io/v1` Lease.
//!
//! A lease is no fence: a process that stood still may go on for a moment after another has taken over. That no user is doubled
//! or lost then is the protocol's doing, not the lease's. The lease keeps replicas from doing each other's work, and from
//! spending one rate limit twice.

mod candidate;
mod elector;
mod timing;
#[cfg(test)]
mod world;

pub use candidate::{Candidate, Decision, Lost};
pub use elector::{Elector, LostLease};
pub use timing::Timing;
