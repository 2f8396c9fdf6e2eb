//! The one error type of every operation, with the class that decides what happens next.

use std::{borrow::Cow, fmt, time::Duration};

use crate::OperationName;

/// The kind of a failure. The operator has one condition and one retry rate for each class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The rate is used up: `ThrottlingException`, `TooManyRequestsException`, an HTTP 429 without a code.
    Throttled,
    /// The operator's own limiter deferred the call. Nothing was sent.
    Deferred,
    /// The service or the connection to it failed (5xx, time-out, connection error): whether the call took effect is unknown.
    Transient,
    /// `DuplicateResourceException`: the username is taken.
    Duplicate,
    /// `ConditionalOperationFailedException`, `ResourceConflictException`: something changed in the meantime.
    Conflict,
    /// `ResourceNotFoundException`: the user, the instance, or something that the request refers to.
    NotFound,
    /// Access denied, or credentials that are missing, wrong or expired.
    Denied,
    /// `LimitExceededException`, `ServiceQuotaExceededException`: a quota of the instance, not a rate (HTTP 429 all the same).
    Quota,
    /// `InvalidParameterException`, `InvalidRequestException`, and any other refusal that the request itself causes.
    Invalid,
}

impl Class {
    /// Returns the class of a reply by its code, or by its HTTP status if the code is missing or unknown.
    ///
    /// The code takes precedence, since LimitExceededException shares the status 429 with throttling.
    pub fn of(code: Option<&str>, status: Option<u16>) -> Self {
        match code {
            Some("ThrottlingException" | "TooManyRequestsException" | "Throttling" | "RequestLimitExceeded") => Self::Throttled,
            Some("DuplicateResourceException") => Self::Duplicate,
            Some("ConditionalOperationFailedException" | "ResourceConflictException" | "ResourceInUseException") => {
                Self::Conflict
            }
            Some("ResourceNotFoundException") => Self::NotFound,
            Some("LimitExceededException" | "ServiceQuotaExceededException") => Self::Quota,
            Some("InvalidParameterException" | "InvalidRequestException" | "ValidationException") => Self::Invalid,
            Some(
                "AccessDeniedException"
                | "AccessDenied"
                | "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "InvalidSignatureException"
                | "SignatureDoesNotMatch"
                | "MissingAuthenticationToken"
                | "MissingAuthenticationTokenException"
                | "IncompleteSignature"
                | "ExpiredToken"
                | "ExpiredTokenException"
                | "OptInRequired",
            ) => Self::Denied,
            Some("InternalServiceException" | "ServiceUnavailable" | "InternalFailure" | "RequestTimeout") => Self::Transient,
            _ => match status {
                Some(429) => Self::Throttled,
                Some(401 | 403) => Self::Denied,
                Some(404) => Self::NotFound,
                Some(408) => Self::Transient,
                Some(409) => Self::Conflict,
                Some(400..=499) => Self::Invalid,
                _ => Self::Transient,
            },
        }
    }
}

/// A caller's position in the queue for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePosition {
    /// The position: 1 is next.
    pub place: u32,
    /// How many callers are in the queue.
    pub of: u32,
    /// The estimated time until the caller's turn.
    pub wait: Duration,
}

/// A failed call: the operation, the class of the failure and Connect's answer.
#[derive(Clone, Debug)]
pub struct Error {
    /// The operation that failed.
    pub operation: OperationName,
    /// The kind of failure.
    pub class: Class,
    /// Connect's error code, such as `InvalidParameterException`. None if there was no reply or it had no code.
    pub code: Option<String>,
    /// The HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// Connect's own message, or what went wrong before it answered. Never contains the content of a request.
    pub message: String,
    /// `x-amzn-requestid`, which AWS support asks for.
    pub request_id: Option<String>,
    /// When another attempt may succeed, if the limiter knows it.
    pub retry_after: Option<Duration>,
    /// The caller's position in the queue, if the limiter deferred the call.
    pub queue_position: Option<QueuePosition>,
}

impl Error {
    /// The error for a reply with this code and message.
    pub fn reply(operation: OperationName, status: u16, code: Option<&str>, message: impl Into<String>) -> Self {
        let (class, code) = (Class::of(code, Some(status)), code.map(str::to_owned));
        Self { class, code, status: Some(status), ..Self::no_reply(operation, message) }
    }

