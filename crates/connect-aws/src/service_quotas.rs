//! The quota of users of an instance, which AWS Service Quotas knows.

use std::num::NonZeroU32;

use aws_config::{Region, SdkConfig, retry::RetryConfig};
use aws_sdk_servicequotas::{
    Client,
    config::Builder,
    error::{ProvideErrorMetadata, SdkError},
    operation::get_service_quota::GetServiceQuotaError,
};
use connect_api::{Arn, Class};

use crate::{CALL_TIMEOUT, causes::causes, config};

/// Service Quotas' codes of Connect and of "Users per instance".
const SERVICE: &str = "connect";
const USERS_PER_INSTANCE: &str = "L-9A46857E";

/// Why a quota was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QuotaFault(String);

/// Asks for the quota of users of an instance, in one attempt. Each instance has its own.
pub(crate) async fn users_quota(
    config: &SdkConfig,
    endpoint_url: Option<&str>,
    instance: &Arn,
) -> Result<NonZeroU32, QuotaFault> {
    let mut builder = Builder::from(config)
        .region(Region::new(instance.region.clone()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(config::timeouts(CALL_TIMEOUT));
    if let Some(url) = config::service_quotas_endpoint(endpoint_url) {
        builder = builder.endpoint_url(url);
    }
    let call = Client::from_conf(builder.build()).get_service_quota();
    let call = call.service_code(SERVICE).quota_code(USERS_PER_INSTANCE).context_id(instance.to_string());
    let reply = call.send().await.map_err(|error| fault(&error))?;
    // A whole number in a float. One that is too large becomes the largest number, and a negative one zero.
    let value = reply.quota.and_then(|quota| quota.value);
    value.and_then(|value| NonZeroU32::new(value as u32)).ok_or_else(|| QuotaFault("the reply has no number of users".into()))
}

fn fault(error: &SdkError<GetServiceQuotaError>) -> QuotaFault {
    QuotaFault(match error {
        SdkError::ServiceError(answer) => {
            let (status, code) = (answer.raw().status().as_u16(), answer.err().code());
            let reason = answer.err().message().unwrap_or("Service Quotas gives no reason");
            let reason = format!("{}: {reason}", code.unwrap_or("no code"));
            match Class::of(code, Some(status)) {
                Class::Denied => format!("it needs servicequotas:GetServiceQuota ({reason})"),
                _ => reason,
            }
        }
        SdkError::TimeoutError(_) => format!("no reply in {} s", CALL_TIMEOUT.as_secs()),
        other => causes(other),
    })
}
