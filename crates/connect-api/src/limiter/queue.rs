//! Who waits for one operation, and in which order they are served.
//!
//! Between classes ([`Priority`]): stride scheduling. Each class has a pass, which each token moves on by the class' stride; the
//! token goes where the pass will be lowest then. So an edit goes before a backlog that has waited for an hour, and a sweep gets
//! its token all the same, only seldom. A class that nobody waited in starts beside the last one and has no claim on the past.
//!
//! Between groups (namespaces) of a class: in rounds. A caller gets the round after its group's last one, at the earliest the one
//! that comes next; within a round the one that came first goes first. So who comes later can only get ahead where its group has
//! fewer waiting, and only by one for each round: nobody waits for ever, and one namespace's thousands hold up nobody else's three.
//!
//! Both are orders that one can count in, so that each caller is told how many are ahead without a walk along the line. All
//! operations take time logarithmic in the line's length.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use super::ranked::Ranked;
use crate::{Caller, Priority};

/// How far a token moves a class on: while all wait, edits get 86 % of them, the backlog 11 %, repairs 2.7 % and sweeps 0.7 %
/// (at AWS' 2 a second, one in 75 seconds); a backlog beside a sweep leaves it one in 17.
const STRIDES: [u64; 4] = [1, 8, 32, 128];

/// Who is later than this for its turn is waited for no longer. Requeued passes come back within some tenths of a second, and a
/// bucket holds what comes in until then.
const LATE: Duration = Duration::from_secs(1);
/// Who was late finds its place again for this long: a busy operator makes many late, and none of them is to start at the end.
const PLACE_KEPT: Duration = Duration::from_secs(5 * 60);

/// A place in a class: the round, then the order of arrival.
type At = (u64, u64);

#[derive(Debug, Default)]
struct Queue {
    waiting: Ranked<At>,
    pass: u64,
    /// The last round that was served in its turn.
    round: u64,
    groups: HashMap<Arc<str>, Group>,
}

/// The part of a queue that one group is. It is forgotten when nobody of it waits: it then has nothing to its credit.
#[derive(Debug, Default)]
struct Group {
    last: u64,
    waiting: usize,
}

#[derive(Clone, Debug)]
struct Place {
    priority: Priority,
    group: Arc<str>,
    at: At,
    standing: Standing,
    /// When it came, for this call of its.
    since: Instant,
}

#[derive(Clone, Copy, Debug)]
enum Standing {
    /// It is here, and was told nothing yet.
    Asks,
    /// It was told that its turn comes at this time.
    Told(Instant),
    /// It did not come for its turn. It is not counted, but keeps its place, from this time on.
    Missed(Instant),
}

/// Callers by a time, and by arrival where that is the same.
type Times = BTreeMap<(Instant, u64), Arc<str>>;

#[derive(Debug, Default)]
pub(super) struct Line {
    queues: [Queue; 4],
    places: HashMap<Arc<str>, Place>,
    turns: Times,
    missed: Times,
    arrivals: u64,
}

