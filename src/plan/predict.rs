//! What a user looks like after a call that Connect accepted: shown in the status without another read, and the measure by
//! which the properties of [`diff`](super::diff()) are checked.

use std::collections::BTreeMap;

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Call, Channel, ChannelConfigs, CreateUser, CreatedUser, PersistentConnectionConfig,
    PhoneConfig, PhoneNumberConfig, User,
};

use super::{
    Live,
    channels::{Settings, set_voice},
};

/// The user that an accepted CreateUser made.
pub fn created(request: &CreateUser, user: &CreatedUser) -> Live {
    let mut live = Live {
        user: User {
            id: user.id.clone(),
            arn: user.arn.clone(),
            username: request.username.clone(),
            identity_info: request.identity_info.clone().unwrap_or_default(),
            phone_config: None,
            channel_configs: ChannelConfigs::default(),
            directory_user_id: request.directory_user_id.clone(),
            security_profile_ids: request.security_profile_ids.clone(),
            routing_profile_id: Some(request.routing_profile_id.clone()),
            hierarchy_group_id: request.hierarchy_group_id.clone(),
            tags: request.tags.clone(),
            last_modified_time: None,
        },
        // CreateUser takes none, so a new user has none.
        proficiencies: Some(BTreeMap::new()),
    };
    if let Some(phone) = &request.phone_config {
        set_all_channels(&mut live.user, phone);
    }
    if request.channel_configs != ChannelConfigs::default() {
        set_lists(&mut live.user, &request.channel_configs);
    }
    live
}

/// `PhoneConfig` is spread over all channels.
fn set_all_channels(user: &mut User, phone: &PhoneConfig) {
    let is = Settings::of(user);
    let auto_accept = |c| AutoAcceptConfig { auto_accept: phone.auto_accept, ..c };
    let limit = phone.after_contact_work_time_limit;
    let work = |c| AfterContactWorkConfig { after_contact_work_time_limit: limit, ..c };
    let number = PhoneNumberConfig {
        channel: Channel::Voice,
        phone_type: phone.phone_type,
        phone_number: phone.desk_phone_number.clone(),
    };
    let persistent = |persistent_connection| PersistentConnectionConfig { channel: Channel::Voice, persistent_connection };
    user.channel_configs.auto_accept = Some(is.auto_accept.into_iter().map(auto_accept).collect());
    user.channel_configs.after_contact_work = Some(is.after_contact_work.into_iter().map(work).collect());
    user.channel_configs.phone_number = Some(vec![number]);
    user.channel_configs.persistent_connection = phone.persistent_connection.map(|v| vec![persistent(v)]);
    user.phone_config = Some(phone.clone());
}

/// A list that is given replaces the one before, and `PhoneConfig` shows the voice channel. Where Connect merges instead, it
/// shows channels at their defaults besides.
fn set_lists(user: &mut User, lists: &ChannelConfigs) {
    let mut phone = Settings::of(user).voice;
    set_voice(&mut phone, lists);
    user.phone_config = Some(phone);
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } = lists;
    replace(&mut user.channel_configs.auto_accept, auto_accept);
    replace(&mut user.channel_configs.after_contact_work, after_contact_work);
    replace(&mut user.channel_configs.phone_number, phone_number);
    replace(&mut user.channel_configs.persistent_connection, persistent_connection);
    replace(&mut user.channel_configs.voice_enhancement, voice_enhancement);
}

fn replace<S: Clone>(list: &mut Option<Vec<S>>, given: &Option<Vec<S>>) {
    if given.is_some() {
        list.clone_from(given);
    }
}

/// `live` after `call`. A call that changes nothing about this user leaves it as it is.
pub fn after(mut live: Live, call: &Call) -> Live {
    let user = &mut live.user;
    if call.name().is_write() {
        // Connect does not tell it with its answer.
        user.last_modified_time = None;
    }
    match call {
        Call::UpdateUserIdentityInfo(c) => user.identity_info = c.identity_info.clone(),
        Call::UpdateUserPhoneConfig(c) => set_all_channels(user, &c.phone_config),
        Call::UpdateUserConfig(c) => set_lists(user, &c.channel_configs),
        Call::UpdateUserRoutingProfile(c) => user.routing_profile_id = Some(c.routing_profile_id.clone()),
        Call::UpdateUserSecurityProfiles(c) => user.security_profile_ids = c.security_profile_ids.clone(),
        Call::UpdateUserHierarchy(c) => user.hierarchy_group_id = c.hierarchy_group_id.clone(),
        Call::TagResource(c) => user.tags.extend(c.tags.clone()),
        Call::UntagResource(c) => user.tags.retain(|k, _| !c.keys.contains(k)),
        Call::AssociateUserProficiencies(connect_api::AssociateUserProficiencies { proficiencies, .. })
        | Call::UpdateUserProficiencies(connect_api::UpdateUserProficiencies { proficiencies, .. }) => {
            if let Some(has) = &mut live.proficiencies {
                has.extend(proficiencies.iter().map(|p| (p.key.clone(), p.level)));
            }
        }
        Call::DisassociateUserProficiencies(c) => {
            if let Some(has) = &mut live.proficiencies {
                has.retain(|k, _| !c.proficiencies.contains(k));
            }
        }
        Call::CreateUser(_)
        | Call::DeleteUser(_)
        | Call::DescribeUser(_)
        | Call::ListUsers(_)
        | Call::SearchUsers(_)
        | Call::ListUserProficiencies(_)
        | Call::DescribeInstance(_)
        | Call::ListRoutingProfiles(_)
        | Call::ListSecurityProfiles(_)
        | Call::ListUserHierarchyGroups(_)
        | Call::DescribeUserHierarchyGroup(_)
        | Call::SearchQuickConnects(_)
        | Call::DescribeQuickConnect(_)
        | Call::DeleteQuickConnect(_) => {}
    }
    live
}
