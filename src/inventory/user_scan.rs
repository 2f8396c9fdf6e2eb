//! The batch look at an instance: all users by SearchUsers, 500 a page, and by ListUsers, 1,000 a page.
//!
//! Only a sweep that reached both ends says anything. A page that fails changes nothing: the sweep goes on from there.

use connect_api::{
    Caller, Class, Connect, ConnectExt, Error, FoundUser, InstanceId, ListUsers, PageCursor, SearchUsers, UserSummary,
};

/// Users a page, as many as Connect gives.
const SEARCH_PAGE: i32 = 500;
const LIST_PAGE: i32 = 1000;

/// How often a sweep begins anew before its page tokens are taken to be no good at all.
const RESTARTS: u32 = 3;

/// What makes use of the users as they come by. A user that moves between pages while they are read may come by twice.
pub trait Sink: Send {
    /// SearchUsers shows this user: everything but e-mail addresses, mobile, proficiencies and the time of the last change.
    fn found(&mut self, user: FoundUser);
    /// ListUsers shows this user.
    fn listed(&mut self, user: UserSummary);
    /// What came by so far does not count: the sweep begins anew.
    fn start_again(&mut self);
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Search,
    List,
    Done,
}

/// A sweep under way.
#[derive(Clone, Debug, Default)]
pub struct UserScan {
    stage: Stage,
    bookmark: PageCursor,
    calls: u32,
    /// How often it began anew.
    restarts: u32,
}

impl UserScan {
    /// How many pages were read.
    pub fn calls(&self) -> u32 {
        self.calls
    }

