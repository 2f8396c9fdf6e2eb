//! The callers that wait for one operation, and the order in which they are served.
//!
//! Between classes ([`Priority`]): stride scheduling. Each class has a pass, which every token advances by the class' stride. The
//! next token goes to the class whose pass would be lowest afterwards. So an edit goes before a backlog that has waited for an
//! hour, and sweeps still get tokens, only seldom. A class that had no callers resumes at the lowest pass of the others: it gains
//! nothing from the time in which it was empty.
//!
//! Between groups (namespaces) of a class: rounds. A caller gets the round after its group's last one, at the earliest the next
//! round. Within a round, callers are served in order of arrival. So a later caller overtakes only callers whose group has more
//! waiting, and by at most one caller for each round: every caller is served in the end, and thousands of callers in one
//! namespace do not hold up three in another.
//!
//! Both orders can be counted, so the number of callers ahead of one is known without walking the queue: the positions of a class
//! are sorted, and counting takes time logarithmic in their number. A caller that joins or leaves moves the positions on the
//! shorter side of its own, 16 bytes each. Most join near the end or leave near the front, and a move in the middle of 100,000
//! takes some 15 µs.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{Caller, Priority};

/// How far a token advances a class' pass. While callers of all classes wait, edits get 86 % of the tokens, the backlog 11 %,
/// repairs 2.7 % and sweeps 0.7 % (at AWS' 2 a second, one in 75 seconds). A backlog leaves one token in 17 to a sweep.
const STRIDES: [u64; 4] = [1, 8, 32, 128];

/// A caller that is later than this for its turn no longer counts as waiting. Requeued passes come back within some tenths of a
/// second, and the bucket holds the tokens that flow in until then.
const LATE: Duration = Duration::from_secs(1);
/// How long a late caller keeps its position. A busy operator makes many callers late, and none of them should start again at the
/// end.
const POSITION_KEPT: Duration = Duration::from_secs(5 * 60);

/// A position in a class: the round, then the order of arrival.
type Position = (u64, u64);

/// The callers of one class.
#[derive(Debug, Default)]
struct ClassQueue {
    /// Sorted.
    waiting: VecDeque<Position>,
    pass: u64,
    /// The last round that was served in order.
    round: u64,
    groups: HashMap<Arc<str>, Group>,
}

impl ClassQueue {
    /// Returns how many callers of the class come before this position.
    fn before(&self, position: Position) -> usize {
        self.waiting.partition_point(|other| *other < position)
    }
}

/// One group's share of a class. It is dropped when its last caller leaves, since it has no credit to keep then.
#[derive(Debug, Default)]
struct Group {
    last_round: u64,
    waiting: usize,
}

#[derive(Clone, Debug)]
struct Waiter {
    key: Arc<str>,
    priority: Priority,
    group: Arc<str>,
    position: Position,
    state: WaiterState,
    /// When the caller first asked to make this call.
    since: Instant,
}

#[derive(Clone, Copy, Debug)]
enum WaiterState {
    /// The caller is here and has no time to come back at yet.
    Asking,
    /// The caller's turn is expected at this time.
    Scheduled(Instant),
    /// The caller did not come for its turn. Since this time it no longer counts as waiting, but it keeps its position.
    Missed(Instant),
}

/// Callers by time, and by arrival where times are equal.
type Schedule = BTreeMap<(Instant, u64), Arc<str>>;

#[derive(Debug, Default)]
pub(super) struct Queue {
    classes: [ClassQueue; 4],
    waiters: HashMap<Arc<str>, Waiter>,
    turns: Schedule,
    missed: Schedule,
    arrivals: u64,
}

impl Queue {
    /// Returns how many callers wait.
    pub(super) fn len(&self) -> usize {
        self.classes.iter().map(|class| class.waiting.len()).sum()
    }

    /// Adds a caller. One that is queued already keeps its position, unless it now calls for a more urgent reason.
    pub(super) fn join(&mut self, caller: &Caller, now: Instant) {
        match self.waiters.get(caller.key.as_str()).cloned() {
            Some(waiter) if waiter.priority <= caller.priority => {
                if let WaiterState::Missed(_) = waiter.state {
                    self.set_state(&caller.key, WaiterState::Asking);
                    self.count(&waiter);
                }
            }
            Some(Waiter { since, .. }) => {
                self.remove(&caller.key);
                self.add(caller, None, since);
            }
            None => self.add(caller, None, now),
        }
    }

