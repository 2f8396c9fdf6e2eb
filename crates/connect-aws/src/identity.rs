//! Whose credentials they are: those of another account are not used.

use std::{sync::OnceLock, time::Duration};

use aws_config::{SdkConfig, identity::IdentityCache};
use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use connect_api::Class;

use crate::{assumed_role::AssumedRole, causes::causes, credentials::CredentialsFault};

/// What an answer is waited for at most: it must not use up a call's time.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Where credentials come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// There are none.
    None,
    /// The operator's own.
    Own(SharedCredentialsProvider),
    /// A role's.
    Assumed(Box<AssumedRole>),
}

/// Credentials of one account, and of no other.
#[derive(Debug)]
pub(crate) struct OfAccount {
    account: String,
    named: String,
    source: Source,
    /// None: there is no STS that could tell.
    identity: Option<Identity>,
}

impl OfAccount {
    pub(crate) fn new(account: String, named: String, source: Source, identity: Option<Identity>) -> Self {
        Self { account, named, source, identity }
    }

    async fn credentials(&self) -> provider::Result {
        let credentials = match &self.source {
            Source::None => return Err(CredentialsError::not_loaded("none are configured")),
            Source::Own(own) => own.provide_credentials().await?,
            Source::Assumed(role) => role.credentials().await?,
        };
        let Some(identity) = &self.identity else { return Ok(credentials) };
        match identity.account_of(&credentials).await {
            Some(account) if account != self.account => Err(CredentialsError::invalid_configuration(self.not_its_own(&account))),
            Some(_) | None => Ok(credentials),
        }
    }

    fn not_its_own(&self, account: &str) -> CredentialsFault {
        let message = format!(
            "the credentials are of account {account}, and the instance is in account {}: they are not used. Set {}.roleArn to a \
             role of account {0}, in the operator's configuration, or correct instanceArn",
            self.account, self.named
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

/// Tells whose credentials are.
#[derive(Debug)]
pub(crate) struct Identity {
    sts: SdkConfig,
    /// What STS said: a source of credentials does not change its account.
    told: OnceLock<String>,
}

impl Identity {
    pub(crate) fn new(sts: SdkConfig) -> Self {
        Self { sts, told: OnceLock::new() }
    }

    /// The account of these credentials, or None where that could not be found out: Connect will refuse what is not allowed, and
    /// an STS that is out of order must not keep those from working whose credentials are in order.
    async fn account_of(&self, credentials: &Credentials) -> Option<String> {
        if let Some(account) = credentials.account_id() {
            return Some(account.as_str().to_owned());
        }
        if let Some(account) = self.told.get() {
            return Some(account.clone());
        }
        let account = match tokio::time::timeout(TIMEOUT, self.ask(credentials)).await {
            Ok(Ok(account)) => account,
            Ok(Err(why)) => return unknown(&why),
            Err(_) => return unknown(&format!("no answer in {} s", TIMEOUT.as_secs())),
        };
        Some(self.told.get_or_init(|| account).clone())
    }

    async fn ask(&self, credentials: &Credentials) -> Result<String, String> {
        let config = aws_sdk_sts::config::Builder::from(&self.sts)
            .credentials_provider(credentials.clone())
            // These credentials are used once here: they need no place in the cache of all clients.
            .identity_cache(IdentityCache::no_cache())
            .build();
        let answer = aws_sdk_sts::Client::from_conf(config).get_caller_identity().send().await.map_err(|e| causes(&e))?;
        answer.account.ok_or_else(|| "it names no account".to_owned())
    }
}

fn unknown(why: &str) -> Option<String> {
    tracing::warn!("STS does not tell whose the AWS credentials are, which are used all the same: {why}");
    None
}
