//! What the simulator holds, for tests and people to look at: whole, at once, without lag.

use connect_api::{IdentityManagementType, InstanceId, Proficiency, User};
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
