//! Credentials with a time-out, and an error that says what was tried.

use std::{sync::Arc, time::Duration};

use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use connect_api::Class;

use crate::causes::{causes, find};

/// Half of a call's time, so that missing credentials are not mistaken for a Connect that does not answer.
const TIMEOUT: Duration = Duration::from_secs(5);

const NONE_FOUND: &str = "there are none in the environment, in a profile, from a web identity token (IRSA), from the \
    container's endpoint (EKS Pod Identity) or from EC2 instance metadata";

/// A profile or AWS' default chain, with a time-out.
#[derive(Debug)]
pub(crate) struct Bounded {
    pub(crate) provider: SharedCredentialsProvider,
    /// The profile, if they come from nowhere else.
    pub(crate) profile: Option<String>,
}

impl Bounded {
    async fn credentials(&self) -> provider::Result {
        match (tokio::time::timeout(TIMEOUT, self.provider.provide_credentials()).await, &self.profile) {
            (Ok(Err(error)), Some(profile)) => {
                let why = format!("the profile {profile:?} has none that can be used: {}", causes(&error));
                Err(CredentialsError::not_loaded(why))
            }
            (Ok(Err(CredentialsError::CredentialsNotLoaded(_))), None) => Err(CredentialsError::not_loaded(NONE_FOUND)),
            (Ok(answer), _) => answer,
            (Err(_), _) => self.provider.fallback_on_interrupt().ok_or_else(|| CredentialsError::provider_timed_out(TIMEOUT)),
        }
    }
}

impl ProvideCredentials for Bounded {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.provider.fallback_on_interrupt()
    }
}

/// The reason why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CredentialsFault {
    /// [`Class::Transient`] if another attempt may succeed, [`Class::Denied`] if a setting has to change.
    pub class: Class,
    /// The reason and what to do, for a person.
    pub message: String,
}

impl CredentialsFault {
    /// Converts an error of the SDK.
    pub(crate) fn of(error: &CredentialsError) -> Arc<Self> {
        let known = find::<Self>(error).cloned();
        Arc::new(known.unwrap_or_else(|| Self { class: Class::Denied, message: causes(error) }))
    }
}
