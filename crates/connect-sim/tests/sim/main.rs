//! The simulator from outside: in-process, over HTTP, as a program, and with AWS' own tools.

#![allow(clippy::unwrap_used, reason = "the lint's own exception for tests does not reach what tests share")]

mod admin;
mod aws_tools;
mod channels;
mod configuration;
mod doors;
mod faults;
mod identity;
mod lags;
mod listings;
mod proficiencies;
mod program;
mod quick_connects;
mod search;
mod sts;
mod support;
mod tags;
mod users;
mod wire;
