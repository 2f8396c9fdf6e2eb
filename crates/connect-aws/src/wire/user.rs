//! A user as DescribeUser, SearchUsers and ListUsers return it.

use aws_sdk_connect::{primitives::DateTime, types};
use connect_api::{ChannelConfigs, Error, FoundUser, OperationName, User, UserSummary};
use jiff::Timestamp;

use super::{TimeUnit, channels, identity, phone};
use crate::error::incomplete;

pub(crate) fn described(user: types::User) -> Result<User, Error> {
    const NAME: OperationName = OperationName::DescribeUser;
    let unit = TimeUnit::Seconds;
    Ok(User {
        id: user.id.ok_or_else(|| incomplete(NAME, "User.Id"))?.as_str().into(),
        arn: user.arn.ok_or_else(|| incomplete(NAME, "User.Arn"))?,
        username: user.username.ok_or_else(|| incomplete(NAME, "User.Username"))?,
        identity_info: user.identity_info.map(identity::from_wire).unwrap_or_default(),
        phone_config: user.phone_config.map(|config| phone::from_wire(config, unit)),
        channel_configs: ChannelConfigs {
            auto_accept: channels::from_wire(user.auto_accept_configs, unit),
            after_contact_work: channels::from_wire(user.after_contact_work_configs, unit),
            phone_number: channels::from_wire(user.phone_number_configs, unit),
            persistent_connection: channels::from_wire(user.persistent_connection_configs, unit),
            voice_enhancement: channels::from_wire(user.voice_enhancement_configs, unit),
        },
        directory_user_id: user.directory_user_id,
        security_profile_ids: user.security_profile_ids.into_iter().flatten().map(|id| id.as_str().into()).collect(),
        routing_profile_id: user.routing_profile_id.map(|id| id.as_str().into()),
        hierarchy_group_id: user.hierarchy_group_id.map(|id| id.as_str().into()),
        tags: user.tags.into_iter().flatten().collect(),
        last_modified_time: user.last_modified_time.and_then(timestamp),
    })
}

pub(crate) fn found(user: types::UserSearchSummary) -> Result<FoundUser, Error> {
    const NAME: OperationName = OperationName::SearchUsers;
    let unit = TimeUnit::Milliseconds;
    let (first_name, last_name) = user.identity_info.map(|info| (info.first_name, info.last_name)).unwrap_or_default();
    Ok(FoundUser {
        id: user.id.ok_or_else(|| incomplete(NAME, "a user's Id"))?.as_str().into(),
        arn: user.arn.ok_or_else(|| incomplete(NAME, "a user's Arn"))?,
        username: user.username.ok_or_else(|| incomplete(NAME, "a user's Username"))?,
        first_name,
        last_name,
        phone_config: user.phone_config.map(|config| phone::from_wire(config, unit)),
        channel_configs: ChannelConfigs {
            auto_accept: channels::from_wire(user.auto_accept_configs, unit),
            after_contact_work: channels::from_wire(user.after_contact_work_configs, unit),
            phone_number: channels::from_wire(user.phone_number_configs, unit),
            persistent_connection: channels::from_wire(user.persistent_connection_configs, unit),
            voice_enhancement: channels::from_wire(user.voice_enhancement_configs, unit),
        },
        directory_user_id: user.directory_user_id,
        security_profile_ids: user.security_profile_ids.into_iter().flatten().map(|id| id.as_str().into()).collect(),
        routing_profile_id: user.routing_profile_id.map(|id| id.as_str().into()),
        hierarchy_group_id: user.hierarchy_group_id.map(|id| id.as_str().into()),
        tags: user.tags.into_iter().flatten().collect(),
    })
}

pub(crate) fn summary(user: types::UserSummary) -> Result<UserSummary, Error> {
    const NAME: OperationName = OperationName::ListUsers;
    Ok(UserSummary {
        id: user.id.ok_or_else(|| incomplete(NAME, "a user's Id"))?.as_str().into(),
        arn: user.arn.ok_or_else(|| incomplete(NAME, "a user's Arn"))?,
        username: user.username.ok_or_else(|| incomplete(NAME, "a user's Username"))?,
        last_modified_time: user.last_modified_time.and_then(timestamp),
    })
}

fn timestamp(time: DateTime) -> Option<Timestamp> {
    Timestamp::from_nanosecond(time.as_nanos()).ok()
}
