//! A model of three replicas and one Lease under faults: clocks run fast or slow, jump and stop; calls and replies are late or
//! lost; processes freeze and crash. A run is reproducible by its seed.
//!
//! Like the real API server, the model checks the version that a write replaces when the write arrives.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::LeaseSpec;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    candidate::{Candidate, Decision},
    timing::Timing,
};

const REPLICAS: usize = 3;
const TICK: Duration = Duration::from_millis(50);
const LEASE: Duration = Duration::from_secs(15);
const DEADLINE: Duration = Duration::from_secs(10);
/// The time between the renew deadline of a leader and the expiry of its Lease, less the error of clocks with different rates.
const MARGIN: Duration = Duration::from_secs(4);
/// How long faults occur, and how long the model runs after the last fault.
const FAULTY: Duration = Duration::from_secs(400);
const QUIET: Duration = Duration::from_secs(60);
/// How long it may take until a replica leads again: a Lease expires, a process restarts, and an attempt follows.
const RECOVERY: Duration = Duration::from_secs(25);

/// A safeguard to leave out, to show that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    None,
    /// Writes do not check the version that they replace.
    UncheckedWrites,
    /// A leader that cannot renew continues.
    NoRenewDeadline,
}

/// The time of day on a machine.
#[derive(Clone, Copy, Debug)]
enum TimeOfDay {
    /// Wrong by this much.
    Off(SignedDuration),
    /// It does not advance.
    Frozen(Timestamp),
}

#[derive(Debug)]
enum Activity {
    /// It waits until this local time.
    Resting(Duration),
    /// It waits for the reply to the call with this number, which was sent at this local time.
    Calling { call: u64, sent: Duration, stood: Duration },
    /// The process has ended, and restarts at this local time.
    Down(Duration),
}

#[derive(Debug)]
struct Replica {
    candidate: Candidate,
    activity: Activity,
    last: Option<Decision>,
    uptime: Duration,
    /// The rate of its clock.
    rate: f64,
    time_of_day: TimeOfDay,
    /// It does nothing until this true time. Its clock may stand still meanwhile, as in a paused virtual machine.
    frozen: Duration,
    clock_stands: bool,
    /// The total time for which its clock has stood still.
    stood: Duration,
    /// The value of `stood` when the last successful claim was sent.
    stood_at_claim: Duration,
    /// Its calls and replies are lost until this true time.
    partitioned: Duration,
}

#[derive(Clone, Debug)]
enum Message {
    Read,
    Write { replaces: Option<u64>, spec: LeaseSpec },
    Found(Option<(u64, LeaseSpec)>),
    Written(bool),
}

#[derive(Debug)]
struct InFlight {
    arrives: Duration,
    replica: usize,
    call: u64,
    message: Message,
}

#[derive(Debug, Default)]
struct Counts {
    terms: u64,
    conflicts: u64,
    lost: u64,
    leaders_at_once: u64,
    leaderless_when_quiet: u64,
}

struct LeaseModel {
    rng: StdRng,
    mutation: Mutation,
    now: Duration,
    lease: Option<(u64, LeaseSpec)>,
    versions: u64,
    calls: u64,
    processes: u64,
    in_flight: Vec<InFlight>,
    replicas: Vec<Replica>,
    counts: Counts,
}

fn timing() -> Timing {
    Timing::new(LEASE, DEADLINE, Duration::from_secs(2)).unwrap()
}

fn day_one() -> Timestamp {
    Timestamp::from_second(1_750_000_000).unwrap()
}

fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap()
}

