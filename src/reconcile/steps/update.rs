//! The step that makes the calls of a plan.

use std::time::Duration;

use connect_api::{Class, Error, OperationName, Priority};

use super::{
    Action, Failure, Flow, Knowledge, Learnt, Live, Observation, Phase, Work, after, identity_type, lookup, names, or_end,
    or_fail,
};

/// The lifetime of a read for calls that carry nothing over from it, if they have to wait for the rate limit: a hundred calls of
/// one operation take 50 s.
const READ_LIFETIME: Duration = Duration::from_secs(60);

/// Makes the calls of a plan. One that fails does not keep the others from being made.
pub(in crate::reconcile) async fn update(
    work: &mut Work<'_>,
    known: &Knowledge,
    live: Live,
    actions: Vec<Action>,
) -> Flow<Learnt> {
    if actions.iter().any(|a| a.update.name() == OperationName::TagResource) {
        let recorded = work.report.status.applied_tag_keys.clone();
        work.report.record_tag_keys(&work.subject);
        if recorded != work.report.status.applied_tag_keys {
            or_end(work.write_status().await, Phase::of(known))?;
        }
    }
    if work.caller.priority == Priority::Sweep {
        work.caller.priority = Priority::Repair;
    }
    let relies_on_status = known.by_id == Observation::NotLooked;
    let carries = actions.iter().any(|action| action.carries);
    let mut now = live;
    let mut failed: Vec<(Error, String)> = Vec::new();
    for action in actions {
        match identity_type::send(work, &action).await {
            Ok(()) => {
                let fields = action.fields();
                tracing::info!(operation = %action.update.name(), fields, "updated the user");
                now = after(now, &action.update);
                work.report.changed.extend(action.changes);
            }
            Err(failure) => {
                names::doubt(work, &failure.0);
                failed.push(failure);
            }
        }
    }
    if relies_on_status && failed.iter().any(|(error, _)| error.is_refusal()) {
        // The user may have changed since the status was written. A call that is refused again after a read is worth a report.
        return Flow::Continue(Learnt::StatusOutdated);
    }
    let all_deferred = !failed.is_empty() && failed.iter().all(|(error, _)| error.class == Class::Deferred);
    if all_deferred && work.report.changed.is_empty() && !relies_on_status && !carries {
        work.keep_read(now.clone(), READ_LIFETIME);
    }
    // The worst failure is reported: the order of the kinds decides.
    let worst =
        failed.iter().map(|(e, fields)| (e.class, Failure::of_call(e, Phase::Update, fields))).max_by_key(|(_, f)| f.kind);
    match (worst, &known.recorded) {
        (None, _) => Flow::Continue(Learnt::Updated(Box::new(now))),
        // Not found: the user, or what the call refers to? Only a read of the user tells.
        (Some((Class::NotFound, failure)), Some(id)) => {
            let found = lookup::by_id(work.client(), id).await;
            match or_fail(found, Phase::of(known), "spec")? {
                Some(_) => Flow::Break(failure.into()),
                None => Flow::Continue(Learnt::RecordedGone),
            }
        }
        (Some((_, failure)), _) => Flow::Break(failure.into()),
    }
}
