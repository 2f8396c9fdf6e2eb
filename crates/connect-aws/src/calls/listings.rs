//! What names are resolved with: routing profiles, security profiles, hierarchy groups.

use aws_sdk_connect::{
    Client,
    types::{HierarchyGroupSummary, HierarchyPath},
};
use connect_api::{
    DescribeUserHierarchyGroup, Error, HierarchyGroup, ListRoutingProfiles, ListSecurityProfiles, ListUserHierarchyGroups, Named,
    OperationName, Page,
};

use crate::{
    error::{self, incomplete},
    wire::page,
};

pub(crate) async fn routing_profiles(client: &Client, request: ListRoutingProfiles) -> Result<Page<Named>, Error> {
    const NAME: OperationName = OperationName::ListRoutingProfiles;
    let ListRoutingProfiles { instance, max_results, next_token } = request;
    let reply = client
        .list_routing_profiles()
        .instance_id(instance.as_str())
        .max_results(max_results)
        .set_next_token(next_token)
        .send()
        .await
        .map_err(|e| error::of(NAME, e))?;
    page(reply.routing_profile_summary_list, reply.next_token, |p| named(NAME, p.id, p.arn, p.name))
}

pub(crate) async fn security_profiles(client: &Client, request: ListSecurityProfiles) -> Result<Page<Named>, Error> {
    const NAME: OperationName = OperationName::ListSecurityProfiles;
    let ListSecurityProfiles { instance, max_results, next_token } = request;
    let reply = client
        .list_security_profiles()
        .instance_id(instance.as_str())
        .max_results(max_results)
        .set_next_token(next_token)
        .send()
        .await
        .map_err(|e| error::of(NAME, e))?;
    page(reply.security_profile_summary_list, reply.next_token, |p| named(NAME, p.id, p.arn, p.name))
}

pub(crate) async fn hierarchy_groups(client: &Client, request: ListUserHierarchyGroups) -> Result<Page<Named>, Error> {
    const NAME: OperationName = OperationName::ListUserHierarchyGroups;
    let ListUserHierarchyGroups { instance, max_results, next_token } = request;
    let reply = client
        .list_user_hierarchy_groups()
        .instance_id(instance.as_str())
        .max_results(max_results)
        .set_next_token(next_token)
        .send()
        .await
        .map_err(|e| error::of(NAME, e))?;
    page(reply.user_hierarchy_group_summary_list, reply.next_token, |g| named(NAME, g.id, g.arn, g.name))
}

pub(crate) async fn hierarchy_group(client: &Client, request: DescribeUserHierarchyGroup) -> Result<HierarchyGroup, Error> {
    const NAME: OperationName = OperationName::DescribeUserHierarchyGroup;
    let DescribeUserHierarchyGroup { instance, group } = request;
    let reply = client
        .describe_user_hierarchy_group()
        .instance_id(instance.as_str())
        .hierarchy_group_id(group.as_str())
        .send()
        .await
        .map_err(|e| error::of(NAME, e))?;
    let group = reply.hierarchy_group.ok_or_else(|| incomplete(NAME, "HierarchyGroup"))?;
    let id = group.id.ok_or_else(|| incomplete(NAME, "HierarchyGroup.Id"))?;
    let levels = group.hierarchy_path.map(levels).unwrap_or_default();
    if levels.last().and_then(|last| last.id.as_ref()) != Some(&id) {
        return Err(incomplete(NAME, "HierarchyGroup.HierarchyPath down to the group itself"));
    }
    Ok(HierarchyGroup {
        id: id.as_str().into(),
        arn: group.arn.ok_or_else(|| incomplete(NAME, "HierarchyGroup.Arn"))?,
        path: levels
            .into_iter()
            .map(|level| level.name.ok_or_else(|| incomplete(NAME, "a name in HierarchyGroup.HierarchyPath")))
            .collect::<Result<_, _>>()?,
    })
}

/// From the top level down, as far as the group's own.
fn levels(path: HierarchyPath) -> Vec<HierarchyGroupSummary> {
    let HierarchyPath { level_one, level_two, level_three, level_four, level_five, .. } = path;
    [level_one, level_two, level_three, level_four, level_five].into_iter().flatten().collect()
}

fn named(operation: OperationName, id: Option<String>, arn: Option<String>, name: Option<String>) -> Result<Named, Error> {
    Ok(Named {
        id: id.ok_or_else(|| incomplete(operation, "an Id"))?,
        arn: arn.ok_or_else(|| incomplete(operation, "an Arn"))?,
        name: name.ok_or_else(|| incomplete(operation, "a Name"))?,
    })
}
