//! The steps for a user whose resource is being deleted: delete the user, or take our tags off it.

use connect_api::{Class, ConnectExt, DeleteUser, UntagResource, UserId};
use kube::ResourceExt;

use crate::{
    api::{CONFIRM_DELETION, ConditionType, Reason},
    plan::{CreateAttempts, Knowledge, Live},
    reconcile::{
        cluster::EventKind,
        conditions::condition,
        deletion_guard::TooMany,
        failure::{Failure, Kind, Phase},
        learnt::Learnt,
        outcome::{End, Flow},
        requests::is_confirmed,
        work::Work,
    },
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
        Err(error) => return Flow::Break(End::Failed(Failure::of_call(&error, Phase::Delete, "the user"))),
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
        Err(error) => return Flow::Break(End::Failed(Failure::of_call(&error, Phase::Delete, "deletionPolicy"))),
    }
    Flow::Continue(Learnt::Disowned)
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
    Flow::Break(End::Failed(Failure::new(Kind::Held, Phase::Delete, message)))
}

fn question(namespace: &str, name: &str, going: usize, of: usize, limit: &str) -> String {
    format!(
        "the user is still in Connect: when this was written, {going} of the {of} users with a ConnectUser in this instance were \
         being deleted, and the guard admits no more than {limit}. To confirm the deletion: kubectl annotate connectuser \
         --namespace {namespace} {name} {CONFIRM_DELETION}=true (with --all in place of the name for all in the namespace). \
         To keep the user, set spec.deletionPolicy to Retain: then only this resource is deleted"
    )
}
