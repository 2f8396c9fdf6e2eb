//! What the simulator holds, for tests and people to look at: whole, at once, without lag.

use std::collections::BTreeMap;

use connect_api::{IdentityManagementType, InstanceId, Proficiency, QuickConnect, User};
use jiff::Timestamp;

/// A user as it is, without the password.
#[derive(Clone, Debug, PartialEq)]
pub struct UserView {
    /// What DescribeUser would show.
    pub user: User,
    /// Its proficiencies, by name and value.
    pub proficiencies: Vec<Proficiency>,
    /// Whether a password was set.
    pub has_password: bool,
    /// When it was created.
    pub created: Timestamp,
}

/// A session of a role, as it was asked for.
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
    /// The external id that came with the request.
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
    /// How its users sign in.
    pub identity_management_type: IdentityManagementType,
    /// Users at most.
    pub users_quota: usize,
    /// Users now.
    pub users: usize,
}

/// A quick connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickConnectView {
    /// What DescribeQuickConnect would show.
    pub quick_connect: QuickConnect,
    /// When it was created.
    pub created: Timestamp,
}

/// What a quick connect points to. Ids are shown as they were given: bare, or as ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuickConnectTarget {
    /// `USER`.
    User(String),
    /// `QUEUE`. Queues are not simulated: any id will do.
    Queue(String),
    /// `PHONE_NUMBER`.
    PhoneNumber(String),
}
