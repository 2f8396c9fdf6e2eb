//! The typed operations of `connect-api` as requests to the simulator.

use connect_api::{
    AssociateUserProficiencies, Call, CreateUser, DeleteQuickConnect, DeleteUser, DescribeInstance, DescribeQuickConnect,
    DescribeUser, DescribeUserHierarchyGroup, DisassociateUserProficiencies, Error, HierarchyGroup, ListInstances,
    ListRoutingProfiles, ListSecurityProfilePermissions, ListSecurityProfiles, ListTagsForResource, ListUserHierarchyGroups,
    ListUserProficiencies, ListUsers, Named, OperationName, Page, PhoneConfig, Reply, SearchQuickConnects, SearchUsers,
    TagResource, UntagResource, UpdateUserConfig, UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserPhoneConfig,
    UpdateUserProficiencies, UpdateUserRoutingProfile, UpdateUserSecurityProfiles,
};

use crate::{
    engine::Outcome,
    paginator::{Paging, map},
    refusal::{Failure, Refusal},
    request::{Effect, PhoneSettings, Request, Target},
    rules::{
        Context,
        listings::{self, Listed},
        proficiencies, quick_connects, render, tags, updates, users,
    },
    search::{Criteria, Search},
    state::Instance,
};

/// Converts a call to a request.
pub(crate) fn request(call: Call) -> Request<'static, Reply> {
    let username = match &call {
        Call::CreateUser(new) => Some(new.username.clone()),
        _ => None,
    };
    if let Call::ListInstances(ListInstances { max_results, next_token }) = call {
        return Request::on_account(OperationName::ListInstances.as_str(), move |paginator, instances| {
            let page = listings::instances(paginator, &paging(max_results, next_token), instances)?;
            Ok(Reply::ListInstances(map(page, Instance::described)))
        });
    }
    let (operation, target) = (call.name().as_str(), target(&call));
    Request { operation, target, username, effect: Effect::OnInstance(Box::new(|cx| perform(cx, call))) }
}

fn target(call: &Call) -> Target {
    match call {
        Call::ListInstances(_) => Target::Account,
        Call::CreateUser(CreateUser { instance, .. })
        | Call::ListUsers(ListUsers { instance, .. })
        | Call::SearchUsers(SearchUsers { instance, .. })
        | Call::DescribeInstance(DescribeInstance { instance })
        | Call::ListRoutingProfiles(ListRoutingProfiles { instance, .. })
        | Call::ListSecurityProfiles(ListSecurityProfiles { instance, .. })
        | Call::ListSecurityProfilePermissions(ListSecurityProfilePermissions { instance, .. })
        | Call::ListUserHierarchyGroups(ListUserHierarchyGroups { instance, .. })
        | Call::DescribeUserHierarchyGroup(DescribeUserHierarchyGroup { instance, .. })
        | Call::SearchQuickConnects(SearchQuickConnects { instance, .. })
        | Call::DescribeQuickConnect(DescribeQuickConnect { instance, .. })
        | Call::DeleteQuickConnect(DeleteQuickConnect { instance, .. }) => Target::Instance(instance.to_string()),
        Call::DescribeUser(DescribeUser { instance, user })
        | Call::DeleteUser(DeleteUser { instance, user })
        | Call::UpdateUserIdentityInfo(UpdateUserIdentityInfo { instance, user, .. })
        | Call::UpdateUserPhoneConfig(UpdateUserPhoneConfig { instance, user, .. })
        | Call::UpdateUserConfig(UpdateUserConfig { instance, user, .. })
        | Call::UpdateUserRoutingProfile(UpdateUserRoutingProfile { instance, user, .. })
        | Call::UpdateUserSecurityProfiles(UpdateUserSecurityProfiles { instance, user, .. })
        | Call::UpdateUserHierarchy(UpdateUserHierarchy { instance, user, .. })
        | Call::AssociateUserProficiencies(AssociateUserProficiencies { instance, user, .. })
        | Call::DisassociateUserProficiencies(DisassociateUserProficiencies { instance, user, .. })
        | Call::UpdateUserProficiencies(UpdateUserProficiencies { instance, user, .. })
        | Call::ListUserProficiencies(ListUserProficiencies { instance, user, .. }) => {
            Target::User { instance: instance.to_string(), user: user.to_string() }
        }
        Call::TagResource(TagResource { arn, .. })
        | Call::UntagResource(UntagResource { arn, .. })
        | Call::ListTagsForResource(ListTagsForResource { arn }) => Target::Resource(arn.clone()),
    }
}

