//! Amazon Connect as the operator sees it: typed requests, one [`Connect`] trait to send them through, one [`Error`] with a
//! [`Class`], and decorators for any client ([`Limiter`], [`Meter`]).
//!
//! This crate knows neither HTTP nor the SDK nor Kubernetes.

mod error;
mod ids;
mod limiter;
mod meter;
mod model;
mod operations;
mod page_cursor;
mod password;
mod port;
mod unknown_name;

pub use error::{Class, Error, QueuePosition};
pub use ids::{
    Arn, ArnError, ArnParts, HierarchyGroupId, InstanceId, QuickConnectId, Resource, RoutingProfileId, SecurityProfileId, UserId,
    partition_of,
};
pub use limiter::{BucketStatus, Limiter, LimiterStatus, Quota, Quotas};
pub use meter::{CallObserver, Meter};
pub use model::*;
pub use operations::*;
pub use page_cursor::PageCursor;
pub use password::Password;
pub use port::{Caller, Connect, ConnectExt, Priority};
pub use unknown_name::UnknownName;
