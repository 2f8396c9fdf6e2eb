//! The real operator with ten thousand users in virtual time: assertions on the reports of the scenarios.
//!
//! Counts, states and virtual times do not depend on the machine: virtual time consists of waits for rates and timers.

mod api_server;
mod calls;
mod creates;
mod crowds;
mod outages;
mod quotas;
mod steady;
mod sweeps;
