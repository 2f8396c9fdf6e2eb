//! Converts the SDK's errors to [`connect_api::Error`], with one conversion for all operations.
//!
//! The SDK models few of the errors that Connect returns, so the code is read as text and never from an operation's enum.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_connect::{
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use connect_api::{Class, Error, OperationName};

use crate::{
    causes::{causes, find},
    credentials::CredentialsFault,
};

/// An [`Error`] without its operation, which the client adds in one place.
#[derive(Debug)]
pub(crate) struct Failure {
    class: Class,
    status: Option<u16>,
    code: Option<String>,
    message: String,
    request_id: Option<String>,
}

impl Failure {
    pub(crate) fn of(self, operation: OperationName) -> Error {
        let Self { class, status, code, message, request_id } = self;
        Error { class, status, code, request_id, ..Error::no_reply(operation, message) }
    }

    /// Removes a password from the message, since AWS services quote rejected values in their messages.
    pub(crate) fn without(mut self, password: Option<&str>) -> Self {
        if let Some(password) = password.filter(|password| !password.is_empty()) {
            self.message = self.message.replace(password, "[password]");
        }
        self
    }

    fn no_reply(class: Class, message: String) -> Self {
        Self { class, status: None, code: None, message, request_id: None }
    }

    /// Only Connect's `ResourceNotFoundException` proves absence. A bare 404 comes from another server, and
    /// `UnknownOperationException` (also a 404) means that this Region lacks the operation.
    fn reply(status: u16, code: Option<&str>, message: String) -> Self {
        let class = match (Class::of(code, Some(status)), code) {
            (Class::NotFound, None) => Class::Transient,
            (Class::NotFound, Some(code)) if code != "ResourceNotFoundException" => Class::Invalid,
            (class, _) => class,
        };
        Self { class, status: Some(status), code: code.map(str::to_owned), message, request_id: None }
    }

    fn answered(status: u16, error: &impl ProvideErrorMetadata) -> Self {
        let message = match (error.message(), error.code()) {
            (Some(message), _) if !message.is_empty() => message.to_owned(),
            (_, Some(_)) => "Connect gives no reason".to_owned(),
            (_, None) => "the reply has no error code: something between here and Connect may have answered".to_owned(),
        };
        Self::reply(status, error.code(), message)
    }
}

impl From<&CredentialsFault> for Failure {
    fn from(CredentialsFault { class, message }: &CredentialsFault) -> Self {
        Self::no_reply(*class, message.clone())
    }
}

impl<E: ProvideErrorMetadata + StdError + 'static> From<SdkError<E>> for Failure {
    fn from(error: SdkError<E>) -> Self {
        let unreadable = |status, causes| Self::reply(status, None, format!("the reply could not be read: {causes}"));
        let transient = |phase| Self::no_reply(Class::Transient, format!("{phase}: {}", causes(&error)));
        let failure = match &error {
            SdkError::ServiceError(answer) => match answer.raw().status() {
                status if status.is_success() => unreadable(status.as_u16(), causes(answer.err())),
                status => Self::answered(status.as_u16(), answer.err()),
            },
            SdkError::ResponseError(answer) => unreadable(answer.raw().status().as_u16(), causes(&error)),
            SdkError::DispatchFailure(_) => match (find::<CredentialsFault>(&error), find::<CredentialsError>(&error)) {
                (Some(fault), _) => fault.into(),
                (None, Some(error)) => {
                    Self::no_reply(Class::Denied, format!("no AWS credentials to sign with: {}", causes(error)))
                }
                (None, None) => transient("the connection to Connect failed"),
            },
            SdkError::TimeoutError(_) => transient("no reply in time"),
            SdkError::ConstructionFailure(_) => {
                transient("the request could not be built; check that the endpoint is a valid URL")
            }
            other => Self::no_reply(Class::Transient, other.to_string()),
        };
        Self { request_id: error.request_id().map(str::to_owned), ..failure }
    }
}

/// The failure of a successful reply that lacks a required member.
pub(crate) fn incomplete(missing: &'static str) -> Failure {
    Failure::no_reply(Class::Transient, format!("the reply lacks {missing}"))
}

/// Returns a member that a reply must have.
pub(crate) fn required<T>(member: Option<T>, name: &'static str) -> Result<T, Failure> {
    member.ok_or_else(|| incomplete(name))
}
