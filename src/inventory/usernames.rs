//! The usernames of an instance, from one ListUsers for all resources that look for a user.

use std::{collections::HashMap, sync::Arc, time::Duration};

use connect_api::{Caller, ConnectExt, Error, ListUsers, OperationName, Page, UserId, UserSummary};
use jiff::Timestamp;
use parking_lot::Mutex;

use super::{
    pages::Pages,
    query::{Query, REFRESH},
    user_scan::ScanSink,
};

/// When to retry while another caller reads the list, at first: a page takes less. The longer the read takes, the longer the wait.
const RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// How long a list is kept after it was last used to find a user. Ten thousand users that were found in one list are read over hours. An
/// id from it is read before it is used, and only a newer list proves an absence.
const LASTS: Duration = Duration::from_secs(600);

/// A complete list.
#[derive(Debug)]
struct Snapshot {
    /// The uptime at which reading it began.
    began: Duration,
    /// The uptime at which it was last used to find a user.
    used: Mutex<Duration>,
    /// The users by their names in lower case: AWS does not document whether case matters.
    users: HashMap<String, Vec<Listed>>,
}

/// A user as ListUsers shows it.
#[derive(Debug)]
struct Listed {
    username: String,
    id: UserId,
    modified: Option<Timestamp>,
}

/// The usernames of one instance. One caller at a time reads them.
#[derive(Debug, Default)]
pub(super) struct Usernames {
    last: Mutex<Option<Arc<Snapshot>>>,
    /// Locked by the caller that reads.
    pages: tokio::sync::Mutex<Pages<Listed>>,
    /// The uptime since which a list is being read.
    reading: Mutex<Option<Duration>>,
}

impl Snapshot {
    /// Returns the user with this name, preferably in the same case.
    fn get(&self, username: &str) -> Option<UserId> {
        let users = self.users.get(&username.to_lowercase())?;
        let exact = users.iter().find(|user| user.username == username);
        exact.or(users.first()).map(|user| user.id.clone())
    }
}

impl Usernames {
    fn current(&self, now: Duration) -> Option<Arc<Snapshot>> {
        let mut last = self.last.lock();
        last.take_if(|snapshot| now > *snapshot.used.lock() + LASTS);
        last.clone()
    }

    /// Returns whether the last list shows a user with this name.
    pub(super) fn shows(&self, username: &str, now: Duration) -> bool {
        self.current(now).is_some_and(|snapshot| snapshot.get(username).is_some())
    }

    /// Passes all users of the last list to `sink`, if it was begun since then. Returns when it was begun.
    pub(super) fn replay(&self, since: Duration, sink: &mut dyn ScanSink) -> Option<Duration> {
        let snapshot = self.last.lock().clone().filter(|last| last.began >= since)?;
        let users = snapshot.users.values().flatten();
        users.for_each(|user| sink.listed(&user.id, user.modified));
        Some(snapshot.began)
    }

    /// Returns the user with this name, or None if a list that was begun since `query.since` does not show it. A user that only a list
    /// from before `query.oldest` shows is not returned.
    pub(super) async fn find(&self, query: &Query<'_>, username: &str) -> Result<Option<UserId>, Error> {
        if let Some(answer) = self.answer(query, username) {
            return answer;
        }
        let deferred = || {
            let since = self.reading.lock().unwrap_or(query.now);
            let wait = query.now.saturating_sub(since).clamp(RETRY, LONGEST_RETRY);
            Err(Error::deferred(OperationName::ListUsers, wait))
        };
        let Ok(mut pages) = self.pages.try_lock() else { return deferred() };
        // Another caller may just have finished.
        if let Some(answer) = self.answer(query, username) {
            return answer;
        }
        self.reading.lock().get_or_insert(query.now);
        let snapshot = finish(&mut pages, query).await?;
        *self.reading.lock() = None;
        *self.last.lock() = Some(Arc::new(snapshot));
        // A listing that another caller began may be older than this question.
        self.answer(query, username).unwrap_or_else(deferred)
    }

    /// Returns the answer that needs no call, if there is one.
    fn answer(&self, query: &Query<'_>, username: &str) -> Option<Result<Option<UserId>, Error>> {
        let snapshot = self.current(query.now)?;
        if let Some(id) = snapshot.get(username).filter(|_| snapshot.began >= query.oldest) {
            *snapshot.used.lock() = query.now;
            return Some(Ok(Some(id)));
        }
        if snapshot.began >= query.since {
            return Some(Ok(None));
        }
        let next = snapshot.began + REFRESH;
        (query.now < next).then(|| Err(Error::deferred(OperationName::ListUsers, next - query.now)))
    }
}

/// Reads the rest of the list.
async fn finish(pages: &mut Pages<Listed>, query: &Query<'_>) -> Result<Snapshot, Error> {
    // However old the first page is: the list proves nothing about the time after it.
    pages.resume(query.now, Duration::MAX);
    // All passes that wait for the same list share one place in the queue of the limiter.
    let caller = Caller::new(format!("users of {}", query.instance), query.priority);
    loop {
        let request = ListUsers { instance: query.instance.instance.clone(), max_results: 1000, next_token: pages.token() };
        let page = query.connect.call(&caller, request).await.map(|Page { items, next_token }| {
            let listed = |user: UserSummary| Listed { username: user.username, id: user.id, modified: user.last_modified_time };
            Page { items: items.into_iter().map(listed).collect(), next_token }
        });
        if let Some((listed, began)) = pages.add(OperationName::ListUsers, page)? {
            let mut users: HashMap<String, Vec<_>> = HashMap::new();
            for user in listed {
                users.entry(user.username.to_lowercase()).or_default().push(user);
            }
            return Ok(Snapshot { began, used: Mutex::new(query.now), users });
        }
    }
}
