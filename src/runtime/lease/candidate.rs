//! A process that wants to lead: what it knows about the Lease, and what it does next. The code is pure: the Lease as read and
//! the time are arguments.
//!
//! Clocks of other machines are not trusted. A process notices a renewal because the Lease has changed, and measures its age with
//! its own clock. Therefore each renewal must change the Lease, even if the holder's clock stands still.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{api::coordination::v1::LeaseSpec, apimachinery::pkg::apis::meta::v1::MicroTime};

use super::timing::Timing;

/// What to do about a Lease that was just read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is free, or its holder has not renewed it for its duration: write [`Candidate::claim`].
    Acquire,
    /// This process holds it: write [`Candidate::claim`].
    Renew,
    /// Another process holds it.
    Wait {
        holder: String,
        /// The local time after which it may be taken over if it does not change.
        until: Duration,
    },
    /// This process held it and must end.
    Lost(Lost),
}

/// Why a leader lost the Lease.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The Lease names another holder, or none.
    #[error("it is held by {0:?} now")]
    Taken(String),
    /// It was not renewed before the renew deadline.
    #[error("it could not be renewed for {} s", .0.as_secs_f64())]
    Expired(Duration),
    /// The work has stopped, so another replica must take over.
    #[error("{0}")]
    Stalled(String),
    /// The task that renews it ended.
    #[error("the task that renews it ended: {0}")]
    RenewalEnded(String),
}

/// A process that wants to lead. All times are of the local clock, such as [`crate::reconcile::Clock::uptime`].
#[derive(Clone, Debug)]
pub struct Candidate {
    me: String,
    timing: Timing,
    /// The Lease as last read, and when this content was first read.
    seen: Option<(LeaseSpec, Duration)>,
    /// When the last successful claim was sent. Not when its reply arrived: other processes count from a moment in between.
    claimed: Option<Duration>,
}

fn holder(lease: &LeaseSpec) -> &str {
    lease.holder_identity.as_deref().unwrap_or_default()
}

/// Returns `now`, or the microsecond after `than` if that is later.
fn later(than: Option<&MicroTime>, now: Timestamp) -> MicroTime {
    let next = than.and_then(|before| before.0.checked_add(SignedDuration::from_micros(1)).ok());
    MicroTime(next.map_or(now, |next| next.max(now)))
}

impl Candidate {
    /// Creates a candidate. Its name must be unique among all processes, including earlier ones on the same machine.
    pub fn new(me: String, timing: Timing) -> Self {
        Self { me, timing, seen: None, claimed: None }
    }

    pub fn name(&self) -> &str {
        &self.me
    }

    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Decides what to do about a Lease that was just read, or with None about one that does not exist.
    pub fn decide(&mut self, found: Option<&LeaseSpec>, now: Duration) -> Decision {
        let since = self.observe(found, now);
        let holder = found.map(holder).unwrap_or_default();
        if self.claimed.is_some() {
            return if found.is_some() && holder != self.me {
                Decision::Lost(Lost::Taken(holder.to_owned()))
            } else if !self.leads(now) {
                Decision::Lost(Lost::Expired(self.timing.renew_deadline()))
            } else {
                Decision::Renew
            };
        }
        // A claim whose reply was lost has this process as the holder too. It must be repeated before the process leads.
        if holder.is_empty() || holder == self.me {
            return Decision::Acquire;
        }
        let duration = found.and_then(|lease| lease.lease_duration_seconds).and_then(|s| u64::try_from(s).ok());
        let until = since + duration.map_or(self.timing.duration(), Duration::from_secs);
        if now >= until { Decision::Acquire } else { Decision::Wait { holder: holder.to_owned(), until } }
    }

    /// Records the Lease. Returns when this content was first read.
    fn observe(&mut self, found: Option<&LeaseSpec>, now: Duration) -> Duration {
        match (&self.seen, found) {
            (Some((seen, since)), Some(found)) if seen == found => *since,
            (_, found) => {
                self.seen = found.map(|lease| (lease.clone(), now));
                now
            }
        }
    }

