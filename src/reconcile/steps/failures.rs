//! The failures that the plan decides on, in words.

use std::time::Duration;

use connect_api::{Class, Error, OperationName};

use super::{Failure, Kind, Knowledge, Live, Ownership, Phase, Work, to_the_second};
use crate::plan::{Desired, MOST_ON_A_USER, refusals};

/// The username belongs to another owner's user.
pub(in crate::reconcile) fn conflict(work: &Work<'_>, known: &Knowledge, owner: &Ownership) -> Failure {
    let message = refusals::conflict(&work.subject.owner, work.subject.username(), owner, work.bounds.adoption);
    Failure::new(Kind::NotOurs, Phase::of(known), message)
}

/// Classifies the error of a call that set tags on a user. If others have left no room for them, AWS' message alone misleads.
pub(in crate::reconcile) fn tagging(work: &Work<'_>, phase: Phase, live: &Live, error: &Error, fields: &str) -> Failure {
    let failure = Failure::of_call(error, phase, fields);
    let ours = work.subject.owner.tags();
    let wanted = work.subject.desired.as_ref().map_or(ours.clone(), Desired::all_tags);
    let others = live.user.tags.keys().filter(|key| !wanted.contains_key(*key)).count();
    let is_about_tags = error.operation == OperationName::TagResource && matches!(error.class, Class::Invalid | Class::Quota);
    if !is_about_tags || others + wanted.len() <= MOST_ON_A_USER {
        return failure;
    }
    let (of_operator, of_spec) = (ours.len(), wanted.len() - ours.len());
    let message = format!(
        "the user has {others} tags that others have set, and needs {of_operator} of this operator and {of_spec} of spec.tags, \
         but AWS allows {MOST_ON_A_USER} for each user. Remove tags from the user that are not needed, or from spec.tags. {}",
        failure.message
    );
    Failure { kind: Kind::Invalid, paced_by: Kind::Invalid, message, ..failure }
}

/// There is no such user, and the operator may not create one.
pub(in crate::reconcile) fn missing(work: &Work<'_>, known: &Knowledge) -> Failure {
    let message = refusals::missing(work.subject.username(), known.policy.management);
    Failure::new(Kind::DependencyNotFound, Phase::of(known), message)
}

/// Connect refuses the username as taken, and does not list it.
pub(in crate::reconcile) fn raced(work: &Work<'_>, known: &Knowledge) -> Failure {
    let message = format!("Connect says that the username {:?} is taken, but does not list it yet", work.subject.username());
    Failure::new(Kind::Raced, Phase::of(known), message)
}

/// Connect does not show the user, and that proves nothing yet.
pub(in crate::reconcile) fn unsettled(work: &Work<'_>, known: &Knowledge) -> Failure {
    let until = work.settles_at().map(to_the_second);
    let what = if known.deleting { "the release of this resource" } else { "creating the user again" };
    let when = until.map_or_else(String::new, |at| format!(" until {at}"));
    let message = format!(
        "Connect does not show the user, but an attempt to create it is recent and Connect may show it late: {what} waits{when}"
    );
    let left = until.and_then(|at| Duration::try_from(at - work.ctx.clock.now()).ok());
    let mut failure = Failure::new(Kind::Unsettled, Phase::of(known), message);
    // Checked on the way, and not later than needed.
    failure.retry_after = left.map(|left| (left + Duration::from_secs(1)).min(Kind::Unsettled.pace().longest));
    failure
}
