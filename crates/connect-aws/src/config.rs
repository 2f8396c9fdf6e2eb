//! The configuration that the clients of all Regions share: credentials, endpoint, HTTP client, time-outs.

use std::time::Duration;

use aws_config::{
    AppName, BehaviorVersion, Region, SdkConfig, identity::IdentityCache, profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_connect::config::{SharedHttpClient, timeout::TimeoutConfig};
use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};

use crate::credentials::Bounded;

/// The longest time of a call, from fetching credentials to the last byte of the reply.
///
/// A caller that must know whether an unanswered CreateUser may still take effect waits this long first.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A reachable host accepts a connection well within this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The longest wait for credentials: the time of the chain or of STS, and the time to find out which account they belong to. It
/// is shorter than a call's time-out, so that the call's error says what was missing.
pub(crate) const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(9);

/// Settings that replace those of the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The endpoint of Connect, instead of AWS' endpoint of each Region. It takes precedence over `AWS_ENDPOINT_URL_CONNECT`,
    /// `AWS_ENDPOINT_URL` and the profile's `endpoint_url`, and does not affect where credentials come from.
    pub endpoint_url: Option<String>,
    /// The profile of the shared configuration files, instead of `AWS_PROFILE`. As with the AWS CLI, credentials come from it alone.
    pub profile: Option<String>,
    /// The Region for fetching credentials, instead of `AWS_REGION`. Each client has its own Region for Connect.
    pub region: Option<String>,
}

/// Pinned, so that an update of the SDK does not change its behaviour, for example that a call ends when its body stalls for 5 s.
pub(crate) fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Returns the time-outs of a client for calls of this total length.
pub(crate) fn timeouts(call: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT.min(call))
        .operation_attempt_timeout(call)
        .operation_timeout(call)
        .build()
}

/// Finds credentials and the endpoint as every AWS tool does, once for all Regions.
///
/// Credentials come from the first of: the environment, a profile, a web identity token (IRSA), the container's endpoint
/// (EKS Pod Identity), EC2 instance metadata. They are fetched when the first call needs them, shared by all clients made
/// of the result, and renewed before they expire. Fetching them is retried by the SDK, within 5 seconds; calls to Connect are
/// not.
///
/// `AWS_ENDPOINT_URL` moves STS too, as AWS documents it; `AWS_ENDPOINT_URL_CONNECT` moves Connect alone. `HTTPS_PROXY`,
/// `HTTP_PROXY` and `NO_PROXY` apply to both.
pub async fn load(options: &Options) -> SdkConfig {
    let Options { endpoint_url, profile, region } = options.clone();
    let mut loader = aws_config::defaults(behavior_version())
        .http_client(http_client())
        .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT).build())
        .app_name(AppName::new("connect-operator").expect("letters and a dash make a valid name"));
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(profile) = &profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    let config = loader.load().await;
    let of_profile = profile.as_ref().map(|profile| {
        // A profile with a role needs a Region for STS.
        let settings = ProviderConfig::without_region().with_region(config.region().cloned()).with_http_client(http_client());
        let of_profile = ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(profile).build();
        SharedCredentialsProvider::new(of_profile)
    });
    match of_profile.or_else(|| config.credentials_provider()) {
        Some(provider) => {
            let provider = SharedCredentialsProvider::new(Bounded { provider, profile });
            config.into_builder().credentials_provider(provider).build()
        }
        None => config,
    }
}

/// Returns whether STS knows the accounts of Connect. It does, unless only Connect has a custom endpoint.
pub(crate) fn sts_matches_connect(config: &SdkConfig, endpoint_url: Option<&str>) -> bool {
    let moved = config.endpoint_url().is_some() || std::env::var("AWS_ENDPOINT_URL_STS").is_ok();
    moved || foreign_endpoint(endpoint_url).is_none()
}

/// Returns the endpoint of Service Quotas if it is Connect's: what stands in for Connect knows the quotas of its instances.
pub(crate) fn service_quotas_endpoint(endpoint_url: Option<&str>) -> Option<String> {
    let moved = std::env::var("AWS_ENDPOINT_URL_SERVICE_QUOTAS").is_ok();
    foreign_endpoint(endpoint_url).filter(|_| !moved)
}

/// Returns the endpoint of Connect if it does not belong to AWS.
fn foreign_endpoint(endpoint_url: Option<&str>) -> Option<String> {
    let url = endpoint_url.map(str::to_owned).or_else(|| std::env::var("AWS_ENDPOINT_URL_CONNECT").ok());
    url.filter(|url| !is_aws(url))
}

/// Returns whether a URL belongs to AWS, including VPC endpoints.
fn is_aws(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = authority.split(['/', ':']).next().unwrap_or_default();
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|suffix| host.ends_with(suffix))
}

/// Creates the connection pool for Connect and STS: rustls with ring, the machine's own certificates, the environment's proxy.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|c| c.sleep_impl()));
        connector.proxy_config(ProxyConfig::from_env()).tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_endpoints_are_recognized() {
        for (url, aws) in [
            ("https://connect.eu-central-1.amazonaws.com", true),
            ("https://vpce-0a1b-2c3d.connect.us-west-2.vpce.amazonaws.com:443/", true),
            ("https://connect.cn-north-1.amazonaws.com.cn", true),
            ("http://127.0.0.1:8080", false),
            ("https://amazonaws.com.example.org/.amazonaws.com", false),
        ] {
            assert_eq!(is_aws(url), aws, "{url}");
        }
    }
}
