//! The updates of a user: one operation for each group of fields.

use aws_sdk_connect::Client;
use connect_api::{
    ChannelConfigs, Error, OperationName, UpdateUserConfig, UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserPhoneConfig,
    UpdateUserRoutingProfile, UpdateUserSecurityProfiles,
};

use crate::{
    error,
    wire::{channels, identity, phone},
};

pub(crate) async fn identity_info(client: &Client, request: UpdateUserIdentityInfo) -> Result<(), Error> {
    let UpdateUserIdentityInfo { instance, user, identity_info } = request;
    client
        .update_user_identity_info()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .identity_info(identity::to_wire(identity_info))
        .send()
        .await
        .map_err(|e| error::of(OperationName::UpdateUserIdentityInfo, e))?;
    Ok(())
}

pub(crate) async fn phone_config(client: &Client, request: UpdateUserPhoneConfig) -> Result<(), Error> {
    let UpdateUserPhoneConfig { instance, user, phone_config } = request;
    client
        .update_user_phone_config()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .phone_config(phone::to_wire(phone_config))
        .send()
        .await
        .map_err(|e| error::of(OperationName::UpdateUserPhoneConfig, e))?;
    Ok(())
}

pub(crate) async fn config(client: &Client, request: UpdateUserConfig) -> Result<(), Error> {
    let UpdateUserConfig { instance, user, channel_configs } = request;
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } =
        channel_configs;
    client
        .update_user_config()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .set_auto_accept_configs(channels::to_wire(auto_accept))
        .set_after_contact_work_configs(channels::to_wire(after_contact_work))
        .set_phone_number_configs(channels::to_wire(phone_number))
        .set_persistent_connection_configs(channels::to_wire(persistent_connection))
        .set_voice_enhancement_configs(channels::to_wire(voice_enhancement))
        .send()
        .await
        .map_err(|e| error::of(OperationName::UpdateUserConfig, e))?;
    Ok(())
}

pub(crate) async fn routing_profile(client: &Client, request: UpdateUserRoutingProfile) -> Result<(), Error> {
    let UpdateUserRoutingProfile { instance, user, routing_profile_id } = request;
    client
        .update_user_routing_profile()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .routing_profile_id(routing_profile_id.as_str())
        .send()
        .await
        .map_err(|e| error::of(OperationName::UpdateUserRoutingProfile, e))?;
    Ok(())
}

pub(crate) async fn security_profiles(client: &Client, request: UpdateUserSecurityProfiles) -> Result<(), Error> {
    let UpdateUserSecurityProfiles { instance, user, security_profile_ids } = request;
    client
        .update_user_security_profiles()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .set_security_profile_ids(Some(security_profile_ids.iter().map(|id| id.as_str().to_owned()).collect()))
        .send()
        .await
        .map_err(|e| error::of(OperationName::UpdateUserSecurityProfiles, e))?;
    Ok(())
}

/// A request without the member clears the group.
pub(crate) async fn hierarchy(client: &Client, request: UpdateUserHierarchy) -> Result<(), Error> {
    let UpdateUserHierarchy { instance, user, hierarchy_group_id } = request;
    client
        .update_user_hierarchy()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .set_hierarchy_group_id(hierarchy_group_id.map(|id| id.as_str().to_owned()))
        .send()
        .await
        .map_err(|e| error::of(OperationName::UpdateUserHierarchy, e))?;
    Ok(())
}
