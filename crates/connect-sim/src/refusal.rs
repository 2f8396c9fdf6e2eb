//! Error answers, and the other ways in which a call fails.

/// An error answer of Connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub status: u16,
    /// None for a reply without a code from a proxy in front of Connect.
    pub code: Option<String>,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: Some(code.to_owned()), message: message.into() }
    }

    pub fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterException", message)
    }

    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidRequestException", message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "ResourceNotFoundException", message)
    }

    pub fn duplicate(message: impl Into<String>) -> Self {
        Self::new(409, "DuplicateResourceException", message)
    }

    pub fn in_use(message: impl Into<String>) -> Self {
        Self::new(409, "ResourceInUseException", message)
    }

    pub fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::new(429, "LimitExceededException", message)
    }

    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDeniedException", message)
    }
}

/// The reason why a call failed.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// It was refused with this answer.
    Refused(Refusal),
    /// It had no answer.
    Lost(&'static str),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Failure {
    /// Returns the label for the counts of calls.
    pub fn label(&self) -> String {
        match self {
            Self::Refused(Refusal { code: Some(code), .. }) => code.clone(),
            Self::Refused(Refusal { code: None, status, .. }) => format!("HTTP {status}"),
            Self::Lost(_) => "NoReply".into(),
        }
    }
}
