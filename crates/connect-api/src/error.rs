//! The one error type of every operation, with the class that decides what happens next.

use std::{borrow::Cow, fmt, time::Duration};

use crate::OperationName;

/// What kind of failure it is; each kind has one condition and one pace in the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The rate is used up: `ThrottlingException`, `TooManyRequestsException`, an HTTP 429 without a code.
    Throttled,
    /// Our own limiter did not let the call out yet. Nothing was sent.
    Deferred,
    /// The service or the way to it failed (5xx, time-out, connection): whether the call took effect is unknown.
    Transient,
    /// `DuplicateResourceException`: the username is taken.
    Duplicate,
    /// `ConditionalOperationFailedException`, `ResourceConflictException`: something changed meanwhile.
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
    /// The class of a reply, by its code and, only where there is none, its HTTP status.
    ///
    /// The code goes first since LimitExceededException shares the status 429 with throttling.
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

/// How a caller stands in the line for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePosition {
    /// Its place: 1 is the next.
    pub place: u32,
    /// How many stand in line.
    pub of: u32,
    /// How long its turn is away, as far as can be seen now.
    pub wait: Duration,
}

/// A call that failed: which operation, of what class, and what Connect said.
#[derive(Clone, Debug)]
pub struct Error {
    /// The operation that failed.
    pub operation: OperationName,
    /// What kind of failure it is.
    pub class: Class,
    /// Connect's error code, such as `InvalidParameterException`. None if no reply came or it named none.
    pub code: Option<String>,
    /// The HTTP status, if a reply came.
    pub status: Option<u16>,
    /// Connect's own message, or what went wrong on the way to it. Never holds a request's content.
    pub message: String,
    /// `x-amzn-requestid`: what AWS support asks for.
    pub request_id: Option<String>,
    /// When another attempt has a chance, if that is known (from the limiter).
    pub retry_after: Option<Duration>,
    /// The caller's place in line, where the limiter deferred the call.
    pub turn: Option<QueuePosition>,
}

impl Error {
    /// A reply with this code and message.
    pub fn reply(operation: OperationName, status: u16, code: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            operation,
            class: Class::of(code, Some(status)),
            code: code.map(str::to_owned),
            status: Some(status),
            message: message.into(),
            request_id: None,
            retry_after: None,
            turn: None,
        }
    }

    /// No reply: whether the call took effect is unknown.
    pub fn no_reply(operation: OperationName, message: impl Into<String>) -> Self {
        Self {
            operation,
            class: Class::Transient,
            code: None,
            status: None,
            message: message.into(),
            request_id: None,
            retry_after: None,
            turn: None,
        }
    }

    /// Not sent: the limiter has no token before `retry_after`.
    pub fn deferred(operation: OperationName, retry_after: Duration) -> Self {
        Self {
            operation,
            class: Class::Deferred,
            code: None,
            status: None,
            message: "the operator's own rate limit for this operation is used up".into(),
            request_id: None,
            retry_after: Some(retry_after),
            turn: None,
        }
    }

    /// What was answered, in a word for metrics and traces: Connect's code, else the HTTP status, else that there was no reply.
    pub fn answer(&self) -> Cow<'_, str> {
        match (&self.code, self.status) {
            (Some(code), _) => code.into(),
            (None, Some(status)) => format!("HTTP {status}").into(),
            (None, None) => "no reply".into(),
        }
    }

    /// Whether Connect surely did nothing: it answered with a 4xx that is neither a throttle nor a time-out.
    ///
    /// Only this may clear a create mark, and only a clean one: a throttle or a time-out may come from something in front of
    /// an attempt that went through.
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
        match (&self.code, self.status) {
            (Some(code), _) => write!(f, "{code}: ")?,
            (None, Some(status)) => write!(f, "HTTP {status}: ")?,
            (None, None) => {}
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
    fn the_code_decides_before_the_status() {
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
    fn only_an_answered_refusal_proves_that_nothing_happened() {
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
    fn the_message_names_operation_code_and_request() {
        let mut e = Error::reply(OperationName::DeleteUser, 403, Some("AccessDeniedException"), "not allowed");
        e.request_id = Some("r-1".into());
        assert_eq!(e.to_string(), "DeleteUser: AccessDeniedException: not allowed (request id r-1)");
    }
}
