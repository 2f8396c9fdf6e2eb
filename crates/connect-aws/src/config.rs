//! What is shared by the clients of all Regions: credentials, endpoint, HTTP client, time-outs.

use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig, identity::IdentityCache};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_connect::config::{SharedHttpClient, timeout::TimeoutConfig};
use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};

use crate::credentials::Bounded;

/// No call outlives this, its credentials and its reply's last byte included.
///
/// Whoever has to know whether an unanswered CreateUser may still take effect waits this long first.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A host that answers at all accepts a connection well within this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// What credentials are waited for at most, in all: the chain's or STS' time, and that of finding out whose they are. Less than a
/// call's, so that the call says what was missing.
pub(crate) const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(9);

/// What the environment does not say, or says wrongly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Where Connect is, instead of AWS' endpoint of each Region. It goes before `AWS_ENDPOINT_URL_CONNECT`,
    /// `AWS_ENDPOINT_URL` and the profile's `endpoint_url`, and never touches where credentials come from.
    pub endpoint_url: Option<String>,
    /// The profile of the shared configuration files, instead of `AWS_PROFILE`.
    pub profile: Option<String>,
    /// The Region in which credentials are asked for, instead of `AWS_REGION`. Connect's Region is each client's own.
    pub region: Option<String>,
}

/// Pinned, so that an update of the SDK does not change how it behaves: that a body which stands still for 5 s ends the call,
/// for one.
pub(crate) fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// The time-outs of a client whose calls may take this long in all.
pub(crate) fn timeouts(call: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT.min(call))
        .operation_attempt_timeout(call)
        .operation_timeout(call)
        .build()
}

/// Finds credentials and endpoint as every AWS tool does, once for all Regions.
///
/// Credentials come from the first of: the environment, a profile, a web identity token (IRSA), the container's endpoint
/// (EKS Pod Identity), EC2 instance metadata. They are fetched when the first call needs them, shared by all clients made
/// of the result, and renewed before they expire. Fetching them is retried as the SDK sees fit, within 5 seconds; calls to
/// Connect are not.
///
/// `AWS_ENDPOINT_URL` moves STS too, as AWS documents it; `AWS_ENDPOINT_URL_CONNECT` moves Connect alone. `HTTPS_PROXY`,
/// `HTTP_PROXY` and `NO_PROXY` hold for both.
pub async fn load(options: &Options) -> SdkConfig {
    let Options { endpoint_url, profile, region } = options.clone();
    let mut loader = aws_config::defaults(behavior_version())
        .http_client(http_client())
        .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT).build())
        .app_name(AppName::new("connect-operator").expect("letters and a dash make a valid name"));
    if let Some(url) = endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    let config = loader.load().await;
    match config.credentials_provider() {
        Some(provider) => {
            let provider = SharedCredentialsProvider::new(Bounded::new(provider));
            config.into_builder().credentials_provider(provider).build()
        }
        None => config,
    }
}

/// Whether STS can tell of the accounts that Connect has: it can unless Connect is somewhere else and STS is not.
pub(crate) fn sts_goes_with_connect(config: &SdkConfig, endpoint_url: Option<&str>) -> bool {
    let variable = |name| std::env::var(name).ok();
    let connect = endpoint_url.map(str::to_owned).or_else(|| variable("AWS_ENDPOINT_URL_CONNECT"));
    let moved = config.endpoint_url().is_some() || variable("AWS_ENDPOINT_URL_STS").is_some();
    moved || connect.is_none_or(|url| is_aws(&url))
}

/// Whether a URL is one of AWS' own, those of VPC endpoints included.
fn is_aws(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = authority.split(['/', ':']).next().unwrap_or_default();
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|suffix| host.ends_with(suffix))
}

/// One pool of connections for Connect and STS: rustls with ring, the machine's own certificates, the environment's proxy.
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
    fn the_endpoints_of_aws_are_told_from_others() {
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
