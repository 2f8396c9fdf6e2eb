//! Many callers, one bucket and AWS behind it, on a clock of its own: hours of waiting in a moment.
//!
//! Callers come back late, as requeued passes do; calls and answers take their time; AWS keeps a bucket of its own, of which
//! another tool may take its part.

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
    Asks(usize),
    Arrives { who: usize, sent: Time },
    Answered { who: usize, sent: Time, throttled: bool },
    AnotherTool,
}

struct Simulated {
    caller: Caller,
    came: Time,
    asked: u32,
    sent: Option<Time>,
}

/// AWS' bucket.
struct Aws {
    tokens: f64,
    filled: Time,
    throttles: u32,
}

impl Aws {
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

/// Numbers that look random and are the same in each run.
struct Chance(u64);

impl Chance {
    fn within(&mut self, range: Range<Time>) -> Time {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        range.start + (self.0 >> 33) % (range.end - range.start)
    }
}

struct World {
    start: Instant,
    now: Time,
    events: BinaryHeap<Reverse<(Time, u64, Event)>>,
    scheduled: u64,
    chance: Chance,
    callers: Vec<Simulated>,
    bucket: Bucket,
    aws: Aws,
    /// When calls were sent.
    sends: Vec<Time>,
    /// Throttles that we were answered.
    throttles: Vec<Time>,
    /// How late callers come back.
    late: Range<Time>,
    /// Callers that never come back.
    gone: fn(usize) -> bool,
    /// Until when another tool takes half of the quota.
    other_until: Time,
}

impl World {
    fn new() -> Self {
        let start = Instant::now();
        Self {
            start,
            now: 0,
            events: BinaryHeap::new(),
            scheduled: 0,
            chance: Chance(42),
            callers: Vec::new(),
            bucket: Bucket::new(QUOTA, start),
            aws: Aws { tokens: QUOTA.burst, filled: 0, throttles: 0 },
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

    fn comes(&mut self, time: Time, group: &str, priority: Priority) -> usize {
        let who = self.callers.len();
        let caller = Caller::new(format!("00000000-0000-4000-8000-{who:012}"), priority).in_group(group);
        self.callers.push(Simulated { caller, came: time, asked: 0, sent: None });
        self.at(time, Event::Asks(who));
        who
    }

    fn come(&mut self, many: usize, within: Range<Time>, group: &str, priority: Priority) -> Range<usize> {
        let first = self.callers.len();
        for _ in 0..many {
            let time = self.chance.within(within.clone());
            self.comes(time, group, priority);
        }
        first..self.callers.len()
    }

    /// Lets time pass until all who come were served.
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
            self.happens(event);
        }
    }

    fn happens(&mut self, event: Event) {
        let (now, instant) = (self.now, self.start + Duration::from_micros(self.now));
        let travel = self.chance.within(ms(10)..ms(60));
        match event {
            Event::Asks(who) => {
                let caller = &mut self.callers[who];
                caller.asked += 1;
                match self.bucket.take(&caller.caller, instant) {
                    Ok(_) => {
                        caller.sent = Some(now);
                        self.sends.push(now);
                        self.bucket.sent();
                        self.at(now + travel, Event::Arrives { who, sent: now });
                    }
                    Err(deferral) => self.asks_again(who, deferral.after),
                }
            }
            Event::Arrives { who, sent } => {
                let throttled = !self.aws.take(now);
                self.at(now + travel, Event::Answered { who, sent, throttled });
            }
            Event::Answered { who, sent, throttled } => {
                self.bucket.answered(instant);
                if throttled {
                    self.throttles.push(now);
                    let sent = self.start + Duration::from_micros(sent);
                    let deferral = self.bucket.throttled(&self.callers[who].caller, sent, instant);
                    self.asks_again(who, deferral.after);
                }
            }
            Event::AnotherTool => {
                self.aws.take(now);
                if now < self.other_until {
                    let pause = self.chance.within(ms(500)..ms(1500));
                    self.at(now + pause, Event::AnotherTool);
                }
            }
        }
    }

    fn asks_again(&mut self, who: usize, after: Duration) {
        if !(self.gone)(who) {
            let late = self.chance.within(self.late.clone());
            let after = Time::try_from(after.as_micros()).unwrap() + 1 + late;
            self.at(self.now + after, Event::Asks(who));
        }
    }

