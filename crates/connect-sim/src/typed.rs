//! Conversions between the typed operations of `connect-api` and the simulator's requests and responses.

use connect_api::{Call, Error, Named, OperationName, Page, PhoneConfig, Reply};

use crate::{
    engine::Outcome,
    refusal::Failure,
    request::{Action, NewUser, Paging, PhoneSettings, Request, Target},
    response::{Listed, Response},
    search::Criteria,
};

/// Converts a call to the request that a client sends.
pub(crate) fn request(call: Call) -> Request {
    let user = |instance: &connect_api::InstanceId, user: &connect_api::UserId| Target::User {
        instance: instance.to_string(),
        user: user.to_string(),
    };
    let instance = |instance: &connect_api::InstanceId| Target::Instance(instance.to_string());
    let paging = |max_results, next_token| Paging { max_results: Some(max_results), next_token };
    let (target, action) = match call {
        Call::CreateUser(c) => (
            instance(&c.instance),
            Action::CreateUser(Box::new(NewUser {
                username: c.username,
                password: c.password,
                identity_info: c.identity_info,
                phone_config: c.phone_config.map(as_sent),
                channel_configs: c.channel_configs,
                directory_user_id: c.directory_user_id,
                security_profile_ids: c.security_profile_ids.iter().map(ToString::to_string).collect(),
                routing_profile_id: c.routing_profile_id.to_string(),
                hierarchy_group_id: c.hierarchy_group_id.map(|id| id.to_string()),
                tags: c.tags,
            })),
        ),
        Call::DescribeUser(c) => (user(&c.instance, &c.user), Action::DescribeUser),
        Call::DeleteUser(c) => (user(&c.instance, &c.user), Action::DeleteUser),
        Call::ListUsers(c) => (instance(&c.instance), Action::ListUsers(paging(c.max_results, c.next_token))),
        Call::SearchUsers(c) => (
            instance(&c.instance),
            Action::SearchUsers(paging(c.max_results, c.next_token), c.username.map(Criteria::username), None),
        ),
        Call::UpdateUserIdentityInfo(c) => (user(&c.instance, &c.user), Action::UpdateUserIdentityInfo(c.identity_info)),
        Call::UpdateUserPhoneConfig(c) => (user(&c.instance, &c.user), Action::UpdateUserPhoneConfig(as_sent(c.phone_config))),
        Call::UpdateUserConfig(c) => (user(&c.instance, &c.user), Action::UpdateUserConfig(c.channel_configs)),
        Call::UpdateUserRoutingProfile(c) => {
            (user(&c.instance, &c.user), Action::UpdateUserRoutingProfile(c.routing_profile_id.to_string()))
        }
        Call::UpdateUserSecurityProfiles(c) => (
            user(&c.instance, &c.user),
            Action::UpdateUserSecurityProfiles(c.security_profile_ids.iter().map(ToString::to_string).collect()),
        ),
        Call::UpdateUserHierarchy(c) => {
            (user(&c.instance, &c.user), Action::UpdateUserHierarchy(c.hierarchy_group_id.map(|id| id.to_string())))
        }
        Call::AssociateUserProficiencies(c) => (user(&c.instance, &c.user), Action::AssociateUserProficiencies(c.proficiencies)),
        Call::DisassociateUserProficiencies(c) => {
            (user(&c.instance, &c.user), Action::DisassociateUserProficiencies(c.proficiencies))
        }
        Call::UpdateUserProficiencies(c) => (user(&c.instance, &c.user), Action::UpdateUserProficiencies(c.proficiencies)),
        Call::ListUserProficiencies(c) => {
            (user(&c.instance, &c.user), Action::ListUserProficiencies(paging(c.max_results, c.next_token)))
        }
        Call::TagResource(c) => (Target::Resource(c.arn), Action::TagResource(c.tags)),
        Call::UntagResource(c) => (Target::Resource(c.arn), Action::UntagResource(c.keys)),
        Call::DescribeInstance(c) => (instance(&c.instance), Action::DescribeInstance),
        Call::ListRoutingProfiles(c) => (instance(&c.instance), Action::ListRoutingProfiles(paging(c.max_results, c.next_token))),
        Call::ListSecurityProfiles(c) => {
            (instance(&c.instance), Action::ListSecurityProfiles(paging(c.max_results, c.next_token)))
        }
        Call::ListUserHierarchyGroups(c) => {
            (instance(&c.instance), Action::ListUserHierarchyGroups(paging(c.max_results, c.next_token)))
        }
        Call::DescribeUserHierarchyGroup(c) => (instance(&c.instance), Action::DescribeUserHierarchyGroup(c.group.to_string())),
        Call::SearchQuickConnects(c) => (instance(&c.instance), Action::SearchQuickConnects(paging(c.max_results, c.next_token))),
        Call::DescribeQuickConnect(c) => (instance(&c.instance), Action::DescribeQuickConnect(c.quick_connect.to_string())),
        Call::DeleteQuickConnect(c) => (instance(&c.instance), Action::DeleteQuickConnect(c.quick_connect.to_string())),
    };
    Request { target, action }
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

/// Converts the outcome of an operation to a typed reply.
pub(crate) fn reply(operation: OperationName, outcome: Outcome<Response>) -> Result<Reply, Error> {
    match outcome.result {
        Ok(response) => Ok(typed(operation, response)),
        Err(Failure::Lost(why)) => Err(Error::no_reply(operation, why)),
        Err(Failure::Refused(refusal)) => {
            let mut error = Error::reply(operation, refusal.status, refusal.code.as_deref(), refusal.message);
            error.request_id = Some(outcome.request_id);
            Err(error)
        }
    }
}

fn typed(operation: OperationName, response: Response) -> Reply {
    use OperationName as Op;
    match (operation, response) {
        (Op::CreateUser, Response::CreatedUser(created)) => Reply::CreateUser(created),
        (Op::DescribeUser, Response::User { user, .. }) => Reply::DescribeUser(*user),
        (Op::DeleteUser, Response::Empty) => Reply::DeleteUser(()),
        (Op::ListUsers, Response::Users { page, .. }) => Reply::ListUsers(page),
        (Op::SearchUsers, Response::Found { page, .. }) => Reply::SearchUsers(page),
        (Op::UpdateUserIdentityInfo, Response::Empty) => Reply::UpdateUserIdentityInfo(()),
        (Op::UpdateUserPhoneConfig, Response::Empty) => Reply::UpdateUserPhoneConfig(()),
        (Op::UpdateUserConfig, Response::Empty) => Reply::UpdateUserConfig(()),
        (Op::UpdateUserRoutingProfile, Response::Empty) => Reply::UpdateUserRoutingProfile(()),
        (Op::UpdateUserSecurityProfiles, Response::Empty) => Reply::UpdateUserSecurityProfiles(()),
        (Op::UpdateUserHierarchy, Response::Empty) => Reply::UpdateUserHierarchy(()),
        (Op::AssociateUserProficiencies, Response::Empty) => Reply::AssociateUserProficiencies(()),
        (Op::DisassociateUserProficiencies, Response::Empty) => Reply::DisassociateUserProficiencies(()),
        (Op::UpdateUserProficiencies, Response::Empty) => Reply::UpdateUserProficiencies(()),
        (Op::ListUserProficiencies, Response::Proficiencies { page, .. }) => Reply::ListUserProficiencies(page),
        (Op::TagResource, Response::Empty) => Reply::TagResource(()),
        (Op::UntagResource, Response::Empty) => Reply::UntagResource(()),
        (Op::DescribeInstance, Response::Instance { instance, .. }) => Reply::DescribeInstance(instance),
        (Op::ListRoutingProfiles, Response::Listing { page, .. }) => Reply::ListRoutingProfiles(named(page)),
        (Op::ListSecurityProfiles, Response::Listing { page, .. }) => Reply::ListSecurityProfiles(named(page)),
        (Op::ListUserHierarchyGroups, Response::Listing { page, .. }) => Reply::ListUserHierarchyGroups(named(page)),
        (Op::DescribeUserHierarchyGroup, Response::Group { group, .. }) => Reply::DescribeUserHierarchyGroup(group),
        (Op::SearchQuickConnects, Response::QuickConnects { page, .. }) => Reply::SearchQuickConnects(Page {
            items: page.items.into_iter().map(|rendered| rendered.typed).collect(),
            next_token: page.next_token,
        }),
        (Op::DescribeQuickConnect, Response::QuickConnect { rendered, .. }) => Reply::DescribeQuickConnect(rendered.typed),
        (Op::DeleteQuickConnect, Response::Empty) => Reply::DeleteQuickConnect(()),
        (operation, response) => unreachable!("{operation} never returns {response:?}"),
    }
}

fn named(page: Page<Listed>) -> Page<Named> {
    Page { items: page.items.into_iter().map(|listed| listed.named).collect(), next_token: page.next_token }
}
