//! One process that wants to lead: what it knows of the Lease, and what it does about it. Pure: what was read and the time are
//! passed in.
//!
//! Other machines' clocks count for nothing. That a Lease was renewed shows in that it changed, and how long ago that was is told
//! by the clock of who looks. So a holder has to change it each time, even if its own clock stands still.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{api::coordination::v1::LeaseSpec, apimachinery::pkg::apis::meta::v1::MicroTime};

use super::Timing;

/// What to do about the Lease as it was just read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is free, or its holder showed no sign of life for as long as it had promised one: write [`Candidate::claim`].
    Acquire,
    /// It is ours: write [`Candidate::claim`].
    Renew,
    /// Somebody else's, until then by the local clock at the least.
    Wait {
        /// Who has it.
        holder: String,
        /// The local time at which it may be taken if it does not change.
        until: Duration,
    },
    /// It was ours: this process has to end.
    Lost(Lost),
}

/// Why a leader leads no more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The Lease names somebody else, or nobody.
    #[error("it is held by {0:?} now")]
    Taken(String),
    /// It could not be renewed for as long as the others wait.
    #[error("it could not be renewed for {} s", .0.as_secs_f64())]
    Expired(Duration),
    /// Whatever renewed it does so no more.
    #[error("it is not renewed any more: {0}")]
    Unkept(String),
}

/// A process that wants to lead. All times are the local clock's, such as [`crate::reconcile::Clock::uptime`].
#[derive(Clone, Debug)]
pub struct Candidate {
    me: String,
    timing: Timing,
    /// The Lease as it was last read, and since when it has looked so.
    seen: Option<(LeaseSpec, Duration)>,
    /// When the last claim that stands was sent. Not when it was answered: others count from a moment in between.
    claimed: Option<Duration>,
}

fn holder(lease: &LeaseSpec) -> &str {
    lease.holder_identity.as_deref().unwrap_or_default()
}

/// A time that differs from the one before, and is not before it.
fn later(than: Option<&MicroTime>, now: Timestamp) -> MicroTime {
    let next = than.and_then(|before| before.0.checked_add(SignedDuration::from_micros(1)).ok());
    MicroTime(next.map_or(now, |next| next.max(now)))
}

impl Candidate {
    /// One whose name no other process has, not even an earlier one on the same machine.
    pub fn new(me: String, timing: Timing) -> Self {
        Self { me, timing, seen: None, claimed: None }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.me
    }

    /// The times that it keeps to.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// What to do about a Lease that was just read. None: there is none.
    pub fn decide(&mut self, found: Option<&LeaseSpec>, now: Duration) -> Decision {
        let since = self.look(found, now);
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
        // A claim whose reply was lost is ours too, and leads to nothing before it was made again.
        if holder.is_empty() || holder == self.me {
            return Decision::Acquire;
        }
        let promised = found.and_then(|lease| lease.lease_duration_seconds).and_then(|s| u64::try_from(s).ok());
        let until = since + promised.map_or(self.timing.duration(), Duration::from_secs);
        if now >= until { Decision::Acquire } else { Decision::Wait { holder: holder.to_owned(), until } }
    }

    /// Notes what was read. What is given is since when it has looked so.
    fn look(&mut self, found: Option<&LeaseSpec>, now: Duration) -> Duration {
        match (&self.seen, found) {
            (Some((seen, since)), Some(found)) if seen == found => *since,
            (_, found) => {
                self.seen = found.map(|lease| (lease.clone(), now));
                now
            }
        }
    }

