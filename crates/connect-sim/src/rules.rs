//! The effect of each call, one file per area. Nothing here depends on HTTP, throttling or faults.

mod admin_actions;
mod channels;
mod identity;
mod listings;
mod password;
mod proficiencies;
mod quick_connects;
mod references;
mod render;
mod tags;
mod updates;
mod users;

use connect_api::{Page, UserId};
use jiff::Timestamp;

use crate::{
    Rules,
    identifiers::Identifiers,
    paginator::Paginator,
    refusal::Refusal,
    request::{Action, Request, Target},
    response::Response,
    state::{Instance, User},
};

/// The input of the rules besides the instance.
pub(crate) struct Context<'a> {
    pub now: Timestamp,
    pub rules: &'a Rules,
    pub identifiers: &'a mut Identifiers,
    pub paginator: Paginator,
}

/// Processes a call that has no instance.
pub(crate) fn in_account(context: &Context<'_>, instances: &[&Instance], action: Action) -> Result<Response, Refusal> {
    match action {
        Action::ListInstances(paging) => {
            let start = context.paginator.start(&paging, 10, "ListInstances")?;
            let mut instances: Vec<_> =
                instances.iter().map(|i| (i.arn.instance.to_string(), (i.described(), i.created))).collect();
            instances.sort_by(|a, b| a.0.cmp(&b.0));
            let Page { items, next_token } = start.page_of(instances.into_iter());
            Ok(Response::Instances(Page { items, next_token }))
        }
        Action::Malformed { refusal, .. } => Err(refusal),
        other => Err(Refusal::invalid_request(format!("{} requires an instance", other.name()))),
    }
}

/// Processes a call about an existing instance, or a resource in it.
pub(crate) fn in_instance(context: &mut Context<'_>, instance: &mut Instance, request: Request) -> Result<Response, Refusal> {
    let Request { target, action } = request;
    if let Action::Malformed { refusal, .. } = action {
        return Err(refusal);
    }
    match &target {
        Target::User { user, .. } => {
            let id = references::user(instance, user)?;
            about_user(context, instance, &id, action)
        }
        Target::Resource(arn) => tags::about_resource(context, instance, arn, action),
        Target::Instance(_) | Target::Account => about_instance(context, instance, action),
    }
}

fn about_user(context: &mut Context<'_>, instance: &mut Instance, id: &UserId, action: Action) -> Result<Response, Refusal> {
    match action {
        Action::DescribeUser => users::describe(context, instance, id),
        Action::DeleteUser => users::delete(context, instance, id),
        Action::ListUserProficiencies(paging) => proficiencies::list(context, instance, id, &paging),
        Action::UpdateUserIdentityInfo(info) => updates::identity_info(context, instance, id, info),
        Action::UpdateUserPhoneConfig(config) => updates::phone_config(context, instance, id, &config),
        Action::UpdateUserConfig(configs) => updates::user_config(context, instance, id, &configs),
        Action::UpdateUserRoutingProfile(profile) => updates::routing_profile(context, instance, id, &profile),
        Action::UpdateUserSecurityProfiles(profiles) => updates::security_profiles(context, instance, id, &profiles),
        Action::UpdateUserHierarchy(group) => updates::hierarchy(context, instance, id, group.as_deref()),
        Action::AssociateUserProficiencies(new) => proficiencies::associate(context, instance, id, new),
        Action::DisassociateUserProficiencies(gone) => proficiencies::disassociate(context, instance, id, &gone),
        Action::UpdateUserProficiencies(changed) => proficiencies::update(context, instance, id, changed),
        other => Err(Refusal::invalid_request(format!("{} is not about a user", other.name()))),
    }
}

fn about_instance(context: &mut Context<'_>, instance: &mut Instance, action: Action) -> Result<Response, Refusal> {
    match action {
        Action::CreateUser(new) => users::create(context, instance, *new),
        Action::ListUsers(paging) => users::list(context, instance, &paging),
        Action::SearchUsers(paging, criteria, filter) => users::search(context, instance, &paging, criteria, filter),
        Action::DescribeInstance => {
            Ok(Response::Instance { instance: instance.described(), created: instance.created, tags: instance.tags.clone() })
        }
        Action::ListRoutingProfiles(paging) => listings::routing_profiles(context, instance, &paging),
        Action::ListSecurityProfiles(paging) => listings::security_profiles(context, instance, &paging),
        Action::ListUserHierarchyGroups(paging) => listings::hierarchy_groups(context, instance, &paging),
        Action::ListPredefinedAttributes(paging) => listings::predefined_attributes(context, instance, &paging),
        Action::DescribeUserHierarchyGroup(group) => listings::hierarchy_group(instance, &group),
        Action::DescribePredefinedAttribute(name) => listings::predefined_attribute(instance, &name),
        Action::SearchQuickConnects(paging) => quick_connects::search(context, instance, &paging),
        Action::DescribeQuickConnect(id) => quick_connects::describe(instance, &id),
        Action::CreateQuickConnect(new) => quick_connects::create(context, instance, new),
        Action::UpdateQuickConnectConfig(id, target, flow) => quick_connects::point_to(context, instance, &id, target, flow),
        Action::DeleteQuickConnect(id) => quick_connects::delete(context, instance, &id),
        action => admin_actions::change(context, instance, action),
    }
}

/// Changes an existing user. `touch` says whether LastModifiedTime changes.
fn change(
    context: &Context<'_>,
    instance: &mut Instance,
    id: &UserId,
    touch: bool,
    change: impl FnOnce(&mut User) -> Result<(), Refusal>,
) -> Result<Response, Refusal> {
    let mut user = references::present(instance, id)?.as_ref().clone();
    change(&mut user)?;
    if touch {
        user.modified = context.now;
    }
    instance.put(user, context.now);
    Ok(Response::Empty)
}
