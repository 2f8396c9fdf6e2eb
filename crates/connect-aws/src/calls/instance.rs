//! Instances, and the listings that resolve names in one: routing profiles, security profiles, hierarchy groups.

use aws_sdk_connect::{
    Client,
    types::{DirectoryType, HierarchyGroupSummary, HierarchyPath, InstanceSummary},
};
use connect_api::{
    DescribeInstance, DescribeUserHierarchyGroup, HierarchyGroup, IdentityManagementType, Instance, ListInstances,
    ListRoutingProfiles, ListSecurityProfilePermissions, ListSecurityProfiles, ListUserHierarchyGroups, Named, Page,
};

use crate::{
    error::{Failure, incomplete, required},
    wire::page,
};

pub(crate) async fn describe(client: &Client, request: DescribeInstance) -> Result<Instance, Failure> {
    let DescribeInstance { instance } = request;
    let reply = client.describe_instance().instance_id(instance).send().await?;
    let instance = required(reply.instance, "Instance")?;
    Ok(Instance {
        id: required(instance.id, "Instance.Id")?.into(),
        arn: required(instance.arn, "Instance.Arn")?,
        alias: instance.instance_alias,
        identity_management_type: instance.identity_management_type.and_then(known_type),
        status: instance.instance_status.map(|s| s.as_str().to_owned()),
    })
}

pub(crate) async fn list(client: &Client, request: ListInstances) -> Result<Page<Instance>, Failure> {
    let ListInstances { max_results, next_token } = request;
    let reply = client.list_instances().max_results(max_results).set_next_token(next_token).send().await?;
    page(reply.instance_summary_list, reply.next_token, summary)
}

fn summary(instance: InstanceSummary) -> Result<Instance, Failure> {
    Ok(Instance {
        id: required(instance.id, "an Id")?.into(),
        arn: required(instance.arn, "an Arn")?,
        alias: instance.instance_alias,
        identity_management_type: instance.identity_management_type.and_then(known_type),
        status: instance.instance_status.map(|s| s.as_str().to_owned()),
    })
}

fn known_type(shown: DirectoryType) -> Option<IdentityManagementType> {
    IdentityManagementType::ALL.into_iter().find(|known| known.as_str() == shown.as_str())
}

/// Defines the call of a listing: the SDK's operation, and the member of its reply with the items.
macro_rules! listing {
    ($function:ident, $request:ident, $operation:ident, $items:ident) => {
        pub(crate) async fn $function(client: &Client, request: $request) -> Result<Page<Named>, Failure> {
            let $request { instance, max_results, next_token } = request;
            let call = client.$operation().instance_id(instance).max_results(max_results).set_next_token(next_token);
            let reply = call.send().await?;
            page(reply.$items, reply.next_token, |item| named(item.id, item.arn, item.name))
        }
    };
}

listing!(routing_profiles, ListRoutingProfiles, list_routing_profiles, routing_profile_summary_list);
listing!(security_profiles, ListSecurityProfiles, list_security_profiles, security_profile_summary_list);
listing!(hierarchy_groups, ListUserHierarchyGroups, list_user_hierarchy_groups, user_hierarchy_group_summary_list);

pub(crate) async fn permissions(client: &Client, request: ListSecurityProfilePermissions) -> Result<Page<String>, Failure> {
    let ListSecurityProfilePermissions { instance, security_profile, max_results, next_token } = request;
    let call = client.list_security_profile_permissions().instance_id(instance).security_profile_id(security_profile);
    let reply = call.max_results(max_results).set_next_token(next_token).send().await?;
    page(reply.permissions, reply.next_token, Ok)
}

fn named(id: Option<String>, arn: Option<String>, name: Option<String>) -> Result<Named, Failure> {
    Ok(Named { id: required(id, "an Id")?, arn: required(arn, "an Arn")?, name: required(name, "a Name")? })
}

pub(crate) async fn hierarchy_group(client: &Client, request: DescribeUserHierarchyGroup) -> Result<HierarchyGroup, Failure> {
    let DescribeUserHierarchyGroup { instance, group } = request;
    let reply = client.describe_user_hierarchy_group().instance_id(instance).hierarchy_group_id(group).send().await?;
    let group = required(reply.hierarchy_group, "HierarchyGroup")?;
    let id = required(group.id, "HierarchyGroup.Id")?;
    let levels = group.hierarchy_path.map(levels).unwrap_or_default();
    if levels.last().and_then(|last| last.id.as_ref()) != Some(&id) {
        return Err(incomplete("HierarchyGroup.HierarchyPath down to the group itself"));
    }
    let names = levels.into_iter().map(|level| required(level.name, "a name in HierarchyGroup.HierarchyPath"));
    Ok(HierarchyGroup { id: id.into(), arn: required(group.arn, "HierarchyGroup.Arn")?, path: names.collect::<Result<_, _>>()? })
}

/// Returns the levels from the top down to the group itself.
fn levels(path: HierarchyPath) -> Vec<HierarchyGroupSummary> {
    let HierarchyPath { level_one, level_two, level_three, level_four, level_five, .. } = path;
    [level_one, level_two, level_three, level_four, level_five].into_iter().flatten().collect()
}
