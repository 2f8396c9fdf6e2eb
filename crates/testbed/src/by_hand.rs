//! What people do at Connect's console.

use connect_api::{Caller, ConnectExt, CreateUser, Error, IdentityInfo, InstanceId, Operation, Password, PhoneConfig};
use connect_sim::Sim;
use futures::FutureExt;

/// Makes a call at Connect's console, which is neither throttled nor counted.
///
/// # Errors
/// Those of Connect.
///
/// # Panics
/// Never: the simulator answers at once.
pub fn at_console<O: Operation>(sim: &Sim, request: O) -> Result<O::Output, Error>
where
    O::Output: Send,
{
    sim.console().call(&Caller::default(), request).now_or_never().expect("every future is ready at its first poll")
}

/// Returns the call that creates a user with these profiles, which are named, and without anything that Connect does not require.
///
/// # Panics
/// If the instance does not have the profiles.
pub fn create_by_hand(
    sim: &Sim,
    instance: &InstanceId,
    username: &str,
    routing_profile: &str,
    security_profile: &str,
) -> CreateUser {
    CreateUser {
        instance: instance.clone(),
        username: username.into(),
        password: Some(Password::new("By-hand-0123")),
        identity_info: Some(IdentityInfo {
            first_name: Some("By".into()),
            last_name: Some("Hand".into()),
            ..IdentityInfo::default()
        }),
        phone_config: Some(PhoneConfig::default()),
        channel_configs: Default::default(),
        directory_user_id: None,
        security_profile_ids: [sim.security_profile_id(instance, security_profile).expect("the security profile exists")].into(),
        routing_profile_id: sim.routing_profile_id(instance, routing_profile).expect("the routing profile exists"),
        hierarchy_group_id: None,
        tags: Default::default(),
    }
}
