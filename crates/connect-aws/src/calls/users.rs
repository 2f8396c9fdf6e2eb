//! CreateUser, DescribeUser, DeleteUser, ListUsers, SearchUsers.

use aws_sdk_connect::{
    Client,
    types::{StringComparisonType, StringCondition, UserSearchCriteria},
};
use connect_api::{
    ChannelConfigs, CreateUser, CreatedUser, DeleteUser, DescribeUser, FoundUser, ListUsers, Page, SearchUsers, User, UserSummary,
};

use crate::{
    error::{Failure, required},
    wire::{channels, page, phone, user},
};

pub(crate) async fn create(client: &Client, request: CreateUser) -> Result<CreatedUser, Failure> {
    let CreateUser {
        instance,
        username,
        password,
        identity_info,
        phone_config,
        channel_configs,
        directory_user_id,
        security_profile_ids,
        routing_profile_id,
        hierarchy_group_id,
        tags,
    } = request;
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } =
        channel_configs;
    let password = password.as_ref().map(|password| password.expose());
    let reply = client
        .create_user()
        .instance_id(instance)
        .username(username)
        .set_password(password.map(str::to_owned))
        .set_identity_info(identity_info.map(user::identity_to_wire))
        .set_phone_config(phone_config.map(phone::to_wire))
        .set_auto_accept_configs(channels::to_wire(auto_accept))
        .set_after_contact_work_configs(channels::to_wire(after_contact_work))
        .set_phone_number_configs(channels::to_wire(phone_number))
        .set_persistent_connection_configs(channels::to_wire(persistent_connection))
        .set_voice_enhancement_configs(channels::to_wire(voice_enhancement))
        .set_directory_user_id(directory_user_id)
        .set_security_profile_ids(Some(security_profile_ids.into_iter().map(String::from).collect()))
        .routing_profile_id(routing_profile_id)
        .set_hierarchy_group_id(hierarchy_group_id.map(String::from))
        .set_tags((!tags.is_empty()).then(|| tags.into_iter().collect()))
        .send()
        .await
        .map_err(|error| Failure::from(error).without(password))?;
    Ok(CreatedUser { id: required(reply.user_id, "UserId")?.into(), arn: required(reply.user_arn, "UserArn")? })
}

pub(crate) async fn describe(client: &Client, request: DescribeUser) -> Result<User, Failure> {
    let DescribeUser { instance, user } = request;
    let reply = client.describe_user().instance_id(instance).user_id(user).send().await?;
    user::described(required(reply.user, "User")?)
}

pub(crate) async fn delete(client: &Client, request: DeleteUser) -> Result<(), Failure> {
    let DeleteUser { instance, user } = request;
    client.delete_user().instance_id(instance).user_id(user).send().await?;
    Ok(())
}

pub(crate) async fn list(client: &Client, request: ListUsers) -> Result<Page<UserSummary>, Failure> {
    let ListUsers { instance, max_results, next_token } = request;
    let call = client.list_users().instance_id(instance).max_results(max_results).set_next_token(next_token);
    let reply = call.send().await?;
    page(reply.user_summary_list, reply.next_token, user::summary)
}

pub(crate) async fn search(client: &Client, request: SearchUsers) -> Result<Page<FoundUser>, Failure> {
    let SearchUsers { instance, max_results, next_token, username } = request;
    let call = client.search_users().instance_id(instance).max_results(max_results).set_next_token(next_token);
    let reply = call.set_search_criteria(username.map(exactly)).send().await?;
    page(reply.users, reply.next_token, user::found)
}

fn exactly(username: String) -> UserSearchCriteria {
    let condition =
        StringCondition::builder().field_name("Username").value(username).comparison_type(StringComparisonType::Exact);
    UserSearchCriteria::builder().string_condition(condition.build()).build()
}