impl LeaseModel {
    fn new(seed: u64, mutation: Mutation, counts: Counts) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let replicas = (0..REPLICAS as u64).map(|n| Replica {
            candidate: Candidate::new(format!("process-{n}"), timing()),
            activity: Activity::Resting(Duration::ZERO),
            last: None,
            uptime: Duration::from_secs(rng.random_range(0..1_000_000)),
            rate: rng.random_range(0.98..1.02),
            time_of_day: TimeOfDay::Off(SignedDuration::from_secs(rng.random_range(-1_000_000..1_000_000))),
            frozen: Duration::ZERO,
            clock_stands: false,
            stood: Duration::ZERO,
            stood_at_claim: Duration::ZERO,
            partitioned: Duration::ZERO,
        });
        let replicas = replicas.collect();
        Self {
            rng,
            mutation,
            now: Duration::ZERO,
            lease: None,
            versions: 0,
            calls: 0,
            processes: REPLICAS as u64,
            in_flight: Vec::new(),
            replicas,
            counts,
        }
    }

    fn seconds(&mut self, range: std::ops::Range<f64>) -> Duration {
        Duration::from_secs_f64(self.rng.random_range(range))
    }

    /// Returns the end of a fault that lasts this many seconds. No fault lasts longer than [`FAULTY`].
    fn until(&mut self, seconds: std::ops::Range<f64>) -> Duration {
        (self.now + self.seconds(seconds)).min(FAULTY)
    }

    fn is_faulty(&self) -> bool {
        self.now < FAULTY
    }

    fn run(mut self) -> Counts {
        while self.now < FAULTY + QUIET {
            self.now += TICK;
            if self.is_faulty() {
                self.inject_fault();
            }
            self.deliver();
            for k in 0..REPLICAS {
                self.tick(k);
            }
            self.check();
        }
        self.counts
    }

    fn inject_fault(&mut self) {
        let k = self.rng.random_range(0..REPLICAS);
        match self.rng.random_range(0..2_000) {
            0..8 => {
                let (until, stands) = (self.until(0.1..40.0), self.rng.random_bool(0.5));
                let replica = &mut self.replicas[k];
                (replica.frozen, replica.clock_stands) = (until, stands);
            }
            8..16 => self.replicas[k].partitioned = self.until(0.1..30.0),
            16..20 => self.kill(k),
            20..24 => {
                let off = SignedDuration::from_secs(self.rng.random_range(-1_000_000..1_000_000));
                self.replicas[k].time_of_day = TimeOfDay::Off(off);
            }
            24..28 => self.replicas[k].time_of_day = TimeOfDay::Frozen(self.time_of_day(k)),
            28..30 => {
                // Another client labels the Lease, which changes only its version.
                self.versions += 1;
                if let Some((version, _)) = &mut self.lease {
                    *version = self.versions;
                }
            }
            30..32 => {
                self.versions += 1;
                if let Some((version, lease)) = &mut self.lease {
                    *version = self.versions;
                    lease.holder_identity = Some("another client".into());
                }
            }
            32..34 => {
                // A leader that is asked to stop releases the Lease if it can.
                let found = self.lease.clone().filter(|_| self.frozen(k).is_none());
                let released = self.replicas[k].candidate.released(found.as_ref().map(|(_, lease)| lease), self.time_of_day(k));
                if let Some(released) = released {
                    self.kill(k);
                    self.versions += 1;
                    self.lease = Some((self.versions, released));
                }
            }
            _ => {}
        }
    }

    fn frozen(&self, k: usize) -> Option<&Replica> {
        self.replicas.get(k).filter(|replica| self.now < replica.frozen)
    }

    fn time_of_day(&self, k: usize) -> Timestamp {
        match self.replicas[k].time_of_day {
            TimeOfDay::Off(off) => day_one() + signed(self.now) + off,
            TimeOfDay::Frozen(at) => at,
        }
    }

    fn kill(&mut self, k: usize) {
        let down = self.seconds(1.0..5.0);
        let replica = &mut self.replicas[k];
        replica.candidate = Candidate::new(format!("process-{}", self.processes), timing());
        replica.activity = Activity::Down(replica.uptime + down);
        replica.last = None;
        self.processes += 1;
    }

    /// Sends a message between a replica and the API server. It may arrive late or be lost.
    fn send(&mut self, replica: usize, call: u64, message: Message) {
        let partitioned = self.now < self.replicas[replica].partitioned;
        if self.is_faulty() && (partitioned || self.rng.random_bool(0.02)) {
            return;
        }
        let slow = self.is_faulty() && self.rng.random_bool(0.03);
        let arrives = if slow { self.until(0.2..30.0) } else { self.now + self.seconds(0.0..0.2) };
        self.in_flight.push(InFlight { arrives, replica, call, message });
    }

    fn deliver(&mut self) {
        let now = self.now;
        let (arrived, in_flight) = std::mem::take(&mut self.in_flight).into_iter().partition(|m: &InFlight| m.arrives <= now);
        self.in_flight = in_flight;
        for InFlight { replica, call, message, .. } in arrived {
            match message {
                Message::Read => self.send(replica, call, Message::Found(self.lease.clone())),
                Message::Write { replaces, spec } => {
                    let is_current = replaces == self.lease.as_ref().map(|(version, _)| *version);
                    self.counts.conflicts += u64::from(!is_current);
                    let written = is_current || self.mutation == Mutation::UncheckedWrites;
                    if written {
                        self.versions += 1;
                        self.lease = Some((self.versions, spec));
                    }
                    self.send(replica, call, Message::Written(written));
                }
                reply => self.receive(replica, call, reply),
            }
        }
    }

    /// Handles a reply that arrives at a replica.
    fn receive(&mut self, k: usize, call: u64, reply: Message) {
        // A frozen process receives it when it continues.
        if let Some(replica) = self.frozen(k) {
            let arrives = replica.frozen;
            self.in_flight.push(InFlight { arrives, replica: k, call, message: reply });
            return;
        }
        let time_of_day = self.time_of_day(k);
        let replica = &mut self.replicas[k];
        let now = replica.uptime;
        let Activity::Calling { call: awaited, sent, stood } = replica.activity else { return };
        if awaited != call {
            return;
        }
        let led = replica.candidate.leads(now);
        match reply {
            Message::Found(found) => {
                let lease = found.as_ref().map(|(_, lease)| lease);
                let decision = replica.candidate.decide(lease, now);
                match decision {
                    Decision::Acquire | Decision::Renew => {
                        let spec = replica.candidate.claim(lease, time_of_day);
                        replica.last = Some(decision);
                        self.call(k, Message::Write { replaces: found.map(|(version, _)| version), spec });
                    }
                    Decision::Wait { .. } => self.rest(k, Some(decision)),
                    Decision::Lost(_) => {
                        self.counts.lost += 1;
                        self.kill(k);
                    }
                }
            }
            Message::Written(true) => {
                replica.candidate.claimed(sent, now);
                replica.stood_at_claim = stood;
                self.counts.terms += u64::from(!led && replica.candidate.leads(now));
                let last = replica.last.take();
                self.rest(k, last);
            }
            _ => self.rest(k, None),
        }
    }

    fn call(&mut self, k: usize, message: Message) {
        self.calls += 1;
        self.replicas[k].activity =
            Activity::Calling { call: self.calls, sent: self.replicas[k].uptime, stood: self.replicas[k].stood };
        self.send(k, self.calls, message);
    }

    fn rest(&mut self, k: usize, last: Option<Decision>) {
        let replica = &mut self.replicas[k];
        replica.activity = Activity::Resting(replica.uptime + replica.candidate.rest(last.as_ref(), replica.uptime));
        replica.last = last;
    }

    /// Advances the time of a replica and does what is due, as [`super::Elector`] would.
    fn tick(&mut self, k: usize) {
        let frozen = self.frozen(k).is_some();
        let replica = &mut self.replicas[k];
        if frozen && replica.clock_stands {
            replica.stood += TICK;
        } else {
            replica.uptime += TICK.mul_f64(replica.rate);
        }
        if frozen {
            return;
        }
        let now = replica.uptime;
        let expired = replica.candidate.was_elected() && !replica.candidate.leads(now);
        if expired && self.mutation != Mutation::NoRenewDeadline {
            self.counts.lost += 1;
            return self.kill(k);
        }
        match replica.activity {
            Activity::Resting(until) if now >= until => self.call(k, Message::Read),
            Activity::Calling { sent, .. } if now >= sent + DEADLINE / 2 => self.rest(k, None),
            Activity::Down(until) if now >= until => self.rest(k, None),
            Activity::Resting(_) | Activity::Calling { .. } | Activity::Down(_) => {}
        }
    }

    fn check(&mut self) {
        let leads = |k: &usize| {
            let replica = &self.replicas[*k];
            let leads = match self.mutation {
                Mutation::NoRenewDeadline => replica.candidate.was_elected(),
                Mutation::None | Mutation::UncheckedWrites => replica.candidate.leads(replica.uptime),
            };
            // A process whose clock stood still does not know how long, until it reads the Lease again.
            let unaware = replica.stood - replica.stood_at_claim > MARGIN;
            leads && !unaware && self.frozen(*k).is_none()
        };
        let leaders = (0..REPLICAS).filter(leads).count();
        self.counts.leaders_at_once += u64::from(leaders > 1);
        self.counts.leaderless_when_quiet += u64::from(leaders == 0 && self.now > FAULTY + RECOVERY);
    }
}

