//! The real reconciler in small simulations, with a crash or a lost reply at every single call and at every pair of calls.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod crashes;
mod lives;
mod names;
mod quick_connects;
mod transcripts;
mod wakeups;