    /// Adds a caller at the front of its class: it was served, and its call was throttled.
    pub(super) fn join_front(&mut self, caller: &Caller, now: Instant) {
        self.remove(&caller.key);
        self.add(caller, Some(self.classes[caller.priority as usize].round), now);
    }

    /// Returns how many callers will be served before this one if no other caller joins.
    pub(super) fn ahead(&self, key: &str) -> usize {
        let Some(waiter) = self.waiters.get(key) else { return self.len() };
        let class = waiter.priority as usize;
        let before = self.classes[class].before(waiter.position);
        // The class' pass after this caller was served.
        let pass = self.classes[class].pass + (before as u64 + 1) * STRIDES[class];
        let mut ahead = before;
        for (other, queue) in self.classes.iter().enumerate().filter(|(other, _)| *other != class) {
            // On equal passes the more urgent class goes first.
            let until = if other < class { pass + 1 } else { pass };
            let served = until.saturating_sub(queue.pass + STRIDES[other]).div_ceil(STRIDES[other]);
            ahead += queue.waiting.len().min(usize::try_from(served).unwrap_or(usize::MAX));
        }
        ahead
    }

    /// Returns how many other callers are scheduled until then and not late, counting up to `most`.
    pub(super) fn expected(&self, by: Instant, key: &str, most: usize) -> usize {
        self.turns.range(..=(by, u64::MAX)).filter(|(_, other)| &***other != key).take(most).count()
    }

    /// Records when a caller's turn is expected.
    pub(super) fn schedule(&mut self, key: &str, turn: Instant) {
        self.set_state(key, WaiterState::Scheduled(turn));
    }

    /// Takes out a caller whose turn it is. Returns since when it waited, or None if it was not queued.
    pub(super) fn serve(&mut self, key: &str) -> Option<Instant> {
        let waiter = self.waiters.get(key)?;
        let (class, since) = (waiter.priority as usize, waiter.since);
        let queue = &mut self.classes[class];
        queue.pass += STRIDES[class];
        // A caller that is served early, because the callers ahead of it did not come, leaves the round as it is. If the round
        // advanced past all that wait, the next caller of another group would be queued behind them.
        if queue.before(waiter.position) == 0 {
            queue.round = queue.round.max(waiter.position.0);
        }
        self.remove(key);
        Some(since)
    }

    /// Stops counting the callers that missed their turn, and drops those that stayed away for long.
    pub(super) fn drop_late(&mut self, now: Instant) {
        while let Some(((turn, _), key)) = self.turns.first_key_value()
            && now.saturating_duration_since(*turn) > LATE
        {
            let key = key.clone();
            self.set_state(&key, WaiterState::Missed(now));
            if let Some(waiter) = self.waiters.get(&key).cloned() {
                self.stop_counting(&waiter);
            }
        }
        while let Some(((since, _), key)) = self.missed.first_key_value()
            && now.saturating_duration_since(*since) > POSITION_KEPT
        {
            let key = key.clone();
            self.remove(&key);
        }
    }

    fn add(&mut self, caller: &Caller, round: Option<u64>, since: Instant) {
        self.arrivals += 1;
        let queue = &self.classes[caller.priority as usize];
        let (group, last_round) = match queue.groups.get_key_value(caller.group.as_str()) {
            Some((group, Group { last_round, .. })) => (group.clone(), *last_round),
            None => (caller.group.as_str().into(), 0),
        };
        let round = round.unwrap_or_else(|| queue.round.max(last_round) + 1);
        let position = (round, self.arrivals);
        let key = Arc::from(caller.key.as_str());
        let waiter = Waiter { key, priority: caller.priority, group, position, state: WaiterState::Asking, since };
        self.count(&waiter);
        self.waiters.insert(waiter.key.clone(), waiter);
    }

    /// Removes a caller that no longer waits.
    pub(super) fn remove(&mut self, key: &str) {
        let Some(waiter) = self.waiters.get(key).cloned() else { return };
        self.set_state(key, WaiterState::Asking);
        if !matches!(waiter.state, WaiterState::Missed(_)) {
            self.stop_counting(&waiter);
        }
        self.waiters.remove(key);
    }

    fn count(&mut self, waiter: &Waiter) {
        let class = waiter.priority as usize;
        if self.classes[class].waiting.is_empty() {
            let others = self.classes.iter().filter(|queue| !queue.waiting.is_empty()).map(|queue| queue.pass);
            if let Some(pass) = others.min() {
                self.classes[class].pass = self.classes[class].pass.max(pass);
            }
        }
        let queue = &mut self.classes[class];
        queue.waiting.insert(queue.before(waiter.position), waiter.position);
        let group = queue.groups.entry(waiter.group.clone()).or_default();
        group.last_round = group.last_round.max(waiter.position.0);
        group.waiting += 1;
    }

