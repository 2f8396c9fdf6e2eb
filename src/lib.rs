//! connect-operator: makes the users of Amazon Connect match `ConnectUser` resources in Kubernetes.
//!
//! A reader who follows the data turns pages forward only: [`api`] (what people write) → [`plan`] (what to do about it, pure) →
//! [`reconcile`] (doing it) → [`operator`] (when). [`inventory`] knows what Connect calls what the specs name, [`telemetry`] tells of it
//! all, [`cli`] starts it.

pub mod api;
pub mod cli;
pub mod inventory;
pub mod plan;
pub mod reconcile;
pub mod runtime;
pub mod telemetry;
