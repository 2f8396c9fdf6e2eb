//! The steps for a resource that is being deleted: delete its user, or take our tags off it, and remove the finalizer.

use connect_api::{Class, ConnectExt, DeleteUser, Error, ListTagsForResource, UntagResource, UserId};
use kube::ResourceExt;

use super::{
    CONFIRM_DELETION, ClusterError, ConditionType, Confirmation, ConnectUserStatus, Context, CreateAttempts, Deletion, EventKind,
    Failure, Flow, Kind, Knowledge, Learnt, Live, ManagementPolicy, Ownership, Phase, REMARK, Reason, Subject, Work, condition,
    confirmation_value, remark,
};

/// Deletes the user, if the deletion guard admits it.
pub(in crate::reconcile) async fn delete(work: &mut Work<'_>, known: &Knowledge, user: UserId) -> Flow<Learnt> {
    admit(work)?;
    let request = DeleteUser { instance: work.subject.instance_id(), user: user.clone() };
    match work.connect().call(&work.caller, request).await {
        Ok(()) => {
            tracing::info!(%user, "deleted the user");
            let note = format!("deleted {:?} ({user})", work.subject.username());
            work.publish(EventKind::Normal, "Deleted", "Delete", note).await;
            // Our own delete proves that the user is gone, unless an earlier attempt may still create another.
            if known.mark != CreateAttempts::Unclean {
                return Flow::Continue(Learnt::DeletedLast);
            }
        }
        Err(error) if error.class == Class::NotFound => {}
        Err(error) => return Flow::Break(Failure::of_call(&error, Phase::Delete, "the user").into()),
    }
    Flow::Continue(Learnt::Deleted)
}

/// Takes our tags off a user that stays in Connect.
pub(in crate::reconcile) async fn disown(work: &Work<'_>, known: &Knowledge, live: Live) -> Flow<Learnt> {
    match untag(work, &live.user.arn).await {
        Ok(()) => {
            let username = work.subject.username();
            let note = format!("{username:?} stays in Connect as {}, without this operator's tags", live.user.arn);
            work.publish(EventKind::Normal, "Retained", "Delete", note).await;
            if known.mark != CreateAttempts::Unclean {
                return Flow::Continue(Learnt::DisownedLast);
            }
        }
        Err(error) if error.class == Class::NotFound => {}
        Err(error) => return Flow::Break(Failure::of_call(&error, Phase::Delete, "deletionPolicy").into()),
    }
    Flow::Continue(Learnt::Disowned)
}

async fn untag(work: &Work<'_>, arn: &str) -> Result<(), Error> {
    let keys = work.subject.owner.tags().into_keys().collect();
    work.connect().call(&work.caller, UntagResource { arn: arn.to_owned(), keys }).await
}

/// Takes our tags off a user that this pass has tagged, if its resource is gone or going: another replica may have handed the user back
/// before the call, and AWS takes no condition for a tag.
pub(in crate::reconcile) async fn hand_back(work: &mut Work<'_>) {
    let Some(arn) = work.tagged.take() else { return };
    let (ctx, subject) = (work.ctx, &work.subject);
    let is_going = match ctx.cluster.get(&subject.namespace(), &subject.resource.name_any()).await {
        Ok(Some(found)) => found.uid().as_deref() == Some(&*subject.uid) && found.metadata.deletion_timestamp.is_some(),
        Ok(None) => true,
        Err(_) => false,
    };
    if !is_going {
        return;
    }
    let tags = work.connect().call(&work.caller, ListTagsForResource { arn: arn.clone() }).await;
    if tags.is_ok_and(|tags| subject.owner.of(&tags) == Ownership::Ours) {
        match untag(work, &arn).await {
            Ok(()) => tracing::info!(user = %arn, "handed back a user whose ConnectUser is gone"),
            Err(error) => tracing::warn!(user = %arn, "could not hand back a user whose ConnectUser is gone: {error}"),
        }
    }
}

