//! The operator's own program, with the rights that `deploy/` gives it, between a real API server and the simulator over HTTP.
//!
//! Each test has a namespace, a simulated instance and an operator process of its own, so that they can run at the same time
//! on one control plane. Tests wait for states, and assert on states and on counts of calls.

mod accounts;
mod at_work;
mod channels;
mod crashes;
mod creating;
mod drifting;
mod fields;
mod guarding;
mod helm;
mod iam;
mod identity_types;
mod ignoring;
mod leading;
mod leaving;
mod names;
mod namespaces;
mod orphans;
mod outages;
mod passwords;
mod policies;
pub(crate) mod process;
mod quick_connects;
mod rates;
mod refusals;
mod rights;
pub(crate) mod scene;
mod secrets;
mod sharing;
mod states;
mod sweeping;
mod telling;
mod traces;
