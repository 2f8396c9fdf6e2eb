//! Leader election: of several replicas, the one that holds a `coordination.k8s.io/v1` Lease works.
//!
//! A lease is not a fence: a process that was suspended may continue for a moment after another has taken over. The protocol for
//! creating and deleting users, and not the lease, guarantees that no user is duplicated or lost in this case. The lease prevents
//! replicas from repeating each other's work and from using the same rate limit twice.

mod candidate;
mod elector;
#[cfg(test)]
mod model;
mod timing;

pub use candidate::Candidate;
pub use elector::Elector;
pub use timing::Timing;
