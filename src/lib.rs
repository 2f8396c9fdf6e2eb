//! connect-operator: makes the users of Amazon Connect match `ConnectUser` resources in Kubernetes.
//!
//! Each module depends only on those before it: [`api`] (the resource that people write), [`plan`] (decides what to do, without
//! I/O), `inventory` (reads names and users of an instance), [`telemetry`] (metrics, logs and traces), [`reconcile`] (carries
//! out the plan of a resource), [`runtime`] (decides when passes run, and in which replica) and [`cli`] (parses flags and starts
//! everything).

pub mod api;
pub mod cli;
mod inventory;
pub mod plan;
pub mod reconcile;
pub mod runtime;
pub mod telemetry;
