//! The real shell in small simulated worlds, crashed and cut off at every single call and at every pair of calls.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod chance;
mod connect;
mod crashes;
mod door;
mod kube;
mod mutation;
mod names;
mod quick_connects;
mod specs;
mod transcripts;
mod waking;
mod world;
