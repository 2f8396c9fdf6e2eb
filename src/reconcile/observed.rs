//! The live user in the words of the spec, for `status.observed`.

use connect_api::{Arn, Resource};

use crate::{
    api::{self, ObservedUser, UserProficiency},
    plan::{Live, shown},
};

/// What the status shows of a user.
pub(super) fn observed(instance: &Arn, live: &Live) -> ObservedUser {
    let user = &live.user;
    let arn = |resource| instance.sibling(resource).to_string();
    let identity = &user.identity_info;
    let lists = &user.channel_configs;
    ObservedUser {
        username: user.username.clone(),
        directory_user_id: user.directory_user_id.clone(),
        identity_info: api::IdentityInfo {
            first_name: identity.first_name.clone(),
            last_name: identity.last_name.clone(),
            email: identity.email.clone(),
            secondary_email: identity.secondary_email.clone(),
            mobile: identity.mobile.clone(),
        },
        phone_config: user.phone_config.as_ref().map(|p| api::PhoneConfig {
            phone_type: Some(p.phone_type.into()),
            auto_accept: Some(p.auto_accept),
            after_contact_work_time_limit: Some(p.after_contact_work_time_limit),
            desk_phone_number: p.desk_phone_number.clone(),
            persistent_connection: p.persistent_connection,
        }),
        auto_accept_configs: shown(&lists.auto_accept, |c| c.channel),
        after_contact_work_configs: shown(&lists.after_contact_work, |c| c.channel),
        phone_number_configs: shown(&lists.phone_number, |c| c.channel),
        persistent_connection_configs: shown(&lists.persistent_connection, |c| c.channel),
        voice_enhancement_configs: shown(&lists.voice_enhancement, |c| c.channel),
        routing_profile_arn: user.routing_profile_id.clone().map(|id| arn(Resource::RoutingProfile(id))),
        security_profile_arns: user.security_profile_ids.iter().map(|id| arn(Resource::SecurityProfile(id.clone()))).collect(),
        hierarchy_group_arn: user.hierarchy_group_id.clone().map(|id| arn(Resource::HierarchyGroup(id))),
        user_proficiencies: live.proficiencies.as_ref().map(|list| {
            list.iter()
                .map(|(key, level)| UserProficiency {
                    attribute_name: key.attribute_name.clone(),
                    attribute_value: key.attribute_value.clone(),
                    // Connect's levels are 1.0 to 5.0, in practice whole: the cast saturates and cannot wrap.
                    level: level.round() as u8,
                })
                .collect()
        }),
        tags: user.tags.clone(),
    }
}
