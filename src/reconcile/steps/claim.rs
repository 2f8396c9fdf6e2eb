//! The steps that decide which user is the resource's: take over one without an owner, find ours, forget one that is gone.

use connect_api::{ConnectExt, ListTagsForResource, TagResource, User, UserId};

use super::{
    Appeared, End, EventKind, Failure, Flow, Kind, Knowledge, Learnt, Live, Ownership, Phase, Reason, State, Work, failures,
    lookup, or_end, or_fail, read::observed, unless_gone,
};

/// Tags a user that has no owner as ours, and reads its tags: if two resources do this at once, the last one has it. DescribeUser has
/// read the user a moment ago, and ListTagsForResource has a rate limit of its own.
pub(in crate::reconcile) async fn claim(work: &mut Work<'_>, known: &Knowledge, live: Live) -> Flow<Learnt> {
    or_end(work.add_finalizer().await, Phase::of(known))?;
    let request = TagResource { arn: live.user.arn.clone(), tags: work.subject.owner.tags() };
    work.tagged = Some(live.user.arn.clone());
    if let Err(error) = work.connect().call(&work.caller, request).await {
        return Flow::Break(failures::tagging(work, Phase::of(known), &live, &error, "adoptionPolicy").into());
    }
    let id: UserId = live.user.id.clone();
    let request = ListTagsForResource { arn: live.user.arn.clone() };
    let found = match unless_gone(work.connect().call(&work.caller, request).await) {
        Ok(Some(tags)) => Ok(Some(User { tags, ..live.user.clone() })),
        // Only DescribeUser shows that a user is gone.
        Ok(None) => lookup::by_id(work.client(), &id).await,
        Err(error) => Err(error),
    };
    let found = or_fail(found, Phase::of(known), "adoptionPolicy")?;
    if found.as_ref().is_some_and(|user| work.subject.owner.of(&user.tags) == Ownership::Unowned) {
        let message =
            format!("the user {:?} was tagged as this resource's, but Connect does not show that yet", work.subject.username());
        return Flow::Break(Failure::new(Kind::Raced, Phase::Create, message).into());
    }
    tracing::info!(user = %live.user.arn, "took over a user without an owner");
    work.report.appeared = Some(Appeared::Adopted);
    Flow::Continue(Learnt::Claimed(id, observed(found)))
}

/// Tags a user that its resource only observes from now on: a sweep must not delete it as an orphan.
pub(in crate::reconcile) async fn keep(work: &mut Work<'_>, known: &Knowledge, mut live: Live) -> Flow<Learnt> {
    let tags = work.subject.owner.tags();
    let request = TagResource { arn: live.user.arn.clone(), tags: tags.clone() };
    work.tagged = Some(live.user.arn.clone());
    if let Err(error) = work.connect().call(&work.caller, request).await {
        return Flow::Break(failures::tagging(work, Phase::of(known), &live, &error, "managementPolicy").into());
    }
    live.user.tags.extend(tags);
    Flow::Continue(Learnt::Kept(Box::new(live)))
}

/// Takes a user that carries this resource's tags as the resource's.
pub(in crate::reconcile) fn found(work: &mut Work<'_>, known: &Knowledge, live: Box<Live>) -> Learnt {
    if !known.deleting {
        tracing::info!(user = %live.user.arn, "adopted the user that carries this resource's ownership tags");
        work.report.appeared = Some(Appeared::Adopted);
        work.report.record_tag_keys(&work.subject);
    }
    Learnt::Found(live)
}

/// Removes the id of a user that is gone from the status.
pub(in crate::reconcile) async fn forget(work: &mut Work<'_>) -> End {
    let status = &mut work.report.status;
    let gone = status.user_arn.take().unwrap_or_default();
    status.user_id = None;
    status.applied_values.clear();
    work.ctx.metrics.drift("user");
    let note = format!("{gone} was deleted outside of Kubernetes: creating the user again");
    tracing::warn!("{note}");
    work.publish(EventKind::Warning, "DriftDetected", "Create", note.clone()).await;
    State::Working(Reason::Creating, note).into()
}