impl Line {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.queues.iter().map(|queue| queue.waiting.len()).sum()
    }

    /// A caller stands in line, where it stood before if it did. A more urgent reason to call moves it forward; a less urgent one
    /// leaves it where it is.
    pub(super) fn join(&mut self, caller: &Caller, now: Instant) {
        match self.places.get(caller.key.as_str()) {
            Some(Place { priority, standing, .. }) if *priority <= caller.priority => {
                if let Standing::Missed(_) = standing {
                    self.come_back(&caller.key);
                }
            }
            Some(Place { since, .. }) => {
                let since = *since;
                self.leave(&caller.key);
                self.stand(caller, None, since);
            }
            None => self.stand(caller, None, now),
        }
    }

    /// A caller that was served in vain goes first in its class.
    pub(super) fn join_first(&mut self, caller: &Caller, now: Instant) {
        self.leave(&caller.key);
        self.stand(caller, Some(self.queues[caller.priority as usize].round), now);
    }

    /// How many are served before this caller, if nobody else comes.
    pub(super) fn ahead(&self, key: &str) -> usize {
        let Some(place) = self.places.get(key) else { return self.len() };
        let class = place.priority as usize;
        let before = self.queues[class].waiting.rank(&place.at);
        // The class' pass when this caller has been served.
        let pass = self.queues[class].pass + (before as u64 + 1) * STRIDES[class];
        let mut ahead = before;
        for (other, queue) in self.queues.iter().enumerate().filter(|(other, _)| *other != class) {
            // On equal passes the more urgent class goes first.
            let until = if other < class { pass + 1 } else { pass };
            let served = until.saturating_sub(queue.pass + STRIDES[other]).div_ceil(STRIDES[other]);
            ahead += queue.waiting.len().min(usize::try_from(served).unwrap_or(usize::MAX));
        }
        ahead
    }

    /// How many others are expected by then, counted up to `most`: those who were told so and are not late.
    pub(super) fn expected(&self, by: Instant, key: &str, most: usize) -> usize {
        self.turns.range(..=(by, u64::MAX)).filter(|(_, other)| &***other != key).take(most).count()
    }

    /// Tells a caller when its turn comes.
    pub(super) fn tell(&mut self, key: &str, turn: Instant) {
        let Some((key, _)) = self.places.get_key_value(key) else { return };
        let key = key.clone();
        self.set(&key, Standing::Told(turn));
    }

    /// It is this caller's turn: it leaves. Since when it stood in line; None if it did not.
    pub(super) fn serve(&mut self, key: &str) -> Option<Instant> {
        let place = self.places.get(key)?;
        let (class, since) = (place.priority as usize, place.since);
        let queue = &mut self.queues[class];
        queue.pass += STRIDES[class];
        // Who is served out of turn, since nobody ahead came, leaves the round where it is: moved on past all who wait, it would send
        // the next of another group behind them.
        if queue.waiting.rank(&place.at) == 0 {
            queue.round = queue.round.max(place.at.0);
        }
        self.leave(key);
        Some(since)
    }

    /// Waits no longer for those who did not come for their turn, and forgets those who did not come for long.
    pub(super) fn pass_over(&mut self, now: Instant) {
        while let Some(((turn, _), key)) = self.turns.first_key_value()
            && now.saturating_duration_since(*turn) > LATE
        {
            let key = key.clone();
            self.set(&key, Standing::Missed(now));
            if let Some(place) = self.places.get(&key).cloned() {
                self.exit(&place);
            }
        }
        while let Some(((since, _), key)) = self.missed.first_key_value()
            && now.saturating_duration_since(*since) > PLACE_KEPT
        {
            let key = key.clone();
            self.leave(&key);
        }
    }

    fn stand(&mut self, caller: &Caller, round: Option<u64>, since: Instant) {
        self.arrivals += 1;
        let queue = &self.queues[caller.priority as usize];
        let (group, last) = match queue.groups.get_key_value(caller.group.as_str()) {
            Some((group, Group { last, .. })) => (group.clone(), *last),
            None => (caller.group.as_str().into(), 0),
        };
        let round = round.unwrap_or_else(|| queue.round.max(last) + 1);
        let place = Place { priority: caller.priority, group, at: (round, self.arrivals), standing: Standing::Asks, since };
        self.enter(&place);
        self.places.insert(caller.key.as_str().into(), place);
    }

    fn come_back(&mut self, key: &str) {
        let Some((key, place)) = self.places.get_key_value(key) else { return };
        let (key, place) = (key.clone(), place.clone());
        self.set(&key, Standing::Asks);
        self.enter(&place);
    }

    /// A caller waits no longer.
    pub(super) fn leave(&mut self, key: &str) {
        let Some((key, place)) = self.places.get_key_value(key) else { return };
        let (key, place) = (key.clone(), place.clone());
        self.set(&key, Standing::Asks);
        if !matches!(place.standing, Standing::Missed(_)) {
            self.exit(&place);
        }
        self.places.remove(&key);
    }

    fn enter(&mut self, place: &Place) {
        let class = place.priority as usize;
        if self.queues[class].waiting.is_empty() {
            let others = self.queues.iter().filter(|queue| !queue.waiting.is_empty()).map(|queue| queue.pass);
            if let Some(pass) = others.min() {
                self.queues[class].pass = self.queues[class].pass.max(pass);
            }
        }
        let queue = &mut self.queues[class];
        queue.waiting.insert(place.at);
        let group = queue.groups.entry(place.group.clone()).or_default();
        group.last = group.last.max(place.at.0);
        group.waiting += 1;
    }

    fn exit(&mut self, place: &Place) {
        let queue = &mut self.queues[place.priority as usize];
        queue.waiting.remove(&place.at);
        if let Some(group) = queue.groups.get_mut(&place.group) {
            group.waiting -= 1;
            if group.waiting == 0 {
                queue.groups.remove(&place.group);
            }
        }
        // When nobody waits, nobody has had more than others: what a class took while the bucket was idle does not count.
        if self.len() == 0 {
            self.queues.iter_mut().for_each(|queue| queue.pass = 0);
        }
    }

    /// Keeps the two tables of times in step with the place.
    fn set(&mut self, key: &Arc<str>, standing: Standing) {
        let Some(place) = self.places.get_mut(key) else { return };
        let arrival = place.at.1;
        match std::mem::replace(&mut place.standing, standing) {
            Standing::Asks => {}
            Standing::Told(at) => _ = self.turns.remove(&(at, arrival)),
            Standing::Missed(at) => _ = self.missed.remove(&(at, arrival)),
        }
        match standing {
            Standing::Asks => {}
            Standing::Told(at) => _ = self.turns.insert((at, arrival), key.clone()),
            Standing::Missed(at) => _ = self.missed.insert((at, arrival), key.clone()),
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

    fn joined(callers: &[(&str, &str, Priority)]) -> Line {
        let mut line = Line::default();
        for (key, group, priority) in callers {
            line.join(&caller(key, group, *priority), Instant::now());
        }
        line
    }

    /// Serves all and gives them in their order.
    fn served(line: &mut Line) -> Vec<String> {
        let mut order = Vec::new();
        while let Some(key) = line.places.keys().find(|key| line.ahead(key) == 0).cloned() {
            line.serve(&key);
            order.push(key.to_string());
        }
        order
    }

    #[test]
    fn who_is_served_out_of_turn_does_not_send_newcomers_of_another_group_to_the_end() {
        let mut line = Line::default();
        for n in 0..100 {
            line.join(&caller(&format!("a{n}"), "a", Priority::Backlog), Instant::now());
        }
        // A token that nobody ahead of it came for.
        line.serve("a90");
        line.join(&caller("b", "b", Priority::Backlog), Instant::now());
        assert!(line.ahead("b") <= 1, "{} are ahead", line.ahead("b"));
    }

    #[test]
    fn groups_take_turns_and_within_a_group_who_came_first_goes_first() {
        let backlog = Priority::Backlog;
        let mut line = joined(&[
            ("a1", "a", backlog),
            ("a2", "a", backlog),
            ("a3", "a", backlog),
            ("b1", "b", backlog),
            ("b2", "b", backlog),
        ]);
        assert_eq!(served(&mut line), ["a1", "b1", "a2", "b2", "a3"]);
    }

    #[test]
    fn who_comes_back_as_soon_as_it_was_served_does_not_hold_up_another_group() {
        let mut line = Line::default();
        for n in 0..10 {
            line.join(&caller(&format!("a{n}"), "a", Priority::Sweep), Instant::now());
        }
        let mut others = 0;
        for n in 0..10 {
            line.join(&caller("b", "b", Priority::Sweep), Instant::now());
            if line.ahead("b") == 0 {
                line.serve("b");
                others += 1;
            } else {
                let key =
                    (0..10).map(|n| format!("a{n}")).find(|key| line.places.contains_key(key.as_str()) && line.ahead(key) == 0);
                line.serve(&key.unwrap());
            }
            assert!(others <= n / 2 + 1);
        }
        assert_eq!(others, 5);
    }

    #[test]
    fn the_more_urgent_go_first_and_the_less_urgent_are_not_starved() {
        let mut line = Line::default();
        for (class, priority) in [Priority::Edit, Priority::Backlog, Priority::Repair, Priority::Sweep].into_iter().enumerate() {
            for n in 0..2000 {
                line.join(&caller(&format!("{class}-{n}"), "all", priority), Instant::now());
            }
        }
        let order = {
            let mut order = Vec::new();
            let mut next = [0; 4];
            for _ in 0..1000 {
                let class = (0..4).find(|class| line.ahead(&format!("{class}-{}", next[*class])) == 0).unwrap();
                line.serve(&format!("{class}-{}", next[class]));
                next[class] += 1;
                order.push(class);
            }
            order
        };
        let of = |class| order.iter().filter(|served| **served == class).count();
        assert_eq!([of(0), of(1), of(2), of(3)], [861, 107, 26, 6]);
    }

    #[test]
    fn a_class_that_was_away_has_no_claim_on_the_past() {
        let mut line = Line::default();
        for n in 0..100 {
            line.join(&caller(&format!("old-{n}"), "", Priority::Backlog), Instant::now());
        }
        for n in 0..90 {
            line.serve(&format!("old-{n}"));
        }
        for n in 0..100 {
            line.join(&caller(&format!("sweep-{n}"), "", Priority::Sweep), Instant::now());
        }
        assert_eq!((line.ahead("old-99"), line.ahead("sweep-0"), line.ahead("sweep-1")), (9, 10, 11));
        line.join(&caller("edit", "", Priority::Edit), Instant::now());
        assert_eq!(line.ahead("edit"), 0);
    }

    #[test]
    fn a_caller_stands_in_line_once_and_only_a_more_urgent_reason_moves_it() {
        let mut line = joined(&[("a", "", Priority::Backlog), ("b", "", Priority::Backlog), ("c", "", Priority::Backlog)]);
        line.join(&caller("c", "", Priority::Edit), Instant::now());
        assert_eq!((line.ahead("c"), line.len()), (0, 3));
        line.join(&caller("c", "", Priority::Sweep), Instant::now());
        assert_eq!((line.ahead("c"), line.ahead("a"), line.len()), (0, 1, 3));
    }

    #[test]
    fn who_is_late_holds_nobody_up_and_finds_its_place_again() {
        let start = Instant::now();
        let mut line = joined(&[("late", "", Priority::Backlog), ("next", "", Priority::Backlog)]);
        line.tell("late", start);
        line.tell("next", start + Duration::from_secs(60));
        line.pass_over(start + LATE);
        assert_eq!(line.ahead("next"), 1, "it may still come");
        line.pass_over(start + LATE + Duration::from_millis(1));
        assert_eq!((line.ahead("next"), line.len()), (0, 1));
        line.join(&caller("late", "", Priority::Backlog), Instant::now());
        assert_eq!((line.ahead("late"), line.ahead("next"), line.len()), (0, 1, 2));
    }

    #[test]
    fn nothing_is_kept_of_those_who_never_came_back() {
        let start = Instant::now();
        let mut line = joined(&[("gone", "a", Priority::Backlog), ("served", "b", Priority::Sweep)]);
        line.tell("gone", start);
        line.tell("served", start);
        line.serve("served");
        line.pass_over(start + Duration::from_secs(60));
        assert_eq!(line.places.len(), 1);
        line.pass_over(start + Duration::from_secs(60) + PLACE_KEPT + Duration::from_millis(1));
        assert!(line.places.is_empty() && line.turns.is_empty() && line.missed.is_empty());
        assert!(line.queues.iter().all(|queue| queue.groups.is_empty() && queue.waiting.is_empty()));
    }

    fn class() -> impl Strategy<Value = Priority> {
        prop::sample::select(vec![Priority::Edit, Priority::Backlog, Priority::Repair, Priority::Sweep])
    }

    proptest! {
        /// What callers are told is what comes to pass: numbers ahead are a permutation, and serving the first lowers all others by one.
        #[test]
        fn the_numbers_ahead_are_the_order_in_which_all_are_served(
            callers in prop::collection::vec((0_u8..30, 0_u8..4, class()), 1..40),
            served in 0_usize..10,
        ) {
            let mut line = Line::default();
            for (n, (key, group, priority)) in callers.iter().enumerate() {
                line.join(&caller(&key.to_string(), &group.to_string(), *priority), Instant::now());
                // Some are served in between, so that the classes' passes differ.
                if n % 4 == 3 && n / 4 < served {
                    let first = line.places.keys().find(|key| line.ahead(key) == 0).cloned().unwrap();
                    line.serve(&first);
                }
            }
            while line.len() > 0 {
                let mut ahead: Vec<(usize, Arc<str>)> = line.places.keys().map(|key| (line.ahead(key), key.clone())).collect();
                ahead.sort();
                let places: Vec<usize> = ahead.iter().map(|(ahead, _)| *ahead).collect();
                prop_assert_eq!(places, (0..line.len()).collect::<Vec<_>>());
                line.serve(&ahead[0].1);
                for (before, key) in &ahead[1..] {
                    prop_assert_eq!(line.ahead(key), before - 1);
                }
            }
        }
    }
}
