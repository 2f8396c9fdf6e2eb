//! What a user looks like after a call that Connect accepted: shown in the status without another read, and the measure by
//! which the properties of [`diff`](super::diff()) are checked.

use std::collections::BTreeMap;

use connect_api::{Call, CreateUser, CreatedUser, User};

use super::Live;

/// The user that an accepted CreateUser made.
pub fn created(request: &CreateUser, user: &CreatedUser) -> Live {
    Live {
        user: User {
            id: user.id.clone(),
            arn: user.arn.clone(),
            username: request.username.clone(),
            identity_info: request.identity_info.clone().unwrap_or_default(),
            phone_config: request.phone_config.clone(),
            channel_configs: request.channel_configs.clone(),
            directory_user_id: request.directory_user_id.clone(),
            security_profile_ids: request.security_profile_ids.clone(),
            routing_profile_id: Some(request.routing_profile_id.clone()),
            hierarchy_group_id: request.hierarchy_group_id.clone(),
            tags: request.tags.clone(),
            last_modified_time: None,
        },
        // CreateUser takes none, so a new user has none.
        proficiencies: Some(BTreeMap::new()),
    }
}

/// `live` after `call`. A call that changes nothing about this user leaves it as it is.
pub fn after(mut live: Live, call: &Call) -> Live {
    let user = &mut live.user;
    match call {
        Call::UpdateUserIdentityInfo(c) => user.identity_info = c.identity_info.clone(),
        Call::UpdateUserPhoneConfig(c) => user.phone_config = Some(c.phone_config.clone()),
        Call::UpdateUserConfig(c) => user.channel_configs = c.channel_configs.clone(),
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
        | Call::ListPredefinedAttributes(_)
        | Call::SearchQuickConnects(_)
        | Call::DescribeQuickConnect(_)
        | Call::DeleteQuickConnect(_) => {}
    }
    live
}