fn perform(cx: &mut Context<'_>, call: Call) -> Result<Reply, Refusal> {
    Ok(match call {
        Call::CreateUser(mut c) => {
            let phone = c.phone_config.take().map(as_sent);
            Reply::CreateUser(users::create(cx, c, phone.as_ref())?)
        }
        Call::DescribeUser(c) => Reply::DescribeUser(users::describe(cx, &c.user)?),
        Call::DeleteUser(c) => Reply::DeleteUser(users::delete(cx, &c.user)?),
        Call::ListUsers(c) => Reply::ListUsers(users::list(cx, &paging(c.max_results, c.next_token))?),
        Call::SearchUsers(c) => {
            let criteria = c.username.map(Criteria::username).unwrap_or_default();
            let paging = paging(c.max_results, c.next_token);
            let (page, _) = users::search(cx, &Search { paging, criteria, ..Search::default() })?;
            Reply::SearchUsers(map(page, |user| render::found(cx.rules, cx.instance, &user)))
        }
        Call::UpdateUserIdentityInfo(c) => Reply::UpdateUserIdentityInfo(updates::identity_info(cx, &c.user, c.identity_info)?),
        Call::UpdateUserPhoneConfig(c) => {
            Reply::UpdateUserPhoneConfig(updates::phone_config(cx, &c.user, &as_sent(c.phone_config))?)
        }
        Call::UpdateUserConfig(c) => Reply::UpdateUserConfig(updates::user_config(cx, &c.user, &c.channel_configs)?),
        Call::UpdateUserRoutingProfile(c) => {
            Reply::UpdateUserRoutingProfile(updates::routing_profile(cx, &c.user, &c.routing_profile_id)?)
        }
        Call::UpdateUserSecurityProfiles(c) => {
            Reply::UpdateUserSecurityProfiles(updates::security_profiles(cx, &c.user, &c.security_profile_ids)?)
        }
        Call::UpdateUserHierarchy(c) => {
            Reply::UpdateUserHierarchy(updates::hierarchy(cx, &c.user, c.hierarchy_group_id.as_ref())?)
        }
        Call::AssociateUserProficiencies(c) => {
            Reply::AssociateUserProficiencies(proficiencies::associate(cx, &c.user, c.proficiencies)?)
        }
        Call::DisassociateUserProficiencies(c) => {
            Reply::DisassociateUserProficiencies(proficiencies::disassociate(cx, &c.user, &c.proficiencies)?)
        }
        Call::UpdateUserProficiencies(c) => Reply::UpdateUserProficiencies(proficiencies::update(cx, &c.user, c.proficiencies)?),
        Call::ListUserProficiencies(c) => {
            Reply::ListUserProficiencies(proficiencies::list(cx, &c.user, &paging(c.max_results, c.next_token))?.0)
        }
        Call::TagResource(c) => Reply::TagResource(tags::tag(cx, &c.arn, &c.tags)?),
        Call::ListTagsForResource(c) => Reply::ListTagsForResource(tags::list(cx, &c.arn)?),
        Call::UntagResource(c) => Reply::UntagResource(tags::untag(cx, &c.arn, &c.keys)?),
        Call::ListInstances(_) => unreachable!("it is about the account"),
        Call::DescribeInstance(_) => Reply::DescribeInstance(cx.instance.described()),
        Call::ListRoutingProfiles(c) => {
            Reply::ListRoutingProfiles(named(listings::routing_profiles(cx, &paging(c.max_results, c.next_token))?))
        }
        Call::ListSecurityProfiles(c) => {
            Reply::ListSecurityProfiles(named(listings::security_profiles(cx, &paging(c.max_results, c.next_token))?))
        }
        Call::ListSecurityProfilePermissions(c) => {
            let paging = paging(c.max_results, c.next_token);
            Reply::ListSecurityProfilePermissions(listings::permissions(cx, c.security_profile.as_str(), &paging)?.0)
        }
        Call::ListUserHierarchyGroups(c) => {
            Reply::ListUserHierarchyGroups(named(listings::hierarchy_groups(cx, &paging(c.max_results, c.next_token))?))
        }
        Call::DescribeUserHierarchyGroup(c) => {
            let (own, above) = listings::hierarchy_group(cx.instance, c.group.as_str())?;
            let path = above.into_iter().map(|group| group.named.name).chain([own.named.name]).collect();
            let (id, arn) = (own.named.id.into(), own.named.arn);
            Reply::DescribeUserHierarchyGroup(HierarchyGroup { id, arn, path })
        }
        Call::SearchQuickConnects(c) => {
            let paging = paging(c.max_results, c.next_token);
            let (page, _) = quick_connects::search(cx, &Search { paging, ..Search::default() })?;
            Reply::SearchQuickConnects(map(page, |found| cx.instance.typed_quick_connect(&found)))
        }
        Call::DescribeQuickConnect(c) => {
            let stored = quick_connects::describe(cx.instance, c.quick_connect.as_str())?;
            Reply::DescribeQuickConnect(cx.instance.typed_quick_connect(&stored))
        }
        Call::DeleteQuickConnect(c) => Reply::DeleteQuickConnect(quick_connects::delete(cx, c.quick_connect.as_str())?),
    })
}

fn paging(max_results: i32, next_token: Option<String>) -> Paging {
    Paging { max_results: Some(max_results), next_token }
}

/// Converts a configuration as the Rust SDK does: the type is always sent, false and zero never.
fn as_sent(config: PhoneConfig) -> PhoneSettings {
    PhoneSettings {
        phone_type: Some(config.phone_type),
        auto_accept: config.auto_accept.then_some(true),
        after_contact_work_time_limit: Some(config.after_contact_work_time_limit).filter(|limit| *limit != 0),
        desk_phone_number: config.desk_phone_number,
        persistent_connection: config.persistent_connection,
    }
}

fn named(page: Page<Listed>) -> Page<Named> {
    map(page, |listed| listed.named)
}

/// Converts the outcome of an operation to the result of a client.
pub(crate) fn result(operation: OperationName, outcome: Outcome<Reply>) -> Result<Reply, Error> {
    outcome.result.map_err(|failure| match failure {
        Failure::Lost(why) => Error::no_reply(operation, why),
        Failure::Refused(Refusal { status, code, message }) => {
            let request_id = Some(outcome.request_id);
            Error { request_id, ..Error::reply(operation, status, code.as_deref(), message) }
        }
    })
}
