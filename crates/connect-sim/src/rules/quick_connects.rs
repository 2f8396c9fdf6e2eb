//! Creates, reads, searches and deletes quick connects. They remain when the user that they point to is deleted.

use std::sync::Arc;

use connect_api::{Page, QuickConnectId, Tags, UserId};

use super::{Context, admin_actions::check_name, references, searches::Searching};
use crate::{
    QuickConnectTarget, QuickConnectView,
    paginator::map,
    refusal::Refusal,
    search::{Search, SearchedQuickConnect},
    state::{Instance, QuickConnect},
};

/// Creates a quick connect and returns its id. `contact_flow_id` is the flow of a transfer to a user or queue.
pub(crate) fn create(
    cx: &mut Context<'_>,
    name: String,
    (target, contact_flow_id): (QuickConnectTarget, Option<String>),
    tags: Tags,
) -> Result<QuickConnectId, Refusal> {
    check_name(&name, cx.instance.quick_connects.values().any(|other| other.name == name))?;
    check(cx.instance, &target)?;
    let id = QuickConnectId::new(cx.identifiers.next());
    let (created, modified) = (cx.now, cx.now);
    cx.instance
        .put_quick_connect(QuickConnect { id: id.clone(), name, target, contact_flow_id, tags, created, modified }, created);
    Ok(id)
}

pub(crate) fn describe(instance: &Instance, given: &str) -> Result<Arc<QuickConnect>, Refusal> {
    instance.quick_connects.get(&bare(given)).cloned().ok_or_else(|| missing(given))
}

pub(crate) fn point_to(
    cx: &mut Context<'_>,
    given: &str,
    (target, contact_flow_id): (QuickConnectTarget, Option<String>),
) -> Result<(), Refusal> {
    check(cx.instance, &target)?;
    let before = describe(cx.instance, given)?.as_ref().clone();
    cx.instance.put_quick_connect(QuickConnect { target, contact_flow_id, modified: cx.now, ..before }, cx.now);
    Ok(())
}

pub(crate) fn delete(cx: &mut Context<'_>, given: &str) -> Result<(), Refusal> {
    if cx.instance.remove_quick_connect(&bare(given), cx.now) { Ok(()) } else { Err(missing(given)) }
}

/// Returns a page of the quick connects that are found, and the number of all of them.
pub(crate) fn search(cx: &mut Context<'_>, search: &Search) -> Result<(Page<Arc<QuickConnect>>, usize), Refusal> {
    let searching = Searching::new(cx);
    let all = cx.instance.quick_connects_searched.at(cx.now);
    let all = all.values().map(|found| (found.id.to_string(), SearchedQuickConnect(found)));
    let (page, total) = searching.page(("SearchQuickConnects", 100), search, all)?;
    Ok((map(page, |found| Arc::clone(found.0)), total))
}

/// Checks that the target user exists.
fn check(instance: &Instance, target: &QuickConnectTarget) -> Result<(), Refusal> {
    if let QuickConnectTarget::User(given) = target {
        references::present(instance, &UserId::from(given.as_str()))?;
    }
    Ok(())
}

/// Returns the bare id: the given id itself, or the end of an ARN.
fn bare(given: &str) -> QuickConnectId {
    QuickConnectId::new(given.rsplit('/').next().unwrap_or(given))
}

fn missing(given: &str) -> Refusal {
    Refusal::not_found(format!("Quick connect not found: {given}"))
}

impl Instance {
    pub(crate) fn quick_connect_arn(&self, id: &QuickConnectId) -> String {
        format!("{}/transfer-destination/{id}", self.arn)
    }

    /// Returns a quick connect as the typed client shows it.
    pub(crate) fn typed_quick_connect(&self, stored: &QuickConnect) -> connect_api::QuickConnect {
        let user = match &stored.target {
            QuickConnectTarget::User(given) => given.rsplit('/').next().map(UserId::new),
            QuickConnectTarget::Queue(_) | QuickConnectTarget::PhoneNumber(_) => None,
        };
        let (id, name) = (stored.id.clone(), stored.name.clone());
        connect_api::QuickConnect { arn: self.quick_connect_arn(&id), id, name, user }
    }

    /// Returns the quick connects without lag.
    pub(crate) fn quick_connect_views(&self) -> Vec<QuickConnectView> {
        let view = |stored: &Arc<QuickConnect>| QuickConnectView {
            quick_connect: self.typed_quick_connect(stored),
            created: stored.created,
        };
        self.quick_connects.values().map(view).collect()
    }
}
