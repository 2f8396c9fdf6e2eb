//! Deletes the quick connects of a user that is gone: Connect leaves them behind, as transfers that reach no agent.
//!
//! The search index finds them, a hundred a call. ListQuickConnects does not show the user that each points to, and would cost a
//! further call for each. The index lags: each quick connect is read again right before it is deleted, and one that was created
//! in the last seconds is missed.

use connect_api::{
    Class, DeleteQuickConnect, DescribeQuickConnect, Error, OperationName, PageCursor, QuickConnect, SearchQuickConnects, UserId,
};

use super::instance_client::{InstanceClient, unless_gone};

/// The operations that a cleanup needs.
pub(super) const OPERATIONS: [OperationName; 3] =
    [OperationName::SearchQuickConnects, OperationName::DescribeQuickConnect, OperationName::DeleteQuickConnect];

/// The deletion of one user's quick connects, as far as it got.
#[derive(Clone, Debug)]
pub(super) struct Cleanup {
    pub(super) user: UserId,
    /// No other user of ours was seen, at a time when an absence counts, so there can be none.
    pub(super) alone: bool,
    cursor: PageCursor,
    /// The search was restarted, which is done once.
    restarted: bool,
    searched: bool,
    /// Quick connects that point to the user as the index shows them, and were not read yet.
    pub(super) found: Vec<QuickConnect>,
    pub(super) deleted: Vec<String>,
    /// Quick connects that Connect refuses to delete.
    pub(super) left: Vec<String>,
    pub(super) refusal: Option<Error>,
    /// Failures in a row.
    pub(super) failures: u32,
}

impl Cleanup {
    pub(super) fn new(user: UserId) -> Self {
        Self {
            user,
            alone: true,
            cursor: PageCursor::default(),
            restarted: false,
            searched: false,
            found: Vec::new(),
            deleted: Vec::new(),
            left: Vec::new(),
            refusal: None,
            failures: 0,
        }
    }

    /// Returns whether these are the quick connects of this user.
    pub(super) fn is_of(&self, user: &UserId) -> bool {
        self.user == *user
    }

    /// Continues until all is done, or a call fails that may succeed later.
    pub(super) async fn resume(&mut self, client: InstanceClient<'_>) -> Result<(), Error> {
        while !self.searched {
            self.search(client).await?;
            self.failures = 0;
        }
        while let Some(candidate) = self.found.last() {
            match self.delete(candidate, client).await {
                Ok(true) => self.deleted.push(candidate.name.clone()),
                Ok(false) => {}
                Err(error) if is_permanent(&error) => {
                    self.left.push(candidate.name.clone());
                    self.refusal = Some(error);
                }
                Err(error) => return Err(error),
            }
            self.found.pop();
            self.failures = 0;
        }
        Ok(())
    }

    /// Reads the next page of the index.
    async fn search(&mut self, client: InstanceClient<'_>) -> Result<(), Error> {
        let next_token = self.cursor.token();
        let request = SearchQuickConnects { instance: client.instance(), max_results: 100, next_token };
        match client.call(request).await {
            Ok(page) => {
                self.found.extend(page.items.into_iter().filter(|shown| shown.user.as_ref() == Some(&self.user)));
                match self.cursor.turn(OperationName::SearchQuickConnects, page.next_token) {
                    Ok(last) => self.searched = last,
                    Err(error) => return self.restart_search(error),
                }
                Ok(())
            }
            // The instance itself is gone, and its quick connects with it.
            Err(error) if error.class == Class::NotFound => {
                self.found.clear();
                self.searched = true;
                Ok(())
            }
            Err(error) if self.cursor.is_lost(&error) => self.restart_search(error),
            Err(error) => Err(error),
        }
    }

    /// Restarts the search, once: each of its pages is a success, so the count of failures would not end it. The second time, the
    /// search ends with what it has found.
    fn restart_search(&mut self, error: Error) -> Result<(), Error> {
        if self.restarted {
            (self.searched, self.refusal) = (true, Some(error));
            return Ok(());
        }
        (self.found, self.cursor, self.restarted) = (Vec::new(), PageCursor::default(), true);
        Err(Error { class: Class::Transient, ..error })
    }

    /// Deletes a quick connect that still points to the user. Returns false if it does not, or is gone.
    async fn delete(&self, candidate: &QuickConnect, client: InstanceClient<'_>) -> Result<bool, Error> {
        let (instance, quick_connect) = (client.instance(), candidate.id.clone());
        let request = DescribeQuickConnect { instance: instance.clone(), quick_connect: quick_connect.clone() };
        let shown = unless_gone(client.call(request).await)?;
        if shown.is_none_or(|shown| shown.user.as_ref() != Some(&self.user)) {
            return Ok(false);
        }
        unless_gone(client.call(DeleteQuickConnect { instance, quick_connect }).await).map(|_| true)
    }
}

/// Returns whether another attempt would fail alike.
pub(super) fn is_permanent(error: &Error) -> bool {
    match error.class {
        Class::Denied | Class::Invalid | Class::Quota => true,
        Class::Throttled | Class::Deferred | Class::Transient | Class::Duplicate | Class::Conflict | Class::NotFound => false,
    }
}
