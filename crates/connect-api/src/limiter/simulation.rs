//! A simulation of many callers, one bucket and AWS, on a virtual clock: it covers hours of waiting in a moment.
//!
//! Callers come back late, as requeued passes do. Calls and answers take time to travel. AWS has its own bucket, which another
//! tool may use too.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    ops::Range,
    time::{Duration, Instant},
};

use proptest::prelude::*;

use super::{Quota, bucket::Bucket};
use crate::{Caller, Priority};

/// Microseconds since the start.
type Time = u64;

const fn ms(milliseconds: u64) -> Time {
    milliseconds * 1_000
}

const fn s(seconds: u64) -> Time {
    seconds * 1_000_000
}

const QUOTA: Quota = Quota { rate: 2.0, burst: 5.0 };

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ask(usize),
    Arrive { caller: usize, sent: Time },
    Answer { caller: usize, sent: Time, throttled: bool },
    OtherTool,
}

struct SimulatedCaller {
    caller: Caller,
    joined: Time,
    asked: u32,
    sent: Option<Time>,
}

/// AWS' bucket.
struct AwsBucket {
    tokens: f64,
    filled: Time,
    throttles: u32,
}

impl AwsBucket {
    fn take(&mut self, now: Time) -> bool {
        let elapsed = Duration::from_micros(now - self.filled).as_secs_f64();
        (self.tokens, self.filled) = ((self.tokens + elapsed * QUOTA.rate).min(QUOTA.burst), now);
        let passes = self.tokens >= 1.0 - 1e-6;
        if passes {
            self.tokens -= 1.0
        } else {
            self.throttles += 1
        }
        passes
    }
}

/// A seeded generator, so that each run has the same numbers.
struct Rng(u64);

impl Rng {
    fn within(&mut self, range: Range<Time>) -> Time {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        range.start + (self.0 >> 33) % (range.end - range.start)
    }
}

struct Simulation {
    start: Instant,
    now: Time,
    events: BinaryHeap<Reverse<(Time, u64, Event)>>,
    scheduled: u64,
    rng: Rng,
    callers: Vec<SimulatedCaller>,
    bucket: Bucket,
    aws: AwsBucket,
    /// When each call was sent.
    sends: Vec<Time>,
    /// When each throttle was received.
    throttles: Vec<Time>,
    /// How late callers come back.
    late: Range<Time>,
    /// Callers that never come back.
    gone: fn(usize) -> bool,
    /// When another tool stops taking half of the quota.
    other_until: Time,
}

impl Simulation {
    fn new() -> Self {
        let start = Instant::now();
        Self {
            start,
            now: 0,
            events: BinaryHeap::new(),
            scheduled: 0,
            rng: Rng(42),
            callers: Vec::new(),
            bucket: Bucket::new(QUOTA, start),
            aws: AwsBucket { tokens: QUOTA.burst, filled: 0, throttles: 0 },
            sends: Vec::new(),
            throttles: Vec::new(),
            late: 0..ms(200),
            gone: |_| false,
            other_until: 0,
        }
    }

    fn at(&mut self, time: Time, event: Event) {
        self.scheduled += 1;
        self.events.push(Reverse((time, self.scheduled, event)));
    }

    fn add_caller(&mut self, time: Time, group: &str, priority: Priority) -> usize {
        let index = self.callers.len();
        let caller = Caller::new(format!("00000000-0000-4000-8000-{index:012}"), priority).in_group(group);
        self.callers.push(SimulatedCaller { caller, joined: time, asked: 0, sent: None });
        self.at(time, Event::Ask(index));
        index
    }

    fn add_callers(&mut self, many: usize, within: Range<Time>, group: &str, priority: Priority) -> Range<usize> {
        let first = self.callers.len();
        for _ in 0..many {
            let time = self.rng.within(within.clone());
            self.add_caller(time, group, priority);
        }
        first..self.callers.len()
    }

    /// Runs until no event is left.
    fn run(&mut self) {
        self.run_until(Time::MAX);
    }

    fn run_until(&mut self, end: Time) {
        while let Some(Reverse((time, _, event))) = self.events.pop() {
            if time > end {
                self.at(time, event);
                return;
            }
            self.now = time;
            self.handle(event);
        }
    }