/// Publishes an Event if the user stays in Connect.
pub(in crate::reconcile) async fn report_retained(work: &Work<'_>, known: &Knowledge, left: bool) {
    let username = work.subject.username();
    if known.policy.management == ManagementPolicy::Observe {
        let note = format!("{username:?} stays in Connect as it is: managementPolicy is Observe");
        work.publish(EventKind::Normal, "Retained", "Delete", note).await;
    } else if left {
        let note =
            format!("the user {username:?} no longer carries this resource's ownership tags: it stays in Connect as it is");
        work.publish(EventKind::Warning, "Retained", "Delete", note).await;
    }
}

/// Removes the finalizer, and wakes the resources that wait for the username.
pub(in crate::reconcile) async fn remove_finalizer(work: &Work<'_>) -> Result<(), ClusterError> {
    let ctx = work.ctx;
    ctx.cluster.remove_finalizer(&work.subject.resource).await?;
    ctx.wake_waiters(&work.subject.wanted_username());
    Ok(())
}

/// Returns whether the guard holds the deletion of a resource, by its status.
pub(in crate::reconcile) fn is_held(ctx: &Context, status: &ConnectUserStatus) -> bool {
    status.deletion_held_by.as_ref() == Some(&ctx.settings.deletion_guard.limit())
}

/// Ends the pass if too many users are being deleted without confirmation.
pub(in crate::reconcile) fn admit(work: &mut Work<'_>) -> Flow {
    let Work { ctx, subject, report, .. } = work;
    let (guard, now) = (ctx.settings.deletion_guard, ctx.clock.now());
    let metadata = &subject.resource.metadata;
    let confirmation = Confirmation::of(&subject.resource, now);
    let shown = condition(&report.status, ConditionType::Ready).filter(|c| c.reason == Reason::DeletionHeld.as_str());
    let shown = shown.map(|c| c.message.as_str()).filter(|_| is_held(ctx, &report.status));
    let namespace = subject.namespace();
    let question = if confirmation == Confirmation::Valid {
        None
    } else if is_held(ctx, &report.status) {
        // A held deletion stays held: that other users went meanwhile does not answer the question.
        let question = shown.and_then(|message| message.split(REMARK).next()).map(str::to_owned);
        Some(question.unwrap_or_else(|| ask(subject, &format!("its deletion exceeds what the guard admits, {}", guard.limit()))))
    } else {
        // Without a counter, or with a share that holds nothing, there is no question.
        let counts = ctx.instance_counts(&subject.instance).filter(|_| guard.share < 1.0);
        let requested = metadata.deletion_timestamp.as_ref().map_or(now, |time| time.0);
        let asks = Deletion { instance: &subject.instance, namespace: &namespace, uid: &subject.uid, requested };
        let refused = counts.and_then(|counts| ctx.deletions.admit(&guard, asks, &counts, ctx.clock.uptime()).err());
        refused.map(|many| ask(subject, &many.explain(&namespace, &guard)))
    };
    ctx.hold(&subject.uid, question.as_ref().map(|_| &*namespace));
    let Some(question) = question else { return Flow::Continue(()) };
    let value = confirmation_value(metadata);
    // A message that still applies stays as it is, so that nothing is written.
    let applies = |message: &&str| value.map_or(!message.contains(REMARK), |value| message.contains(&remark(value)));
    let message = match shown.filter(applies) {
        Some(message) => message.to_owned(),
        None => question + &confirmation.problem(metadata, now).unwrap_or_default(),
    };
    report.status.deletion_held_by = Some(guard.limit());
    if confirmation == Confirmation::Future {
        report.status.refused_confirmation = value.map(str::to_owned);
    }
    Flow::Break(Failure::new(Kind::Held, Phase::Delete, message).into())
}

/// Returns the question to a person, which the reason raises.
fn ask(subject: &Subject, reason: &str) -> String {
    let (namespace, name) = (subject.namespace(), subject.resource.name_any());
    format!(
        "the user is still in Connect: {reason}. To confirm the deletion, annotate it with the current time: kubectl annotate \
         connectuser --namespace {namespace} {name} --overwrite {CONFIRM_DELETION}=$(date -u +%FT%TZ) (with --all in place of the \
         name for all in the namespace that were deleted by then). To keep the user, set spec.deletionPolicy to Retain: then only \
         this resource is deleted"
    )
}
