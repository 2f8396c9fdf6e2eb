//! Views of the simulator's state for tests and people: complete and without lag.

use std::collections::BTreeMap;

use connect_api::{IdentityManagementType, InstanceId, Proficiency, QuickConnect, User};
use jiff::Timestamp;

/// A user as stored, without the password.
#[derive(Clone, Debug, PartialEq)]
pub struct UserView {
    /// The user as DescribeUser returns it without lag.
    pub user: User,
    /// The proficiencies, by name and value.
    pub proficiencies: Vec<Proficiency>,
    /// Whether a password was set.
    pub has_password: bool,
    /// When it was created.
    pub created: Timestamp,
}

/// A session of a role, as requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// The role's account.
    pub account: String,
    /// The session's ARN.
    pub arn: String,
    /// The role's ARN.
    pub role_arn: String,
    /// The session's name.
    pub session_name: String,
    /// The external id in the request.
    pub external_id: Option<String>,
    /// The session's tags.
    pub tags: BTreeMap<String, String>,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceView {
    /// Its id.
    pub id: InstanceId,
    /// Its ARN.
    pub arn: String,
    /// Its account.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its alias.
    pub alias: Option<String>,
    /// How users sign in.
    pub identity_management_type: IdentityManagementType,
    /// The quota of users.
    pub users_quota: usize,
    /// The number of users.
    pub users: usize,
}

/// A quick connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickConnectView {
    /// The quick connect as DescribeQuickConnect returns it.
    pub quick_connect: QuickConnect,
    /// When it was created.
    pub created: Timestamp,
}

/// The target of a quick connect. Ids are returned as given: bare or as ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuickConnectTarget {
    /// `USER`.
    User(String),
    /// `QUEUE`. Queues are not simulated, so any id is valid.
    Queue(String),
    /// `PHONE_NUMBER`.
    PhoneNumber(String),
}
