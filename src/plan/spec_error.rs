//! Why a spec cannot be read.

use connect_api::{Arn, Resource};

/// A spec that cannot be read. The API server refuses such specs, unless the schema in the cluster is older or was altered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("spec.{field}: {message}")]
pub struct SpecError {
    /// The field at fault.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// Reads the ARN in a field.
pub(super) fn arn(field: &'static str, arn: &str) -> Result<Arn, SpecError> {
    arn.parse().map_err(|e: connect_api::ArnError| SpecError { field, message: e.to_string() })
}

/// Reads the id of a profile or group from the ARN in a field.
pub(super) fn id<T>(
    field: &'static str,
    text: &str,
    instance: &Arn,
    pick: impl Fn(Resource) -> Option<T>,
) -> Result<T, SpecError> {
    let arn = arn(field, text)?;
    if arn.sibling(Resource::Instance) != *instance {
        return Err(SpecError { field, message: format!("{text:?} lies in another instance than instanceArn, {instance}") });
    }
    pick(arn.resource).ok_or_else(|| SpecError { field, message: format!("{text:?} is the ARN of something else") })
}
