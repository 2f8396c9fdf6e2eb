//! One table: what a failure means for the resource, and when it is tried again.

use std::time::Duration;

use connect_api::{Class, Error, QueuePosition};

use super::{ClusterError, ClusterErrorKind};
use crate::api::Reason;

/// What a pass was doing to the user when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Only looking, since it may not be written to.
    Observe,
    /// Creating it.
    Create,
    /// Changing it.
    Update,
    /// Deleting it.
    Delete,
}

/// The kinds of failure, each with its condition and pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Our own limiter has no token yet.
    Deferred,
    /// Connect throttled the call.
    Throttled,
    /// Somebody was faster; look again.
    Raced,
    /// Connect may not show yet what was done.
    Unsettled,
    /// Connect, or the way to it, failed for the moment.
    Transient,
    /// A Kubernetes call failed.
    Kubernetes,
    /// The Secret or its key is missing.
    SecretNotFound,
    /// Something that the spec names is missing in Connect.
    DependencyNotFound,
    /// A quota of the instance.
    Quota,
    /// The username is somebody else's.
    NotOurs,
    /// The resource's namespace may not use the instance.
    NotAllowed,
    /// Connect, or we, cannot accept the spec.
    Invalid,
    /// AWS refused.
    Denied,
    /// The guard against mass deletion waits for a person.
    Held,
}

/// The first delay and the longest; it doubles in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

const fn pace(first: u64, longest: u64) -> Pace {
    Pace { first: Duration::from_secs(first), longest: Duration::from_secs(longest) }
}

/// How often a race is taken up again at once, before it is treated as a passing fault.
pub(super) const RACES_AT_ONCE: u32 = 3;

impl Kind {
    /// The reason that the conditions give.
    pub fn reason(self) -> Reason {
        match self {
            Self::Deferred | Self::Throttled => Reason::Throttled,
            Self::Raced | Self::Transient => Reason::Transient,
            Self::Unsettled => Reason::Settling,
            Self::Kubernetes => Reason::KubernetesError,
            Self::SecretNotFound => Reason::SecretNotFound,
            Self::DependencyNotFound => Reason::DependencyNotFound,
            Self::Quota => Reason::QuotaExceeded,
            Self::NotOurs => Reason::Conflict,
            Self::NotAllowed => Reason::InstanceNotAllowed,
            Self::Invalid => Reason::InvalidSpec,
            Self::Denied => Reason::AccessDenied,
            Self::Held => Reason::DeletionHeld,
        }
    }

    /// Whether it lasts until somebody does something (kstatus: Failed).
    pub fn stalls(self) -> bool {
        match self {
            Self::Quota | Self::NotOurs | Self::NotAllowed | Self::Invalid | Self::Denied | Self::Held => true,
            Self::Deferred
            | Self::Throttled
            | Self::Raced
            | Self::Unsettled
            | Self::Transient
            | Self::Kubernetes
            | Self::SecretNotFound
            | Self::DependencyNotFound => false,
        }
    }

    /// Whether it says something of the user. If not, Ready stays as it was.
    pub fn unreadies(self) -> bool {
        match self {
            Self::SecretNotFound
            | Self::DependencyNotFound
            | Self::Quota
            | Self::NotOurs
            | Self::NotAllowed
            | Self::Invalid
            | Self::Denied
            | Self::Held => true,
            Self::Deferred | Self::Throttled | Self::Raced | Self::Unsettled | Self::Transient | Self::Kubernetes => false,
        }
    }

    /// How it is tried again.
    pub(super) fn pace(self) -> Pace {
        match self {
            Self::Deferred => pace(1, 60),
            Self::Throttled => pace(2, 60),
            Self::Raced => pace(0, 0),
            Self::Unsettled => pace(5, 60),
            Self::Transient | Self::Kubernetes => pace(1, 300),
            // A look at a Secret costs Connect nothing, and a Secret applied after its ConnectUser is an everyday thing.
            Self::SecretNotFound => pace(2, 300),
            Self::DependencyNotFound => pace(60, 1800),
            Self::Quota => pace(600, 600),
            Self::NotOurs | Self::NotAllowed | Self::Invalid => pace(3600, 3600),
            Self::Denied | Self::Held => pace(300, 300),
        }
    }
}

