//! The Update operations of a user, except for proficiencies and tags.

use std::collections::BTreeSet;

use connect_api::{ChannelConfigs, IdentityInfo, UserId};

use super::{Context, change, channels, identity, references};
use crate::{IdentityUpdate, refusal::Refusal, request::PhoneSettings, response::Response, state::Instance};

pub(super) fn identity_info(
    context: &Context<'_>,
    instance: &mut Instance,
    id: &UserId,
    info: IdentityInfo,
) -> Result<Response, Refusal> {
    let identity_type = instance.identity_management_type;
    change(context, instance, id, true, |user| {
        let before = identity::given(identity_type, user.identity_info.clone());
        let info = match context.rules.identity_update {
            IdentityUpdate::Replace => info,
            IdentityUpdate::Merge => identity::merged(info, before),
        };
        let info = identity::without_empty(context.rules, info);
        identity::check_info(context.rules, identity_type, &info)?;
        user.identity_info = identity::stored(identity_type, &user.username, info);
        Ok(())
    })
}

pub(super) fn phone_config(
    context: &Context<'_>,
    instance: &mut Instance,
    id: &UserId,
    config: &PhoneSettings,
) -> Result<Response, Refusal> {
    change(context, instance, id, true, |user| {
        channels::check_phone(config)?;
        channels::spread(&mut user.settings, config);
        Ok(())
    })
}

pub(super) fn user_config(
    context: &Context<'_>,
    instance: &mut Instance,
    id: &UserId,
    configs: &ChannelConfigs,
) -> Result<Response, Refusal> {
    change(context, instance, id, true, |user| {
        channels::check_lists(configs)?;
        channels::set(&mut user.settings, configs, context.rules.user_config_update);
        Ok(())
    })
}

pub(super) fn routing_profile(
    context: &Context<'_>,
    instance: &mut Instance,
    id: &UserId,
    profile: &str,
) -> Result<Response, Refusal> {
    references::present(instance, id)?;
    let profile = references::routing_profile(context.rules, instance, profile)?;
    change(context, instance, id, true, |user| {
        user.routing_profile_id = profile;
        Ok(())
    })
}

pub(super) fn security_profiles(
    context: &Context<'_>,
    instance: &mut Instance,
    id: &UserId,
    profiles: &BTreeSet<String>,
) -> Result<Response, Refusal> {
    references::present(instance, id)?;
    let profiles = references::security_profiles(context.rules, instance, profiles)?;
    change(context, instance, id, true, |user| {
        user.security_profile_ids = profiles;
        Ok(())
    })
}

/// A request without a group clears it.
pub(super) fn hierarchy(
    context: &Context<'_>,
    instance: &mut Instance,
    id: &UserId,
    group: Option<&str>,
) -> Result<Response, Refusal> {
    references::present(instance, id)?;
    let group = group.map(|group| references::hierarchy_group(context.rules, instance, group)).transpose()?;
    change(context, instance, id, true, |user| {
        user.hierarchy_group_id = group;
        Ok(())
    })
}
