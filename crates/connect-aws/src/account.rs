//! One AWS account: its credentials, and the clients of its Regions.

use std::{num::NonZeroU32, sync::Arc};

use aws_config::{Region, SdkConfig, identity::IdentityCache};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError};
use connect_api::Arn;

use crate::{
    AwsConnect, QuotaFault,
    assumed_role::{AssumedRole, Role},
    config,
    credentials::CredentialsFault,
    identity::{Identity, OfAccount, Source},
    service_quotas,
};

/// How to access an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountOptions {
    /// The account's id: 12 digits. Credentials of another account are rejected.
    pub id: String,
    /// The role to assume. None: the configuration's own credentials belong to this account.
    pub role: Option<Role>,
    /// The endpoint of Connect, if it is not the one in the configuration.
    pub endpoint_url: Option<String>,
    /// The Region of STS, instead of the environment's.
    pub sts_region: Option<String>,
    /// The Region of STS if neither `sts_region` nor the environment names one.
    pub default_sts_region: String,
    /// The name of these settings in the configuration, such as `accounts.123456789012`, for error messages.
    pub named: String,
}

/// An account. Clones, and the clients of all its Regions, share credentials, which are renewed before they expire.
#[derive(Clone, Debug)]
pub struct Account {
    config: SdkConfig,
    credentials: SharedCredentialsProvider,
    endpoint_url: Option<String>,
}

impl Account {
    /// Creates an account with this configuration's endpoint, and with its credentials or those of a role that they may assume.
    pub fn new(config: &SdkConfig, options: AccountOptions) -> Self {
        let AccountOptions { id, role, endpoint_url, sts_region, default_sts_region, named } = options;
        let region = sts_region.map(Region::new).or_else(|| config.region().cloned());
        let region = region.unwrap_or_else(|| Region::new(default_sts_region));
        let sts = config.clone().into_builder().region(region).build();
        let identity = config::sts_matches_connect(config, endpoint_url.as_deref()).then(|| Identity::new(sts.clone()));
        let source = match (role, config.credentials_provider()) {
            (Some(role), _) => Source::Assumed(Box::new(AssumedRole::new(sts, role, named.clone()))),
            (None, Some(own)) => Source::Own(own),
            (None, None) => Source::None,
        };
        let credentials = SharedCredentialsProvider::new(OfAccount { id, named, source, identity });
        // Each account has its own cache, since a shared one is too small for many accounts.
        let cache = IdentityCache::lazy().load_timeout(config::CREDENTIALS_TIMEOUT).build();
        let config = config.clone().into_builder().credentials_provider(credentials.clone()).identity_cache(cache).build();
        Self { config, credentials, endpoint_url }
    }

    /// Returns the client of one of the account's Regions.
    pub fn connect(&self, region: &str) -> AwsConnect {
        AwsConnect::at(&self.config, region, self.endpoint_url.as_deref())
    }

    /// Asks Service Quotas for the quota of users of one of the account's instances. The call takes at most [`crate::CALL_TIMEOUT`].
    ///
    /// # Errors
    /// The reason why the quota was not read.
    pub async fn users_quota(&self, instance: &Arn) -> Result<NonZeroU32, QuotaFault> {
        service_quotas::users_quota(&self.config, self.endpoint_url.as_deref(), instance).await
    }

    /// Fetches credentials as a call would, to check that there are any.
    ///
    /// # Errors
    /// The reason why there are none.
    pub async fn check(&self) -> Result<(), Arc<CredentialsFault>> {
        provided(&self.credentials).await
    }
}

/// Fetches a configuration's own credentials, to check that there are any.
///
/// # Errors
/// The reason why there are none.
pub async fn check_own(config: &SdkConfig) -> Result<(), Arc<CredentialsFault>> {
    match config.credentials_provider() {
        Some(own) => provided(&own).await,
        None => Err(CredentialsFault::of(&CredentialsError::not_loaded("none are configured"))),
    }
}

async fn provided(credentials: &SharedCredentialsProvider) -> Result<(), Arc<CredentialsFault>> {
    credentials.provide_credentials().await.map(|_| ()).map_err(|error| CredentialsFault::of(&error))
}
