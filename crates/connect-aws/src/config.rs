//! What is shared by the clients of all Regions: credentials, endpoint, HTTP client, time-outs.

use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
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

/// One pool of connections for Connect and STS: rustls with ring, the machine's own certificates, the environment's proxy.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|c| c.sleep_impl()));
        connector.proxy_config(ProxyConfig::from_env()).tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    })
}
