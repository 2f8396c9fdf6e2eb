//! The steps for a resource that is being deleted: delete its user, or take our tags off it, and remove the finalizer.

use connect_api::{Class, ConnectExt, DeleteUser, UntagResource, UserId};
use kube::ResourceExt;

use super::{
    CONFIRM_DELETION, ClusterError, ConditionType, CreateAttempts, Entry, EventKind, Failure, Flow, Kind, Knowledge, Learnt,
    Live, ManagementPolicy, Phase, Reason, TooMany, Work, condition, is_confirmed,
};

/// Deletes the user, if the deletion guard admits it.
pub(in crate::reconcile) async fn delete(work: &mut Work<'_>, known: &Knowledge, user: UserId) -> Flow<Learnt> {
    admit(work)?;
    let request = DeleteUser { instance: work.subject.instance_id(), user: user.clone() };
    match work.connect.call(&work.caller, request).await {
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
    let request = UntagResource { arn: live.user.arn.clone(), keys: work.subject.owner.tags().into_keys().collect() };
    match work.connect.call(&work.caller, request).await {
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
    for uid in ctx.waiters.freed(&work.subject.wanted_username()) {
        ctx.memory.with(&uid, Entry::wake_for_read);
    }
    Ok(())
}

/// Ends the pass if too many users are being deleted without confirmation.
fn admit(work: &mut Work<'_>) -> Flow {
    let Work { ctx, subject, report, .. } = work;
    let guard = ctx.settings.deletion_guard;
    let limit = guard.limit();
    let is_held = report.status.deletion_held_by.as_ref() == Some(&limit);
    let question = |going, of| question(&subject.namespace(), &subject.resource.name_any(), going, of, &limit);
    let message = if is_confirmed(&subject.resource) {
        None
    } else if is_held {
        // A held deletion stays held: that other users went meanwhile does not answer the question. The question is asked again
        // if the condition of another failure has replaced it.
        let held = condition(&report.status, ConditionType::Ready).filter(|c| c.reason == Reason::DeletionHeld.as_str());
        Some(held.map(|ready| ready.message.clone()).unwrap_or_else(|| {
            let counts = ctx.instance_counts(&subject.instance).unwrap_or_default();
            question(counts.going.len(), counts.all)
        }))
    } else {
        // Without a counter, or with a share that holds nothing, there is no question.
        let counts = ctx.instance_counts(&subject.instance).filter(|_| guard.share < 1.0);
        let uptime = ctx.clock.uptime();
        let refused =
            counts.and_then(|counts| ctx.deletions.admit(&guard, &subject.instance, &subject.uid, &counts, uptime).err());
        refused.map(|TooMany { going, of }| question(going, of))
    };
    ctx.metrics.held(ctx.deletions.hold(&subject.uid, message.is_some()));
    let Some(message) = message else { return Flow::Continue(()) };
    report.status.deletion_held_by = Some(limit);
    Flow::Break(Failure::new(Kind::Held, Phase::Delete, message).into())
}

fn question(namespace: &str, name: &str, going: usize, of: usize, limit: &str) -> String {
    format!(
        "the user is still in Connect: when this was written, {going} of the {of} users with a ConnectUser in this instance were \
         being deleted, and the guard admits no more than {limit}. To confirm the deletion: kubectl annotate connectuser \
         --namespace {namespace} {name} {CONFIRM_DELETION}=true (with --all in place of the name for all in the namespace). \
         To keep the user, set spec.deletionPolicy to Retain: then only this resource is deleted"
    )
}
