//! The step that creates the user: credentials, finalizer, mark, call, in this order and in one pass.

use connect_api::{Class, Connect, ConnectExt, CreateUser, Error, OperationName};

use super::{
    Appeared, CreateAttempt, CreateAttempts, End, Failure, Flow, Kind, Knowledge, Learnt, Phase, Reason, State, Work, created,
    identity_type, names, or_end, or_fail, password, set_conditions,
};

/// Creates the user.
pub(in crate::reconcile) async fn create(work: &mut Work<'_>, known: &Knowledge, mut request: CreateUser) -> Flow<Learnt> {
    let phase = Phase::of(known);
    // Without credentials nothing that the attempt leaves behind could be cleaned up: neither Secret, finalizer nor mark.
    or_fail(work.connect().ready(OperationName::CreateUser).await, phase, "instanceArn")?;
    let initial = match password::initial(work, phase).await {
        Flow::Continue(initial) => initial,
        Flow::Break(End::Report(State::Failed(failure), _)) if failure.kind == Kind::SecretNotFound => {
            let failure = Box::new(failure);
            return Flow::Continue(Learnt::NotCreated { mark: known.mark, settled: known.settled, failure });
        }
        Flow::Break(end) => return Flow::Break(end),
    };
    request.password = initial.password;
    // The mark is written for an attempt that follows at once: without a slot in the rate limit there is no attempt.
    or_fail(work.connect().admit(&work.caller, OperationName::CreateUser), phase, "spec")?;
    or_end(work.add_finalizer().await, phase)?;
    let started = work.ctx.clock.uptime();
    let mark = if known.mark == CreateAttempts::None { CreateAttempts::Clean } else { CreateAttempts::Unclean };
    write_mark(work, phase, mark, &request, initial.version.as_ref()).await?;
    let stalled = work.ctx.clock.uptime().saturating_sub(started);
    if stalled > work.ctx.settings.longest_stall {
        let message =
            format!("this process stalled for {} s before it could create the user: it starts again", stalled.as_secs());
        return Flow::Break(Failure::new(Kind::Transient, Phase::Create, message).into());
    }
    match work.connect().call(&work.caller, request.clone()).await {
        Ok(user) => {
            tracing::info!(user = %user.arn, "created the user");
            work.report.appeared = Some(Appeared::Created);
            work.report.sent = initial.version;
            // They are those of a user before.
            work.report.status.applied_values.clear();
            Flow::Continue(Learnt::Created(mark, Box::new(created(&request, &user))))
        }
        Err(error) => not_created(work, mark, &error, &request).await,
    }
}

/// Records the attempt before it is made. The write fails if the resource has changed since it was read.
async fn write_mark(
    work: &mut Work<'_>,
    phase: Phase,
    mark: CreateAttempts,
    request: &CreateUser,
    version: Option<&String>,
) -> Flow {
    let clean = mark == CreateAttempts::Clean;
    let (generation, now) = (work.subject.generation(), work.ctx.clock.now());
    // Not rounded: a mark that equals the one before would not be written.
    work.report.status.create_attempt = Some(CreateAttempt { at: now, clean });
    if clean {
        // A later attempt may find a user that an earlier one made, with the earlier one's password.
        work.report.status.observed_password_version = version.cloned();
    }
    work.report.record_tag_keys(&work.subject);
    let working = State::Working(Reason::Creating, format!("creating the user {:?}", request.username));
    set_conditions(&mut work.report.status, &working, generation, now);
    or_end(work.write_status().await, phase)
}

async fn not_created(work: &mut Work<'_>, mark: CreateAttempts, error: &Error, request: &CreateUser) -> Flow<Learnt> {
    let is_undone = error.is_refusal() && mark == CreateAttempts::Clean;
    if is_undone {
        // Written at the end of the pass: until then the mark only causes a wait.
        work.report.status.create_attempt = None;
        work.report.status.observed_password_version = None;
    }
    let mark = if is_undone { CreateAttempts::None } else { mark };
    if error.class == Class::Duplicate {
        return Flow::Continue(Learnt::Taken { mark, settled: is_undone });
    }
    names::doubt(work, error);
    let fields = match error.class {
        Class::NotFound => names::reference_fields(work),
        Class::Invalid => identity_type::advice(work, request).await.unwrap_or_else(|| "the field that Connect names".to_owned()),
        _ => "the field that Connect names".to_owned(),
    };
    let failure = Failure::of_call(error, Phase::Create, &fields);
    match error.class {
        // Nothing is wrong with the user or the spec: the next attempt comes soon.
        Class::Throttled | Class::Deferred | Class::Transient | Class::Conflict => Flow::Break(failure.into()),
        Class::Duplicate | Class::NotFound | Class::Denied | Class::Quota | Class::Invalid => {
            Flow::Continue(Learnt::NotCreated { mark, settled: is_undone, failure: Box::new(failure) })
        }
    }
}
