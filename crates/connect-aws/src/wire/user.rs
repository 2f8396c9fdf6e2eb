//! A user as DescribeUser, SearchUsers and ListUsers return it, and `UserIdentityInfo`.

use aws_sdk_connect::{
    primitives::DateTime,
    types::{self, UserIdentityInfo},
};
use connect_api::{AfterContactWorkConfig, ChannelConfigs, FoundUser, IdentityInfo, User, UserSummary};
use jiff::Timestamp;

use super::{channels, phone};
use crate::error::{Failure, required};

pub(crate) fn described(user: types::User) -> Result<User, Failure> {
    Ok(User {
        id: required(user.id, "User.Id")?.into(),
        arn: required(user.arn, "User.Arn")?,
        username: required(user.username, "User.Username")?,
        identity_info: user.identity_info.map(identity_from_wire).unwrap_or_default(),
        phone_config: user.phone_config.map(phone::from_wire),
        channel_configs: ChannelConfigs {
            auto_accept: channels::from_wire(user.auto_accept_configs),
            after_contact_work: channels::from_wire(user.after_contact_work_configs),
            phone_number: channels::from_wire(user.phone_number_configs),
            persistent_connection: channels::from_wire(user.persistent_connection_configs),
            voice_enhancement: channels::from_wire(user.voice_enhancement_configs),
        },
        directory_user_id: user.directory_user_id,
        security_profile_ids: user.security_profile_ids.into_iter().flatten().map(Into::into).collect(),
        routing_profile_id: user.routing_profile_id.map(Into::into),
        hierarchy_group_id: user.hierarchy_group_id.map(Into::into),
        tags: user.tags.into_iter().flatten().collect(),
        last_modified_time: user.last_modified_time.and_then(timestamp),
    })
}

pub(crate) fn found(user: types::UserSearchSummary) -> Result<FoundUser, Failure> {
    let mut phone_config = user.phone_config.map(phone::from_wire);
    if let Some(config) = &mut phone_config {
        config.after_contact_work_time_limit /= 1000;
    }
    let mut after_contact_work: Option<Vec<AfterContactWorkConfig>> = channels::from_wire(user.after_contact_work_configs);
    for config in after_contact_work.iter_mut().flatten() {
        in_seconds(&mut config.after_contact_work_time_limit);
        config.agent_first_callback_after_contact_work_time_limit.iter_mut().for_each(in_seconds);
    }
    let (first_name, last_name) = user.identity_info.map(|info| (info.first_name, info.last_name)).unwrap_or_default();
    Ok(FoundUser {
        id: required(user.id, "a user's Id")?.into(),
        arn: required(user.arn, "a user's Arn")?,
        username: required(user.username, "a user's Username")?,
        first_name,
        last_name,
        phone_config,
        channel_configs: ChannelConfigs {
            auto_accept: channels::from_wire(user.auto_accept_configs),
            after_contact_work,
            phone_number: channels::from_wire(user.phone_number_configs),
            persistent_connection: channels::from_wire(user.persistent_connection_configs),
            voice_enhancement: channels::from_wire(user.voice_enhancement_configs),
        },
        directory_user_id: user.directory_user_id,
        security_profile_ids: user.security_profile_ids.into_iter().flatten().map(Into::into).collect(),
        routing_profile_id: user.routing_profile_id.map(Into::into),
        hierarchy_group_id: user.hierarchy_group_id.map(Into::into),
        tags: user.tags.into_iter().flatten().collect(),
    })
}

/// Converts a limit in one of the lists of a found user to seconds.
///
/// AWS' page on SearchUsers says that it returns after-contact work in milliseconds, but not whether that applies to these lists
/// as well as to `PhoneConfig`, and it is unconfirmed. Limits are set in whole seconds, so milliseconds are always a multiple of
/// 1,000, and any other number must be seconds. Reading multiples as milliseconds is right if the page applies to the lists. If
/// it does not, only limits of 1,000 s, 2,000 s and so on are read wrongly. SearchUsers is a hint: the operator reads a user that
/// differs in it with DescribeUser before it acts.
fn in_seconds(limit: &mut i32) {
    if *limit % 1000 == 0 {
        *limit /= 1000;
    }
}

pub(crate) fn summary(user: types::UserSummary) -> Result<UserSummary, Failure> {
    Ok(UserSummary {
        id: required(user.id, "a user's Id")?.into(),
        arn: required(user.arn, "a user's Arn")?,
        username: required(user.username, "a user's Username")?,
        last_modified_time: user.last_modified_time.and_then(timestamp),
    })
}

pub(crate) fn identity_to_wire(info: IdentityInfo) -> UserIdentityInfo {
    let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = info;
    let wire = UserIdentityInfo::builder().set_first_name(first_name).set_last_name(last_name).set_email(email);
    wire.set_secondary_email(secondary_email).set_mobile(mobile).build()
}

fn identity_from_wire(info: UserIdentityInfo) -> IdentityInfo {
    let UserIdentityInfo { first_name, last_name, email, secondary_email, mobile, .. } = info;
    IdentityInfo { first_name, last_name, email, secondary_email, mobile }
}

fn timestamp(time: DateTime) -> Option<Timestamp> {
    Timestamp::from_nanosecond(time.as_nanos()).ok()
}
