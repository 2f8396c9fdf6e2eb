//! Metrics, logs and traces. Passes publish Events themselves.

mod limiters;
mod logs;
mod metrics;
mod personal;
mod recent;
mod resources;
mod traces;

pub use logs::{LogFormat, init, log_filter};
pub use metrics::{AccountMetrics, MANAGED, Metrics};
pub(crate) use personal::{Personal, name_or_uid};
pub use resources::{ConditionSummary, Counted};
pub use traces::Traces;
pub(crate) use traces::set_attribute;
