//! The real operator at the size of ten thousand users, in virtual time: what the scenarios' reports must say.
//!
//! Counts and states, and virtual times, which are made of waiting for rates and timers and not of work: they do not depend on the
//! machine.

mod api_server;
mod calls;
mod creates;
mod crowds;
mod outages;
mod quotas;
mod steady;
mod sweeps;
