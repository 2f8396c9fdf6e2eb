//! The steps that read the user.

use std::time::Duration;

use connect_api::{Class, Error, User, UserId};

use super::{
    AdoptionPolicy, Creation, Failure, Flow, Kind, Knowledge, Learnt, Live, ManagementPolicy, Observation, Phase, Policy, Query,
    REFRESH, Work, lookup, or_fail, reconcile_requested,
};

/// The lifetime of a read without proficiencies if reading those has to wait for the rate limit, whatever may follow from it.
const PARTIAL_READ_LIFETIME: Duration = Duration::from_secs(5);

/// Reads the recorded user.
pub(in crate::reconcile) async fn by_id(work: &mut Work<'_>, known: &Knowledge, id: &UserId) -> Flow<Learnt> {
    if let Some(live) = kept_read(work, known, id) {
        return Flow::Continue(Learnt::ById(Observation::Present(Box::new(live))));
    }
    work.read_at = work.ctx.clock.uptime();
    let found = lookup::by_id(work.client(), id).await;
    Flow::Continue(Learnt::ById(observed(or_fail(found, Phase::of(known), "spec")?)))
}

/// Returns the user as the last pass read it a moment ago, if its calls had to wait and no read was requested since.
fn kept_read(work: &mut Work<'_>, known: &Knowledge, id: &UserId) -> Option<Live> {
    let Work { ctx, subject, .. } = work;
    if known.deleting || reconcile_requested(&subject.resource).is_some() {
        return None;
    }
    if !ctx.memory.of(&subject.uid, |m| m.parked.has_read()) {
        return None;
    }
    let (generation, uptime) = (subject.generation(), ctx.clock.uptime());
    let read = ctx.memory.with(&subject.uid, |m| m.parked.take_read(id, generation, uptime))?;
    work.read_at = read.at;
    Some(read.live)
}

/// Looks up the user with the spec's username.
pub(in crate::reconcile) async fn by_name(work: &Work<'_>, known: &Knowledge) -> Flow<Learnt> {
    let Work { ctx, subject, .. } = work;
    // The search index lags. It does not decide whether a resource may go, resolve "the name is taken", or prove that there is no
    // such user.
    let Policy { adoption, management, .. } = known.policy;
    let thorough = known.creation == Creation::Taken
        || known.deleting
        || adoption == AdoptionPolicy::Adopt
        || management == ManagementPolicy::Observe;
    let now = ctx.clock.uptime();
    let is_listed = ctx.inventory.shows_user(&subject.instance, subject.username(), now);
    let found = if thorough || is_listed || !lookup::is_searchable(subject.username()) {
        let key = (work.report.status.create_attempt, known.settled);
        let asked = ctx.memory.with(&subject.uid, |m| m.parked.asked(key, now));
        // Nothing follows from an absence but the report of another failure: a list of the last seconds is good enough.
        let since = if known.creation == Creation::Impossible { asked.saturating_sub(REFRESH) } else { asked };
        let query = Query {
            connect: &**work.connect(),
            priority: work.caller.priority,
            instance: &subject.instance,
            now,
            since,
            oldest: Duration::ZERO,
        };
        let found = lookup::by_listing(work.client(), &ctx.inventory, query, subject.username()).await;
        if found.is_ok() {
            ctx.memory.with(&subject.uid, |m| m.parked.answered());
        }
        found
    } else {
        lookup::by_search(work.client(), subject.username()).await
    };
    Flow::Continue(Learnt::ByName(observed(or_fail(found, Phase::of(known), "spec")?)))
}

/// Reads the proficiencies of a user.
pub(in crate::reconcile) async fn proficiencies(work: &Work<'_>, known: &Knowledge, id: UserId) -> Flow<Learnt> {
    let read = lookup::proficiencies(work.client(), &id).await;
    if let (Err(Error { class: Class::Deferred, .. }), Observation::Present(live), true) =
        (&read, &known.by_id, work.report.changed.is_empty())
    {
        work.keep_read((**live).clone(), PARTIAL_READ_LIFETIME);
    }
    match or_fail(read, Phase::of(known), "userProficiencies")? {
        Some(list) => Flow::Continue(Learnt::Proficiencies(id, list)),
        // Only DescribeUser shows that a user is gone.
        None => match or_fail(lookup::by_id(work.client(), &id).await, Phase::of(known), "spec")? {
            None => Flow::Continue(Learnt::Gone(id)),
            Some(_) => {
                let message = "Connect shows the user, but says that it does not exist where its proficiencies are listed";
                Flow::Break(Failure::new(Kind::Transient, Phase::of(known), message).into())
            }
        },
    }
}

/// Returns what a read shows of a user, without its proficiencies.
pub(super) fn observed(found: Option<User>) -> Observation {
    found.map_or(Observation::Absent, |user| Observation::Present(Box::new(Live::unread(user))))
}
