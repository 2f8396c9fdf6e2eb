//! What tests, the demo and the benchmark share: the operator with ten thousand users and more in virtual time, an API server in
//! memory, the comparison of a user with its spec, and the operator as it is installed. For development only.
//!
//! The real controller, sweeper, reconciler, limiter and meter run on tokio's paused clock, between an API server in memory
//! ([`ApiServer`], a `tower` service behind the real [`kube::Client`]) and the simulated Connect with AWS' real rates. Hours of
//! waiting for a rate limit pass in the seconds that the work takes, and every figure is a count or a virtual time.
//!
//! [`Fleet`] is one such environment. Each of the [`scenarios`] runs a fleet and returns a report: tests assert on the reports, and the
//! benchmark prints them. [`user_matches`] compares a user with a spec, for every test that needs to.
//!
//! With the feature `installation`, the module of this name runs the operator's program on a real control plane. Without it, the crate
//! does not depend on the control plane.
//!
//! ```
//! use testbed::{Agent, Fleet, Setup, in_virtual_time};
//! use std::time::Duration;
//!
//! in_virtual_time(async {
//!     let fleet = Fleet::new(Setup::default());
//!     let operator = fleet.start();
//!     fleet.apply(&Agent::plain("sales", 1));
//!     fleet.settled(Duration::from_secs(60)).await.expect("in sync within a minute");
//!     operator.stop().await;
//!     assert_eq!(fleet.sim().calls().of("CreateUser"), 1);
//! });
//! ```

mod agent;
mod api_server;
mod by_hand;
mod checks;
mod fleet;
#[cfg(feature = "installation")]
pub mod installation;
mod journal;
pub mod lives;
mod operator;
mod oracle;
pub mod scenarios;
mod seeds;
mod size;
mod time;
pub mod world;

pub use agent::{Agent, ROUTING_PROFILES, SECURITY_PROFILES};
pub use api_server::{ApiServer, NamespacedName, Requests, Tally};
pub use by_hand::{at_console, create_by_hand};
pub use fleet::{Fleet, Setup};
pub use journal::{Journal, Sent};
pub use operator::Operator;
pub use oracle::{ExtraTags, user_matches};
pub use seeds::copy_user;
pub use size::size;
pub use time::{VirtualTime, in_virtual_time};
