//! Reads of a user, by id and by name. A user that they do not find may still exist: Connect's reads lag.

use std::time::Duration;

use connect_api::{
    DescribeUser, Error, ListUserProficiencies, OperationName, PageCursor, Proficiency, SearchUsers, User, UserId,
};

use super::instance_client::{InstanceClient, unless_gone};
use crate::inventory::{Inventory, Query};

/// The lengths for which SearchUsers is documented. It may answer others wrongly instead of refusing them.
const SEARCHABLE: std::ops::RangeInclusive<usize> = 2..=25;

/// Reads the user with this id; None if Connect does not show it.
pub(crate) async fn by_id(client: InstanceClient<'_>, user: &UserId) -> Result<Option<User>, Error> {
    unless_gone(client.call(DescribeUser { instance: client.instance(), user: user.clone() }).await)
}

/// Returns whether the search index can be asked for a username.
pub(super) fn is_searchable(username: &str) -> bool {
    SEARCHABLE.contains(&username.chars().count())
}

/// Finds the user with this name in the search index: one call, seconds behind.
pub(super) async fn by_search(client: InstanceClient<'_>, username: &str) -> Result<Option<User>, Error> {
    // If the instance itself is gone, all its users are gone with it.
    match unless_gone(searched(client, username).await)?.flatten() {
        Some(id) => by_id(client, &id).await,
        None => Ok(None),
    }
}

/// Finds the user with this name in the complete list, which all resources share. A user that it does not find was absent from a list
/// begun since `query.since`.
pub(super) async fn by_listing(
    client: InstanceClient<'_>,
    inventory: &Inventory,
    query: Query<'_>,
    username: &str,
) -> Result<Option<User>, Error> {
    // A list from before may show a user that is gone by now.
    for oldest in [Duration::ZERO, query.since] {
        let listed = inventory.user_named(&Query { oldest, ..query }, username).await;
        let Some(id) = unless_gone(listed)?.flatten() else { return Ok(None) };
        if let Some(user) = by_id(client, &id).await? {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// Picks the user with this name, and prefers the same case: AWS does not document whether case matters.
fn pick(username: &str, candidates: Vec<(String, UserId)>) -> Option<UserId> {
    let exact = candidates.iter().find(|(name, _)| name == username);
    let alike = || candidates.iter().find(|(name, _)| name.to_lowercase() == username.to_lowercase());
    exact.or_else(alike).map(|(_, id)| id.clone())
}

async fn searched(client: InstanceClient<'_>, username: &str) -> Result<Option<UserId>, Error> {
    let (mut candidates, mut cursor) = (Vec::new(), PageCursor::default());
    loop {
        let (instance, next_token, wanted) = (client.instance(), cursor.token(), Some(username.to_owned()));
        let page = client.call(SearchUsers { instance, max_results: 500, next_token, username: wanted }).await?;
        candidates.extend(page.items.into_iter().map(|u| (u.username, u.id)));
        if cursor.turn(OperationName::SearchUsers, page.next_token)? {
            return Ok(pick(username, candidates));
        }
    }
}

/// Reads all proficiencies of a user; None if the user is gone.
pub(crate) async fn proficiencies(client: InstanceClient<'_>, user: &UserId) -> Result<Option<Vec<Proficiency>>, Error> {
    let (mut all, mut cursor) = (Vec::new(), PageCursor::default());
    loop {
        let (instance, user, next_token) = (client.instance(), user.clone(), cursor.token());
        let request = ListUserProficiencies { instance, user, max_results: 100, next_token };
        let Some(page) = unless_gone(client.call(request).await)? else { return Ok(None) };
        all.extend(page.items);
        if cursor.turn(OperationName::ListUserProficiencies, page.next_token)? {
            return Ok(Some(all));
        }
    }
}
