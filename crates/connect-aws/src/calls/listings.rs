//! The listings that resolve names: routing profiles, security profiles, hierarchy groups.

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

/// Defines the call of a listing: the SDK's operation, and the member of its reply with the items.
macro_rules! listing {
    ($function:ident, $request:ident, $operation:ident, $items:ident) => {
        pub(crate) async fn $function(client: &Client, request: $request) -> Result<Page<Named>, Error> {
            const NAME: OperationName = OperationName::$request;
            let $request { instance, max_results, next_token } = request;
            let call = client.$operation().instance_id(instance.as_str()).max_results(max_results).set_next_token(next_token);
            let reply = call.send().await.map_err(|e| error::of(NAME, e))?;
            page(reply.$items, reply.next_token, |item| named(NAME, item.id, item.arn, item.name))
        }
    };
}

listing!(routing_profiles, ListRoutingProfiles, list_routing_profiles, routing_profile_summary_list);
listing!(security_profiles, ListSecurityProfiles, list_security_profiles, security_profile_summary_list);
listing!(hierarchy_groups, ListUserHierarchyGroups, list_user_hierarchy_groups, user_hierarchy_group_summary_list);

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

/// Returns the levels from the top down to the group itself.
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
