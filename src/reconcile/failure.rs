//! One table: what a failure means for the resource, and when the pass is retried.

use std::time::Duration;

use connect_api::{Class, Error, QueuePosition};

use super::cluster::{ClusterError, ClusterErrorKind};
use crate::{
    api::{ManagementPolicy, Reason},
    plan::Knowledge,
};

/// What a pass was doing to the user when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading it, since the operator may not write to it.
    Observe,
    Create,
    Update,
    Delete,
}

impl Phase {
    pub(super) fn of(known: &Knowledge) -> Self {
        match (known.deleting, known.policy.management, known.recorded.is_some()) {
            (true, ..) => Self::Delete,
            (false, ManagementPolicy::Observe, _) => Self::Observe,
            (false, ManagementPolicy::Full, true) => Self::Update,
            (false, ManagementPolicy::Full, false) => Self::Create,
        }
    }
}

/// What a failure means for the conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It says nothing of the user: Ready does not change.
    Delays,
    /// The user is not ready until something that the spec names exists.
    LacksReference,
    /// The user is not ready until a person acts (kstatus: Failed).
    Stalls,
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

/// How often in a row a race is retried at once, before it is treated as a temporary fault.
pub(super) const RACES_AT_ONCE: u32 = 3;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident => $reason:ident, $effect:ident, $pace:expr;)*) => {
        /// The kinds of failure, each with its condition and pace. If several calls fail, the last kind in this order is reported.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            #[cfg(test)]
            pub(super) const ALL: &'static [Self] = &[$(Self::$name),*];

            const fn row(self) -> (Reason, Effect, Pace) {
                match self { $(Self::$name => (Reason::$reason, Effect::$effect, $pace),)* }
            }
        }
    };
}

// The table: the reason for the conditions, the effect on them, and the delays between retries.
kinds! {
    /// Our own limiter has no token yet.
    Deferred => Throttled, Delays, pace(1, 60);
    /// Connect throttled the call.
    Throttled => Throttled, Delays, pace(2, 60);
    /// Another writer was faster; the user must be read again.
    Raced => Transient, Delays, pace(0, 0);
    /// Connect may not show an earlier create yet.
    Unsettled => Settling, Delays, pace(5, 60);
    /// A temporary fault of Connect or of the network.
    Transient => Transient, Delays, pace(1, 300);
    /// A Kubernetes call failed.
    Kubernetes => KubernetesError, Delays, pace(1, 300);
    /// The Secret or its key is missing. Reading it costs no call to Connect, and Secrets are often applied after their
    /// ConnectUsers.
    SecretNotFound => SecretNotFound, LacksReference, pace(2, 300);
    /// A reference of the spec is missing in Connect.
    DependencyNotFound => DependencyNotFound, LacksReference, pace(60, 1800);
    /// A quota of the instance is exhausted.
    Quota => QuotaExceeded, Stalls, pace(600, 600);
    /// The username belongs to another owner's user.
    NotOurs => Conflict, Stalls, pace(3600, 3600);
    /// The resource's namespace may not use the instance.
    NotAllowed => InstanceNotAllowed, Stalls, pace(3600, 3600);
    /// The namespace may not give users this profile or group, or change a user that has it.
    ProfileNotAllowed => ProfileNotAllowed, Stalls, pace(3600, 3600);
    /// The namespace may not take users over.
    AdoptionNotAllowed => AdoptionNotAllowed, Stalls, pace(3600, 3600);
    /// The namespace may not observe users of other owners.
    ObservationNotAllowed => ObservationNotAllowed, Stalls, pace(3600, 3600);
    /// Connect or the operator cannot accept the spec.
    Invalid => InvalidSpec, Stalls, pace(3600, 3600);
    /// AWS denied the call.
    Denied => AccessDenied, Stalls, pace(300, 300);
    /// The guard against mass deletion waits for confirmation.
    Held => DeletionHeld, Stalls, pace(300, 300);
}

impl Kind {
    pub const fn reason(self) -> Reason {
        self.row().0
    }

    pub(super) const fn effect(self) -> Effect {
        self.row().1
    }

    pub(super) const fn pace(self) -> Pace {
        self.row().2
    }
}

