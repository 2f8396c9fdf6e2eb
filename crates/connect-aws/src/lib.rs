//! Amazon Connect through AWS' SDK: [`AwsConnect`] implements [`connect_api::Connect`], [`load`] finds credentials and endpoint.
//!
//! An [`Account`] has the credentials of one AWS account, assumed or its own, and clients for its Regions.
//!
//! This is the only crate that uses the SDK. It only maps types: it has no retries, no caching and no defaults. Limits of the SDK
//! are documented beside the mapping of each type.

mod account;
mod assumed_role;
mod calls;
mod causes;
mod client;
mod config;
mod credentials;
mod error;
mod identity;
mod request_log;
mod service_quotas;
mod wire;

pub use account::{Account, AccountOptions, check_own};
pub use assumed_role::Role;
pub use aws_config::SdkConfig;
pub use client::AwsConnect;
pub use config::{CALL_TIMEOUT, Options, load};
pub use credentials::CredentialsFault;
pub use service_quotas::QuotaFault;
