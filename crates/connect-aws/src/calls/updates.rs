//! The updates of a user: one operation for each group of fields, and two for tags.

use aws_sdk_connect::Client;
use connect_api::{
    ChannelConfigs, ListTagsForResource, TagResource, Tags, UntagResource, UpdateUserConfig, UpdateUserHierarchy,
    UpdateUserIdentityInfo, UpdateUserPhoneConfig, UpdateUserRoutingProfile, UpdateUserSecurityProfiles,
};

use crate::{
    error::Failure,
    wire::{channels, phone, user::identity_to_wire},
};

pub(crate) async fn identity_info(client: &Client, request: UpdateUserIdentityInfo) -> Result<(), Failure> {
    let UpdateUserIdentityInfo { instance, user, identity_info } = request;
    let call = client.update_user_identity_info().instance_id(instance).user_id(user);
    call.identity_info(identity_to_wire(identity_info)).send().await?;
    Ok(())
}

pub(crate) async fn phone_config(client: &Client, request: UpdateUserPhoneConfig) -> Result<(), Failure> {
    let UpdateUserPhoneConfig { instance, user, phone_config } = request;
    let call = client.update_user_phone_config().instance_id(instance).user_id(user);
    call.phone_config(phone::to_wire(phone_config)).send().await?;
    Ok(())
}

pub(crate) async fn config(client: &Client, request: UpdateUserConfig) -> Result<(), Failure> {
    let UpdateUserConfig { instance, user, channel_configs } = request;
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } =
        channel_configs;
    client
        .update_user_config()
        .instance_id(instance)
        .user_id(user)
        .set_auto_accept_configs(channels::to_wire(auto_accept))
        .set_after_contact_work_configs(channels::to_wire(after_contact_work))
        .set_phone_number_configs(channels::to_wire(phone_number))
        .set_persistent_connection_configs(channels::to_wire(persistent_connection))
        .set_voice_enhancement_configs(channels::to_wire(voice_enhancement))
        .send()
        .await?;
    Ok(())
}

pub(crate) async fn routing_profile(client: &Client, request: UpdateUserRoutingProfile) -> Result<(), Failure> {
    let UpdateUserRoutingProfile { instance, user, routing_profile_id } = request;
    let call = client.update_user_routing_profile().instance_id(instance).user_id(user);
    call.routing_profile_id(routing_profile_id).send().await?;
    Ok(())
}

pub(crate) async fn security_profiles(client: &Client, request: UpdateUserSecurityProfiles) -> Result<(), Failure> {
    let UpdateUserSecurityProfiles { instance, user, security_profile_ids } = request;
    let ids = security_profile_ids.into_iter().map(String::from).collect();
    let call = client.update_user_security_profiles().instance_id(instance).user_id(user);
    call.set_security_profile_ids(Some(ids)).send().await?;
    Ok(())
}

/// A request without the member clears the group.
pub(crate) async fn hierarchy(client: &Client, request: UpdateUserHierarchy) -> Result<(), Failure> {
    let UpdateUserHierarchy { instance, user, hierarchy_group_id } = request;
    let call = client.update_user_hierarchy().instance_id(instance).user_id(user);
    call.set_hierarchy_group_id(hierarchy_group_id.map(String::from)).send().await?;
    Ok(())
}

pub(crate) async fn tag(client: &Client, request: TagResource) -> Result<(), Failure> {
    let TagResource { arn, tags } = request;
    client.tag_resource().resource_arn(arn).set_tags(Some(tags.into_iter().collect())).send().await?;
    Ok(())
}

pub(crate) async fn tags(client: &Client, request: ListTagsForResource) -> Result<Tags, Failure> {
    let reply = client.list_tags_for_resource().resource_arn(request.arn).send().await?;
    Ok(reply.tags.unwrap_or_default().into_iter().collect())
}

pub(crate) async fn untag(client: &Client, request: UntagResource) -> Result<(), Failure> {
    let UntagResource { arn, keys } = request;
    client.untag_resource().resource_arn(arn).set_tag_keys(Some(keys.into_iter().collect())).send().await?;
    Ok(())
}
