//! Work that had to stop for now, and that the next pass continues.

use std::time::Duration;

use connect_api::UserId;

use crate::{
    api::CreateAttempt,
    plan::Live,
    reconcile::{failure::Failure, quick_connect_cleanup::Cleanup, requests::Request},
};

/// Work that had to stop for now.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct Parked {
    reading: Reading,
    /// The deletion of a deleted user's quick connects. It outlasts a listing, by which another user of ours is looked for
    /// meanwhile.
    cleanup: Option<Box<Cleanup>>,
    /// Why the user could not be created, while it is looked up, and what people asked for.
    failure: Option<Box<(Request, Failure)>>,
}

/// What was read so far. A resource either has a recorded user to read, or looks one up.
#[derive(Debug, Default)]
enum Reading {
    #[default]
    None,
    /// A question for the complete list of users: what was known when it came up, and the uptime.
    Asked(ListingKey, Duration),
    /// The user, whose calls had to wait.
    Read(Box<KeptRead>),
}

/// A read of a user that is good for a while.
#[derive(Debug)]
pub(in crate::reconcile) struct KeptRead {
    pub(in crate::reconcile) live: Live,
    /// The generation of the spec it was made for: another one may need calls that carry values over, which need a fresh read.
    pub(in crate::reconcile) generation: i64,
    /// The uptime at which it was made.
    pub(in crate::reconcile) at: Duration,
    /// The time for which it is good.
    pub(in crate::reconcile) lifetime: Duration,
}

/// What must not change while a list is waited for: the create mark, and whether it had settled. A list that was read before such a
/// change proves nothing about it.
pub(in crate::reconcile) type ListingKey = (Option<CreateAttempt>, bool);

impl Parked {
    /// Returns the uptime at which the question came up where the user is: now, if it is new.
    pub(in crate::reconcile) fn asked(&mut self, key: ListingKey, uptime: Duration) -> Duration {
        match self.reading {
            Reading::Asked(before, since) if before == key => since,
            _ => {
                self.reading = Reading::Asked(key, uptime);
                uptime
            }
        }
    }

    /// Records that the list has answered.
    pub(in crate::reconcile) fn answered(&mut self) {
        if matches!(self.reading, Reading::Asked(..)) {
            self.reading = Reading::None;
        }
    }

    /// Keeps the reason for which the user could not be created.
    pub(in crate::reconcile) fn keep_failure(&mut self, request: Request, failure: Failure) {
        self.failure = Some(Box::new((request, failure)));
    }

    /// Returns whether the reason for which the user could not be created is kept, and people still ask for the same.
    pub(in crate::reconcile) fn has_failure(&self, request: &Request) -> bool {
        self.failure.as_ref().is_some_and(|kept| kept.0 == *request)
    }

    pub(in crate::reconcile) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take().map(|kept| kept.1)
    }

    /// Keeps a read of the user for the next pass.
    pub(in crate::reconcile) fn keep_read(&mut self, read: KeptRead) {
        self.reading = Reading::Read(Box::new(read));
    }

    pub(in crate::reconcile) fn has_read(&self) -> bool {
        matches!(self.reading, Reading::Read(_))
    }

    /// Returns the last read of this user for this generation, if it is still good.
    pub(in crate::reconcile) fn take_read(&mut self, user: &UserId, generation: i64, uptime: Duration) -> Option<KeptRead> {
        match std::mem::take(&mut self.reading) {
            Reading::Read(read) => {
                let is_good = read.live.user.id == *user && read.generation == generation && read.at + read.lifetime >= uptime;
                is_good.then_some(*read)
            }
            other => {
                self.reading = other;
                None
            }
        }
    }

    /// Drops a read of the user that is no longer good.
    pub(super) fn drop_read(&mut self) {
        if self.has_read() {
            self.reading = Reading::None;
        }
    }

    /// Keeps the deletion of a user's quick connects for the next pass.
    pub(in crate::reconcile) fn keep_cleanup(&mut self, cleanup: Cleanup) {
        self.cleanup = Some(Box::new(cleanup));
    }

    /// Returns the deletion of this user's quick connects to continue, if there is one.
    pub(in crate::reconcile) fn take_cleanup(&mut self, user: &UserId) -> Option<Cleanup> {
        self.cleanup.take().map(|cleanup| *cleanup).filter(|cleanup| cleanup.is_of(user))
    }

    /// Returns whether the deletion of this user's quick connects has begun, and no other user of ours can exist.
    pub(in crate::reconcile) fn was_the_last(&self, user: &UserId) -> bool {
        self.cleanup.as_ref().is_some_and(|cleanup| cleanup.is_of(user) && cleanup.alone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixtures::live;

    #[test]
    fn read_for_one_generation_is_not_used_for_another() {
        let (id, at) = (live().user.id, Duration::from_secs(10));
        let read = |generation| KeptRead { live: live(), generation, at, lifetime: Duration::from_secs(60) };
        let mut parked = Parked::default();
        parked.keep_read(read(3));
        assert!(parked.take_read(&id, 4, at).is_none());
        parked.keep_read(read(3));
        assert!(parked.take_read(&id, 3, at).is_some());
    }

    #[test]
    fn cleanup_outlasts_a_listing() {
        let (user, key) = (live().user.id, (None, true));
        let mut parked = Parked::default();
        parked.keep_cleanup(Cleanup::new(user.clone()));
        parked.asked(key, Duration::ZERO);
        parked.answered();
        assert!(parked.was_the_last(&user) && parked.take_cleanup(&user).is_some());
        assert!(!parked.was_the_last(&user) && parked.take_cleanup(&user).is_none());
    }

    #[test]
    fn only_a_read_of_the_user_is_dropped() {
        let (id, at) = (live().user.id, Duration::from_secs(10));
        let mut parked = Parked::default();
        assert_eq!(parked.asked((None, true), at), at);
        parked.drop_read();
        assert!(parked.take_read(&id, 1, at).is_none());
        assert_eq!(parked.asked((None, true), at * 2), at, "the question is the same");
        assert_eq!(parked.asked((None, false), at * 2), at * 2, "it is another");
        parked.keep_read(KeptRead { live: live(), generation: 1, at, lifetime: Duration::ZERO });
        parked.drop_read();
        assert!(parked.take_read(&id, 1, at).is_none());
    }
}
