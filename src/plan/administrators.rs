//! Which permissions make a user an administrator.

/// Permissions that let a user change what users may do, the user itself included. ListSecurityProfilePermissions names them so.
const OF_ADMINISTRATORS: [&str; 3] = ["SecurityProfiles.Create", "SecurityProfiles.Edit", "Users.EditPermission"];

/// Returns whether a user with this permission may change what users may do.
pub(crate) fn administrates(permission: &str) -> bool {
    OF_ADMINISTRATORS.contains(&permission)
}
