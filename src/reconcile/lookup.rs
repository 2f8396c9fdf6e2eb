//! Finding a user by its name. What it does not find may still be there: the listings lag.

use connect_api::{
    Caller, Class, Connect, ConnectExt, DescribeUser, Error, InstanceId, ListUserProficiencies, ListUsers, OperationName,
    PageCursor, Proficiency, SearchCriteria, SearchUsers, StringComparison, User, UserId,
};

/// How hard to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// By the search index: one call, seconds behind.
    Quick,
    /// By the complete list: a call per 1,000 users.
    Thorough,
}

/// SearchUsers' answer is documented for values of this many characters; others may be answered wrongly instead of refused.
const SEARCHABLE: std::ops::RangeInclusive<usize> = 2..=25;

/// The user with this id, or None if Connect does not show it.
pub(super) async fn by_id(
    connect: &dyn Connect,
    caller: &Caller,
    instance: &InstanceId,
    user: &UserId,
) -> Result<Option<User>, Error> {
    match connect.call(caller, DescribeUser { instance: instance.clone(), user: user.clone() }).await {
        Ok(user) => Ok(Some(user)),
        Err(e) if e.class == Class::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// The user with this name, or None if Connect does not show it.
///
/// `listing` keeps what was read of the complete list, so that a pass which has to wait in the middle of it goes on later.
pub(super) async fn by_name(
    connect: &dyn Connect,
    caller: &Caller,
    instance: &InstanceId,
    username: &str,
    look: Look,
    listing: &mut Listing,
) -> Result<Option<User>, Error> {
    let found = if look == Look::Quick && SEARCHABLE.contains(&username.chars().count()) {
        searched(connect, caller, instance, username).await
    } else {
        listing.read(connect, caller, instance, username).await
    };
    match found {
        Ok(Some(id)) => by_id(connect, caller, instance, &id).await,
        Ok(None) => Ok(None),
        // The instance itself is gone, and every user with it.
        Err(e) if e.class == Class::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// A name spelled the same goes before one that differs in case: whether case matters is not documented.
fn pick(username: &str, candidates: Vec<(String, UserId)>) -> Option<UserId> {
    let exact = candidates.iter().find(|(name, _)| name == username);
    let alike = || candidates.iter().find(|(name, _)| name.to_lowercase() == username.to_lowercase());
    exact.or_else(alike).map(|(_, id)| id.clone())
}

async fn searched(
    connect: &dyn Connect,
    caller: &Caller,
    instance: &InstanceId,
    username: &str,
) -> Result<Option<UserId>, Error> {
    let (mut candidates, mut bookmark) = (Vec::new(), PageCursor::default());
    loop {
        let request = SearchUsers {
            instance: instance.clone(),
            max_results: 500,
            next_token: bookmark.token(),
            criteria: Some(SearchCriteria::String {
                field: "Username".into(),
                value: username.into(),
                comparison: StringComparison::Exact,
            }),
            filter: None,
        };
        let page = connect.call(caller, request).await?;
        candidates.extend(page.items.into_iter().map(|u| (u.username, u.id)));
        if bookmark.turn(OperationName::SearchUsers, page.next_token)? {
            return Ok(pick(username, candidates));
        }
    }
}

/// A walk through ListUsers, page by page. Only a walk that reached the end says anything.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    candidates: Vec<(String, UserId)>,
    bookmark: PageCursor,
    complete: bool,
}

impl Listing {
    async fn read(
        &mut self,
        connect: &dyn Connect,
        caller: &Caller,
        instance: &InstanceId,
        username: &str,
    ) -> Result<Option<UserId>, Error> {
        while !self.complete {
            let request = ListUsers { instance: instance.clone(), max_results: 1000, next_token: self.bookmark.token() };
            let page = match connect.call(caller, request).await {
                Ok(page) => page,
                Err(e) if self.bookmark.is_lost(&e) => {
                    *self = Self::default();
                    return Err(Error { class: Class::Transient, ..e });
                }
                Err(e) => return Err(e),
            };
            let alike = page.items.into_iter().filter(|u| u.username.to_lowercase() == username.to_lowercase());
            self.candidates.extend(alike.map(|u| (u.username, u.id)));
            self.complete = match self.bookmark.turn(OperationName::ListUsers, page.next_token) {
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

/// All proficiencies of a user, or None if the user is gone.
pub(super) async fn proficiencies(
    connect: &dyn Connect,
    caller: &Caller,
    instance: &InstanceId,
    user: &UserId,
) -> Result<Option<Vec<Proficiency>>, Error> {
    let (mut all, mut bookmark) = (Vec::new(), PageCursor::default());
    loop {
        let (instance, user, next_token) = (instance.clone(), user.clone(), bookmark.token());
        let request = ListUserProficiencies { instance, user, max_results: 100, next_token };
        let page = match connect.call(caller, request).await {
            Ok(page) => page,
            Err(e) if e.class == Class::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        all.extend(page.items);
        if bookmark.turn(OperationName::ListUserProficiencies, page.next_token)? {
            return Ok(Some(all));
        }
    }
}
