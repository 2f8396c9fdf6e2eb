//! The operator's own program, with the rights that `deploy/` grants it, between a real API server and the simulator over HTTP.
//!
//! Each test has its own namespace, simulated instance and operator process, so that tests can run at the same time on one control
//! plane. Tests wait for states, and assert on states and on counts of calls.

mod accounts;
mod bounds;
mod channels;
mod commands;
mod crashes;
mod creation;
mod dead_accounts;
mod deletion;
mod deletion_guard;
mod events;
mod fields;
mod half_open;
pub(crate) mod harness;
mod helm;
mod hostile;
mod iam;
mod identity_types;
mod ignore_drift;
mod import;
mod leader_election;
mod leaks;
mod mangler;
mod names;
mod namespaces;
mod orphans;
mod outages;
mod pages;
mod passwords;
mod pipelines;
mod plan;
mod policies;
pub(crate) mod process;
mod proxy;
mod quick_connects;
mod rates;
mod refusals;
mod replicas;
mod report_page;
mod rights;
mod shared_instance;
mod states;
mod sweeps;
mod tools;
mod traces;
