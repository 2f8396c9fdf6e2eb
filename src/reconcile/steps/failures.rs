//! The failures that the plan decides on, in words.

use std::time::Duration;

use super::{Failure, Kind, Knowledge, ManagementPolicy, Ownership, Phase, Work, to_the_second};

/// The username belongs to another owner's user.
pub(in crate::reconcile) fn conflict(work: &Work<'_>, known: &Knowledge, owner: &Ownership) -> Failure {
    let whose = match owner {
        Ownership::Theirs { owner } => format!("belongs to {owner}"),
        Ownership::Unowned | Ownership::Ours => "exists already and carries no ownership tags of this operator".to_owned(),
    };
    let instead = match owner {
        Ownership::Theirs { .. } => "delete that resource with deletionPolicy: Retain and adopt the user then",
        Ownership::Unowned | Ownership::Ours => "set adoptionPolicy: AdoptOrCreate to take this user over",
    };
    let message =
        format!("the user {:?} {whose}: it is left alone. Choose another username, or {instead}", work.subject.username());
    Failure::new(Kind::NotOurs, Phase::of(known), message)
}

/// There is no such user, and the operator may not create one.
pub(in crate::reconcile) fn missing(work: &Work<'_>, known: &Knowledge) -> Failure {
    let (policy, instead) = match known.policy.management {
        ManagementPolicy::Observe => ("managementPolicy: Observe", "managementPolicy to Full"),
        ManagementPolicy::Full => ("adoptionPolicy: Adopt", "adoptionPolicy to AdoptOrCreate"),
    };
    let message = format!(
        "there is no user {:?} in the instance, and {policy} never creates one. Create it in Connect, or set {instead}",
        work.subject.username()
    );
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
