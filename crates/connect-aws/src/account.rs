//! One AWS account: the credentials that are used in it, and the clients of its Regions.

use std::sync::Arc;

use aws_config::{Region, SdkConfig, identity::IdentityCache};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError};

use crate::{
    AwsConnect,
    assumed_role::{AssumedRole, Role},
    config,
    credentials::CredentialsFault,
    identity::{Identity, OfAccount, Source},
};

/// How to work in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountOptions {
    /// Its id: 12 digits. Credentials of another account are not used.
    pub id: String,
    /// The role to assume; None: the configuration's own credentials are this account's.
    pub role: Option<Role>,
    /// Where Connect is, instead of where the configuration says.
    pub endpoint_url: Option<String>,
    /// The Region in which STS is asked where the environment names none.
    pub sts_region: String,
    /// What people call these settings, such as `accounts.123456789012`: errors name what to set there.
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
    /// An account, reached as this configuration says, with its credentials or with those of a role that they may assume.
    pub fn new(config: &SdkConfig, options: AccountOptions) -> Self {
        let AccountOptions { id, role, endpoint_url, sts_region, named } = options;
        let sts = match config.region() {
            Some(_) => config.clone(),
            None => config.clone().into_builder().region(Region::new(sts_region)).build(),
        };
        let identity = config::sts_goes_with_connect(config, endpoint_url.as_deref()).then(|| Identity::new(sts.clone()));
        let source = match (role, config.credentials_provider()) {
            (Some(role), _) => Source::Assumed(Box::new(AssumedRole::new(sts, role, named.clone()))),
            (None, Some(own)) => Source::Own(own),
            (None, None) => Source::None,
        };
        let credentials = SharedCredentialsProvider::new(OfAccount::new(id, named, source, identity));
        // A cache of its own: one of all accounts would have too little room for many.
        let cache = IdentityCache::lazy().load_timeout(config::CREDENTIALS_TIMEOUT).build();
        let config = config.clone().into_builder().credentials_provider(credentials.clone()).identity_cache(cache).build();
        Self { config, credentials, endpoint_url }
    }

    /// Connect in one of its Regions.
    pub fn connect(&self, region: &str) -> AwsConnect {
        AwsConnect::at(&self.config, region, self.endpoint_url.as_deref())
    }

    /// Gets credentials as a call would, to see whether they can be had.
    ///
    /// # Errors
    /// Why they cannot.
    pub async fn check(&self) -> Result<(), Arc<CredentialsFault>> {
        provided(&self.credentials).await
    }
}

/// Gets the credentials that a configuration has of its own, to see whether they can be had.
///
/// # Errors
/// Why they cannot.
pub async fn check_own(config: &SdkConfig) -> Result<(), Arc<CredentialsFault>> {
    match config.credentials_provider() {
        Some(own) => provided(&own).await,
        None => Err(CredentialsFault::of(&CredentialsError::not_loaded("none are configured"))),
    }
}

async fn provided(credentials: &SharedCredentialsProvider) -> Result<(), Arc<CredentialsFault>> {
    credentials.provide_credentials().await.map(|_| ()).map_err(|error| CredentialsFault::of(&error))
}
