//! Why a spec cannot be read.

use connect_api::Arn;

/// A spec that cannot be read. The API server refuses such specs, unless the schema in the cluster is older or was altered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("spec.{field}: {message}")]
pub struct SpecError {
    pub field: &'static str,
    pub message: String,
}

/// Reads the ARN in a field.
pub(super) fn arn(field: &'static str, arn: &str) -> Result<Arn, SpecError> {
    arn.parse().map_err(|e: connect_api::ArnError| SpecError { field, message: e.to_string() })
}
