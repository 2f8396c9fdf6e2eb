//! The Events of a pass: on transitions only.

use super::{
    Appeared, Change, ConditionType, EventKind, Failure, Kind, Phase, Reason, State, THROTTLED, Work, condition, is_in_sync,
};

/// Publishes what changed in this pass. `is_reported`: the status shows it.
pub(super) async fn publish(work: &Work<'_>, state: &State, is_reported: bool) {
    user_appeared(work).await;
    user_changed(work).await;
    let (status, before) = (&work.report.status, &work.report.before);
    let ignored = condition(status, ConditionType::PasswordChangeIgnored);
    if let (Some(ignored), None, true) = (ignored, condition(before, ConditionType::PasswordChangeIgnored), is_reported) {
        let reason = Reason::PasswordChangeIgnored.as_str();
        work.publish(EventKind::Warning, reason, "Reconcile", ignored.message.clone()).await;
    }
    let is_new = |condition_type, reason: Reason| condition(before, condition_type).is_none_or(|c| c.reason != reason.as_str());
    match state {
        State::Drifted(changes) if is_new(ConditionType::Synced, Reason::Drifted) => {
            for change in changes {
                work.ctx.metrics.drift(&change.field);
            }
            work.publish(EventKind::Warning, "DriftDetected", "Observe", list(changes)).await;
        }
        State::NotKept(changes) if is_new(ConditionType::Synced, Reason::NotKept) => {
            work.publish(EventKind::Warning, Reason::NotKept.as_str(), "Update", list(changes)).await;
        }
        State::Paused { .. } if is_new(ConditionType::Synced, Reason::Paused) => {
            let note = "the annotation connect-operator.dev/paused keeps the operator from acting".to_owned();
            work.publish(EventKind::Normal, "Paused", "Reconcile", note).await;
        }
        State::InSync | State::Drifted(_) | State::NotKept(_) | State::Paused { .. } | State::Working(..) | State::Failed(_) => {}
    }
    let handled = &status.last_handled_reconcile_at;
    if let Some(requested) = handled.as_ref().filter(|_| is_reported && *handled != before.last_handled_reconcile_at) {
        let note = format!("read the user, as requested by connect-operator.dev/reconcile-requested-at: {requested:?}");
        work.publish(EventKind::Normal, "ReconcileRequestHandled", "Reconcile", note).await;
    }
    if let State::Failed(failure) = state {
        pass_failed(work, failure, is_reported).await;
    }
}

async fn user_appeared(work: &Work<'_>) {
    let (name, arn) = (work.subject.username(), work.report.status.user_arn.as_deref().unwrap_or_default());
    match work.report.appeared {
        Some(Appeared::Created) => {
            work.publish(EventKind::Normal, "Created", "Create", format!("created {name:?} as {arn}")).await;
        }
        Some(Appeared::Adopted) => {
            let note = format!("adopted {name:?}, which carries this resource's ownership tags, as {arn}");
            work.publish(EventKind::Normal, "Adopted", "Create", note).await;
        }
        None => {}
    }
}

async fn user_changed(work: &Work<'_>) {
    let changed = &work.report.changed;
    if changed.is_empty() || work.report.appeared == Some(Appeared::Created) {
        return;
    }
    let list = list(changed);
    if is_in_sync(&work.report.before, work.subject.generation()) {
        for change in changed {
            work.ctx.metrics.drift(&change.field);
        }
        work.publish(EventKind::Warning, "DriftDetected", "Update", format!("changed outside of Kubernetes: {list}")).await;
        work.publish(EventKind::Normal, "DriftCorrected", "Update", list).await;
    } else {
        work.publish(EventKind::Normal, "Updated", "Update", list).await;
    }
}

async fn pass_failed(work: &Work<'_>, failure: &Failure, is_reported: bool) {
    let reason = failure.kind.reason();
    let is_known = [ConditionType::Ready, ConditionType::Synced]
        .iter()
        .filter_map(|c| condition(&work.report.before, *c))
        // The throttled call is another in each pass.
        .any(|c| c.reason == reason.as_str() && (c.message == failure.message || failure.kind == Kind::Throttled));
    if is_known || !is_reported || failure.kind == Kind::Deferred {
        return;
    }
    let (event, action) = match failure.phase {
        _ if failure.kind == Kind::Throttled => (THROTTLED, "Reconcile"),
        _ if failure.kind == Kind::Held => ("DeletionHeld", "Delete"),
        Phase::Observe => ("ObserveFailed", "Observe"),
        Phase::Create => ("CreateFailed", "Create"),
        Phase::Update => ("UpdateFailed", "Update"),
        Phase::Delete => ("DeleteFailed", "Delete"),
    };
    let kind = if failure.kind == Kind::Unsettled { EventKind::Normal } else { EventKind::Warning };
    work.publish(kind, event, action, format!("{reason}: {}", failure.message)).await;
}

fn list(changes: &[Change]) -> String {
    changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
