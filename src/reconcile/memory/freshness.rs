//! How far the cache, the status and the lists can be relied on.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use connect_api::UserId;
use jiff::Timestamp;

use super::Moment;
use crate::{api::ConnectUserStatus, plan::Fingerprint};

/// The longest time that a watch takes to bring a write. A pass over an older object meets conflicts, and does no harm.
const LONGEST_WATCH: Duration = Duration::from_secs(30);

/// How far the cache, the status and the lists can be relied on.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct Freshness {
    /// The resourceVersion of our last write and its uptime: an older cached object needs no pass.
    written: Option<(u64, Duration)>,
    verified: Verified,
    /// The uptime at which the user was last read on its own, with fields that no list shows.
    pub(in crate::reconcile) last_read: Option<Duration>,
    /// Connect's time of the user's last change, as it was last seen. None after a change of our own: Connect does not return its
    /// time.
    pub(in crate::reconcile) modified: Option<Timestamp>,
    /// The time at which this process last changed the user.
    pub(in crate::reconcile) changed: Option<Timestamp>,
    /// The user that the status shows correctly, as of this uptime.
    confirmed: Option<(UserId, Duration)>,
    /// A hash of what the status showed of the user when a pass of this process last ended.
    shown: Option<u64>,
    dispute: Option<Box<Dispute>>,
}

/// What the passes of this process have found.
#[derive(Debug, Default)]
enum Verified {
    /// There was no pass yet: only the status says whether the user is in sync.
    #[default]
    Unmet,
    /// A pass failed, or something has happened since: the user needs a pass.
    No,
    /// This generation was seen in sync, and nothing has happened since.
    InSync(i64),
}

/// A difference between the status and SearchUsers.
#[derive(Debug)]
struct Dispute {
    /// The user, its values in the status, and its values in SearchUsers.
    over: (UserId, Fingerprint, Fingerprint),
    /// The uptime and the time at which the difference was seen, after our last change to the user.
    since: (Duration, Timestamp),
}

/// Returns a hash of what a status shows of the user. Levels of proficiencies are floats, so the type cannot derive one.
fn hash_of(status: &ConnectUserStatus) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_vec(&status.observed).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}

impl Freshness {
    /// Records the resourceVersion of a write of ours, made at this uptime.
    pub(in crate::reconcile) fn wrote(&mut self, resource_version: Option<&str>, uptime: Duration) {
        if let Some(version) = resource_version.and_then(|v| v.parse().ok()) {
            self.written = Some((version, uptime));
        }
    }

    /// Returns whether a cached object is older than our last write. That lasts as long as a watch takes to bring the write: an
    /// object that is still older after that comes from a restored etcd.
    pub(in crate::reconcile) fn is_stale(&self, resource_version: Option<&str>, uptime: Duration) -> bool {
        let version = resource_version.and_then(|v| v.parse::<u64>().ok());
        let is_older =
            |written: u64, at: Duration| version.is_some_and(|cached| cached < written) && uptime <= at + LONGEST_WATCH;
        self.written.is_some_and(|(written, at)| is_older(written, at))
    }

    pub(super) fn verify(&mut self, generation: i64) {
        self.verified = Verified::InSync(generation);
    }

    pub(super) fn failed(&mut self, is_wait: bool) {
        self.verified = Verified::No;
        if !is_wait {
            self.confirmed = None;
        }
    }

    pub(super) fn unverify(&mut self) {
        self.verified = Verified::No;
    }

    /// Records that the user needs a pass that reads it.
    pub(in crate::reconcile) fn distrust(&mut self) {
        self.verified = Verified::No;
        self.confirmed = None;
    }

    /// Returns whether the status is all that is known of the user, since this process has made no pass.
    pub(in crate::reconcile) fn is_unmet(&self) -> bool {
        matches!(self.verified, Verified::Unmet)
    }

    /// Returns whether this generation was seen in sync, and nothing has happened since.
    pub(in crate::reconcile) fn is_verified(&self, generation: i64) -> bool {
        matches!(self.verified, Verified::InSync(verified) if verified == generation)
    }

    /// Records that the user was read on its own, and that the status shows it so.
    pub(in crate::reconcile) fn read(&mut self, user: &UserId, uptime: Duration) {
        self.last_read = Some(uptime);
        self.confirm(user, uptime);
    }

    /// Records that a list, read at this uptime, shows the user as the status does.
    pub(in crate::reconcile) fn confirm(&mut self, user: &UserId, uptime: Duration) {
        self.confirmed = Some((user.clone(), uptime));
    }