    /// Calls that were sent in this time, as a part of the tokens that there were.
    fn used(&self, within: Range<Time>) -> f64 {
        let sent = self.sends.iter().filter(|at| within.contains(at)).count();
        f64::from(u32::try_from(sent).unwrap()) / (Duration::from_micros(within.end - within.start).as_secs_f64() * QUOTA.rate)
    }

    fn end(&self) -> Time {
        *self.sends.last().unwrap()
    }

    /// How long these waited, the shortest first.
    fn waits(&self, callers: impl Iterator<Item = usize>) -> Vec<Time> {
        let mut waits: Vec<Time> = callers.map(|who| self.callers[who].sent.unwrap() - self.callers[who].came).collect();
        waits.sort_unstable();
        waits
    }

    fn asked_per_call(&self) -> f64 {
        let asked: u32 = self.callers.iter().map(|caller| caller.asked).sum();
        f64::from(asked) / f64::from(u32::try_from(self.sends.len()).unwrap())
    }
}

#[test]
fn a_thousand_creates_use_the_whole_bucket_and_are_never_throttled() {
    let mut world = World::new();
    world.come(1000, 0..s(10), "sales", Priority::Backlog);
    world.run();
    println!(
        "1,000 creates: {:.2} % of the bucket after the first burst, {} throttles, asked {:.2} times each, {} s",
        world.used(s(5)..world.end()) * 100.0,
        world.aws.throttles,
        world.asked_per_call(),
        world.end() / s(1)
    );
    assert_eq!((world.sends.len(), world.aws.throttles), (1000, 0));
    assert!(world.used(0..world.end()) >= 0.98, "{}", world.used(0..world.end()));
    assert!(world.used(s(5)..world.end()) >= 0.98, "{}", world.used(s(5)..world.end()));
    assert!(world.asked_per_call() < 5.0, "{}", world.asked_per_call());
}

#[test]
fn an_edit_is_called_within_a_second_while_ten_thousand_creates_wait_and_a_sweep_runs() {
    let mut world = World::new();
    let creates = world.come(10_000, 0..s(30), "sales", Priority::Backlog);
    let sweeps = world.come(1000, 0..s(30), "", Priority::Sweep);
    let edits = world.come(1000, s(60)..s(5000), "support", Priority::Edit);
    world.run();
    let waits = world.waits(edits);
    let last_create = creates.map(|who| world.callers[who].sent).max().unwrap();
    let sweeps_meanwhile = sweeps.filter(|who| world.callers[*who].sent < last_create).count();
    println!(
        "1,000 edits among 10,000 creates and 1,000 sweeps: p50 {} ms, p99 {} ms, longest {} ms; {sweeps_meanwhile} sweeps meanwhile; asked {:.2} times each; {:.2} % used; {} throttles",
        waits[500] / ms(1),
        waits[990] / ms(1),
        waits[999] / ms(1),
        world.asked_per_call(),
        world.used(0..world.end()) * 100.0,
        world.aws.throttles,
    );
    assert!(waits[990] <= s(1), "{} ms", waits[990] / ms(1));
    // One in 17.
    assert!(sweeps_meanwhile >= 10_000 / 18, "{sweeps_meanwhile}");
    assert_eq!(world.aws.throttles, 0);
    assert!(world.used(0..world.end()) >= 0.98);
}

#[test]
fn five_thousand_creates_of_one_namespace_do_not_hold_up_three_of_another() {
    let mut world = World::new();
    let flood = world.come(5000, 0..s(20), "flood", Priority::Backlog);
    let few = world.come(3, s(60)..s(61), "few", Priority::Backlog);
    world.run();
    assert!(world.waits(few)[2] <= s(4));
    // Within the namespace, who came first was first: nobody waited for longer than the line.
    assert!(*world.waits(flood).last().unwrap() <= s(2510));
}

#[test]
fn a_storm_by_another_tool_brings_few_throttles_and_passes_without_a_trace() {
    let mut world = World::new();
    world.other_until = s(1200);
    world.at(s(10), Event::AnotherTool);
    world.come(4000, 0..s(10), "sales", Priority::Backlog);
    world.run();
    let during = s(60)..s(1200);
    let throttles = world.throttles.iter().filter(|at| during.contains(at)).count();
    let calls = world.sends.iter().filter(|at| during.contains(at)).count();
    let done = (calls - throttles) as f64 / calls as f64 * world.used(during);
    println!(
        "another tool takes half for 20 minutes: {:.1} % of the quota reached, {throttles} of {calls} calls throttled ({} of both); then {:.1} %; asked {:.2} times each",
        done * 100.0,
        world.aws.throttles,
        world.used(s(1320)..world.end()) * 100.0,
        world.asked_per_call(),
    );
    assert!((0.45..0.55).contains(&done), "what is left of the quota: {done}");
    assert!(throttles * 25 < calls, "{throttles} of {calls}");
    assert!(world.used(s(1320)..world.end()) >= 0.98);
    assert!(world.throttles.iter().all(|at| *at < s(1320)));
}

#[test]
fn what_those_leave_who_never_come_back_is_not_lost() {
    let mut world = World::new();
    world.gone = |who| who % 2 == 0;
    world.come(2000, 0..s(10), "sales", Priority::Backlog);
    world.run();
    assert!(world.callers.iter().enumerate().all(|(who, caller)| (world.gone)(who) || caller.sent.is_some()));
    println!("half of 2,000 never come back: the rest takes {} s", world.end() / s(1));
    // Each thinks, when it comes, that the others still do: it comes at three quarters of the time.
    assert!(world.end() <= s(900), "{} s", world.end() / s(1));
    assert_eq!(world.aws.throttles, 0);
}

#[test]
fn an_operator_that_is_slow_for_a_while_serves_those_it_made_late_first() {
    let mut world = World::new();
    world.late = 0..s(20);
    for n in 0..500 {
        world.comes(ms(n), "sales", Priority::Backlog);
    }
    world.run_until(s(60));
    world.late = 0..ms(200);
    world.run();
    let first = *world.waits(0..100).last().unwrap();
    println!(
        "500 creates, the operator up to 20 s late for a minute: the first 100 after {} s, all after {} s",
        first / s(1),
        world.end() / s(1)
    );
    assert!(first <= s(90), "{} s", first / s(1));
    assert!(world.end() <= s(280), "{} s", world.end() / s(1));
    assert_eq!(world.aws.throttles, 0);
}

#[test]
fn a_hundred_thousand_callers_stand_in_line_at_once() {
    let mut world = World::new();
    let began = Instant::now();
    for namespace in 0..100 {
        world.come(1000, 0..s(100), &namespace.to_string(), Priority::Backlog);
    }
    world.run_until(s(600));
    // A walk along the line for each of these would take minutes.
    let asked: u32 = world.callers.iter().map(|caller| caller.asked).sum();
    println!("100,000 callers, ten minutes: asked {asked} times in {:?} of real time", began.elapsed());
    assert!(world.used(0..s(600)) >= 0.98);
    assert_eq!(world.aws.throttles, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever comes when: all are served, AWS never throttles, and no time sees more calls than the bucket gives.
    #[test]
    fn no_window_of_time_sees_more_calls_than_the_bucket_gives(
        callers in prop::collection::vec((0..s(60), 0_u8..3, 0_usize..4), 1..120),
        seed in any::<u64>(),
        latest in ms(1)..s(5),
    ) {
        let mut world = World::new();
        (world.chance, world.late) = (Chance(seed), 0..latest);
        for (time, group, class) in &callers {
            let priority = [Priority::Edit, Priority::Backlog, Priority::Repair, Priority::Sweep][*class];
            world.comes(*time, &group.to_string(), priority);
        }
        world.run();
        prop_assert_eq!(world.sends.len(), callers.len());
        prop_assert_eq!(world.aws.throttles, 0);
        for (first, from) in world.sends.iter().enumerate() {
            for (last, to) in world.sends.iter().enumerate().skip(first) {
                let allowed = QUOTA.burst + QUOTA.rate * Duration::from_micros(to - from).as_secs_f64() + 1e-3;
                prop_assert!(f64::from(u32::try_from(last - first + 1).unwrap()) <= allowed);
            }
        }
    }
}