    /// Returns the Lease with this process as the holder, to replace the one found. The fields are as client-go writes them.
    pub fn claim(&self, found: Option<&LeaseSpec>, time_of_day: Timestamp) -> LeaseSpec {
        let ours = found.filter(|lease| holder(lease) == self.me);
        let renewed = later(ours.and_then(|lease| lease.renew_time.as_ref()), time_of_day);
        LeaseSpec {
            holder_identity: Some(self.me.clone()),
            // `Timing` has checked that it fits.
            lease_duration_seconds: i32::try_from(self.timing.duration().as_secs()).ok(),
            acquire_time: ours.and_then(|lease| lease.acquire_time.clone()).or_else(|| Some(renewed.clone())),
            renew_time: Some(renewed),
            lease_transitions: match (ours, found) {
                (Some(lease), _) => lease.lease_transitions,
                (None, Some(lease)) => Some(lease.lease_transitions.unwrap_or_default().saturating_add(1)),
                (None, None) => Some(0),
            },
            ..found.cloned().unwrap_or_default()
        }
    }

    /// Records that a claim was written: when it was sent, and that the reply has arrived now.
    pub fn claimed(&mut self, sent: Duration, now: Duration) {
        // After a long stall, another process may have taken over: the claim must be repeated.
        if now < sent + self.timing.renew_deadline() {
            self.claimed = Some(sent);
        }
    }

    /// Returns the Lease without a holder, to replace the one found, so that the next process need not wait. None if this process
    /// does not hold it.
    pub fn released(&self, found: Option<&LeaseSpec>, time_of_day: Timestamp) -> Option<LeaseSpec> {
        let ours = found.filter(|lease| holder(lease) == self.me)?;
        let now = later(ours.renew_time.as_ref(), time_of_day);
        Some(LeaseSpec {
            holder_identity: Some(String::new()),
            lease_duration_seconds: Some(1),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            ..ours.clone()
        })
    }

    /// Returns whether it leads or has led. A process that no longer leads must end.
    pub fn was_elected(&self) -> bool {
        self.claimed.is_some()
    }

    pub fn leads(&self, now: Duration) -> bool {
        !self.left(now).is_zero()
    }

    /// Returns how long it will lead if it cannot renew.
    pub fn left(&self, now: Duration) -> Duration {
        self.claimed.map_or(Duration::ZERO, |sent| (sent + self.timing.renew_deadline()).saturating_sub(now))
    }

