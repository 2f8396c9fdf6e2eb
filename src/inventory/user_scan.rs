//! Reads all users of an instance in batches: by SearchUsers, 500 a page, and by ListUsers, 1,000 a page.
//!
//! Only a scan that reached the end of both lists is usable. A page that fails changes nothing: the scan continues from that
//! page.

use connect_api::{Caller, Class, Connect, ConnectExt, Error, FoundUser, InstanceId, ListUsers, PageCursor, SearchUsers, UserId};
use jiff::Timestamp;

/// Users a page: the maximum that Connect allows.
const SEARCH_PAGE: i32 = 500;
const LIST_PAGE: i32 = 1000;

/// How often a scan starts over because of its page tokens before it reports [`Class::Invalid`].
const RESTARTS: u32 = 3;

/// Receives the users as they are read. A user that moves between pages while the list is read may be received twice.
pub trait ScanSink: Send {
    /// SearchUsers returned this user: everything but e-mail addresses, mobile, proficiencies and the time of the last change.
    fn found(&mut self, user: FoundUser);
    /// ListUsers returned this user, with the time of its last change.
    fn listed(&mut self, user: &UserId, modified: Option<Timestamp>);
    /// The scan starts over: discard all users received so far.
    fn restarted(&mut self);
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ScanStage {
    #[default]
    Search,
    List,
    Done,
}

/// A scan in progress.
#[derive(Clone, Debug, Default)]
pub struct UserScan {
    stage: ScanStage,
    cursor: PageCursor,
    calls: u32,
    restarts: u32,
}

impl UserScan {
    pub fn calls(&self) -> u32 {
        self.calls
    }