    fn stop_counting(&mut self, waiter: &Waiter) {
        let queue = &mut self.classes[waiter.priority as usize];
        if let Ok(index) = queue.waiting.binary_search(&waiter.position) {
            queue.waiting.remove(index);
        }
        if let Some(group) = queue.groups.get_mut(&waiter.group) {
            group.waiting -= 1;
            if group.waiting == 0 {
                queue.groups.remove(&waiter.group);
            }
        }
        // In an empty queue no class is ahead of another: tokens that a class took while the bucket was idle do not count.
        if self.len() == 0 {
            self.classes.iter_mut().for_each(|queue| queue.pass = 0);
        }
    }

    /// Keeps both schedules in step with the caller's state.
    fn set_state(&mut self, key: &str, state: WaiterState) {
        let Some(waiter) = self.waiters.get_mut(key) else { return };
        let arrival = waiter.position.1;
        match std::mem::replace(&mut waiter.state, state) {
            WaiterState::Asking => {}
            WaiterState::Scheduled(at) => _ = self.turns.remove(&(at, arrival)),
            WaiterState::Missed(at) => _ = self.missed.remove(&(at, arrival)),
        }
        match state {
            WaiterState::Asking => {}
            WaiterState::Scheduled(at) => _ = self.turns.insert((at, arrival), waiter.key.clone()),
            WaiterState::Missed(at) => _ = self.missed.insert((at, arrival), waiter.key.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn caller(key: &str, group: &str, priority: Priority) -> Caller {
        Caller::new(key, priority).in_group(group)
    }

    fn joined<const N: usize>(callers: [(&str, &str, Priority); N]) -> Queue {
        let mut queue = Queue::default();
        for (key, group, priority) in callers {
            queue.join(&caller(key, group, priority), Instant::now());
        }
        queue
    }

    /// Adds callers whose keys are this prefix and a number from 0.
    fn join_many(queue: &mut Queue, prefix: &str, many: usize, group: &str, priority: Priority) {
        for n in 0..many {
            queue.join(&caller(&format!("{prefix}{n}"), group, priority), Instant::now());
        }
    }

    /// Serves all callers and returns their keys in order.
    fn served(queue: &mut Queue) -> Vec<String> {
        let mut order = Vec::new();
        while let Some(key) = queue.waiters.keys().find(|key| queue.ahead(key) == 0).cloned() {
            queue.serve(&key);
            order.push(key.to_string());
        }
        order
    }

    #[test]
    fn an_early_caller_does_not_send_other_groups_to_the_end() {
        let mut queue = Queue::default();
        join_many(&mut queue, "a", 100, "a", Priority::Backlog);
        // The callers ahead of it did not come for this token.
        queue.serve("a90");
        queue.join(&caller("b", "b", Priority::Backlog), Instant::now());
        assert!(queue.ahead("b") <= 1, "{} are ahead", queue.ahead("b"));
    }

    #[test]
    fn groups_alternate_and_each_group_is_in_order_of_arrival() {
        let mut queue = joined(["a1", "a2", "a3", "b1", "b2"].map(|key| (key, &key[..1], Priority::Backlog)));
        assert_eq!(served(&mut queue), ["a1", "b1", "a2", "b2", "a3"]);
    }

    #[test]
    fn a_caller_that_returns_at_once_does_not_hold_up_other_groups() {
        let mut queue = Queue::default();
        join_many(&mut queue, "a", 10, "a", Priority::Sweep);
        let mut others = 0;
        for n in 0..10 {
            queue.join(&caller("b", "b", Priority::Sweep), Instant::now());
            if queue.ahead("b") == 0 {
                queue.serve("b");
                others += 1;
            } else {
                let key = (0..10)
                    .map(|n| format!("a{n}"))
                    .find(|key| queue.waiters.contains_key(key.as_str()) && queue.ahead(key) == 0);
                queue.serve(&key.unwrap());
            }
            assert!(others <= n / 2 + 1);
        }
        assert_eq!(others, 5);
    }

    #[test]
    fn urgent_classes_go_first_and_no_class_starves() {
        let mut queue = Queue::default();
        for (class, priority) in Priority::ALL.into_iter().enumerate() {
            join_many(&mut queue, &format!("{class}-"), 2000, "all", priority);
        }
        let mut served = [0; 4];
        for _ in 0..1000 {
            let class = (0..4).find(|class| queue.ahead(&format!("{class}-{}", served[*class])) == 0).unwrap();
            queue.serve(&format!("{class}-{}", served[class]));
            served[class] += 1;
        }
        assert_eq!(served, [861, 107, 26, 6]);
    }

    #[test]
    fn an_empty_class_collects_no_credit() {
        let mut queue = Queue::default();
        join_many(&mut queue, "old-", 100, "", Priority::Backlog);
        for n in 0..90 {
            queue.serve(&format!("old-{n}"));
        }
        join_many(&mut queue, "sweep-", 100, "", Priority::Sweep);
        assert_eq!((queue.ahead("old-99"), queue.ahead("sweep-0"), queue.ahead("sweep-1")), (9, 10, 11));
        queue.join(&caller("edit", "", Priority::Edit), Instant::now());
        assert_eq!(queue.ahead("edit"), 0);
    }

    #[test]
    fn a_caller_is_queued_once_and_moves_only_for_urgency() {
        let mut queue = joined(["a", "b", "c"].map(|key| (key, "", Priority::Backlog)));
        queue.join(&caller("c", "", Priority::Edit), Instant::now());
        assert_eq!((queue.ahead("c"), queue.len()), (0, 3));
        queue.join(&caller("c", "", Priority::Sweep), Instant::now());
        assert_eq!((queue.ahead("c"), queue.ahead("a"), queue.len()), (0, 1, 3));
    }

    #[test]
    fn a_late_caller_holds_up_no_other_and_keeps_its_position() {
        let start = Instant::now();
        let mut queue = joined([("late", "", Priority::Backlog), ("next", "", Priority::Backlog)]);
        queue.schedule("late", start);
        queue.schedule("next", start + Duration::from_secs(60));
        queue.drop_late(start + LATE);
        assert_eq!(queue.ahead("next"), 1, "it may still come");
        queue.drop_late(start + LATE + Duration::from_millis(1));
        assert_eq!((queue.ahead("next"), queue.len()), (0, 1));
        queue.join(&caller("late", "", Priority::Backlog), Instant::now());
        assert_eq!((queue.ahead("late"), queue.ahead("next"), queue.len()), (0, 1, 2));
    }

    #[test]
    fn callers_that_never_return_leave_nothing_behind() {
        let start = Instant::now();
        let mut queue = joined([("gone", "a", Priority::Backlog), ("served", "b", Priority::Sweep)]);
        queue.schedule("gone", start);
        queue.schedule("served", start);
        queue.serve("served");
        queue.drop_late(start + Duration::from_secs(60));
        assert_eq!(queue.waiters.len(), 1);
        queue.drop_late(start + Duration::from_secs(60) + POSITION_KEPT + Duration::from_millis(1));
        assert!(queue.waiters.is_empty() && queue.turns.is_empty() && queue.missed.is_empty());
        assert!(queue.classes.iter().all(|class| class.groups.is_empty() && class.waiting.is_empty()));
    }

    proptest! {
        /// The predicted order holds: the numbers ahead are a permutation, and serving the first caller lowers all others by one.
        #[test]
        fn callers_are_served_in_the_predicted_order(
            callers in prop::collection::vec((0_u8..30, 0_u8..4, prop::sample::select(Priority::ALL.to_vec())), 1..40),
            served in 0_usize..10,
        ) {
            let mut queue = Queue::default();
            for (n, (key, group, priority)) in callers.iter().enumerate() {
                queue.join(&caller(&key.to_string(), &group.to_string(), *priority), Instant::now());
                // Some are served in between, so that the classes' passes differ.
                if n % 4 == 3 && n / 4 < served {
                    let first = queue.waiters.keys().find(|key| queue.ahead(key) == 0).cloned().unwrap();
                    queue.serve(&first);
                }
            }
            while queue.len() > 0 {
                let mut ahead: Vec<(usize, Arc<str>)> = queue.waiters.keys().map(|key| (queue.ahead(key), key.clone())).collect();
                ahead.sort();
                let order: Vec<usize> = ahead.iter().map(|(ahead, _)| *ahead).collect();
                prop_assert_eq!(order, (0..queue.len()).collect::<Vec<_>>());
                queue.serve(&ahead[0].1);
                for (before, key) in &ahead[1..] {
                    prop_assert_eq!(queue.ahead(key), before - 1);
                }
            }
        }
    }
}
