//! The step that adds the finalizer to a resource whose user is ours already.

use super::{EventKind, Flow, Knowledge, Learnt, Phase, Work, or_end};

/// Adds the finalizer. If the user was recorded before, a person or a tool took the finalizer off.
pub(in crate::reconcile) async fn add(work: &mut Work<'_>, known: &Knowledge) -> Flow<Learnt> {
    or_end(work.add_finalizer().await, Phase::of(known))?;
    if work.report.before.user_id.is_some() && work.report.appeared.is_none() {
        let note = "the finalizer was removed from this ConnectUser, and is added again: without it, deleting the ConnectUser would \
                    leave its user in Connect. To keep the user, set deletionPolicy to Retain";
        work.publish(EventKind::Warning, "FinalizerRestored", "Reconcile", note.to_owned()).await;
    }
    Flow::Continue(Learnt::FinalizerAdded)
}