    /// Reads on, to the end.
    ///
    /// # Errors
    /// The call that failed. Called again, it goes on where it was, or from the beginning where Connect no longer takes the
    /// page token or gives one again. Where that goes on, the error is [`Class::Invalid`].
    pub async fn go_on(
        &mut self,
        connect: &dyn Connect,
        caller: &Caller,
        instance: &InstanceId,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        while self.stage != Stage::Done {
            let (instance, next_token) = (instance.clone(), self.bookmark.token());
            let read = if self.stage == Stage::Search {
                let request = SearchUsers { instance, max_results: SEARCH_PAGE, next_token, criteria: None, filter: None };
                connect.call(caller, request).await.map(|page| {
                    page.items.into_iter().for_each(|user| sink.found(user));
                    page.next_token
                })
            } else {
                let request = ListUsers { instance, max_results: LIST_PAGE, next_token };
                connect.call(caller, request).await.map(|page| {
                    page.items.into_iter().for_each(|user| sink.listed(user));
                    page.next_token
                })
            };
            match read {
                Ok(next) => {
                    self.calls += 1;
                    match self.bookmark.turn(self.operation(), next) {
                        Ok(false) => {}
                        Ok(true) => {
                            self.stage = if self.stage == Stage::Search { Stage::List } else { Stage::Done };
                            self.bookmark = PageCursor::default();
                        }
                        Err(error) => return Err(self.start_again(sink, error)),
                    }
                }
                Err(error) if self.bookmark.is_lost(&error) => return Err(self.start_again(sink, error)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn operation(&self) -> connect_api::OperationName {
        match self.stage {
            Stage::Search => connect_api::OperationName::SearchUsers,
            Stage::List | Stage::Done => connect_api::OperationName::ListUsers,
        }
    }

    fn start_again(&mut self, sink: &mut dyn Sink, error: Error) -> Error {
        *self = Self { restarts: self.restarts + 1, ..Self::default() };
        sink.start_again();
        let class = if self.restarts > RESTARTS { Class::Invalid } else { Class::Transient };
        Error { class, ..error }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, sync::Mutex};

    use connect_api::{Call, OperationName, Page, Priority, Reply};
    use futures::{FutureExt, future::BoxFuture};

    use super::*;

    /// What Connect answers: a page with this user and the token of the next one, or an error.
    type Answer = Result<(&'static str, Option<&'static str>), Class>;

    /// Answers as it was told to, and notes what it was asked.
    struct Scripted(Mutex<VecDeque<Answer>>, Mutex<Vec<String>>);

    impl Connect for Scripted {
        fn send<'a>(&'a self, _: &'a Caller, call: Call) -> BoxFuture<'a, Result<Reply, Error>> {
            let (name, token) = match &call {
                Call::SearchUsers(c) => ("search", c.next_token.clone()),
                Call::ListUsers(c) => ("list", c.next_token.clone()),
                other => panic!("{other:?}"),
            };
            self.1.lock().unwrap().push(format!("{name} {}", token.as_deref().unwrap_or("-")));
            let answer = self.0.lock().unwrap().pop_front().unwrap();
            let error = |class| Error { class, ..Error::no_reply(OperationName::ListUsers, "scripted") };
            let reply = answer.map_err(error).map(|(user, next)| {
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
        FoundUser {
            id: id.into(),
            arn: String::new(),
            username: String::new(),
            first_name: None,
            last_name: None,
            phone_config: None,
            channel_configs: Default::default(),
            directory_user_id: None,
            security_profile_ids: Default::default(),
            routing_profile_id: None,
            hierarchy_group_id: None,
            tags: Default::default(),
        }
    }

    fn listed(id: &str) -> UserSummary {
        UserSummary { id: id.into(), arn: String::new(), username: String::new(), last_modified_time: None }
    }

    #[derive(Default)]
    struct Notes(Vec<String>);

    impl Sink for Notes {
        fn found(&mut self, user: FoundUser) {
            self.0.push(format!("found {}", user.id));
        }

        fn listed(&mut self, user: UserSummary) {
            self.0.push(format!("listed {}", user.id));
        }

        fn start_again(&mut self) {
            self.0.clear();
        }
    }

    /// Goes on after each error. What was asked, what came of it, and the errors.
    fn sweep(answers: impl IntoIterator<Item = Answer>) -> (Vec<String>, Vec<String>, Vec<Class>) {
        let connect = Scripted(Mutex::new(answers.into_iter().collect()), Mutex::default());
        let (mut sweep, mut notes, mut errors) = (UserScan::default(), Notes::default(), Vec::new());
        let (caller, instance) = (Caller::new("sweep", Priority::Sweep), InstanceId::from("i-1"));
        while let Err(error) = sweep.go_on(&connect, &caller, &instance, &mut notes).now_or_never().unwrap() {
            errors.push(error.class);
        }
        (connect.1.into_inner().unwrap(), notes.0, errors)
    }

    #[test]
    fn all_pages_of_both_are_read() {
        let (asked, seen, errors) = sweep([Ok(("a", Some("2"))), Ok(("b", None)), Ok(("a", Some("2"))), Ok(("b", None))]);
        assert_eq!(asked, ["search -", "search 2", "list -", "list 2"]);
        assert_eq!(seen, ["found a", "found b", "listed a", "listed b"]);
        assert!(errors.is_empty());
    }

    #[test]
    fn after_a_fault_it_goes_on_with_the_page_that_failed() {
        let (asked, seen, errors) =
            sweep([Ok(("a", Some("2"))), Err(Class::Throttled), Ok(("b", None)), Err(Class::Deferred), Ok(("a", None))]);
        assert_eq!(asked, ["search -", "search 2", "search 2", "list -", "list -"]);
        assert_eq!(seen, ["found a", "found b", "listed a"]);
        assert_eq!(errors, [Class::Throttled, Class::Deferred]);
    }

    #[test]
    fn with_a_page_token_that_is_no_longer_taken_or_comes_again_it_begins_anew() {
        for bad in [vec![Err(Class::Invalid)], vec![Ok(("b", Some("2")))], vec![Ok(("b", Some("3"))), Ok(("a", Some("2")))]] {
            let asked_before = 1 + bad.len();
            let answers = [Ok(("a", Some("2")))].into_iter().chain(bad).chain([Ok(("c", None)), Ok(("c", None))]);
            let (asked, seen, errors) = sweep(answers);
            assert_eq!(asked[asked_before..], ["search -", "list -"]);
            assert_eq!(seen, ["found c", "listed c"]);
            assert_eq!(errors, [Class::Transient]);
        }
    }
}
