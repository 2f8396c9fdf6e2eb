//! The check that a step stays within what the configuration file allows the resource's namespace.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Excess, Failure, Flow, Kind, Knowledge, Live, ManagementPolicy, Phase, Query, ReferenceKind, Request, Wanted, Work,
    name_lifetime, names, or_fail,
};
use crate::plan::{Desired, NameIndex, Step, given, refusals};

/// Ends the pass before a step that would exceed the bounds of the namespace: before any call that changes Connect. Also ends the
/// pass of a user in sync that exceeds them, because they were narrowed or someone gave the user more.
pub(in crate::reconcile) async fn check(work: &Work<'_>, known: &Knowledge, step: &Step) -> Flow {
    let now = work.ctx.clock.uptime();
    // Names that were read a moment ago decide on a write: with older ones, a profile might have another name by now.
    let (live, oldest) = match step {
        Step::Create(_) => (None, now),
        Step::Claim(live) | Step::Update(live, _) => (Some(&**live), now),
        Step::InSync(live) | Step::Immutable(live, _) if known.policy.management == ManagementPolicy::Full => {
            (Some(&**live), now.saturating_sub(name_lifetime(work.ctx)))
        }
        Step::InSync(_)
        | Step::Immutable(..)
        | Step::LookById(_)
        | Step::LookByName
        | Step::ReadProficiencies(_)
        | Step::AddFinalizer
        | Step::Keep(_)
        | Step::Record(_)
        | Step::Forget
        | Step::Missing
        | Step::NotCreated
        | Step::Unresolved
        | Step::Drifted(..)
        | Step::Conflict(_)
        | Step::Hidden
        | Step::Raced
        | Step::Wait
        | Step::Delete(_)
        | Step::DeleteQuickConnects(_)
        | Step::Disown(_)
        | Step::Release { .. } => return Flow::Continue(()),
    };
    if matches!(step, Step::Claim(_)) && !work.bounds.adoption {
        return Flow::Break(not_adopted(work, known).into());
    }
    let Ok(desired) = &work.subject.desired else { return Flow::Break(names::unresolved(work, known).into()) };
    let names = live_names(work, known, desired, oldest).await?;
    match work.bounds.excess(&desired.parts, live, &names, &work.subject.instance) {
        None => Flow::Continue(()),
        Some(excess) => Flow::Break(exceeds(work, known, desired, &names, live, &excess).into()),
    }
}

/// Reads the instance's names of the kinds that are bounded.
async fn live_names(work: &Work<'_>, known: &Knowledge, desired: &Desired, oldest: Duration) -> Flow<NameIndex> {
    let Work { ctx, subject, caller, bounds, .. } = work;
    let mut wanted: Wanted = [(ReferenceKind::SecurityProfile, BTreeSet::new())].into();
    for (kind, id, _) in given(&desired.parts) {
        wanted.entry(kind).or_default().insert(id);
    }
    wanted.retain(|kind, _| bounds.of(*kind).is_some());
    let mut names = NameIndex::default();
    if wanted.is_empty() {
        return Flow::Continue(names);
    }
    let now = ctx.clock.uptime();
    let since = ctx.memory.with(&subject.uid, |m| m.requests.since(Request::of(&subject.resource), now));
    let query = Query { connect: &**work.connect(), priority: caller.priority, instance: &subject.instance, now, since, oldest };
    let found = or_fail(ctx.inventory.read(&query, &wanted).await, Phase::of(known), "instanceArn")?;
    for (kind, catalog) in found.catalogs {
        names.insert(kind, catalog);
    }
    Flow::Continue(names)
}

fn exceeds(
    work: &Work<'_>,
    known: &Knowledge,
    desired: &Desired,
    names: &NameIndex,
    live: Option<&Live>,
    excess: &Excess,
) -> Failure {
    let kind = match excess {
        Excess::Given(..) | Excess::Has(_) => Kind::ProfileNotAllowed,
        Excess::Unknown(..) => Kind::DependencyNotFound,
    };
    let message = refusals::excess(desired, names, &work.subject.namespace(), &work.bounds, live, excess);
    Failure::new(kind, Phase::of(known), message)
}

fn not_adopted(work: &Work<'_>, known: &Knowledge) -> Failure {
    let message = refusals::not_adopted(work.subject.username(), &work.subject.namespace(), &work.bounds);
    Failure::new(Kind::AdoptionNotAllowed, Phase::of(known), message)
}

/// The user belongs to another owner, and may not be observed. Removes what the status has shown of it.
pub(in crate::reconcile) fn hidden(work: &mut Work<'_>, known: &Knowledge) -> Failure {
    work.report.status.observed = None;
    work.report.status.drift.clear();
    let message = refusals::hidden(work.subject.username(), &work.subject.namespace(), &work.bounds);
    Failure::new(Kind::ObservationNotAllowed, Phase::of(known), message)
}