    fn handle(&mut self, event: Event) {
        let (now, instant) = (self.now, self.start + Duration::from_micros(self.now));
        let travel = self.rng.within(ms(10)..ms(60));
        match event {
            Event::Ask(caller) => {
                let simulated = &mut self.callers[caller];
                simulated.asked += 1;
                match self.bucket.take(&simulated.caller, instant) {
                    Ok(_) => {
                        simulated.sent = Some(now);
                        self.sends.push(now);
                        self.bucket.sent();
                        self.at(now + travel, Event::Arrive { caller, sent: now });
                    }
                    Err(deferral) => self.ask_again(caller, deferral.after),
                }
            }
            Event::Arrive { caller, sent } => {
                let throttled = !self.aws.take(now);
                self.at(now + travel, Event::Answer { caller, sent, throttled });
            }
            Event::Answer { caller, sent, throttled } => {
                self.bucket.answered(instant);
                if throttled {
                    self.throttles.push(now);
                    let sent = self.start + Duration::from_micros(sent);
                    let deferral = self.bucket.throttled(&self.callers[caller].caller, sent, instant);
                    self.ask_again(caller, deferral.after);
                }
            }
            Event::OtherTool => {
                self.aws.take(now);
                if now < self.other_until {
                    let pause = self.rng.within(ms(500)..ms(1500));
                    self.at(now + pause, Event::OtherTool);
                }
            }
        }
    }

    fn ask_again(&mut self, caller: usize, after: Duration) {
        if !(self.gone)(caller) {
            let late = self.rng.within(self.late.clone());
            let after = Time::try_from(after.as_micros()).unwrap() + 1 + late;
            self.at(self.now + after, Event::Ask(caller));
        }
    }

    /// Returns the share of this time's tokens that calls used.
    fn used(&self, within: Range<Time>) -> f64 {
        let sent = self.sends.iter().filter(|at| within.contains(at)).count();
        f64::from(u32::try_from(sent).unwrap()) / (Duration::from_micros(within.end - within.start).as_secs_f64() * QUOTA.rate)
    }

    fn end(&self) -> Time {
        *self.sends.last().unwrap()
    }

    /// Returns how long these callers waited, in ascending order.
    fn waits(&self, callers: impl Iterator<Item = usize>) -> Vec<Time> {
        let mut waits: Vec<Time> =
            callers.map(|caller| self.callers[caller].sent.unwrap() - self.callers[caller].joined).collect();
        waits.sort_unstable();
        waits
    }

    fn asked_per_call(&self) -> f64 {
        let asked: u32 = self.callers.iter().map(|caller| caller.asked).sum();
        f64::from(asked) / f64::from(u32::try_from(self.sends.len()).unwrap())
    }
}

#[test]
fn a_thousand_creates_use_all_tokens_without_a_throttle() {
    let mut sim = Simulation::new();
    sim.add_callers(1000, 0..s(10), "sales", Priority::Backlog);
    sim.run();
    assert_eq!((sim.sends.len(), sim.aws.throttles), (1000, 0));
    assert!(sim.used(0..sim.end()) >= 0.98, "{}", sim.used(0..sim.end()));
    assert!(sim.used(s(5)..sim.end()) >= 0.98, "{}", sim.used(s(5)..sim.end()));
    assert!(sim.asked_per_call() < 5.0, "{}", sim.asked_per_call());
}

#[test]
fn edits_take_a_second_beside_a_long_backlog_and_a_sweep() {
    let mut sim = Simulation::new();
    let creates = sim.add_callers(10_000, 0..s(30), "sales", Priority::Backlog);
    let sweeps = sim.add_callers(1000, 0..s(30), "", Priority::Sweep);
    let edits = sim.add_callers(1000, s(60)..s(5000), "support", Priority::Edit);
    sim.run();
    let waits = sim.waits(edits);
    let last_create = creates.map(|caller| sim.callers[caller].sent).max().unwrap();
    let sweeps_meanwhile = sweeps.filter(|caller| sim.callers[*caller].sent < last_create).count();
    assert!(waits[990] <= s(1), "{} ms", waits[990] / ms(1));
    // One in 17.
    assert!(sweeps_meanwhile >= 10_000 / 18, "{sweeps_meanwhile}");
    assert_eq!(sim.aws.throttles, 0);
    assert!(sim.used(0..sim.end()) >= 0.98);
}

