//! Creates, reads, searches and deletes quick connects. They remain when the user that they point to is deleted.

use std::sync::Arc;

use connect_api::{Page, QuickConnectId, UserId};

use super::{Context, references};
use crate::{
    QuickConnectTarget, QuickConnectView,
    refusal::Refusal,
    request::{NewQuickConnect, Paging},
    response::{Kind, RenderedQuickConnect, Response},
    state::{Instance, QuickConnect},
};

pub(super) fn create(context: &mut Context<'_>, instance: &mut Instance, new: NewQuickConnect) -> Result<Response, Refusal> {
    let NewQuickConnect { name, target, contact_flow_id, tags } = new;
    if !(1..=127).contains(&name.chars().count()) {
        return Err(Refusal::invalid_parameter("a name must have 1 to 127 characters"));
    }
    if instance.quick_connects.values().any(|other| other.name == name) {
        return Err(Refusal::duplicate(format!("A quick connect with the name {name} already exists")));
    }
    check(instance, &target)?;
    let id = QuickConnectId::new(context.identifiers.next());
    let (created, modified) = (context.now, context.now);
    instance.put_quick_connect(QuickConnect { id: id.clone(), name, target, contact_flow_id, tags, created, modified }, created);
    Ok(Response::Created { kind: Kind::QuickConnect, arn: arn(instance, &id), id: id.to_string() })
}

pub(super) fn describe(instance: &Instance, given: &str) -> Result<Response, Refusal> {
    let found = instance.quick_connects.get(&bare(given)).ok_or_else(|| missing(given))?;
    Ok(Response::QuickConnect { rendered: rendered(instance, found), region: instance.arn.region.clone() })
}

pub(super) fn point_to(
    context: &Context<'_>,
    instance: &mut Instance,
    given: &str,
    target: QuickConnectTarget,
    contact_flow_id: Option<String>,
) -> Result<Response, Refusal> {
    check(instance, &target)?;
    let before = instance.quick_connects.get(&bare(given)).ok_or_else(|| missing(given))?.as_ref().clone();
    instance.put_quick_connect(QuickConnect { target, contact_flow_id, modified: context.now, ..before }, context.now);
    Ok(Response::Empty)
}

pub(super) fn delete(context: &Context<'_>, instance: &mut Instance, given: &str) -> Result<Response, Refusal> {
    if instance.remove_quick_connect(&bare(given), context.now) { Ok(Response::Empty) } else { Err(missing(given)) }
}

pub(super) fn search(context: &Context<'_>, instance: &mut Instance, paging: &Paging) -> Result<Response, Refusal> {
    let start = context.paginator.start(paging, 100, ("SearchQuickConnects", instance.arn.instance.as_str()))?;
    let all: Vec<_> = instance.quick_connects_searched.at(context.now).values().cloned().collect();
    let total = all.len();
    let Page { items, next_token } = start.page_of(all.into_iter().map(|found| (found.id.to_string(), found)));
    let items = items.iter().map(|found| rendered(instance, found)).collect();
    Ok(Response::QuickConnects { page: Page { items, next_token }, total, region: instance.arn.region.clone() })
}

/// Checks that the target user exists.
fn check(instance: &Instance, target: &QuickConnectTarget) -> Result<(), Refusal> {
    if let QuickConnectTarget::User(given) = target {
        references::present(instance, &references::user(instance, given)?)?;
    }
    Ok(())
}

fn arn(instance: &Instance, id: &QuickConnectId) -> String {
    format!("{}/transfer-destination/{id}", instance.arn)
}

/// Returns the bare id: the given id itself, or the end of an ARN.
fn bare(given: &str) -> QuickConnectId {
    QuickConnectId::new(given.rsplit('/').next().unwrap_or(given))
}

fn missing(given: &str) -> Refusal {
    Refusal::not_found(format!("Quick connect not found: {given}"))
}

fn rendered(instance: &Instance, stored: &Arc<QuickConnect>) -> RenderedQuickConnect {
    let user = match &stored.target {
        QuickConnectTarget::User(given) => given.rsplit('/').next().map(UserId::new),
        QuickConnectTarget::Queue(_) | QuickConnectTarget::PhoneNumber(_) => None,
    };
    let (id, name) = (stored.id.clone(), stored.name.clone());
    let typed = connect_api::QuickConnect { arn: arn(instance, &id), id, name, user };
    RenderedQuickConnect { typed, stored: Arc::clone(stored) }
}

impl Instance {
    /// Returns the quick connects without lag.
    pub(crate) fn quick_connect_views(&self) -> Vec<QuickConnectView> {
        let view = |stored: &Arc<QuickConnect>| QuickConnectView {
            quick_connect: rendered(self, stored).typed,
            created: stored.created,
        };
        self.quick_connects.values().map(view).collect()
    }
}
