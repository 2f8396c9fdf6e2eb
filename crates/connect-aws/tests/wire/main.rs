//! The protocol between the client and Connect, byte by byte over real HTTP: requests as sent, replies as read, errors as
//! classified, and the sources of credentials and endpoint.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod child;
mod configuration;
mod errors;
mod fixtures;
mod replies;
mod requests;
mod secrets;
mod server;
mod service_quotas;
