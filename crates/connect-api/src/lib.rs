//! Amazon Connect as the operator sees it: typed requests, one [`Connect`] trait to send them through, one [`Error`] with a
//! [`Class`], and the decorators that any client can wear ([`Limiter`], [`Meter`]).
//!
//! This crate knows neither HTTP nor the SDK nor Kubernetes.

mod bookmark;
mod error;
mod ids;
mod limiter;
mod meter;
mod model;
mod operations;
mod password;
mod port;

pub use bookmark::Bookmark;
pub use error::{Class, Error, Turn};
pub use ids::{
    Arn, ArnError, HierarchyGroupId, InstanceId, QuickConnectId, Resource, RoutingProfileId, SecurityProfileId, UserId,
};
pub use limiter::{Level, Levels, Limiter, Quota, Quotas};
pub use meter::{Listener, Meter};
pub use model::*;
pub use operations::*;
pub use password::Password;
pub use port::{Caller, Connect, ConnectExt, Priority};
