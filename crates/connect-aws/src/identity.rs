//! The account that credentials belong to: those of another account are rejected.

use std::{sync::OnceLock, time::Duration};

use aws_config::{SdkConfig, identity::IdentityCache};
use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use connect_api::Class;

use crate::{assumed_role::AssumedRole, causes::causes, credentials::CredentialsFault};

/// The longest wait for an answer, so that it does not use up a call's time.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Where credentials come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// There are none.
    None,
    /// The operator's own credentials.
    Own(SharedCredentialsProvider),
    /// The credentials of a role.
    Assumed(Box<AssumedRole>),
}

/// The credentials of one account. Those of any other account are rejected.
#[derive(Debug)]
pub(crate) struct OfAccount {
    pub(crate) id: String,
    pub(crate) named: String,
    pub(crate) source: Source,
    /// None if there is no STS that knows the account.
    pub(crate) identity: Option<Identity>,
}

impl OfAccount {
    async fn credentials(&self) -> provider::Result {
        let credentials = match &self.source {
            Source::None => return Err(CredentialsError::not_loaded("none are configured")),
            Source::Own(own) => own.provide_credentials().await?,
            Source::Assumed(role) => role.credentials().await?,
        };
        let Some(identity) = &self.identity else { return Ok(credentials) };
        match identity.account_of(&credentials).await {
            Some(account) if account != self.id => Err(CredentialsError::invalid_configuration(self.not_its_own(&account))),
            Some(_) | None => Ok(credentials),
        }
    }

    fn not_its_own(&self, account: &str) -> CredentialsFault {
        let message = format!(
            "the credentials belong to account {account}, but the instance is in account {}, so they are not used. Set \
             {}.roleArn to a role of account {0} in the operator's configuration, or correct instanceArn",
            self.id, self.named
        );
        CredentialsFault { class: Class::Denied, message }
    }
}

impl ProvideCredentials for OfAccount {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// Finds the account that credentials belong to.
#[derive(Debug)]
pub(crate) struct Identity {
    sts: SdkConfig,
    /// The answer of STS, which is kept: a source of credentials does not change its account.
    account: OnceLock<String>,
}

impl Identity {
    pub(crate) fn new(sts: SdkConfig) -> Self {
        Self { sts, account: OnceLock::new() }
    }

    /// Returns the account of these credentials, or None if it is unknown. Unknown credentials are used: Connect refuses what is
    /// not allowed, and a failure of STS must not block callers with valid credentials.
    async fn account_of(&self, credentials: &Credentials) -> Option<String> {
        if let Some(account) = credentials.account_id() {
            return Some(account.as_str().to_owned());
        }
        if let Some(account) = self.account.get() {
            return Some(account.clone());
        }
        let account = match tokio::time::timeout(TIMEOUT, self.ask(credentials)).await {
            Ok(Ok(account)) => account,
            Ok(Err(why)) => return unknown(&why),
            Err(_) => return unknown(&format!("no answer in {} s", TIMEOUT.as_secs())),
        };
        Some(self.account.get_or_init(|| account).clone())
    }

    async fn ask(&self, credentials: &Credentials) -> Result<String, String> {
        let config = aws_sdk_sts::config::Builder::from(&self.sts)
            .credentials_provider(credentials.clone())
            // These credentials are used once, so they should not take space in the shared cache.
            .identity_cache(IdentityCache::no_cache())
            .build();
        let answer = aws_sdk_sts::Client::from_conf(config).get_caller_identity().send().await.map_err(|e| causes(&e))?;
        answer.account.ok_or_else(|| "the answer has no account".to_owned())
    }
}

fn unknown(why: &str) -> Option<String> {
    tracing::warn!("STS does not say which account the AWS credentials belong to; they are used anyway: {why}");
    None
}