    /// The Lease that says that it is ours, in place of the one found. As client-go writes it, for those who read it.
    pub fn claim(&self, found: Option<&LeaseSpec>, time_of_day: Timestamp) -> LeaseSpec {
        let ours = found.filter(|lease| holder(lease) == self.me);
        let renewed = later(ours.and_then(|lease| lease.renew_time.as_ref()), time_of_day);
        LeaseSpec {
            holder_identity: Some(self.me.clone()),
            // What fits was checked when the times were set.
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

    /// Notes that a claim was written: when it was sent, and when the answer came.
    pub fn claimed(&mut self, sent: Duration, now: Duration) {
        // After a long stall nobody knows whether it still stands: it has to be made again.
        if now < sent + self.timing.renew_deadline() {
            self.claimed = Some(sent);
        }
    }

    /// The Lease that is nobody's, in place of ours, so that the next one need not wait. None if it is not ours.
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

    /// Whether it leads, or did: then it ends once it does not.
    pub fn was_elected(&self) -> bool {
        self.claimed.is_some()
    }

    /// Whether it leads.
    pub fn leads(&self, now: Duration) -> bool {
        !self.left(now).is_zero()
    }

    /// For how long it leads yet if it cannot renew.
    pub fn left(&self, now: Duration) -> Duration {
        self.claimed.map_or(Duration::ZERO, |sent| (sent + self.timing.renew_deadline()).saturating_sub(now))
    }

    /// How long to rest before the Lease is read again. What is known is the decision of the last attempt, if it did not fail.
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

    /// A Lease that a holder renewed at this second of its own clock.
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
    fn each_state_has_its_decision() {
        use Decision::{Acquire, Lost as Gone, Renew};
        let other = lease("other", 0);
        let no_duration = LeaseSpec { lease_duration_seconds: None, ..other.clone() };
        let table = [
            ("no Lease", standing_by(None), None, 100, Acquire),
            ("one that nobody ever held", standing_by(None), Some(LeaseSpec::default()), 100, Acquire),
            ("one that was released", standing_by(None), Some(lease("", 0)), 100, Acquire),
            ("a claim of ours whose reply was lost", standing_by(None), Some(lease("me", 0)), 100, Acquire),
            ("somebody's, seen for the first time", standing_by(None), Some(other.clone()), 100, wait(120)),
            ("its time is not up", standing_by(Some((other.clone(), s(90)))), Some(other.clone()), 109, wait(110)),
            ("its time is up", standing_by(Some((other.clone(), s(90)))), Some(other.clone()), 110, Acquire),
            ("it was renewed", standing_by(Some((other.clone(), s(50)))), Some(lease("other", 1)), 110, wait(130)),
            ("renewed by a clock that runs back", standing_by(Some((other, s(50)))), Some(lease("other", -9)), 110, wait(130)),
            ("it says no duration: ours", standing_by(None), Some(no_duration), 100, wait(115)),
            ("ours", leading(s(95)), Some(lease("me", 0)), 104, Renew),
            ("ours, and somebody deleted it", leading(s(95)), None, 104, Renew),
            ("ours, not renewed in time", leading(s(95)), Some(lease("me", 0)), 105, Gone(Lost::Expired(s(10)))),
            ("ours, not renewed in time, and deleted", leading(s(95)), None, 105, Gone(Lost::Expired(s(10)))),
            ("stolen", leading(s(95)), Some(lease("other", 0)), 96, Gone(Lost::Taken("other".into()))),
            ("emptied", leading(s(95)), Some(lease("", 0)), 96, Gone(Lost::Taken(String::new()))),
        ];
        for (case, mut candidate, found, now, decision) in table {
            assert_eq!(candidate.decide(found.as_ref(), s(now)), decision, "{case}");
        }
    }

    #[test]
    fn a_claim_leads_from_when_it_was_sent_and_not_if_its_answer_came_too_late() {
        let mut candidate = standing_by(None);
        candidate.claimed(s(100), s(110));
        assert!(!candidate.leads(s(110)));
        assert_eq!(candidate.decide(Some(&lease("me", 0)), s(110)), Decision::Acquire);
        candidate.claimed(s(111), s(113));
        assert_eq!(candidate.left(s(113)), s(8));
        assert!(candidate.leads(s(120)) && !candidate.leads(s(121)));
    }

    #[test]
    fn a_takeover_is_written_as_client_go_writes_it_and_a_renewal_keeps_its_start() {
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
    fn a_renewal_changes_the_lease_though_the_clock_stands_still_or_runs_back() {
        let candidate = standing_by(None);
        let mut lease = candidate.claim(None, at(100));
        for second in [100, 100, 90, 0] {
            let next = candidate.claim(Some(&lease), at(second));
            assert!(next.renew_time > lease.renew_time);
            // The API server keeps microseconds.
            assert_ne!(serde_json::to_value(&next).unwrap(), serde_json::to_value(&lease).unwrap());
            lease = next;
        }
    }

    #[test]
    fn only_ones_own_lease_is_released() {
        let candidate = standing_by(None);
        assert_eq!(candidate.released(None, at(0)), None);
        assert_eq!(candidate.released(Some(&lease("other", 0)), at(0)), None);
        let released = candidate.released(Some(&lease("me", 0)), at(9)).unwrap();
        assert_eq!(released.holder_identity.as_deref(), Some(""));
        assert_eq!(standing_by(None).decide(Some(&released), s(1)), Decision::Acquire);
        assert_eq!(candidate.claim(Some(&released), at(10)).lease_transitions, Some(8));
    }

    #[test]
    fn nobody_rests_past_the_moment_at_which_something_is_due() {
        assert_eq!(standing_by(None).rest(None, s(5)), s(2), "after a failure");
        assert_eq!(standing_by(None).rest(Some(&wait(100)), s(5)), s(2));
        assert_eq!(standing_by(None).rest(Some(&wait(100)), s(99)), s(1));
        assert_eq!(standing_by(None).rest(Some(&wait(100)), s(101)), s(0));
        assert_eq!(leading(s(100)).rest(Some(&Decision::Renew), s(100)), s(2));
        assert_eq!(leading(s(100)).rest(None, s(109)), s(1));
    }
}
