//! The quick connects of a user that is gone: Connect leaves them behind, as targets of transfers that reach nobody.
//!
//! They are found by the search index, a hundred a call, since ListQuickConnects does not show whom each points to and would
//! cost a further call for each. The index lags: so each is read again right before it is deleted, and one that was made in the
//! last seconds is missed.

use std::ops::ControlFlow;

use connect_api::{
    Caller, Class, Connect, ConnectExt, DeleteQuickConnect, DescribeQuickConnect, Error, InstanceId, OperationName, PageCursor,
    QuickConnect, SearchQuickConnects, UserId,
};

use super::{
    EventKind, Failure, Phase,
    pass::{End, Flow, Pass},
};
use crate::plan::{Observation, Ownership};

/// How often in a row Connect may fail before the rest is left to people, since no resource should wait for it for ever: some
/// two minutes, or three where Connect throttles.
const ATTEMPTS: u32 = 8;

/// What must be allowed for it.
const OPERATIONS: [OperationName; 3] =
    [OperationName::SearchQuickConnects, OperationName::DescribeQuickConnect, OperationName::DeleteQuickConnect];

/// The work on one user's quick connects, as far as it got.
#[derive(Clone, Debug)]
pub(super) struct Cleanup {
    user: UserId,
    /// No other user of ours was seen when the work began, at a time when that counts: so it stays.
    pub(super) alone: bool,
    bookmark: PageCursor,
    /// The search was begun anew, which is done once.
    again: bool,
    searched: bool,
    /// Pointed to the user as the index shows it; still to be looked at.
    found: Vec<QuickConnect>,
    deleted: Vec<String>,
    /// What Connect does not let us delete.
    left: Vec<String>,
    refusal: Option<Error>,
    failures: u32,
}

impl Cleanup {
    fn new(user: UserId) -> Self {
        Self {
            user,
            alone: true,
            bookmark: PageCursor::default(),
            again: false,
            searched: false,
            found: Vec::new(),
            deleted: Vec::new(),
            left: Vec::new(),
            refusal: None,
            failures: 0,
        }
    }

    /// Whether the work is on this user's.
    pub(super) fn is_of(&self, user: &UserId) -> bool {
        self.user == *user
    }

    /// Goes on until all is done, or a call fails that may succeed later.
    async fn go_on(&mut self, connect: &dyn Connect, caller: &Caller, instance: &InstanceId) -> Result<(), Error> {
        while !self.searched {
            self.search(connect, caller, instance).await?;
            self.failures = 0;
        }
        while let Some(candidate) = self.found.last() {
            match self.delete(candidate, connect, caller, instance).await {
                Ok(true) => self.deleted.push(candidate.name.clone()),
                Ok(false) => {}
                Err(error) if lasts(&error) => {
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
    async fn search(&mut self, connect: &dyn Connect, caller: &Caller, instance: &InstanceId) -> Result<(), Error> {
        let next_token = self.bookmark.token();
        let request = SearchQuickConnects { instance: instance.clone(), max_results: 100, next_token };
        match connect.call(caller, request).await {
            Ok(page) => {
                self.found.extend(page.items.into_iter().filter(|shown| shown.user.as_ref() == Some(&self.user)));
                match self.bookmark.turn(OperationName::SearchQuickConnects, page.next_token) {
                    Ok(last) => self.searched = last,
                    Err(error) => return self.search_again(error),
                }
                Ok(())
            }
            // The instance itself is gone, and its quick connects with it.
            Err(error) if error.class == Class::NotFound => {
                self.found.clear();
                self.searched = true;
                Ok(())
            }
            Err(error) if self.bookmark.is_lost(&error) => self.search_again(error),
            Err(error) => Err(error),
        }
    }

    /// Begins the search anew, once: each of its pages is a success, so that it could be begun for ever. Then, those that were found
    /// have to do.
    fn search_again(&mut self, error: Error) -> Result<(), Error> {
        if self.again {
            (self.searched, self.refusal) = (true, Some(error));
            return Ok(());
        }
        (self.found, self.bookmark, self.again) = (Vec::new(), PageCursor::default(), true);
        Err(Error { class: Class::Transient, ..error })
    }

    /// Deletes one if it still points to the user. False if it does not, or is gone.
    async fn delete(
        &self,
        candidate: &QuickConnect,
        connect: &dyn Connect,
        caller: &Caller,
        instance: &InstanceId,
    ) -> Result<bool, Error> {
        let (instance, quick_connect) = (instance.clone(), candidate.id.clone());
        let request = DescribeQuickConnect { instance: instance.clone(), quick_connect: quick_connect.clone() };
        match connect.call(caller, request).await {
            Ok(shown) if shown.user.as_ref() == Some(&self.user) => {}
            Ok(_) => return Ok(false),
            Err(error) if error.class == Class::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        match connect.call(caller, DeleteQuickConnect { instance, quick_connect }).await {
            Ok(()) => Ok(true),
            Err(error) if error.class == Class::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Whether another attempt would end as this one.
fn lasts(error: &Error) -> bool {
    match error.class {
        Class::Denied | Class::Invalid | Class::Quota => true,
        Class::Throttled | Class::Deferred | Class::Transient | Class::Duplicate | Class::Conflict | Class::NotFound => false,
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

impl Pass<'_> {
    /// Deletes the quick connects that point to a user who is gone. What cannot be deleted is told, and keeps no resource.
    pub(super) async fn delete_quick_connects(&mut self, user: UserId) -> Flow {
        let mut cleanup = self.on.memory.take_cleanup(&self.uid, &user).unwrap_or_else(|| Cleanup::new(user.clone()));
        cleanup.alone =
            !matches!(&self.known.by_name, Observation::Present(other) if self.owner.of(&other.user.tags) == Ownership::Ours);
        if let Err(error) = cleanup.go_on(&*self.connect, &self.caller, &self.instance_id()).await {
            // Our own limiter only says when: that is no failure of anything.
            cleanup.failures += u32::from(error.class != Class::Deferred);
            if !lasts(&error) && cleanup.failures < ATTEMPTS {
                self.on.memory.keep_cleanup(&self.uid, cleanup);
                let failure = Failure::of_call(&error, Phase::Delete, "the quick connects of the deleted user");
                return ControlFlow::Break(End::Failed(failure));
            }
            cleanup.left.extend(cleanup.found.drain(..).map(|candidate| candidate.name));
            cleanup.refusal = Some(error);
        }
        self.tell_of_quick_connects(&cleanup).await;
        self.known.quick_connects_of = Some(user);
        ControlFlow::Continue(())
    }

    async fn tell_of_quick_connects(&self, cleanup: &Cleanup) {
        let Cleanup { user, deleted, left, refusal, .. } = cleanup;
        let whose = format!("{:?} ({user})", self.username());
        if !deleted.is_empty() {
            let note = format!("deleted the quick connects that pointed to {whose}: {}", quoted(deleted));
            tracing::info!("{note}");
            self.publish(EventKind::Normal, "QuickConnectsDeleted", "Delete", note).await;
        }
        if let Some(error) = refusal {
            let which = if left.is_empty() { "those that point to it".to_owned() } else { quoted(left) };
            let [search, describe, delete] = OPERATIONS.map(OperationName::iam_action);
            let note = format!(
                "the user {whose} is deleted, but not all quick connects that point to it ({error}). Delete {which} in Connect; \
                 for the next time, allow {search}, {describe} and {delete} in the IAM policy of the operator's role, or run it \
                 without --delete-quick-connects"
            );
            tracing::warn!("{note}");
            self.publish(EventKind::Warning, "QuickConnectsLeft", "Delete", note).await;
        }
    }
}