    /// Returns how long to wait before the Lease is read again. `last` is the decision of the last attempt, if it did not fail.
    pub fn rest(&self, last: Option<&Decision>, now: Duration) -> Duration {
        let end = match last {
            Some(Decision::Wait { until, .. }) => until.saturating_sub(now),
            _ if self.claimed.is_some() => self.left(now),
            _ => self.timing.retry_period(),
        };
        self.timing.retry_period().min(end)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn timing() -> Timing {
        Timing::new(s(15), s(10), s(2)).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    /// A Lease that a holder renewed at this second of the holder's clock.
    fn lease(holder: &str, renewed: i64) -> LeaseSpec {
        LeaseSpec {
            holder_identity: Some(holder.into()),
            lease_duration_seconds: Some(20),
            acquire_time: Some(MicroTime(at(-500))),
            renew_time: Some(MicroTime(at(renewed))),
            lease_transitions: Some(7),
            ..LeaseSpec::default()
        }
    }

    fn standing_by(seen: Option<(LeaseSpec, Duration)>) -> Candidate {
        Candidate { seen, ..Candidate::new("me".into(), timing()) }
    }

    fn leading(claimed: Duration) -> Candidate {
        Candidate { claimed: Some(claimed), ..Candidate::new("me".into(), timing()) }
    }

    fn wait(until: u64) -> Decision {
        Decision::Wait { holder: "other".into(), until: s(until) }
    }

    #[test]
    fn each_state_leads_to_its_decision() {
        use Decision::{Acquire, Lost as LostIt, Renew};
        let other = lease("other", 0);
        let no_duration = LeaseSpec { lease_duration_seconds: None, ..other.clone() };
        let table = [
            ("no Lease", standing_by(None), None, 100, Acquire),
            ("never held", standing_by(None), Some(LeaseSpec::default()), 100, Acquire),
            ("released", standing_by(None), Some(lease("", 0)), 100, Acquire),
            ("our claim, whose reply was lost", standing_by(None), Some(lease("me", 0)), 100, Acquire),
            ("held by another, seen for the first time", standing_by(None), Some(other.clone()), 100, wait(120)),
            ("not expired", standing_by(Some((other.clone(), s(90)))), Some(other.clone()), 109, wait(110)),
            ("expired", standing_by(Some((other.clone(), s(90)))), Some(other.clone()), 110, Acquire),
            ("renewed", standing_by(Some((other.clone(), s(50)))), Some(lease("other", 1)), 110, wait(130)),
            (
                "renewed by a clock that runs backwards",
                standing_by(Some((other, s(50)))),
                Some(lease("other", -9)),
                110,
                wait(130),
            ),
            ("no duration: ours applies", standing_by(None), Some(no_duration), 100, wait(115)),
            ("ours", leading(s(95)), Some(lease("me", 0)), 104, Renew),
            ("ours, deleted", leading(s(95)), None, 104, Renew),
            ("ours, not renewed in time", leading(s(95)), Some(lease("me", 0)), 105, LostIt(Lost::Expired(s(10)))),
            ("ours, not renewed in time, deleted", leading(s(95)), None, 105, LostIt(Lost::Expired(s(10)))),
            ("taken by another", leading(s(95)), Some(lease("other", 0)), 96, LostIt(Lost::Taken("other".into()))),
            ("released by another", leading(s(95)), Some(lease("", 0)), 96, LostIt(Lost::Taken(String::new()))),
        ];
        for (case, mut candidate, found, now, decision) in table {
            assert_eq!(candidate.decide(found.as_ref(), s(now)), decision, "{case}");
        }
    }

    #[test]
    fn claim_counts_from_when_it_was_sent_unless_its_reply_is_late() {
        let mut candidate = standing_by(None);
        candidate.claimed(s(100), s(110));
        assert!(!candidate.leads(s(110)));
        assert_eq!(candidate.decide(Some(&lease("me", 0)), s(110)), Decision::Acquire);
        candidate.claimed(s(111), s(113));
        assert_eq!(candidate.left(s(113)), s(8));
        assert!(candidate.leads(s(120)) && !candidate.leads(s(121)));
    }

    #[test]
    fn takeover_and_renewal_are_written_as_by_client_go() {
        let candidate = standing_by(None);
        let first = candidate.claim(None, at(1));
        assert_eq!(first.lease_transitions, Some(0));
        let taken = candidate.claim(Some(&lease("other", 0)), at(2));
        assert_eq!(
            serde_json::to_value(&taken).unwrap(),
            json!({
                "holderIdentity": "me",
                "leaseDurationSeconds": 15,
                "acquireTime": "2023-11-14T22:13:22.000000Z",
                "renewTime": "2023-11-14T22:13:22.000000Z",
                "leaseTransitions": 8,
            })
        );
        let renewed = candidate.claim(Some(&taken), at(5));
        assert_eq!(renewed, LeaseSpec { renew_time: Some(MicroTime(at(5))), ..taken });
    }

    #[test]
    fn renewal_changes_the_lease_even_if_the_clock_does_not_advance() {
        let candidate = standing_by(None);
        let mut lease = candidate.claim(None, at(100));
        for second in [100, 100, 90, 0] {
            let next = candidate.claim(Some(&lease), at(second));
            assert!(next.renew_time > lease.renew_time);
            // The API server stores microseconds.
            assert_ne!(serde_json::to_value(&next).unwrap(), serde_json::to_value(&lease).unwrap());
            lease = next;
        }
    }

    #[test]
    fn only_the_own_lease_is_released() {
        let candidate = standing_by(None);
        assert_eq!(candidate.released(None, at(0)), None);
        assert_eq!(candidate.released(Some(&lease("other", 0)), at(0)), None);
        let released = candidate.released(Some(&lease("me", 0)), at(9)).unwrap();
        assert_eq!(released.holder_identity.as_deref(), Some(""));
        assert_eq!(standing_by(None).decide(Some(&released), s(1)), Decision::Acquire);
        assert_eq!(candidate.claim(Some(&released), at(10)).lease_transitions, Some(8));
    }

    #[test]
    fn wait_ends_when_something_is_due() {
        assert_eq!(standing_by(None).rest(None, s(5)), s(2), "after a failure");
        assert_eq!(standing_by(None).rest(Some(&wait(100)), s(5)), s(2));
        assert_eq!(standing_by(None).rest(Some(&wait(100)), s(99)), s(1));
        assert_eq!(standing_by(None).rest(Some(&wait(100)), s(101)), s(0));
        assert_eq!(leading(s(100)).rest(Some(&Decision::Renew), s(100)), s(2));
        assert_eq!(leading(s(100)).rest(None, s(109)), s(1));
    }
}
