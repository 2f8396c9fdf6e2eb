//! What travels between the client and Connect, byte by byte, over real HTTP: requests as they are sent, replies as they are
//! read, errors as they are classed, and where credentials and endpoint come from.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod child;
mod configuration;
mod errors;
mod replies;
mod requests;
mod secrets;
mod server;
