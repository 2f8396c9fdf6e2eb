//! The end of a pass: status, Events, log, memory, and when the next pass is due.

use std::time::Duration;

use kube::ResourceExt;

use super::{
    ClusterError, ClusterErrorKind, ConditionType, End, Failure, Kind, Knowledge, Personal, Phase, Retry, State, Verdict, Work,
    condition, delete, describes_same_wait, events, is_in_sync, until_read,
};

/// The time to wait for a cache that is known to be behind.
pub(in crate::reconcile) const STALE: Duration = Duration::from_secs(1);

/// Reports how the pass ended, and returns when the next one is due.
pub(in crate::reconcile) async fn finish(work: &mut Work<'_>, known: &Knowledge, end: End) -> Verdict {
    let verdict = report(work, known, end).await;
    delete::hand_back(work).await;
    verdict
}

async fn report(work: &mut Work<'_>, known: &Knowledge, end: End) -> Verdict {
    let (state, live) = match end {
        End::Gone => return gone(work),
        End::Report(state, live) => (state, live),
    };
    let (ctx, uid) = (work.ctx, work.subject.uid.clone());
    match &state {
        State::Failed(Failure { kind: Kind::NotOurs, .. }) => {
            ctx.waiters.wait(&uid, work.subject.name(), work.subject.wanted_username());
        }
        _ => ctx.waiters.forget(&uid),
    }
    let retry = match &state {
        State::Failed(failure) => {
            log(failure);
            Some(ctx.memory.with(&uid, |m| m.failed(&uid, failure)))
        }
        State::InSync | State::Drifted(_) | State::NotKept(_) | State::Paused { .. } | State::Working(..) => None,
    };
    let is_reported = match (&state, retry) {
        (State::Failed(failure), Some(retry)) => is_worth_reporting(work, known, failure, retry),
        _ => true,
    };
    if is_reported {
        work.report.compose(&work.subject, known.policy.management, &state, live.as_deref(), ctx.clock.now());
    }
    if !work.report.changed.is_empty() {
        let now = ctx.clock.now();
        ctx.memory.with(&uid, |m| m.freshness.changed = Some(now));
    }
    let written = work.write_status().await;
    events::publish(work, &state, is_reported && written.is_ok()).await;
    if let Err(error) = written {
        return not_written(work, known, &error);
    }
    match &live {
        Some(live) => {
            if work.report.before.observed.is_none() {
                ctx.metrics.ready_after(age(work));
            }
            ctx.memory.with(&uid, |m| {
                m.freshness.modified = live.user.last_modified_time;
                m.freshness.showed(&work.report.status);
            });
            // A user that was taken from the status was not read.
            if known.remembered.is_none() {
                ctx.memory.with(&uid, |m| m.freshness.read(&live.user.id, work.read_at));
                if matches!(state, State::InSync) && work.report.is_by_read() {
                    ctx.memory.with(&uid, |m| m.corrections.clear());
                }
            }
        }
        // Some calls of a plan were made, and the status does not show their effect.
        None if !work.report.changed.is_empty() => ctx.memory.with(&uid, |m| m.freshness.doubt()),
        None => {}
    }
    match (state, retry) {
        (State::InSync, _) => {
            ctx.memory.with(&uid, |m| m.in_sync(work.subject.generation()));
            Verdict::ended(Some(until_read(ctx, &work.subject.resource)), "in_sync")
        }
        (State::Drifted(_), _) => Verdict { after: Some(until_read(ctx, &work.subject.resource)), result: "drifted", held: true },
        (State::NotKept(_), _) => {
            Verdict { after: Some(until_read(ctx, &work.subject.resource)), result: "not_kept", held: true }
        }
        (State::Paused { .. }, _) => Verdict::ended(None, "paused"),
        (State::Failed(failure), Some(retry)) => Verdict::failed(retry.after, failure.kind),
        (State::Working(..) | State::Failed(_), _) => Verdict::ended(Some(Duration::ZERO), "working"),
    }
}

fn gone(work: &Work<'_>) -> Verdict {
    work.ctx.forget(&work.subject.uid, &work.subject.resource.spec.instance_arn);
    Verdict::ended(None, "gone")
}

fn not_written(work: &Work<'_>, known: &Knowledge, error: &ClusterError) -> Verdict {
    let (ctx, uid) = (work.ctx, &work.subject.uid);
    if !work.report.changed.is_empty() {
        // The status does not show the changes.
        ctx.memory.with(uid, |m| m.freshness.doubt());
    }
    match error.kind {
        ClusterErrorKind::Gone => return gone(work),
        // The resource has changed since the pass read it: the cache will bring it in a moment.
        ClusterErrorKind::Conflict => return Verdict::ended(Some(STALE), "stale"),
        ClusterErrorKind::Forbidden
        | ClusterErrorKind::Refused
        | ClusterErrorKind::Unreadable
        | ClusterErrorKind::Unavailable => {}
    }
    let failure = Failure::of_cluster(error, Phase::of(known));
    log(&failure);
    Verdict::failed(ctx.memory.with(uid, |m| m.failed(uid, &failure)).after, failure.kind)
}

/// Returns the time since the resource was created.
fn age(work: &Work<'_>) -> Duration {
    let created = work.subject.resource.creation_timestamp().map_or(work.began, |time| time.0);
    Duration::try_from(work.ctx.clock.now() - created).unwrap_or_default()
}

/// A generation need not show that it waits for less than this: one list is read for all resources, at most every ten seconds.
const SHORT_WAIT: Duration = Duration::from_secs(15);
/// A wait replaces what the status shows of the same generation only if it lasts this long: it says less than an earlier failure.
const LONG_WAIT: Duration = Duration::from_secs(60);

/// Returns whether the status must show a failure. A race is retried at once, and a read of a user in sync that has to wait for
/// the rate limit says nothing about the user.
fn is_worth_reporting(work: &Work<'_>, known: &Knowledge, failure: &Failure, retry: Retry) -> bool {
    let (status, generation) = (work.subject.resource.status.clone().unwrap_or_default(), work.subject.generation());
    let is_pending = !is_in_sync(&status, generation) || known.deleting;
    match failure.kind {
        Kind::Raced => !retry.at_once,
        Kind::Deferred => {
            let shown = condition(&status, ConditionType::Synced).filter(|c| c.observed_generation == Some(generation));
            let says_more = match shown {
                None => retry.after >= SHORT_WAIT,
                Some(shown) => retry.after >= LONG_WAIT && !describes_same_wait(&shown.message, &failure.message),
            };
            is_pending && says_more
        }
        Kind::Throttled => is_pending,
        Kind::Unsettled
        | Kind::Transient
        | Kind::Kubernetes
        | Kind::SecretNotFound
        | Kind::DependencyNotFound
        | Kind::Quota
        | Kind::NotOurs
        | Kind::NotAllowed
        | Kind::ProfileNotAllowed
        | Kind::AdoptionNotAllowed
        | Kind::ObservationNotAllowed
        | Kind::Invalid
        | Kind::Denied
        | Kind::Held => true,
    }
}

fn log(failure: &Failure) {
    let (reason, request_id) = (failure.kind.reason().as_str(), failure.request_id.as_deref());
    let message = Personal(&failure.message);
    match failure.kind {
        Kind::Deferred | Kind::Raced | Kind::Unsettled => {
            tracing::debug!(reason, request_id, phase = ?failure.phase, "{message}");
        }
        _ => tracing::warn!(reason, request_id, phase = ?failure.phase, "{message}"),
    }
}