#[test]
fn a_flood_in_one_namespace_does_not_hold_up_another() {
    let mut sim = Simulation::new();
    let flood = sim.add_callers(5000, 0..s(20), "flood", Priority::Backlog);
    let few = sim.add_callers(3, s(60)..s(61), "few", Priority::Backlog);
    sim.run();
    assert!(sim.waits(few)[2] <= s(4));
    // Within the namespace the order of arrival held: no caller waited for longer than the whole queue takes.
    assert!(*sim.waits(flood).last().unwrap() <= s(2510));
}

#[test]
fn another_tools_storm_causes_few_throttles_and_no_aftermath() {
    let mut sim = Simulation::new();
    sim.other_until = s(1200);
    sim.at(s(10), Event::OtherTool);
    sim.add_callers(4000, 0..s(10), "sales", Priority::Backlog);
    sim.run();
    let during = s(60)..s(1200);
    let throttles = sim.throttles.iter().filter(|at| during.contains(at)).count();
    let calls = sim.sends.iter().filter(|at| during.contains(at)).count();
    let done = (calls - throttles) as f64 / calls as f64 * sim.used(during);
    assert!((0.45..0.55).contains(&done), "the rest of the quota: {done}");
    assert!(throttles * 25 < calls, "{throttles} of {calls}");
    assert!(sim.used(s(1320)..sim.end()) >= 0.98);
    assert!(sim.throttles.iter().all(|at| *at < s(1320)));
}

#[test]
fn tokens_of_callers_that_never_return_are_not_lost() {
    let mut sim = Simulation::new();
    sim.gone = |caller| caller % 2 == 0;
    sim.add_callers(2000, 0..s(10), "sales", Priority::Backlog);
    sim.run();
    assert!(sim.callers.iter().enumerate().all(|(index, caller)| (sim.gone)(index) || caller.sent.is_some()));
    // Each caller expects that the others come too, and so comes back after three quarters of its estimate.
    assert!(sim.end() <= s(900), "{} s", sim.end() / s(1));
    assert_eq!(sim.aws.throttles, 0);
}

#[test]
fn after_a_slow_phase_the_callers_made_late_go_first() {
    let mut sim = Simulation::new();
    sim.late = 0..s(20);
    for n in 0..500 {
        sim.add_caller(ms(n), "sales", Priority::Backlog);
    }
    sim.run_until(s(60));
    sim.late = 0..ms(200);
    sim.run();
    let first = *sim.waits(0..100).last().unwrap();
    assert!(first <= s(90), "{} s", first / s(1));
    assert!(sim.end() <= s(280), "{} s", sim.end() / s(1));
    assert_eq!(sim.aws.throttles, 0);
}

#[test]
fn a_hundred_thousand_callers_are_queued_at_once() {
    let mut sim = Simulation::new();
    for namespace in 0..100 {
        sim.add_callers(1000, 0..s(100), &namespace.to_string(), Priority::Backlog);
    }
    // Walking the queue for each time that a caller asks would take minutes.
    sim.run_until(s(600));
    assert!(sim.used(0..s(600)) >= 0.98);
    assert_eq!(sim.aws.throttles, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// For any arrivals: all callers are served, AWS never throttles, and no interval has more calls than the bucket allows.
    #[test]
    fn no_interval_has_more_calls_than_the_bucket_allows(
        callers in prop::collection::vec((0..s(60), 0_u8..3, prop::sample::select(Priority::ALL.to_vec())), 1..120),
        seed in any::<u64>(),
        latest in ms(1)..s(5),
    ) {
        let mut sim = Simulation::new();
        (sim.rng, sim.late) = (Rng(seed), 0..latest);
        for (time, group, priority) in &callers {
            sim.add_caller(*time, &group.to_string(), *priority);
        }
        sim.run();
        prop_assert_eq!(sim.sends.len(), callers.len());
        prop_assert_eq!(sim.aws.throttles, 0);
        for (first, from) in sim.sends.iter().enumerate() {
            for (last, to) in sim.sends.iter().enumerate().skip(first) {
                let allowed = QUOTA.burst + QUOTA.rate * Duration::from_micros(to - from).as_secs_f64() + 1e-3;
                prop_assert!(f64::from(u32::try_from(last - first + 1).unwrap()) <= allowed);
            }
        }
    }
}
