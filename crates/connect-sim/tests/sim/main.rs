//! The simulator's public interfaces: in-process, over HTTP, as a program, and with AWS' own tools.

#![allow(clippy::unwrap_used, reason = "the lint's exception for tests does not cover shared test code")]

mod admin;
mod aws_tools;
mod browser;
mod channels;
mod configuration;
mod documentation;
mod faults;
mod identity;
mod lags;
mod listings;
mod page;
mod proficiencies;
mod profiles;
mod program;
mod quick_connects;
mod search;
mod service_quotas;
mod sts;
mod support;
mod surfaces;
mod tags;
mod users;
mod wire;