    /// Records that the status may not show the user correctly.
    pub(in crate::reconcile) fn doubt(&mut self) {
        self.confirmed = None;
    }

    /// Returns the uptime at which the status was last known to show this user correctly.
    pub(in crate::reconcile) fn confirmed(&self, user: &UserId) -> Option<Duration> {
        self.confirmed.as_ref().filter(|(confirmed, _)| confirmed == user).map(|(_, at)| *at)
    }

    /// Records what the status shows of the user at the end of a pass.
    pub(in crate::reconcile) fn showed(&mut self, status: &ConnectUserStatus) {
        self.shown = Some(hash_of(status));
    }

    /// Returns whether the status still shows of the user what a pass of this process left there. Otherwise what was confirmed is not
    /// what the status shows: an older status comes back from a backup, or another tool writes one.
    pub(in crate::reconcile) fn is_own(&self, status: &ConnectUserStatus) -> bool {
        self.shown.is_none_or(|shown| shown == hash_of(status))
    }

    /// Returns whether the user was read or changed since this moment.
    pub(in crate::reconcile) fn is_newer_than(&self, (uptime, time): Moment) -> bool {
        self.confirmed.as_ref().is_some_and(|(_, at)| *at >= uptime) || self.changed.is_some_and(|changed| changed >= time)
    }

    /// Records that SearchUsers and the status differ. Returns true if they have differed in the same way since before the user
    /// was last read, and that read led to no change: then another read would find nothing either.
    pub(in crate::reconcile) fn dispute(&mut self, over: (UserId, Fingerprint, Fingerprint), now: (Duration, Timestamp)) -> bool {
        match self.dispute.as_deref() {
            Some(Dispute { over: before, since: (uptime, time) })
                if *before == over && self.changed.is_none_or(|changed| changed < *time) =>
            {
                self.last_read.is_some_and(|read| read > *uptime)
            }
            _ => {
                self.dispute = Some(Box::new(Dispute { over, since: now }));
                false
            }
        }
    }

    /// Returns whether SearchUsers and the status differed when they were last compared.
    pub(in crate::reconcile) fn is_disputed(&self) -> bool {
        self.dispute.is_some()
    }

    /// Records that SearchUsers and the status agree.
    pub(in crate::reconcile) fn agree(&mut self) {
        self.dispute = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixtures::found;

    #[test]
    fn dispute_with_the_index_causes_one_read_while_nothing_changes() {
        let at = |second: i64| (Duration::from_secs(second.unsigned_abs()), Timestamp::from_second(1_000 + second).unwrap());
        let fingerprint = |name: &str| {
            let mut found = found();
            found.first_name = Some(name.to_owned());
            Fingerprint::of_found(&found)
        };
        let shown = |name: &str| ("1".into(), fingerprint("mine"), fingerprint(name));
        let mut user = Freshness::default();
        assert!(!user.dispute(shown("other"), at(10)), "it is new");
        assert!(!user.dispute(shown("other"), at(20)), "the user was not read yet");
        user.read(&"1".into(), at(30).0);
        assert!(user.dispute(shown("other"), at(40)));
        assert!(!user.dispute(shown("third"), at(50)), "the difference is another");
        user.read(&"1".into(), at(60).0);
        user.changed = Some(at(61).1);
        assert!(!user.dispute(shown("third"), at(70)), "it was corrected, and may have changed to the same value again");
        user.read(&"1".into(), at(75).0);
        assert!(user.dispute(shown("third"), at(80)), "the index has lost the correction");
        user.agree();
        assert!(!user.dispute(shown("third"), at(90)), "it was over, and is new again");
        user.read(&"1".into(), at(95).0);
        assert!(user.dispute(shown("third"), at(100)));
        let another = ("2".into(), fingerprint("mine"), fingerprint("third"));
        assert!(!user.dispute(another, at(110)), "it is another user");
    }

    #[test]
    fn only_a_pass_in_sync_verifies_a_generation() {
        let mut user = Freshness::default();
        assert!(user.is_unmet() && !user.is_verified(2));
        user.verify(2);
        assert!(!user.is_unmet() && user.is_verified(2) && !user.is_verified(3));
        user.distrust();
        assert!(!user.is_unmet() && !user.is_verified(2));
    }

    #[test]
    fn failures_end_a_confirmation_and_waits_do_not() {
        let (id, at) = ("1".into(), Duration::from_secs(10));
        let mut user = Freshness::default();
        user.confirm(&id, at);
        user.failed(true);
        assert_eq!((user.confirmed(&id), user.confirmed(&"2".into())), (Some(at), None));
        user.failed(false);
        assert_eq!(user.confirmed(&id), None);
    }
}