/// Why a pass could not finish.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What kind it is.
    pub kind: Kind,
    /// What was being done.
    pub phase: Phase,
    /// For the condition: what is wrong and what to do. It stays the same while the cause does.
    pub message: String,
    /// AWS' id of the request, for the log.
    pub request_id: Option<String>,
    /// When to try again, where that is known.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure that Connect has no part in.
    pub fn new(kind: Kind, phase: Phase, message: impl Into<String>) -> Self {
        Self { kind, phase, message: message.into(), request_id: None, retry_after: None }
    }

    /// What a call's error means. `fields` are the spec's fields that the call was about.
    pub fn of_call(error: &Error, phase: Phase, fields: &str) -> Self {
        let said = match &error.code {
            Some(code) => format!("Connect answered {} with {code}: {}", error.operation, error.message),
            None => format!("{}: {}", error.operation, error.message),
        };
        let (kind, message) = match error.class {
            Class::Deferred => {
                (Kind::Deferred, format!("waiting for the rate limit of {}{}", error.operation, in_line(error.turn)))
            }
            Class::Throttled => {
                (Kind::Throttled, format!("Connect throttles {}: the operator slows down and goes on", error.operation))
            }
            Class::Transient => (Kind::Transient, said),
            Class::Duplicate | Class::Conflict => (Kind::Raced, said),
            Class::NotFound => {
                (Kind::DependencyNotFound, format!("{said}. Check {fields}: what it names must exist in the instance"))
            }
            // Nothing was sent: the credentials are at fault, and say so themselves.
            Class::Denied if error.status.is_none() => (Kind::Denied, said),
            Class::Denied => (
                Kind::Denied,
                format!(
                    "AWS denied {}: {}. Allow this action in the IAM policy of the operator's role, or check its credentials",
                    error.operation.iam_action(),
                    error.message
                ),
            ),
            Class::Quota => (
                Kind::Quota,
                format!(
                    "{said}. Ask AWS to raise the quota (Service Quotas, Amazon Connect), or delete users that are not needed"
                ),
            ),
            Class::Invalid => (Kind::Invalid, format!("{said}. Correct {fields}")),
        };
        // The limiter's time is that of its own pace, which may be fast, and each attempt is written down.
        let least = if kind == Kind::Throttled { kind.pace().first } else { Duration::ZERO };
        let retry_after = error.retry_after.map(|after| after.max(least));
        Self { kind, phase, message, request_id: error.request_id.clone(), retry_after }
    }

    /// What a Kubernetes error means.
    pub fn of_cluster(error: &ClusterError, phase: Phase) -> Self {
        let kind = match error.kind {
            ClusterErrorKind::Conflict | ClusterErrorKind::Gone => Kind::Raced,
            ClusterErrorKind::Forbidden
            | ClusterErrorKind::Refused
            | ClusterErrorKind::Unreadable
            | ClusterErrorKind::Unavailable => Kind::Kubernetes,
        };
        Self::new(kind, phase, error.message.clone())
    }
}

/// A shorter wait is over before anybody has read how long it is.
const LONG_WAIT: Duration = Duration::from_secs(30);

/// Where a resource stands in line, if it has long to wait. It is written once and not at each look, so it says so.
fn in_line(turn: Option<QueuePosition>) -> String {
    match turn {
        Some(QueuePosition { place, of, wait }) if wait >= LONG_WAIT => {
            format!(" (place {place} of {of} and about {} to go when this was written)", roughly(wait))
        }
        _ => String::new(),
    }
}

