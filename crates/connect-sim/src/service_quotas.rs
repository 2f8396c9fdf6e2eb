//! The part of AWS Service Quotas that callers of Connect need: the quota of users of an instance.

use crate::{refusal::Refusal, request::GET_SERVICE_QUOTA, state::Instance};

const SERVICE: &str = "connect";
/// The code of "Users per instance".
const USERS_PER_INSTANCE: &str = "L-9A46857E";

/// GetServiceQuota's parameters.
#[derive(Clone, Debug)]
pub(crate) struct GetServiceQuota {
    pub service_code: String,
    pub quota_code: String,
    /// The ARN of the instance.
    pub context_id: Option<String>,
}

/// The quota of users of an instance.
#[derive(Clone, Debug)]
pub(crate) struct UsersQuota {
    pub service: &'static str,
    pub code: &'static str,
    pub instance: String,
    pub users: usize,
}

/// Returns the quota of one of the instances that the caller sees.
pub(crate) fn get<'a>(request: &GetServiceQuota, mut seen: impl Iterator<Item = &'a Instance>) -> Result<UsersQuota, Refusal> {
    let GetServiceQuota { service_code, quota_code, context_id } = request;
    let is_named = |instance: &&Instance| context_id.as_ref() == Some(&instance.arn.to_string());
    let instance = match (service_code.as_str(), quota_code.as_str()) {
        (SERVICE, USERS_PER_INSTANCE) => seen.find(is_named),
        _ => None,
    };
    let Some(Instance { arn, users_quota, .. }) = instance else {
        let message = "The request failed because the specified quota does not exist.";
        return Err(Refusal::new(400, "NoSuchResourceException", message));
    };
    Ok(UsersQuota { service: SERVICE, code: USERS_PER_INSTANCE, instance: arn.to_string(), users: *users_quota })
}

/// The answer to a caller without the permission.
pub(crate) fn not_allowed() -> Refusal {
    let message = format!("not authorized to perform: servicequotas:{GET_SERVICE_QUOTA}");
    Refusal::new(400, "AccessDeniedException", message)
}