    /// Reads the remaining pages. `replay` passes on a list of users that was read for another purpose since the scan began, if there
    /// is one.
    ///
    /// # Errors
    /// The call that failed. Another call of this function continues with the page that failed, or starts over if Connect
    /// rejected the page token or returned one twice. If that keeps happening, the error is [`Class::Invalid`].
    pub async fn resume(
        &mut self,
        connect: &dyn Connect,
        caller: &Caller,
        instance: &InstanceId,
        sink: &mut dyn ScanSink,
        replay: &(dyn Fn(&mut dyn ScanSink) -> bool + Sync),
    ) -> Result<(), Error> {
        while self.stage != ScanStage::Done {
            if self.stage == ScanStage::List && self.cursor.token().is_none() && replay(sink) {
                self.stage = ScanStage::Done;
                break;
            }
            let (instance, next_token) = (instance.clone(), self.cursor.token());
            let read = if self.stage == ScanStage::Search {
                let request = SearchUsers { instance, max_results: SEARCH_PAGE, next_token, username: None };
                connect.call(caller, request).await.map(|page| {
                    page.items.into_iter().for_each(|user| sink.found(user));
                    page.next_token
                })
            } else {
                let request = ListUsers { instance, max_results: LIST_PAGE, next_token };
                connect.call(caller, request).await.map(|page| {
                    page.items.iter().for_each(|user| sink.listed(&user.id, user.last_modified_time));
                    page.next_token
                })
            };
            match read {
                Ok(next) => {
                    self.calls += 1;
                    match self.cursor.turn(self.operation(), next) {
                        Ok(false) => {}
                        Ok(true) => {
                            self.stage = if self.stage == ScanStage::Search { ScanStage::List } else { ScanStage::Done };
                            self.cursor = PageCursor::default();
                        }
                        Err(error) => return Err(self.restart(sink, error)),
                    }
                }
                Err(error) if self.cursor.is_lost(&error) => return Err(self.restart(sink, error)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn operation(&self) -> connect_api::OperationName {
        match self.stage {
            ScanStage::Search => connect_api::OperationName::SearchUsers,
            ScanStage::List | ScanStage::Done => connect_api::OperationName::ListUsers,
        }
    }

    fn restart(&mut self, sink: &mut dyn ScanSink, error: Error) -> Error {
        *self = Self { restarts: self.restarts + 1, ..Self::default() };
        sink.restarted();
        let class = if self.restarts > RESTARTS { Class::Invalid } else { Class::Transient };
        Error { class, ..error }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, sync::Mutex};

    use connect_api::{Call, OperationName, Page, Priority, Reply, UserSummary};
    use futures::{FutureExt, future::BoxFuture};

    use super::*;
    use crate::plan::fixtures;

    /// A reply of Connect: a page with this user and the token of the next page, or an error.
    type ScriptedReply = Result<(&'static str, Option<&'static str>), Class>;

    /// Returns the scripted replies in order, and records the requests.
    struct ScriptedConnect {
        replies: Mutex<VecDeque<ScriptedReply>>,
        requests: Mutex<Vec<String>>,
    }

    impl Connect for ScriptedConnect {
        fn send<'a>(&'a self, _: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
            let (name, token) = match &call {
                Call::SearchUsers(c) => ("search", c.next_token.clone()),
                Call::ListUsers(c) => ("list", c.next_token.clone()),
                other => panic!("{other:?}"),
            };
            self.requests.lock().unwrap().push(format!("{name} {}", token.as_deref().unwrap_or("-")));
            let scripted = self.replies.lock().unwrap().pop_front().unwrap();
            let error = |class| Error { class, ..Error::no_reply(OperationName::ListUsers, "scripted") };
            let reply = scripted.map_err(error).map(|(user, next)| {
                let next_token = next.map(str::to_owned);
                match call {
                    Call::SearchUsers(_) => Reply::SearchUsers(Page { items: vec![found(user)], next_token }),
                    _ => Reply::ListUsers(Page { items: vec![listed(user)], next_token }),
                }
            });
            async move { reply }.boxed()
        }
    }

    fn found(id: &str) -> FoundUser {
        FoundUser { id: id.into(), ..fixtures::found() }
    }

    fn listed(id: &str) -> UserSummary {
        UserSummary { id: id.into(), arn: String::new(), username: String::new(), last_modified_time: None }
    }

    #[derive(Default)]
    struct RecordingSink(Vec<String>);

    impl ScanSink for RecordingSink {
        fn found(&mut self, user: FoundUser) {
            self.0.push(format!("found {}", user.id));
        }

        fn listed(&mut self, user: &UserId, _: Option<Timestamp>) {
            self.0.push(format!("listed {user}"));
        }

        fn restarted(&mut self) {
            self.0.clear();
        }
    }

    /// Scans to the end, resuming after each error. Returns the requests, the received users and the errors.
    fn scan(replies: impl IntoIterator<Item = ScriptedReply>) -> (Vec<String>, Vec<String>, Vec<Class>) {
        let replies = Mutex::new(replies.into_iter().collect());
        let connect = ScriptedConnect { replies, requests: Mutex::default() };
        let (mut scan, mut sink, mut errors) = (UserScan::default(), RecordingSink::default(), Vec::new());
        let (caller, instance) = (Caller::new("sweep", Priority::Sweep), InstanceId::from("i-1"));
        while let Err(error) = scan.resume(&connect, &caller, &instance, &mut sink, &|_| false).now_or_never().unwrap() {
            errors.push(error.class);
        }
        (connect.requests.into_inner().unwrap(), sink.0, errors)
    }

    #[test]
    fn all_pages_of_both_lists_are_read() {
        let (requests, received, errors) = scan([Ok(("a", Some("2"))), Ok(("b", None)), Ok(("a", Some("2"))), Ok(("b", None))]);
        assert_eq!(requests, ["search -", "search 2", "list -", "list 2"]);
        assert_eq!(received, ["found a", "found b", "listed a", "listed b"]);
        assert!(errors.is_empty());
    }

    #[test]
    fn list_that_was_read_meanwhile_is_not_read_again() {
        let replies = Mutex::new([Ok(("a", None))].into());
        let connect = ScriptedConnect { replies, requests: Mutex::default() };
        let (mut scan, mut sink) = (UserScan::default(), RecordingSink::default());
        let (caller, instance) = (Caller::new("sweep", Priority::Sweep), InstanceId::from("i-1"));
        let replay = |sink: &mut dyn ScanSink| {
            sink.listed(&"b".into(), None);
            true
        };
        scan.resume(&connect, &caller, &instance, &mut sink, &replay).now_or_never().unwrap().unwrap();
        assert_eq!((sink.0.join(", ").as_str(), scan.calls()), ("found a, listed b", 1));
    }

    #[test]
    fn scan_resumes_with_the_page_that_failed() {
        let (requests, received, errors) =
            scan([Ok(("a", Some("2"))), Err(Class::Throttled), Ok(("b", None)), Err(Class::Deferred), Ok(("a", None))]);
        assert_eq!(requests, ["search -", "search 2", "search 2", "list -", "list -"]);
        assert_eq!(received, ["found a", "found b", "listed a"]);
        assert_eq!(errors, [Class::Throttled, Class::Deferred]);
    }

    #[test]
    fn rejected_or_repeated_page_token_restarts_the_scan() {
        for bad in [vec![Err(Class::Invalid)], vec![Ok(("b", Some("2")))], vec![Ok(("b", Some("3"))), Ok(("a", Some("2")))]] {
            let requests_before = 1 + bad.len();
            let replies = [Ok(("a", Some("2")))].into_iter().chain(bad).chain([Ok(("c", None)), Ok(("c", None))]);
            let (requests, received, errors) = scan(replies);
            assert_eq!(requests[requests_before..], ["search -", "list -"]);
            assert_eq!(received, ["found c", "listed c"]);
            assert_eq!(errors, [Class::Transient]);
        }
    }
}
