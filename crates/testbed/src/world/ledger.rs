//! What operators and people did to users in a simulation.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::UserId;
use jiff::Timestamp;

/// The users that operators created and deleted.
#[derive(Debug, Default)]
pub struct UserLedger {
    /// The users that operators created or took over.
    pub(super) ours: BTreeSet<UserId>,
    /// The users that operators deleted, with the times.
    pub(super) deleted: Vec<(UserId, Timestamp)>,
    /// The users whose ownership tags people changed, with the last time.
    pub retagged: BTreeMap<UserId, Timestamp>,
    /// The users that operators took over from no owner, with the last time.
    pub taken_over: BTreeMap<UserId, Timestamp>,
    /// The users that operators took their tags off, with the last time.
    pub(super) handed_back: BTreeMap<UserId, Timestamp>,
    /// The users that people changed in any way, with the last time.
    pub touched: BTreeMap<UserId, Timestamp>,
    /// The users that people changed while a pass was under way, and that no operator has changed since.
    pub touched_midway: BTreeSet<UserId>,
    /// When each operator last changed a user, by its number.
    pub(super) written: BTreeMap<(UserId, usize), Timestamp>,
}

impl UserLedger {
    /// Returns whether people, or another operator, changed a user since then.
    pub(super) fn was_changed_by_others(&self, user: &UserId, operator: usize, since: Timestamp) -> bool {
        let mut others = self.written.iter().filter(|((of, by), _)| of == user && *by != operator).map(|(_, at)| at);
        self.touched.get(user).is_some_and(|at| *at >= since) || others.any(|at| *at >= since)
    }

    /// Returns whether another operator took its tags off a user since then.
    pub(super) fn was_handed_back(&self, user: &UserId, since: Timestamp) -> bool {
        self.handed_back.get(user).is_some_and(|at| *at >= since)
    }
}
