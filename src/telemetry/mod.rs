//! What the operator tells of itself: metrics, logs and traces. Events are told by the passes.

mod levels;
mod logs;
mod metrics;
mod resources;
mod traces;

pub use logs::{LogFormat, init, log_filter};
pub use metrics::Metrics;
pub use resources::ConditionSummary;
pub use traces::Traces;
pub(crate) use traces::note;
