//! Amazon Connect over AWS' own SDK: [`AwsConnect`] speaks for [`connect_api::Connect`], [`load`] finds credentials and endpoint.
//!
//! This is the only crate that names the SDK. It maps, and decides nothing: no retries, no caching, no defaults of its own.
//! What the SDK cannot say or show is written beside the mapping of each type.

mod calls;
mod client;
mod config;
mod credentials;
mod error;
mod request_log;
mod wire;

pub use aws_config::SdkConfig;
pub use client::AwsConnect;
pub use config::{CALL_TIMEOUT, Options, load};
