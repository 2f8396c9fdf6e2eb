//! The step that deletes the quick connects of a user that is gone.

use connect_api::{Class, OperationName, UserId};

use super::{
    Cleanup, EventKind, Failure, Flow, Knowledge, Learnt, OPERATIONS, Observation, Ownership, Personal, Phase, Work, is_permanent,
};

/// Failures of Connect in a row after which the rest is left to people, so that no resource waits for ever: about two minutes, or
/// three while Connect throttles.
const ATTEMPTS: u32 = 8;

/// Deletes the quick connects that point to a user that is gone. Those that cannot be deleted are reported, and do not keep the
/// resource.
pub(in crate::reconcile) async fn delete(work: &Work<'_>, known: &Knowledge, user: UserId) -> Flow<Learnt> {
    let Work { ctx, subject, .. } = work;
    let mut cleanup =
        ctx.memory.with(&subject.uid, |m| m.parked.take_cleanup(&user)).unwrap_or_else(|| Cleanup::new(user.clone()));
    cleanup.alone =
        !matches!(&known.by_name, Observation::Present(other) if subject.owner.of(&other.user.tags) == Ownership::Ours);
    if let Err(error) = cleanup.resume(work.client()).await {
        // A wait for our own rate limit is not a failure.
        cleanup.failures += u32::from(error.class != Class::Deferred);
        if !is_permanent(&error) && cleanup.failures < ATTEMPTS {
            ctx.memory.with(&subject.uid, |m| m.parked.keep_cleanup(cleanup));
            let failure = Failure::of_call(&error, Phase::Delete, "the quick connects of the deleted user");
            return Flow::Break(failure.into());
        }
        cleanup.left.extend(cleanup.found.drain(..).map(|candidate| candidate.name));
        cleanup.refusal = Some(error);
    }
    report(work, &cleanup).await;
    Flow::Continue(Learnt::QuickConnectsDone(user))
}

async fn report(work: &Work<'_>, cleanup: &Cleanup) {
    let Cleanup { user, deleted, left, refusal, .. } = cleanup;
    let whose = format!("{:?} ({user})", work.subject.username());
    if !deleted.is_empty() {
        let note = format!("deleted the quick connects that pointed to {whose}: {}", quoted(deleted));
        tracing::info!(%user, "deleted quick connects of the deleted user: {}", Personal(quoted(deleted)));
        work.publish(EventKind::Normal, "QuickConnectsDeleted", "Delete", note).await;
    }
    if let Some(error) = refusal {
        let which = if left.is_empty() { "those that point to it".to_owned() } else { quoted(left) };
        let [search, describe, delete] = OPERATIONS.map(OperationName::iam_action);
        let note = format!(
            "the user {whose} is deleted, but not all quick connects that point to it ({error}). Delete {which} in Connect; \
             for the next time, allow {search}, {describe} and {delete} in the IAM policy of the operator's role, or run it \
             without --delete-quick-connects"
        );
        tracing::warn!(%user, "{}", Personal(&note));
        work.publish(EventKind::Warning, "QuickConnectsLeft", "Delete", note).await;
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}
