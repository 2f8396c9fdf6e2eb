//! What the operator tells of itself: metrics and logs. Events are told by the passes.

mod logs;
mod metrics;

pub use logs::{LogFormat, init};
pub use metrics::Metrics;
