//! The step that makes the calls of a plan.

use std::time::Duration;

use connect_api::{Class, Error, OperationName, Priority};

use super::{
    Action, End, Failure, Flow, Knowledge, Learnt, Live, Observation, Phase, State, Work, after, clears_identity,
    empties_identity, failures, identity_type, lookup, names, or_end, or_fail, read::observed, reconcile_requested,
};

/// The lifetime of a read for calls that carry nothing over from it, if they have to wait for the rate limit: a hundred calls of
/// one operation take 50 s.
const READ_LIFETIME: Duration = Duration::from_secs(60);

/// Makes the calls of a plan. One that fails does not keep the others from being made, except for a call that needs its room. A call
/// that had no effect before is not made again.
pub(in crate::reconcile) async fn update(
    work: &mut Work<'_>,
    known: &Knowledge,
    live: Live,
    actions: Vec<Action>,
) -> Flow<Learnt> {
    let relies_on_status = known.by_id == Observation::NotLooked;
    let uid = work.subject.uid.clone();
    // A request asks for another attempt, but not for one after each read of this pass.
    if reconcile_requested(&work.subject.resource).is_some() && work.report.changed.is_empty() {
        work.ctx.memory.with(&uid, |m| m.corrections.clear());
    } else if !relies_on_status && work.report.is_by_read() {
        work.ctx.memory.with(&uid, |m| m.corrections.keep_only(&actions));
    }
    let is_fruitless = |action: &Action| work.ctx.memory.of(&uid, |m| !relies_on_status && m.corrections.is_fruitless(action));
    let (fruitless, actions): (Vec<_>, Vec<_>) = actions.into_iter().partition(is_fruitless);
    if actions.is_empty() {
        let changes = fruitless.into_iter().flat_map(|action| action.changes).collect();
        return Flow::Break(End::Report(State::NotKept(changes), Some(Box::new(live))));
    }
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
    let needs_fresh_read = known.policy.bounded || actions.iter().any(|action| action.carries);
    let mut now = live;
    let mut failed: Vec<(Error, String)> = Vec::new();
    let mut is_doubtful = false;
    for action in actions {
        if failed.iter().any(|(error, _)| Some(error.operation) == action.after) {
            continue;
        }
        // The first attempt had no effect: Connect keeps members that are left out.
        let repeated = work.ctx.memory.of(&uid, |m| !relies_on_status && m.corrections.was_made(&action));
        let action = empties_identity(&action).filter(|_| repeated).unwrap_or(action);
        match identity_type::send(work, &action).await {
            Ok(()) => {
                let fields = action.fields();
                tracing::info!(operation = %action.update.name(), fields, "updated the user");
                if relies_on_status {
                    work.ctx.memory.with(&uid, |m| m.corrections.edited(&action));
                } else {
                    is_doubtful |= work.ctx.memory.with(&uid, |m| m.corrections.made(&action));
                }
                is_doubtful |= clears_identity(&action) && !repeated;
                now = after(now, &action.update);
                work.report.changed.extend(action.changes);
                work.report.was_read_since = false;
            }
            Err(failure) => {
                names::doubt(work, &failure.0);
                failed.push(failure);
            }
        }
    }
    work.report.record_applied_values(&work.subject, &known.ignored, &now);
    if relies_on_status && failed.iter().any(|(error, _)| error.is_refusal()) {
        // The user may have changed since the status was written. A call that is refused again after a read is worth a report.
        return Flow::Continue(Learnt::StatusOutdated);
    }
    let all_deferred = !failed.is_empty() && failed.iter().all(|(error, _)| error.class == Class::Deferred);
    if all_deferred && work.report.changed.is_empty() && !relies_on_status && !needs_fresh_read {
        work.keep_read(now.clone(), READ_LIFETIME);
    }
    let is_missing = failed.iter().any(|(error, _)| error.class == Class::NotFound);
    let failure =
        Failure::join(failed.iter().map(|(error, fields)| failures::tagging(work, Phase::Update, &now, error, fields)).collect());
    match (failure, &known.recorded) {
        (None, _) if is_doubtful => {
            let found = lookup::by_id(work.client(), &now.user.id).await;
            let found = found.inspect_err(|_| work.ctx.memory.with(&uid, |m| m.corrections.clear()));
            let found = or_fail(found, Phase::of(known), "spec")?;
            work.report.was_read_since = true;
            Flow::Continue(Learnt::ById(observed(found)))
        }
        (None, _) => Flow::Continue(Learnt::Updated(Box::new(now))),
        // Not found: the user, or what the call refers to? Only a read of the user shows which.
        (Some(failure), Some(id)) if is_missing => {
            let found = lookup::by_id(work.client(), id).await;
            match or_fail(found, Phase::of(known), "spec")? {
                Some(_) => Flow::Break(failure.into()),
                None => Flow::Continue(Learnt::RecordedGone),
            }
        }
        (Some(failure), _) => Flow::Break(failure.into()),
    }
}
