//! The real reconciler in small simulations, with a crash or a lost reply at every single call and at every pair of calls.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod connect;
mod crashes;
mod gate;
mod kube;
mod mutation;
mod names;
mod quick_connects;
mod random;
mod simulation;
mod specs;
mod transcripts;
mod wakeups;