fn roughly(time: Duration) -> String {
    let minutes = (time.as_secs() + 30) / 60;
    match (time.as_secs(), minutes) {
        (seconds @ ..100, _) => format!("{} s", (seconds + 5) / 10 * 10),
        (_, ..100) => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// Whether a condition's message already tells of the wait that this one tells of: for the same operation, with a place if this
/// one has one. Its numbers are others at each look, which must not be a write at each look.
pub(super) fn tells_of_the_same_wait(told: &str, message: &str) -> bool {
    let operation = |message: &str| message.split(" (").next().map(str::to_owned);
    operation(told) == operation(message) && (told.contains(" (") || !message.contains(" ("))
}

#[cfg(test)]
mod tests {
    use connect_api::OperationName;

    use super::*;

    #[test]
    fn every_class_of_error_has_its_reason_and_its_pace() {
        let table = [
            (400, "InvalidParameterException", Reason::InvalidSpec, true, 3600),
            (403, "AccessDeniedException", Reason::AccessDenied, true, 300),
            (404, "ResourceNotFoundException", Reason::DependencyNotFound, false, 60),
            (409, "DuplicateResourceException", Reason::Transient, false, 0),
            (429, "LimitExceededException", Reason::QuotaExceeded, true, 600),
            (429, "ThrottlingException", Reason::Throttled, false, 2),
            (500, "InternalServiceException", Reason::Transient, false, 1),
        ];
        for (status, code, reason, stalls, first) in table {
            let failure =
                Failure::of_call(&Error::reply(OperationName::CreateUser, status, Some(code), "said so"), Phase::Create, "spec");
            assert_eq!(failure.kind.reason(), reason, "{code}");
            assert_eq!(failure.kind.stalls(), stalls, "{code}");
            assert_eq!(failure.kind.pace().first, Duration::from_secs(first), "{code}");
        }
    }

    #[test]
    fn a_call_that_connect_throttled_is_not_made_again_at_once_however_fast_the_limiter_is() {
        let throttled = Error::reply(OperationName::CreateUser, 429, Some("ThrottlingException"), "Rate exceeded");
        let after = |wait| {
            let error = Error { retry_after: Some(Duration::from_millis(wait)), ..throttled.clone() };
            Failure::of_call(&error, Phase::Create, "spec").retry_after
        };
        assert_eq!([after(1), after(60_000)], [Some(Duration::from_secs(2)), Some(Duration::from_secs(60))]);
    }

    #[test]
    fn a_denied_call_names_the_iam_action() {
        let error = Error::reply(OperationName::UpdateUserHierarchy, 403, Some("AccessDeniedException"), "no");
        let failure = Failure::of_call(&error, Phase::Update, "hierarchyGroupArn");
        assert!(failure.message.contains("connect:UpdateUserHierarchy"), "{}", failure.message);
    }

    #[test]
    fn only_a_long_wait_is_told_with_the_place_in_line() {
        let waits = |wait| {
            let turn = Some(QueuePosition { place: 312, of: 950, wait: Duration::from_secs(wait) });
            let error = Error { turn, ..Error::deferred(OperationName::CreateUser, Duration::from_secs(1)) };
            Failure::of_call(&error, Phase::Create, "spec").message
        };
        let long = |time| {
            format!("waiting for the rate limit of CreateUser (place 312 of 950 and about {time} to go when this was written)")
        };
        assert_eq!(waits(29), "waiting for the rate limit of CreateUser");
        assert_eq!([waits(34), waits(156), waits(10_030)], [long("30 s"), long("3 min"), long("2 h 47 min")]);
    }

    #[test]
    fn a_wait_is_told_once_for_each_operation_and_again_only_to_add_the_place() {
        let (short, long) =
            ("waiting for the rate limit of CreateUser", "waiting for the rate limit of CreateUser (place 1 of 2");
        let other = "waiting for the rate limit of DescribeUser (place 1 of 2";
        let told = |told, message| tells_of_the_same_wait(told, message);
        assert!(told(short, short) && told(long, "waiting for the rate limit of CreateUser (place 2 of 9") && told(long, short));
        assert!(!told(short, long) && !told(long, other) && !told("the user in Connect equals the spec", short));
    }

    #[test]
    fn the_message_does_not_change_with_the_request() {
        let mut error = Error::reply(OperationName::CreateUser, 400, Some("InvalidParameterException"), "weak password");
        let first = Failure::of_call(&error, Phase::Create, "spec").message;
        error.request_id = Some("another".into());
        assert_eq!(Failure::of_call(&error, Phase::Create, "spec").message, first);
    }
}
