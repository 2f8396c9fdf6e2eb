//! The credentials of a role, from AWS' own provider, with errors that name the setting to correct.

use std::{collections::BTreeMap, time::Duration};

use aws_config::{SdkConfig, sts::AssumeRoleProvider};
use aws_credential_types::provider::{self, ProvideCredentials, error::CredentialsError};
use aws_sdk_sts::{
    error::{ProvideErrorMetadata, SdkError},
    operation::assume_role::AssumeRoleError,
};
use connect_api::Class;
use tokio::sync::OnceCell;

use crate::{
    causes::{causes, find},
    credentials::CredentialsFault,
};

/// The time for the operator's own credentials and STS' answer. It is shorter than a client's wait for credentials, so that the
/// error comes from here.
const TIMEOUT: Duration = Duration::from_secs(6);

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The role's ARN.
    pub arn: String,
    /// The external id that the role's trust policy may require.
    pub external_id: Option<String>,
    /// The name of the session.
    pub session_name: String,
    /// The tags of the session.
    pub session_tags: BTreeMap<String, String>,
}

/// A role, and the provider that assumes it.
#[derive(Debug)]
pub(crate) struct AssumedRole {
    sts: SdkConfig,
    role: Role,
    named: String,
    provider: OnceCell<AssumeRoleProvider>,
}

impl AssumedRole {
    pub(crate) fn new(sts: SdkConfig, role: Role, named: String) -> Self {
        Self { sts, role, named, provider: OnceCell::new() }
    }

    /// Returns credentials of the role, assuming it if necessary.
    pub(crate) async fn credentials(&self) -> provider::Result {
        let provider = self.provider.get_or_init(|| self.provider()).await;
        match tokio::time::timeout(TIMEOUT, provider.provide_credentials()).await {
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(error)) => Err(CredentialsError::provider_error(self.fault(&error))),
            Err(_) => Err(CredentialsError::provider_error(self.unreachable(&format!("no answer in {} s", TIMEOUT.as_secs())))),
        }
    }

    async fn provider(&self) -> AssumeRoleProvider {
        let Role { arn, external_id, session_name, session_tags } = &self.role;
        let mut builder = AssumeRoleProvider::builder(arn).configure(&self.sts).session_name(session_name);
        if let Some(external_id) = external_id {
            builder = builder.external_id(external_id);
        }
        if !session_tags.is_empty() {
            builder = builder.tags(session_tags.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        builder.build().await
    }

    fn fault(&self, error: &CredentialsError) -> CredentialsFault {
        let role = &self.role.arn;
        match find::<SdkError<AssumeRoleError>>(error) {
            Some(SdkError::ServiceError(answer)) => {
                let (status, code) = (answer.raw().status().as_u16(), answer.err().code());
                let message = answer.err().message().unwrap_or("STS gives no reason");
                let named = code.unwrap_or("no code");
                if matches!(Class::of(code, Some(status)), Class::Throttled | Class::Transient) {
                    self.unreachable(&format!("it answered with {named}: {message}"))
                } else {
                    self.refused(named, message)
                }
            }
            Some(failed) => match find::<CredentialsError>(failed) {
                Some(CredentialsError::ProviderTimedOut(_)) => {
                    self.unreachable("the operator's own credentials, to assume it with, did not arrive in time")
                }
                Some(own) => CredentialsFault {
                    class: Class::Denied,
                    message: format!("the operator has no AWS credentials to assume {role} with: {}", causes(own)),
                },
                None => self.unreachable(&causes(failed)),
            },
            None => CredentialsFault { class: Class::Denied, message: format!("{role} cannot be assumed: {}", causes(error)) },
        }
    }

    fn refused(&self, code: &str, message: &str) -> CredentialsFault {
        let Role { arn, external_id, session_tags, .. } = &self.role;
        let external_id = match external_id {
            Some(_) => format!("its sts:ExternalId, if it requires one, is {}.externalId", self.named),
            None => format!("it requires no sts:ExternalId, or set {}.externalId", self.named),
        };
        let actions = if session_tags.is_empty() { "sts:AssumeRole" } else { "sts:AssumeRole and sts:TagSession" };
        let message = format!(
            "STS refuses to assume {arn} ({}.roleArn) with {code}: {message}. Check that the role exists, that its trust policy \
             and the policy of the operator's own role allow {actions}, and that {external_id}",
            self.named
        );
        CredentialsFault { class: Class::Denied, message }
    }

    fn unreachable(&self, cause: &str) -> CredentialsFault {
        let message = format!(
            "STS cannot be reached to assume {} ({}.roleArn): {cause}. Check the network from here to STS, or AWS_ENDPOINT_URL_STS",
            self.role.arn, self.named
        );
        CredentialsFault { class: Class::Transient, message }
    }
}
