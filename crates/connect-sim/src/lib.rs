//! A simulator of Amazon Connect's user management: the rules, quotas, lags and faults that an operator of users meets, without
//! an AWS account.
//!
//! ```
//! use connect_api::{Caller, ConnectExt, ListRoutingProfiles};
//! use connect_sim::{Config, Sim};
//!
//! let sim = Sim::new(Config::manual())?;
//! let instance = sim.instances()[0].id.clone();
//! let list = ListRoutingProfiles { instance, max_results: 100, next_token: None };
//! let page = futures::executor::block_on(sim.client().call(&Caller::default(), list))?;
//! assert_eq!(page.items[0].name, "Basic Routing Profile");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Sim`] is one state machine behind a lock. [`Sim::client`] calls it in-process, through the same trait as the real client.
//! [`serve`] puts it behind HTTP in AWS' own format, so that the SDKs and the aws CLI work with it unchanged, and shows its state
//! on a page at `/`. It follows AWS' documentation. Where AWS documents nothing, a switch in [`Rules`] chooses. The default is the
//! behaviour that is harder on a client, and [`Rules::lenient`] the easier one.
//!
//! It is deterministic: it does not sleep, has no threads, draws random numbers only from the seed, and its time is either real
//! or moved only by [`Sim::advance`].

mod admin_actions;
mod admission;
mod calls;
mod client;
mod clock;
mod config;
mod engine;
mod faults;
mod http;
mod identifiers;
mod overview;
mod paginator;
mod refusal;
mod request;
mod rules;
mod search;
mod service_quotas;
mod sim;
mod state;
mod sts;
mod throttle;
mod typed;
mod views;

pub use calls::{Calls, Creates, OperationCalls};
pub use client::Client;
pub use clock::ClockMode;
pub use config::{
    Config, ConfigError, DescribeLagCovers, EmailRule, EmptyLists, IdentityUpdate, InstanceConfig, LongSearchValues, NamedConfig,
    Rate, RoleConfig, Rules, SecurityProfileConfig, StsConfig, Throttling, UnknownReference, UserConfigUpdate,
};
pub use faults::{Effect, Fault, Trigger};
pub use http::{Server, serve};
pub use sim::{Scope, Sim};
pub use views::{InstanceView, QuickConnectTarget, QuickConnectView, SessionView, UserView};
