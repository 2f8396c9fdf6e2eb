//! Converts the SDK's errors to [`connect_api::Error`], with one function for all operations.
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

/// Converts the error of a call.
pub(crate) fn of<E>(operation: OperationName, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let mut converted = match &error {
        SdkError::ServiceError(answer) if answer.raw().status().is_success() => {
            let message = format!("the reply could not be read: {}", causes(answer.err()));
            reply(operation, answer.raw().status().as_u16(), None, message)
        }
        SdkError::ServiceError(answer) => answered(operation, answer.raw().status().as_u16(), answer.err()),
        SdkError::ResponseError(answer) => {
            let message = format!("the reply could not be read: {}", causes(&error));
            reply(operation, answer.raw().status().as_u16(), None, message)
        }
        SdkError::DispatchFailure(_) => match (find::<CredentialsFault>(&error), find::<CredentialsError>(&error)) {
            (Some(CredentialsFault { class, message }), _) => {
                Error { class: *class, ..Error::no_reply(operation, message.clone()) }
            }
            (None, Some(cause)) => no_credentials(operation, cause),
            (None, None) => Error::no_reply(operation, format!("the connection to Connect failed: {}", causes(&error))),
        },
        SdkError::TimeoutError(_) => Error::no_reply(operation, format!("no reply in time: {}", causes(&error))),
        SdkError::ConstructionFailure(_) => Error::no_reply(
            operation,
            format!("the request could not be built; check that the endpoint is a valid URL: {}", causes(&error)),
        ),
        other => Error::no_reply(operation, other.to_string()),
    };
    converted.request_id = error.request_id().map(str::to_owned);
    converted
}

/// The error for a successful reply that lacks a required member.
pub(crate) fn incomplete(operation: OperationName, missing: &'static str) -> Error {
    Error::no_reply(operation, format!("the reply lacks {missing}"))
}

fn answered(operation: OperationName, status: u16, error: &impl ProvideErrorMetadata) -> Error {
    let message = match (error.message(), error.code()) {
        (Some(message), _) if !message.is_empty() => message.to_owned(),
        (_, Some(_)) => "Connect gives no reason".to_owned(),
        (_, None) => "the reply has no error code: something between here and Connect may have answered".to_owned(),
    };
    reply(operation, status, error.code(), message)
}

/// Only Connect's `ResourceNotFoundException` proves absence. A bare 404 comes from another server, and
/// `UnknownOperationException` (also a 404) means that this Region lacks the operation.
fn reply(operation: OperationName, status: u16, code: Option<&str>, message: String) -> Error {
    let mut error = Error::reply(operation, status, code, message);
    if error.class == Class::NotFound && code != Some("ResourceNotFoundException") {
        error.class = if code.is_some() { Class::Invalid } else { Class::Transient };
    }
    error
}

fn no_credentials(operation: OperationName, cause: &(dyn StdError + 'static)) -> Error {
    let message = format!("no AWS credentials to sign with: {}", causes(cause));
    Error { class: Class::Denied, ..Error::no_reply(operation, message) }
}
