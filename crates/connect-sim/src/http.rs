//! The simulator behind HTTP, in AWS' restJson1 format.

mod admin;
mod api;
mod decode;
mod encode;
mod page;
mod reply;
mod route;
mod server;
mod service_quotas;
mod signature;
mod sts;

pub use server::{Server, serve};
