//! What must hold when a simulation has come to rest.

use std::time::Duration;

use super::{lock::lock, simulation::Simulation};
use crate::{ExtraTags, user_matches};

impl Simulation {
    /// Records that something is wrong.
    pub fn violated(&self, what: String) {
        lock(&self.violations).push(what);
    }

    /// Checks a resource that is in sync: its user must match the spec, and further passes must write nothing.
    pub fn check_converged(&mut self) {
        let Some(object) = self.object() else { return self.violated("the resource is gone".into()) };
        let ours = self.ours();
        match &ours[..] {
            [user] => {
                let extra = if self.operators.len() > 1 { ExtraTags::Allowed } else { ExtraTags::Refused };
                if let Err(difference) = user_matches(&object.spec, user, &self.sim, extra) {
                    self.violated(format!("ready, but {difference}"));
                }
                let status = object.status.unwrap_or_default();
                if status.user_id.as_deref() != Some(user.user.id.as_str()) {
                    self.violated(format!("the status records {:?}, the user is {}", status.user_id, user.user.id));
                }
            }
            other => self.violated(format!("{} users for one resource that is ready", other.len())),
        }
        self.check_quick_connects();
        self.check_rest();
    }

    /// Checks a resource that is in sync.
    ///
    /// # Panics
    /// If something is wrong.
    pub fn assert_converged(&mut self) {
        self.check_converged();
        if let Err(violations) = self.result() {
            panic!("{violations}");
        }
    }

    /// Checks that a further pass, and one after the drift interval, write nothing to either side.
    fn check_rest(&mut self) {
        lock(&self.schedule).faults.clear();
        // The first read after a write may still bring values that Connect filled in into the status.
        self.requeue(700);
        let before = (lock(&self.store).writes, self.sim.calls().writes());
        self.requeue(0);
        self.requeue(700);
        let after = (lock(&self.store).writes, self.sim.calls().writes());
        if before != after {
            self.violated(format!("a pass with nothing to do wrote: (Kubernetes, Connect) {before:?} → {after:?}"));
        }
    }

    fn requeue(&mut self, after: u64) {
        self.sim.advance(Duration::from_secs(after));
        for k in 0..self.operators.len() {
            self.sync(k);
            self.make_due(k);
            while self.is_runnable(k) {
                self.step(k);
            }
        }
    }

    /// Checks that no user is left of [`jane`](super::jane), which is gone.
    pub fn check_gone(&self) {
        // No call is under way any more, so a lost call cannot bring back a user.
        let left = self.ours().len();
        if left > 0 {
            self.violated(format!("{left} users without an owner after the resource was deleted"));
        }
        self.check_quick_connects();
    }

    /// Checks that no password is where people can read it.
    pub fn check_secrecy(&self) {
        if lock(&self.store).leaked {
            self.violated("the password is in a status or an Event".into());
        }
    }

    /// Ends a life. Returns the number of calls.
    ///
    /// # Errors
    /// The violations.
    pub fn finish(self) -> Result<u64, String> {
        self.check_secrecy();
        self.result()?;
        let calls = lock(&self.schedule).calls;
        Ok(calls)
    }

    /// Returns nothing if all is well.
    ///
    /// # Errors
    /// The violations, with the calls that led to them.
    pub fn result(&self) -> Result<(), String> {
        let violations = lock(&self.violations);
        if violations.is_empty() {
            return Ok(());
        }
        let log = lock(&self.schedule).log.join("\n  ");
        Err(format!("{:?}\n{}\n  {log}", self.setup, violations.join("\n")))
    }
}
