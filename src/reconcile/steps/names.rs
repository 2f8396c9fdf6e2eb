//! The step that resolves the names in a spec to ids, before the plan is asked.

use connect_api::{Class, Error, OperationName};

use super::{
    Failure, Flow, Kind, Knowledge, Phase, Query, REFRESH, ReferenceKind, Request, SpecIssue, Unresolved, Wanted, Work, explain,
    name_lifetime, or_fail, reconcile_requested,
};

/// Reads the instance's names for the references in the spec. Afterwards the spec is parsed, or the pass ends.
pub(in crate::reconcile) async fn resolve(work: &mut Work<'_>, known: &Knowledge) -> Flow {
    let connect = work.connect().clone();
    let Work { ctx, subject, caller, .. } = work;
    let (phase, now) = (Phase::of(known), ctx.clock.uptime());
    let since = ctx.memory.with(&subject.uid, |m| m.requests.since(Request::of(&subject.resource), now));
    let is_requested = reconcile_requested(&subject.resource).is_some();
    // A requested pass reads names that are newer than the request.
    let oldest = if is_requested { since } else { now.saturating_sub(name_lifetime(ctx)) };
    let mut newer = None;
    // What is missing may have been created a moment ago: it is looked for once more, in the newest names that can be had.
    for oldest in [oldest, now] {
        let missing = match &subject.desired {
            Err(SpecIssue::Names(missing)) => missing,
            Ok(desired) if !desired.unresolved.is_empty() => &desired.unresolved,
            Ok(_) | Err(SpecIssue::Spec(_)) => break,
        };
        let wanted = wanted(missing);
        let query = Query { connect: &*connect, priority: caller.priority, instance: &subject.instance, now, since, oldest };
        let found = or_fail(ctx.inventory.read(&query, &wanted).await, phase, "instanceArn")?;
        for (kind, catalog) in found.catalogs {
            subject.names.insert(kind, catalog);
        }
        // The time at which newer names can be read, if these are older than the request.
        newer = (found.read_at < since).then(|| (found.read_at + REFRESH).saturating_sub(now));
        if is_requested && newer.is_some() {
            let message = "the names in the spec are about to be looked up again";
            let failure = Failure::new(Kind::Deferred, phase, message);
            return Flow::Break(Failure { retry_after: newer, ..failure }.into());
        }
        subject.parse_spec();
    }
    subject.newer_names_after = newer;
    match &subject.desired {
        Ok(_) => Flow::Continue(()),
        Err(SpecIssue::Spec(error)) => Flow::Break(Failure::new(Kind::Invalid, phase, error.to_string()).into()),
        Err(SpecIssue::Names(_)) => Flow::Break(unresolved(work, known).into()),
    }
}

/// Returns the failure of a pass that needs names of the spec which do not resolve.
pub(in crate::reconcile) fn unresolved(work: &Work<'_>, known: &Knowledge) -> Failure {
    let subject = &work.subject;
    let missing = match &subject.desired {
        Ok(desired) => &*desired.unresolved,
        Err(SpecIssue::Names(missing)) => missing,
        Err(SpecIssue::Spec(_)) => &[],
    };
    Failure {
        retry_after: subject.newer_names_after,
        ..Failure::new(Kind::DependencyNotFound, Phase::of(known), explain(missing, &subject.instance.instance))
    }
}

/// Marks names as doubtful after Connect did not find what one stood for: they are read again before they are used again.
pub(super) fn doubt(work: &Work<'_>, error: &Error) {
    let kinds: &[ReferenceKind] = match error.operation {
        _ if error.class != Class::NotFound => &[],
        OperationName::UpdateUserRoutingProfile => &[ReferenceKind::RoutingProfile],
        OperationName::UpdateUserSecurityProfiles => &[ReferenceKind::SecurityProfile],
        OperationName::UpdateUserHierarchy => &[ReferenceKind::HierarchyGroup],
        OperationName::CreateUser => &ReferenceKind::ALL,
        _ => &[],
    };
    for kind in kinds {
        work.ctx.inventory.invalidate(&work.subject.instance, *kind);
    }
}

/// Returns the spec's fields that refer to something in Connect.
pub(super) fn reference_fields(work: &Work<'_>) -> String {
    let [routing, security, group] = ReferenceKind::ALL.map(|kind| work.subject.names.field(kind));
    format!("instanceArn, {routing}, {security} and {group}")
}

fn wanted(names: &[Unresolved]) -> Wanted {
    let mut wanted = Wanted::new();
    for Unresolved { kind, name, .. } in names {
        wanted.entry(*kind).or_default().insert(name.clone());
    }
    wanted
}
