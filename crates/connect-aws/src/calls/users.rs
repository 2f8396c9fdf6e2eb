//! CreateUser, DescribeUser, DeleteUser, ListUsers.

use std::collections::HashMap;

use aws_sdk_connect::Client;
use connect_api::{
    ChannelConfigs, CreateUser, CreatedUser, DeleteUser, DescribeUser, Error, ListUsers, OperationName, Page, Password, User,
    UserSummary,
};

use crate::{
    error::{self, incomplete},
    wire::{channels, identity, page, phone, user},
};

pub(crate) async fn create(client: &Client, request: CreateUser) -> Result<CreatedUser, Error> {
    const NAME: OperationName = OperationName::CreateUser;
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
    let reply = client
        .create_user()
        .instance_id(instance.as_str())
        .username(username)
        .set_password(password.as_ref().map(|p| p.expose().to_owned()))
        .set_identity_info(identity_info.map(identity::to_wire))
        .set_phone_config(phone_config.map(phone::to_wire))
        .set_auto_accept_configs(channels::to_wire(auto_accept))
        .set_after_contact_work_configs(channels::to_wire(after_contact_work))
        .set_phone_number_configs(channels::to_wire(phone_number))
        .set_persistent_connection_configs(channels::to_wire(persistent_connection))
        .set_voice_enhancement_configs(channels::to_wire(voice_enhancement))
        .set_directory_user_id(directory_user_id)
        .set_security_profile_ids(Some(security_profile_ids.iter().map(|id| id.as_str().to_owned()).collect()))
        .routing_profile_id(routing_profile_id.as_str())
        .set_hierarchy_group_id(hierarchy_group_id.map(|id| id.as_str().to_owned()))
        .set_tags((!tags.is_empty()).then(|| tags.into_iter().collect::<HashMap<_, _>>()))
        .send()
        .await
        .map_err(|e| without_password(error::of(NAME, e), password.as_ref()))?;
    Ok(CreatedUser {
        id: reply.user_id.ok_or_else(|| incomplete(NAME, "UserId"))?.as_str().into(),
        arn: reply.user_arn.ok_or_else(|| incomplete(NAME, "UserArn"))?,
    })
}

/// Removes the password from an error, since AWS services quote rejected values in their messages.
fn without_password(mut error: Error, password: Option<&Password>) -> Error {
    if let Some(password) = password.map(Password::expose).filter(|p| !p.is_empty()) {
        error.message = error.message.replace(password, "[password]");
    }
    error
}

pub(crate) async fn describe(client: &Client, request: DescribeUser) -> Result<User, Error> {
    const NAME: OperationName = OperationName::DescribeUser;
    let DescribeUser { instance, user } = request;
    let reply = client
        .describe_user()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .send()
        .await
        .map_err(|e| error::of(NAME, e))?;
    user::described(reply.user.ok_or_else(|| incomplete(NAME, "User"))?)
}

pub(crate) async fn delete(client: &Client, request: DeleteUser) -> Result<(), Error> {
    let DeleteUser { instance, user } = request;
    client
        .delete_user()
        .instance_id(instance.as_str())
        .user_id(user.as_str())
        .send()
        .await
        .map_err(|e| error::of(OperationName::DeleteUser, e))?;
    Ok(())
}

pub(crate) async fn list(client: &Client, request: ListUsers) -> Result<Page<UserSummary>, Error> {
    let ListUsers { instance, max_results, next_token } = request;
    let reply = client
        .list_users()
        .instance_id(instance.as_str())
        .max_results(max_results)
        .set_next_token(next_token)
        .send()
        .await
        .map_err(|e| error::of(OperationName::ListUsers, e))?;
    page(reply.user_summary_list, reply.next_token, user::summary)
}
