//! Creates, reads, lists, searches and deletes users.

use std::sync::Arc;

use connect_api::{ChannelConfigs, CreatedUser, Page, Resource, UserId};

use super::{Context, channels, identity, references, render, tags};
use crate::{
    UserConfigUpdate,
    refusal::Refusal,
    request::{NewUser, Paging, PhoneSettings},
    response::Response,
    search::{Criteria, TagFilter, has_tags},
    state::{Instance, Settings, User},
};

pub(super) fn create(context: &mut Context<'_>, instance: &mut Instance, new: NewUser) -> Result<Response, Refusal> {
    let rules = context.rules;
    let new = NewUser { identity_info: new.identity_info.map(|info| identity::without_empty(rules, info)), ..new };
    identity::check_new(rules, instance, &new)?;
    channels::check_lists(&new.channel_configs)?;
    if let Some(phone) = &new.phone_config {
        channels::check_phone(phone)?;
        channels::check_pairs(phone, &new.channel_configs)?;
    }
    tags::check(&new.tags)?;
    if new.tags.len() > tags::MOST {
        return Err(tags::too_many());
    }
    let routing_profile_id = references::routing_profile(rules, instance, &new.routing_profile_id)?;
    let security_profile_ids = references::security_profiles(rules, instance, &new.security_profile_ids)?;
    let hierarchy_group_id =
        new.hierarchy_group_id.map(|group| references::hierarchy_group(rules, instance, &group)).transpose()?;
    if instance.is_taken(&new.username, context.now) {
        return Err(Refusal::duplicate(format!("A user with the username {} already exists", new.username)));
    }
    if instance.users.len() >= instance.users_quota {
        return Err(Refusal::limit_exceeded(format!(
            "The limit of {} users for this instance has been reached",
            instance.users_quota
        )));
    }
    let identity = identity::stored(instance.identity_management_type, &new.username, new.identity_info.unwrap_or_default());
    let id = UserId::new(context.identifiers.next());
    instance.put(
        User {
            id: id.clone(),
            username: new.username,
            identity_info: identity,
            settings: settings(new.phone_config.as_ref(), &new.channel_configs),
            directory_user_id: Some(new.directory_user_id.unwrap_or_else(|| context.identifiers.next())),
            security_profile_ids,
            routing_profile_id,
            hierarchy_group_id,
            tags: new.tags,
            proficiencies: Default::default(),
            proficiencies_modified: None,
            has_password: new.password.is_some(),
            created: context.now,
            modified: context.now,
        },
        context.now,
    );
    let arn = instance.arn_of(Resource::User(id.clone()));
    Ok(Response::CreatedUser(CreatedUser { id, arn }))
}

/// Returns the settings of a new user: the lists replace those of PhoneConfig.
fn settings(phone: Option<&PhoneSettings>, lists: &ChannelConfigs) -> Settings {
    let mut settings = Settings::default();
    if let Some(phone) = phone {
        channels::spread(&mut settings, phone);
    }
    channels::set(&mut settings, lists, UserConfigUpdate::ReplaceLists);
    settings
}

pub(super) fn describe(context: &Context<'_>, instance: &mut Instance, id: &UserId) -> Result<Response, Refusal> {
    let user = instance.read(id, context.now).ok_or_else(|| references::no_user(id.as_str()))?;
    let user = Box::new(render::described(context.rules, instance, &user));
    Ok(Response::User { user, region: instance.arn.region.clone() })
}

pub(super) fn delete(context: &Context<'_>, instance: &mut Instance, id: &UserId) -> Result<Response, Refusal> {
    references::present(instance, id)?;
    instance.remove(id, context.now, context.rules.username_held_for);
    Ok(Response::Empty)
}

pub(super) fn list(context: &Context<'_>, instance: &mut Instance, paging: &Paging) -> Result<Response, Refusal> {
    let start = context.paginator.start(paging, 1000, ("ListUsers", instance.arn.instance.as_str()))?;
    let after = start.after.as_deref().map(UserId::from);
    let arn = instance.arn.clone();
    let users = instance.readable_after(context.now, after.as_ref()).map(|user| {
        let user_arn = arn.sibling(Resource::User(user.id.clone())).to_string();
        (user.id.to_string(), render::summary(user_arn, user))
    });
    Ok(Response::Users { page: start.page(users), region: arn.region })
}

pub(super) fn search(
    context: &Context<'_>,
    instance: &mut Instance,
    paging: &Paging,
    criteria: Option<Criteria>,
    filter: Option<TagFilter>,
) -> Result<Response, Refusal> {
    if let Some(field) = criteria.as_ref().and_then(Criteria::unknown_field) {
        return Err(Refusal::invalid_parameter(format!("users cannot be searched by {field}")));
    }
    // Criteria are compared only here, so their debug output is sufficient.
    let query = format!("{criteria:?} {filter:?}");
    let start = context.paginator.start(paging, 500, ("SearchUsers", instance.arn.instance.as_str(), query))?;
    let long_values = context.rules.long_search_values;
    let fitting: Vec<_> = instance
        .searched
        .at(context.now)
        .values()
        .filter(|user| criteria.as_ref().is_none_or(|criteria| criteria.match_user(user, long_values)))
        .filter(|user| filter.as_ref().is_none_or(|filter| has_tags(user, filter)))
        .collect();
    let total = fitting.len();
    let page = start.page_of(fitting.into_iter().map(|user| (user.id.to_string(), user)));
    let render = |user: &Arc<User>| {
        let arn = instance.arn.sibling(Resource::User(user.id.clone())).to_string();
        render::found(context.rules, arn, user)
    };
    let items = page.items.into_iter().map(render).collect();
    Ok(Response::Found {
        page: Page { items, next_token: page.next_token },
        total,
        milliseconds_in_lists: context.rules.search_lists_in_milliseconds,
    })
}
