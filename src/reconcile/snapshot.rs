//! The user as `status.observed` shows it, read back.

use connect_api::{Arn, ChannelConfigs, IdentityInfo, PhoneConfig, Proficiency, ProficiencyKey, Resource, User};

use crate::{api::ConnectUserStatus, plan::Live};

/// The recorded user as it was last seen. None where nobody has seen it, or where the status cannot be read.
pub(super) fn remembered(instance: &Arn, status: &ConnectUserStatus) -> Option<Live> {
    let (id, observed) = (status.user_id.as_deref()?, status.observed.clone()?);
    let resource =
        |arn: &str| arn.parse::<Arn>().ok().filter(|arn| arn.sibling(Resource::Instance) == *instance).map(|a| a.resource);
    let routing_profile_id = match observed.routing_profile_arn.as_deref().map(resource) {
        None => None,
        Some(Some(Resource::RoutingProfile(id))) => Some(id),
        Some(_) => return None,
    };
    let hierarchy_group_id = match observed.hierarchy_group_arn.as_deref().map(resource) {
        None => None,
        Some(Some(Resource::HierarchyGroup(id))) => Some(id),
        Some(_) => return None,
    };
    let security = observed.security_profile_arns.iter().map(|arn| match resource(arn) {
        Some(Resource::SecurityProfile(id)) => Some(id),
        _ => None,
    });
    let identity = observed.identity_info;
    let user = User {
        id: id.into(),
        arn: status.user_arn.clone()?,
        username: observed.username,
        identity_info: IdentityInfo {
            first_name: identity.first_name,
            last_name: identity.last_name,
            email: identity.email,
            secondary_email: identity.secondary_email,
            mobile: identity.mobile,
        },
        phone_config: observed.phone_config.map(|phone| PhoneConfig {
            phone_type: phone.phone_type.map(Into::into).unwrap_or_default(),
            auto_accept: phone.auto_accept.unwrap_or_default(),
            after_contact_work_time_limit: phone.after_contact_work_time_limit.unwrap_or_default(),
            desk_phone_number: phone.desk_phone_number,
            persistent_connection: phone.persistent_connection,
        }),
        channel_configs: ChannelConfigs {
            auto_accept: observed.auto_accept_configs.map(|c| c.into_iter().map(Into::into).collect()),
            after_contact_work: observed.after_contact_work_configs.map(|c| c.into_iter().map(Into::into).collect()),
            phone_number: observed.phone_number_configs.map(|c| c.into_iter().map(Into::into).collect()),
            persistent_connection: observed.persistent_connection_configs.map(|c| c.into_iter().map(Into::into).collect()),
            voice_enhancement: observed.voice_enhancement_configs.map(|c| c.into_iter().map(Into::into).collect()),
        },
        directory_user_id: observed.directory_user_id,
        security_profile_ids: security.collect::<Option<_>>()?,
        routing_profile_id,
        hierarchy_group_id,
        tags: observed.tags,
        last_modified_time: None,
    };
    let live = Live::unread(user);
    Some(match observed.user_proficiencies {
        None => live,
        Some(list) => live.with_proficiencies(list.into_iter().map(|p| Proficiency {
            key: ProficiencyKey { attribute_name: p.attribute_name, attribute_value: p.attribute_value },
            level: f32::from(p.level),
        })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::fixtures::{live, live_by_channel},
        reconcile::observed::observed,
    };

    #[test]
    fn what_was_shown_is_read_back_as_it_was() {
        let instance: Arn = "arn:aws:connect:us-west-2:123456789012:instance/i-1".parse().unwrap();
        for live in [live(), live_by_channel()] {
            let status = ConnectUserStatus {
                user_id: Some(live.user.id.as_str().to_owned()),
                user_arn: Some(live.user.arn.clone()),
                observed: Some(observed(&instance, &live)),
                ..ConnectUserStatus::default()
            };
            assert_eq!(remembered(&instance, &status), Some(live));
        }
    }
}
