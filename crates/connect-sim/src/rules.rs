//! The effect of each call, one file per area. Nothing here depends on HTTP, throttling or faults.

pub(crate) mod admin_actions;
mod channels;
mod identity;
pub(crate) mod listings;
mod password;
pub(crate) mod proficiencies;
pub(crate) mod quick_connects;
pub(crate) mod references;
pub(crate) mod render;
pub(crate) mod searches;
pub(crate) mod tags;
pub(crate) mod updates;
pub(crate) mod users;

use connect_api::UserId;
use jiff::Timestamp;

use crate::{
    Rules,
    identifiers::Identifiers,
    paginator::Paginator,
    refusal::Refusal,
    state::{Instance, User},
};

/// The input of the rules.
pub(crate) struct Context<'a> {
    pub now: Timestamp,
    pub rules: &'a Rules,
    pub identifiers: &'a mut Identifiers,
    pub paginator: Paginator,
    pub instance: &'a mut Instance,
}

/// Changes an existing user. `touch` says whether LastModifiedTime changes.
fn change(
    cx: &mut Context<'_>,
    id: &UserId,
    touch: bool,
    change: impl FnOnce(&Context<'_>, &mut User) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut user = references::present(cx.instance, id)?.as_ref().clone();
    change(cx, &mut user)?;
    if touch {
        user.modified = cx.now;
    }
    cx.instance.put(user, cx.now);
    Ok(())
}