/// Why a pass failed.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: Kind,
    /// The kind that decides when to retry: of several failed calls, the one that may succeed first.
    pub(super) paced_by: Kind,
    pub phase: Phase,
    /// The message for the condition: what is wrong and what to do. It does not change while the cause does not.
    pub message: String,
    /// AWS's id of the request, for the log.
    pub request_id: Option<String>,
    /// The time until the retry, if it is known.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Creates a failure that does not come from a call.
    pub fn new(kind: Kind, phase: Phase, message: impl Into<String>) -> Self {
        Self { kind, paced_by: kind, phase, message: message.into(), request_id: None, retry_after: None }
    }

    /// Classifies the error of a call to Connect. `fields` are the spec's fields that the call was about.
    pub fn of_call(error: &Error, phase: Phase, fields: &str) -> Self {
        let said = match &error.code {
            Some(code) => format!("Connect answered {} with {code}: {}", error.operation, error.message),
            None => format!("{}: {}", error.operation, error.message),
        };
        let (kind, message) = match error.class {
            Class::Deferred => (
                Kind::Deferred,
                format!("waiting for the rate limit of {}{}", error.operation, queue_position(error.queue_position)),
            ),
            Class::Throttled => {
                (Kind::Throttled, format!("Connect throttles {}: the operator slows down and continues", error.operation))
            }
            Class::Transient => (Kind::Transient, said),
            Class::Duplicate | Class::Conflict => (Kind::Raced, said),
            Class::NotFound => {
                (Kind::DependencyNotFound, format!("{said}. Check {fields}: what it names must exist in the instance"))
            }
            // Nothing was sent: the credentials failed, and the message says how.
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
        // The limiter's delay may be short, and each attempt writes a status.
        let least = if kind == Kind::Throttled { kind.pace().first } else { Duration::ZERO };
        let retry_after = error.retry_after.map(|after| after.max(least));
        Self { kind, paced_by: kind, phase, message, request_id: error.request_id.clone(), retry_after }
    }

    /// Joins the failures of the calls of one plan, if there are any. The worst decides the conditions, all that is wrong is
    /// reported, and the retry comes when the first of them may succeed.
    pub(super) fn join(mut failures: Vec<Self>) -> Option<Self> {
        failures.sort_by_key(|failure| std::cmp::Reverse(failure.kind));
        let earliest = failures.iter().min_by_key(|f| f.retry_after.unwrap_or(f.kind.pace().first))?;
        let (paced_by, retry_after) = (earliest.kind, earliest.retry_after);
        let worst = failures.first()?.clone();
        // A wait says nothing beside something that is wrong.
        let is_shown = |failure: &&Self| failure.kind.effect() != Effect::Delays || worst.kind.effect() == Effect::Delays;
        let messages: Vec<_> = failures.iter().filter(is_shown).map(|failure| failure.message.as_str()).collect();
        Some(Self { message: messages.join(". Also: "), paced_by, retry_after, ..worst })
    }

    /// Classifies the error of a Kubernetes call.
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

/// The shortest wait whose length is reported: a shorter one ends before it is read.
const LONG_WAIT: Duration = Duration::from_secs(30);

/// Describes the position in the limiter's queue, if the wait is long. It is written once and not in each pass, and says so.
fn queue_position(turn: Option<QueuePosition>) -> String {
    match turn {
        Some(QueuePosition { place, of, wait }) if wait >= LONG_WAIT => {
            format!(" (position {place} of {of}, about {} left when this was written)", roughly(wait))
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

/// Returns whether a condition's message already describes this wait: for the same operation, with a position if this one has
/// one. The numbers differ in each pass, and must not cause a write in each pass.
pub(super) fn describes_same_wait(shown: &str, message: &str) -> bool {
    let operation = |message: &str| message.split(" (").next().map(str::to_owned);
    operation(shown) == operation(message) && (shown.contains(" (") || !message.contains(" ("))
}

#[cfg(test)]
mod tests {
    use connect_api::OperationName;

    use super::*;

    #[test]
    fn each_class_of_error_has_a_reason_and_a_pace() {
        let table = [
            (400, "InvalidParameterException", Reason::InvalidSpec, Effect::Stalls, 3600),
            (403, "AccessDeniedException", Reason::AccessDenied, Effect::Stalls, 300),
            (404, "ResourceNotFoundException", Reason::DependencyNotFound, Effect::LacksReference, 60),
            (409, "DuplicateResourceException", Reason::Transient, Effect::Delays, 0),
            (429, "LimitExceededException", Reason::QuotaExceeded, Effect::Stalls, 600),
            (429, "ThrottlingException", Reason::Throttled, Effect::Delays, 2),
            (500, "InternalServiceException", Reason::Transient, Effect::Delays, 1),
        ];
        for (status, code, reason, effect, first) in table {
            let failure =
                Failure::of_call(&Error::reply(OperationName::CreateUser, status, Some(code), "said so"), Phase::Create, "spec");
            assert_eq!(failure.kind.reason(), reason, "{code}");
            assert_eq!(failure.kind.effect(), effect, "{code}");
            assert_eq!(failure.kind.pace().first, Duration::from_secs(first), "{code}");
        }
    }

    #[test]
    fn joined_failures_report_all_and_retry_at_the_earliest() {
        let failure = |kind, message: &str| Failure::new(kind, Phase::Update, message);
        let wait = Failure { retry_after: Some(Duration::from_secs(7)), ..failure(Kind::Deferred, "waiting") };
        let joined = Failure::join(vec![wait, failure(Kind::Invalid, "bad"), failure(Kind::Denied, "denied")]).unwrap();
        assert_eq!((joined.kind, joined.message.as_str()), (Kind::Denied, "denied. Also: bad"));
        assert_eq!((joined.paced_by, joined.retry_after), (Kind::Deferred, Some(Duration::from_secs(7))));
        let joined = Failure::join(vec![failure(Kind::Invalid, "bad"), failure(Kind::Transient, "lost")]).unwrap();
        assert_eq!((joined.kind, joined.paced_by, joined.retry_after), (Kind::Invalid, Kind::Transient, None));
        assert!(Failure::join(vec![]).is_none());
    }

    #[test]
    fn throttled_call_waits_even_if_the_limiter_is_fast() {
        let throttled = Error::reply(OperationName::CreateUser, 429, Some("ThrottlingException"), "Rate exceeded");
        let after = |wait| {
            let error = Error { retry_after: Some(Duration::from_millis(wait)), ..throttled.clone() };
            Failure::of_call(&error, Phase::Create, "spec").retry_after
        };
        assert_eq!([after(1), after(60_000)], [Some(Duration::from_secs(2)), Some(Duration::from_secs(60))]);
    }

    #[test]
    fn denied_call_names_the_iam_action() {
        let error = Error::reply(OperationName::UpdateUserHierarchy, 403, Some("AccessDeniedException"), "no");
        let failure = Failure::of_call(&error, Phase::Update, "hierarchyGroupArn");
        assert!(failure.message.contains("connect:UpdateUserHierarchy"), "{}", failure.message);
    }

    #[test]
    fn only_a_long_wait_shows_the_queue_position() {
        let waits = |wait| {
            let queue_position = Some(QueuePosition { place: 312, of: 950, wait: Duration::from_secs(wait) });
            let error = Error { queue_position, ..Error::deferred(OperationName::CreateUser, Duration::from_secs(1)) };
            Failure::of_call(&error, Phase::Create, "spec").message
        };
        let long = |time| {
            format!("waiting for the rate limit of CreateUser (position 312 of 950, about {time} left when this was written)")
        };
        assert_eq!(waits(29), "waiting for the rate limit of CreateUser");
        assert_eq!([waits(34), waits(156), waits(10_030)], [long("30 s"), long("3 min"), long("2 h 47 min")]);
    }

    #[test]
    fn wait_is_reported_once_per_operation_and_to_add_the_position() {
        let (short, long) =
            ("waiting for the rate limit of CreateUser", "waiting for the rate limit of CreateUser (position 1 of 2");
        let other = "waiting for the rate limit of DescribeUser (position 1 of 2";
        let same = describes_same_wait;
        assert!(
            same(short, short) && same(long, "waiting for the rate limit of CreateUser (position 2 of 9") && same(long, short)
        );
        assert!(!same(short, long) && !same(long, other) && !same("the user in Connect equals the spec", short));
    }

    #[test]
    fn message_does_not_depend_on_the_request_id() {
        let mut error = Error::reply(OperationName::CreateUser, 400, Some("InvalidParameterException"), "weak password");
        let first = Failure::of_call(&error, Phase::Create, "spec").message;
        error.request_id = Some("another".into());
        assert_eq!(Failure::of_call(&error, Phase::Create, "spec").message, first);
    }
}
