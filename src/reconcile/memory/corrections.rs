//! Corrections that Connect accepts and does not keep: it trims a value, say, or caps it.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::plan::Action;

/// How often the same correction was made in a row without a read that showed its effect.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct Corrections(Vec<(u64, u8)>);

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
        match self.0.iter_mut().find(|(other, _)| *other == key) {
            Some((_, count)) => {
                *count = count.saturating_add(1);
                *count >= FRUITLESS
            }
            None => {
                self.0.push((key, 1));
                false
            }
        }
    }

    /// Returns whether a correction was made before, and no read has shown its effect since.
    pub(in crate::reconcile) fn was_made(&self, action: &Action) -> bool {
        let key = key(action);
        self.0.iter().any(|(other, _)| *other == key)
    }

    /// Returns whether a correction was made often enough to know that it has no effect.
    pub(in crate::reconcile) fn is_fruitless(&self, action: &Action) -> bool {
        let key = key(action);
        self.0.iter().any(|(other, count)| *other == key && *count >= FRUITLESS)
    }

    /// Forgets all corrections but those that a read shows to be needed still: the others had an effect.
    pub(in crate::reconcile) fn keep_only(&mut self, needed: &[Action]) {
        self.0.retain(|(made, _)| needed.iter().any(|action| key(action) == *made));
    }

    /// Forgets all corrections: a read has shown that they hold, or a person asks for another attempt.
    pub(in crate::reconcile) fn clear(&mut self) {
        self.0 = Vec::new();
    }
}
