//! The Update operations of a user, except for proficiencies and tags.

use std::collections::BTreeSet;

use connect_api::{ChannelConfigs, HierarchyGroupId, IdentityInfo, RoutingProfileId, SecurityProfileId, UserId};

use super::{Context, change, channels, identity, references};
use crate::{IdentityUpdate, refusal::Refusal, request::PhoneSettings};

pub(crate) fn identity_info(cx: &mut Context<'_>, id: &UserId, info: IdentityInfo) -> Result<(), Refusal> {
    change(cx, id, true, |cx, user| {
        let identity_type = cx.instance.identity_management_type;
        let before = identity::given(identity_type, user.identity_info.clone());
        let info = match cx.rules.identity_update {
            IdentityUpdate::Replace => info,
            IdentityUpdate::Merge => identity::merged(info, before),
        };
        let info = identity::taken(cx.rules, info);
        identity::check_info(cx.rules, identity_type, &info)?;
        user.identity_info = identity::stored(cx.rules, identity_type, &user.username, info);
        Ok(())
    })
}

pub(crate) fn phone_config(cx: &mut Context<'_>, id: &UserId, config: &PhoneSettings) -> Result<(), Refusal> {
    change(cx, id, true, |cx, user| {
        channels::check_phone(config)?;
        channels::spread(cx.rules, &mut user.settings, config);
        Ok(())
    })
}

pub(crate) fn user_config(cx: &mut Context<'_>, id: &UserId, configs: &ChannelConfigs) -> Result<(), Refusal> {
    change(cx, id, true, |cx, user| {
        channels::check_lists(cx.rules, configs)?;
        channels::set(cx.rules, &mut user.settings, configs, cx.rules.user_config_update);
        Ok(())
    })
}

pub(crate) fn routing_profile(cx: &mut Context<'_>, id: &UserId, profile: &RoutingProfileId) -> Result<(), Refusal> {
    change(cx, id, true, |cx, user| {
        user.routing_profile_id = references::routing_profile(cx.rules, cx.instance, profile.as_str())?;
        Ok(())
    })
}

type SecurityProfiles = BTreeSet<SecurityProfileId>;

pub(crate) fn security_profiles(cx: &mut Context<'_>, id: &UserId, profiles: &SecurityProfiles) -> Result<(), Refusal> {
    change(cx, id, true, |cx, user| {
        user.security_profile_ids = references::security_profiles(cx.rules, cx.instance, profiles)?;
        Ok(())
    })
}

/// A request without a group clears it.
pub(crate) fn hierarchy(cx: &mut Context<'_>, id: &UserId, group: Option<&HierarchyGroupId>) -> Result<(), Refusal> {
    change(cx, id, true, |cx, user| {
        let group = group.map(|group| references::hierarchy_group(cx.rules, cx.instance, group.as_str()));
        user.hierarchy_group_id = group.transpose()?;
        Ok(())
    })
}