    /// The error for a call without a reply. Whether the call took effect is unknown.
    pub fn no_reply(operation: OperationName, message: impl Into<String>) -> Self {
        Self {
            operation,
            class: Class::Transient,
            code: None,
            status: None,
            message: message.into(),
            request_id: None,
            retry_after: None,
            queue_position: None,
        }
    }

    /// The error for a call that was not sent, since the limiter has no token before `retry_after`.
    pub fn deferred(operation: OperationName, retry_after: Duration) -> Self {
        let message = "the operator's own rate limit for this operation is used up";
        Self { class: Class::Deferred, retry_after: Some(retry_after), ..Self::no_reply(operation, message) }
    }

    /// Returns a label for metrics and traces: Connect's code, else the HTTP status, else "no reply".
    pub fn answer(&self) -> Cow<'_, str> {
        match (&self.code, self.status) {
            (Some(code), _) => code.into(),
            (None, Some(status)) => format!("HTTP {status}").into(),
            (None, None) => "no reply".into(),
        }
    }

    /// Returns whether Connect certainly did nothing: it answered with a 4xx that is neither a throttle nor a time-out.
    ///
    /// Only such an answer may clear a create attempt, and only if no earlier answer was ambiguous: a throttle or a time-out may
    /// come from a proxy in front of an attempt that took effect.
    pub fn is_refusal(&self) -> bool {
        match self.class {
            Class::Throttled | Class::Transient | Class::Deferred => false,
            Class::Duplicate | Class::Conflict | Class::NotFound | Class::Denied | Class::Quota | Class::Invalid => {
                self.status.is_some_and(|s| (400..500).contains(&s))
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operation)?;
        if self.code.is_some() || self.status.is_some() {
            write!(f, "{}: ", self.answer())?;
        }
        f.write_str(&self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_takes_precedence_over_the_status() {
        for (code, status, class) in [
            (Some("LimitExceededException"), 429, Class::Quota),
            (Some("ThrottlingException"), 429, Class::Throttled),
            (Some("TooManyRequestsException"), 429, Class::Throttled),
            (None, 429, Class::Throttled),
            (Some("SomethingNew"), 429, Class::Throttled),
            (Some("ServiceQuotaExceededException"), 402, Class::Quota),
            (Some("DuplicateResourceException"), 409, Class::Duplicate),
            (Some("ConditionalOperationFailedException"), 409, Class::Conflict),
            (Some("ResourceNotFoundException"), 404, Class::NotFound),
            (Some("AccessDeniedException"), 403, Class::Denied),
            (Some("ExpiredTokenException"), 400, Class::Denied),
            (None, 403, Class::Denied),
            (Some("InvalidParameterException"), 400, Class::Invalid),
            (Some("InternalServiceException"), 500, Class::Transient),
            (None, 502, Class::Transient),
            (None, 408, Class::Transient),
        ] {
            assert_eq!(Class::of(code, Some(status)), class, "{code:?} {status}");
        }
        assert_eq!(Class::of(None, None), Class::Transient);
    }

    #[test]
    fn only_a_refusal_proves_that_nothing_happened() {
        let op = OperationName::CreateUser;
        assert!(Error::reply(op, 400, Some("InvalidParameterException"), "").is_refusal());
        assert!(Error::reply(op, 409, Some("DuplicateResourceException"), "").is_refusal());
        assert!(Error::reply(op, 429, Some("LimitExceededException"), "").is_refusal());
        assert!(!Error::reply(op, 429, Some("ThrottlingException"), "").is_refusal());
        assert!(!Error::reply(op, 500, Some("InternalServiceException"), "").is_refusal());
        assert!(!Error::no_reply(op, "time-out").is_refusal());
        assert!(!Error::deferred(op, Duration::from_secs(1)).is_refusal());
    }

    #[test]
    fn the_message_has_operation_code_and_request_id() {
        let mut e = Error::reply(OperationName::DeleteUser, 403, Some("AccessDeniedException"), "not allowed");
        e.request_id = Some("r-1".into());
        assert_eq!(e.to_string(), "DeleteUser: AccessDeniedException: not allowed (request id r-1)");
    }
}