/// Runs the model with each seed. Returns the sum of the counts.
fn explore(seeds: std::ops::Range<u64>, mutation: Mutation) -> Counts {
    seeds.fold(Counts::default(), |counts, seed| {
        let counts = LeaseModel::new(seed, mutation, counts).run();
        if mutation == Mutation::None {
            assert_eq!(counts.leaders_at_once, 0, "seed {seed}: two replicas led at once: {counts:?}");
            assert_eq!(counts.leaderless_when_quiet, 0, "seed {seed}: no replica led: {counts:?}");
        }
        counts
    })
}

/// `LEASE_SEEDS=100000` runs more seeds.
#[test]
fn at_most_one_replica_leads_and_one_does_without_faults() {
    let seeds = std::env::var("LEASE_SEEDS").map_or(150, |seeds| seeds.parse().unwrap());
    let counts = explore(0..seeds, Mutation::None);
    assert!(counts.terms > seeds * 3 && counts.conflicts > 0 && counts.lost > seeds, "too few faults: {counts:?}");
}

#[test]
fn each_safeguard_is_needed() {
    for mutation in [Mutation::UncheckedWrites, Mutation::NoRenewDeadline] {
        assert!(explore(0..40, mutation).leaders_at_once > 0, "{mutation:?}");
    }
}
