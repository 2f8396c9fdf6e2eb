//! The step that removes the finalizer, and with it the resource.

use crate::{
    api::ManagementPolicy,
    plan::Knowledge,
    reconcile::{
        cluster::{ClusterError, EventKind},
        memory::Entry,
        work::Work,
    },
};

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
