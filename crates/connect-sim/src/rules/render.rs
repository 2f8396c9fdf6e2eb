//! Renders users and instances for the reads.

use connect_api::{FoundUser, Instance as Described, Proficiency, User as Shown, UserSummary};

use super::channels;
use crate::{
    EmptyLists, InstanceView, Rules, UserView,
    state::{ACTIVE, Instance, User},
};

impl Instance {
    /// Returns the instance as DescribeInstance shows it.
    pub(crate) fn described(&self) -> Described {
        Described {
            id: self.arn.instance.clone(),
            arn: self.arn.to_string(),
            alias: self.alias.clone(),
            identity_management_type: Some(self.identity_management_type),
            status: Some(ACTIVE.into()),
        }
    }

    /// Returns the instance without lag.
    pub(crate) fn view(&self) -> InstanceView {
        InstanceView {
            id: self.arn.instance.clone(),
            arn: self.arn.to_string(),
            account: self.arn.account.clone(),
            region: self.arn.region.clone(),
            alias: self.alias.clone(),
            identity_management_type: self.identity_management_type,
            users_quota: self.users_quota,
            users: self.users.len(),
        }
    }

    /// Returns the users without lag.
    pub(crate) fn user_views(&self, rules: &Rules) -> Vec<UserView> {
        let view = |user: &std::sync::Arc<User>| UserView {
            user: described(rules, self, user),
            proficiencies: proficiencies(user),
            has_password: user.has_password,
            created: user.created,
        };
        self.users.values().map(view).collect()
    }
}

/// Returns a user as DescribeUser shows it.
pub(crate) fn described(rules: &Rules, instance: &Instance, user: &User) -> Shown {
    Shown {
        id: user.id.clone(),
        arn: instance.user_arn(&user.id),
        username: user.username.clone(),
        identity_info: user.identity_info.clone(),
        phone_config: Some(channels::as_phone_config(&user.settings)),
        channel_configs: channels::as_lists(rules, &user.settings, rules.empty_lists == EmptyLists::InDescribe),
        directory_user_id: user.directory_user_id.clone(),
        security_profile_ids: user.security_profile_ids.clone(),
        routing_profile_id: Some(user.routing_profile_id.clone()),
        hierarchy_group_id: user.hierarchy_group_id.clone(),
        tags: user.tags.clone(),
        last_modified_time: Some(user.modified),
    }
}

/// Returns a user as SearchUsers shows it.
pub(crate) fn found(rules: &Rules, instance: &Instance, user: &User) -> FoundUser {
    FoundUser {
        id: user.id.clone(),
        arn: instance.user_arn(&user.id),
        username: user.username.clone(),
        first_name: user.identity_info.first_name.clone(),
        last_name: user.identity_info.last_name.clone(),
        phone_config: Some(channels::as_phone_config(&user.settings)),
        channel_configs: channels::as_lists(rules, &user.settings, rules.empty_lists == EmptyLists::InSearch),
        directory_user_id: user.directory_user_id.clone(),
        security_profile_ids: user.security_profile_ids.clone(),
        routing_profile_id: Some(user.routing_profile_id.clone()),
        hierarchy_group_id: user.hierarchy_group_id.clone(),
        tags: user.tags.clone(),
    }
}

/// Returns a user as ListUsers shows it.
pub(crate) fn summary(rules: &Rules, arn: String, user: &User) -> UserSummary {
    let last_modified_time = rules.listed_times.then_some(user.modified);
    UserSummary { id: user.id.clone(), arn, username: user.username.clone(), last_modified_time }
}

/// Returns a user's proficiencies by name and value.
pub(crate) fn proficiencies(user: &User) -> Vec<Proficiency> {
    user.proficiencies.iter().map(|(key, level)| Proficiency { key: key.clone(), level: *level }).collect()
}
