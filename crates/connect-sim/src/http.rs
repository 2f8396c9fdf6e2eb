//! The simulator behind HTTP, in AWS' restJson1 format.

mod admin;
mod api;
mod decode;
mod encode;
mod reply;
mod route;
mod server;
mod severable;
mod signature;
mod sts;
mod wire;
mod wire_quick_connect;
mod wire_search;

pub use server::{Server, serve};
