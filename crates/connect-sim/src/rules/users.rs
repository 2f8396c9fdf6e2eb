//! Creates, reads, lists, searches and deletes users.

use std::sync::Arc;

use connect_api::{ChannelConfigs, CreateUser, CreatedUser, Page, Resource, User as Shown, UserId, UserSummary};

use super::{Context, channels, identity, references, render, searches::Searching, tags};
use crate::{
    Rules, UserConfigUpdate,
    paginator::{Paging, map},
    refusal::Refusal,
    request::PhoneSettings,
    search::{Search, SearchedUser},
    state::{Instance, Settings, User},
};

/// Creates a user. `phone` is the request's PhoneConfig.
pub(crate) fn create(cx: &mut Context<'_>, new: CreateUser, phone: Option<&PhoneSettings>) -> Result<CreatedUser, Refusal> {
    let rules = cx.rules;
    let new = CreateUser { identity_info: new.identity_info.map(|info| identity::taken(rules, info)), ..new };
    if !rules.username_checked_last {
        identity::check_username(rules, cx.instance.identity_management_type, &new.username)?;
        check_room(cx, &new.username)?;
    }
    identity::check_new(rules, cx.instance, &new)?;
    channels::check_lists(rules, &new.channel_configs)?;
    if let Some(phone) = phone {
        channels::check_phone(phone)?;
        channels::check_pairs(phone, &new.channel_configs)?;
    }
    tags::check(&new.tags)?;
    tags::check_most(&new.tags)?;
    let routing_profile_id = references::routing_profile(rules, cx.instance, new.routing_profile_id.as_str())?;
    let security_profile_ids = references::security_profiles(rules, cx.instance, &new.security_profile_ids)?;
    let hierarchy_group_id =
        new.hierarchy_group_id.map(|group| references::hierarchy_group(rules, cx.instance, group.as_str())).transpose()?;
    if rules.username_checked_last {
        check_room(cx, &new.username)?;
    }
    let given = new.identity_info.unwrap_or_default();
    let identity = identity::stored(cx.rules, cx.instance.identity_management_type, &new.username, given);
    let id = UserId::new(cx.identifiers.next());
    cx.instance.put(
        User {
            id: id.clone(),
            username: new.username,
            identity_info: identity,
            settings: settings(rules, phone, &new.channel_configs),
            directory_user_id: Some(new.directory_user_id.unwrap_or_else(|| cx.identifiers.next())),
            security_profile_ids,
            routing_profile_id,
            hierarchy_group_id,
            tags: new.tags,
            proficiencies: Default::default(),
            proficiencies_modified: None,
            has_password: new.password.is_some(),
            created: cx.now,
            modified: cx.now,
        },
        cx.now,
    );
    let arn = cx.instance.arn_of(Resource::User(id.clone()));
    Ok(CreatedUser { id, arn })
}

/// Checks that the name is free and the users quota is not reached.
fn check_room(cx: &Context<'_>, username: &str) -> Result<(), Refusal> {
    let name = || match cx.instance.is_taken(username, cx.now) {
        true => Err(Refusal::duplicate(format!("A user with the username {username} already exists"))),
        false => Ok(()),
    };
    let quota = || match cx.instance.users.len() >= cx.instance.users_quota {
        true => {
            let quota = cx.instance.users_quota;
            Err(Refusal::limit_exceeded(format!("The limit of {quota} users for this instance has been reached")))
        }
        false => Ok(()),
    };
    if cx.rules.quota_before_username {
        quota()?;
        return name();
    }
    name()?;
    quota()
}

/// Returns the settings of a new user: the lists replace those of PhoneConfig.
fn settings(rules: &Rules, phone: Option<&PhoneSettings>, lists: &ChannelConfigs) -> Settings {
    let mut settings = Settings::default();
    if let Some(phone) = phone {
        channels::spread(rules, &mut settings, phone);
    }
    channels::set(rules, &mut settings, lists, UserConfigUpdate::ReplaceLists);
    if rules.unknown_channel {
        channels::add_unknown(&mut settings);
    }
    settings
}

pub(crate) fn describe(cx: &mut Context<'_>, id: &UserId) -> Result<Shown, Refusal> {
    let user = references::readable(cx, id)?;
    Ok(render::described(cx.rules, cx.instance, &user))
}

pub(crate) fn delete(cx: &mut Context<'_>, id: &UserId) -> Result<(), Refusal> {
    let id = references::present(cx.instance, id)?.id.clone();
    cx.instance.remove(&id, cx.now, cx.rules.username_held_for);
    Ok(())
}

pub(crate) fn list(cx: &mut Context<'_>, paging: &Paging) -> Result<Page<UserSummary>, Refusal> {
    let start = cx.paginator.start(paging, 1000, ("ListUsers", cx.instance.arn.instance.as_str()))?;
    let after = start.after.as_deref().map(UserId::from);
    let (arn, rules) = (cx.instance.arn.clone(), cx.rules);
    let users = cx.instance.readable_after(cx.now, after.as_ref()).map(|user| {
        let user_arn = arn.sibling(Resource::User(user.id.clone())).to_string();
        (user.id.to_string(), render::summary(rules, user_arn, user))
    });
    Ok(start.page(users))
}

/// Returns a page of the users that are found, and the number of all of them.
pub(crate) fn search(cx: &mut Context<'_>, search: &Search) -> Result<(Page<Arc<User>>, usize), Refusal> {
    let searching = Searching::new(cx);
    let Instance { searched, groups, .. } = &mut *cx.instance;
    let all = searched.at(cx.now).values().map(|user| (user.id.to_string(), SearchedUser { user, groups }));
    let (page, total) = searching.page(("SearchUsers", 500), search, all)?;
    Ok((map(page, |found| Arc::clone(found.user)), total))
}
