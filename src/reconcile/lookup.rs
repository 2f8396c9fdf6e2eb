//! Reads of a user, by id and by name. A user that they do not find may still exist: Connect's reads lag.

use connect_api::{
    Class, DescribeUser, Error, ListUserProficiencies, ListUsers, OperationName, PageCursor, Proficiency, SearchUsers, User,
    UserId,
};

use super::instance_client::{InstanceClient, unless_gone};

/// How to look up a username.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// In the search index: one call, seconds behind.
    Quick,
    /// In the complete list: a call per 1,000 users.
    Thorough,
}

/// The lengths for which SearchUsers is documented. It may answer others wrongly instead of refusing them.
const SEARCHABLE: std::ops::RangeInclusive<usize> = 2..=25;

/// Reads the user with this id; None if Connect does not show it.
pub(super) async fn by_id(client: InstanceClient<'_>, user: &UserId) -> Result<Option<User>, Error> {
    unless_gone(client.call(DescribeUser { instance: client.instance(), user: user.clone() }).await)
}

/// Finds the user with this name; None if Connect does not show it.
///
/// `listing` keeps the part of the complete list that was read, so that a later pass continues there.
pub(super) async fn by_name(
    client: InstanceClient<'_>,
    username: &str,
    lookup: Lookup,
    listing: &mut Listing,
) -> Result<Option<User>, Error> {
    let found = if lookup == Lookup::Quick && SEARCHABLE.contains(&username.chars().count()) {
        searched(client, username).await
    } else {
        listing.read(client, username).await
    };
    // If the instance itself is gone, all its users are gone with it.
    match unless_gone(found)?.flatten() {
        Some(id) => by_id(client, &id).await,
        None => Ok(None),
    }
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

/// A listing of all users, page by page. Only a complete one proves anything.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    candidates: Vec<(String, UserId)>,
    cursor: PageCursor,
    complete: bool,
}

impl Listing {
    async fn read(&mut self, client: InstanceClient<'_>, username: &str) -> Result<Option<UserId>, Error> {
        while !self.complete {
            let request = ListUsers { instance: client.instance(), max_results: 1000, next_token: self.cursor.token() };
            let page = match client.call(request).await {
                Ok(page) => page,
                Err(e) if self.cursor.is_lost(&e) => {
                    *self = Self::default();
                    return Err(Error { class: Class::Transient, ..e });
                }
                Err(e) => return Err(e),
            };
            let alike = page.items.into_iter().filter(|u| u.username.to_lowercase() == username.to_lowercase());
            self.candidates.extend(alike.map(|u| (u.username, u.id)));
            self.complete = match self.cursor.turn(OperationName::ListUsers, page.next_token) {
                Ok(complete) => complete,
                Err(e) => {
                    *self = Self::default();
                    return Err(e);
                }
            };
        }
        Ok(pick(username, std::mem::take(self).candidates))
    }
}

/// Reads all proficiencies of a user; None if the user is gone.
pub(super) async fn proficiencies(client: InstanceClient<'_>, user: &UserId) -> Result<Option<Vec<Proficiency>>, Error> {
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
