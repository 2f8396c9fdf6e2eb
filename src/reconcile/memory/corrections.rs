//! Corrections that Connect accepts and does not keep: it trims a value, say, or caps it.

use std::hash::{DefaultHasher, Hash, Hasher};

use connect_api::OperationName;

use crate::plan::Action;

/// How often the same correction was made in a row, each time after a read that showed it to be needed.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct Corrections(Vec<Made>);

#[derive(Debug)]
struct Made {
    operation: OperationName,
    /// A hash of the differences that it removes.
    key: u64,
    times: u8,
}

/// A correction is not made again after this many that had no effect.
const FRUITLESS: u8 = 2;

fn key(action: &Action) -> u64 {
    let mut hasher = DefaultHasher::new();
    action.changes.hash(&mut hasher);
    hasher.finish()
}

impl Corrections {
    /// Counts a correction that Connect accepted. Returns whether its effect must be read before it is believed.
    pub(in crate::reconcile) fn made(&mut self, action: &Action) -> bool {
        let key = key(action);
        match self.0.iter_mut().find(|made| made.key == key) {
            Some(made) => {
                made.times = made.times.saturating_add(1);
                made.times >= FRUITLESS
            }
            None => {
                self.0.push(Made { operation: action.update.name(), key, times: 1 });
                false
            }
        }
    }

    /// Records an edit without a read: what its operation corrected before may be needed again, and then have an effect.
    pub(in crate::reconcile) fn edited(&mut self, action: &Action) {
        self.0.retain(|made| made.operation != action.update.name());
    }

    /// Returns whether a correction was made before, and no read has shown its effect since.
    pub(in crate::reconcile) fn was_made(&self, action: &Action) -> bool {
        self.times(action) > 0
    }

    /// Returns whether a correction was made often enough to know that it has no effect.
    pub(in crate::reconcile) fn is_fruitless(&self, action: &Action) -> bool {
        self.times(action) >= FRUITLESS
    }

    fn times(&self, action: &Action) -> u8 {
        let key = key(action);
        self.0.iter().find(|made| made.key == key).map_or(0, |made| made.times)
    }

    /// Forgets all corrections but those that a read shows to be needed still: the others had an effect.
    pub(in crate::reconcile) fn keep_only(&mut self, needed: &[Action]) {
        self.0.retain(|made| needed.iter().any(|action| key(action) == made.key));
    }

    /// Forgets all corrections: a read has shown that they hold or did not tell, or a person asks for another attempt.
    pub(in crate::reconcile) fn clear(&mut self) {
        self.0 = Vec::new();
    }
}
