//! Routing profiles and security profiles, as described and as found by a search, which shows fewer members.

use connect_api::{Page, Resource};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{not_empty, seconds};
use crate::{
    Rules,
    refusal::Refusal,
    rules::references,
    state::{Instance, Profile},
};

/// Encodes a routing profile as DescribeRoutingProfile does.
pub(in crate::http) fn routing_profile(instance: &Instance, given: &str) -> Result<Value, Refusal> {
    let id = references::routing_profile(&Rules::default(), instance, given)?;
    let profile = &instance.routing_profiles[id.as_str()];
    let mut shown = found_routing_profile(instance, id.as_str(), profile);
    shown["AgentAvailabilityTimer"] = json!("TIME_SINCE_LAST_ACTIVITY");
    add_modification(&mut shown, instance, profile);
    Ok(json!({ "RoutingProfile": shown }))
}

/// Encodes a routing profile as SearchRoutingProfiles does. Queues and channels are not simulated: each profile is for calls, and
/// has no queue.
pub(in crate::http) fn found_routing_profile(instance: &Instance, id: &str, profile: &Profile) -> Value {
    let users = instance.users.values().filter(|user| user.routing_profile_id.as_str() == id).count();
    json!({
        "InstanceId": instance.arn.instance,
        "Name": profile.name,
        "RoutingProfileArn": instance.arn_of(Resource::RoutingProfile(id.into())),
        "RoutingProfileId": id,
        "Description": profile.description,
        "MediaConcurrencies": [{ "Channel": "VOICE", "Concurrency": 1 }],
        "Tags": not_empty(&profile.tags),
        "NumberOfAssociatedQueues": 0,
        "NumberOfAssociatedManualAssignmentQueues": 0,
        "NumberOfAssociatedUsers": users,
        "IsDefault": profile.name == "Basic Routing Profile",
    })
}

/// Encodes a security profile as DescribeSecurityProfile does.
pub(in crate::http) fn security_profile(instance: &Instance, given: &str) -> Result<Value, Refusal> {
    let id = references::security_profile(&Rules::default(), instance, given)?;
    let profile = &instance.security_profiles[id.as_str()];
    let mut shown = found_security_profile(instance, id.as_str(), profile);
    add_modification(&mut shown, instance, profile);
    Ok(json!({ "SecurityProfile": shown }))
}

/// Encodes a security profile as SearchSecurityProfiles does.
pub(in crate::http) fn found_security_profile(instance: &Instance, id: &str, profile: &Profile) -> Value {
    json!({
        "Id": id,
        "OrganizationResourceId": instance.arn.instance,
        "Arn": instance.arn_of(Resource::SecurityProfile(id.into())),
        "SecurityProfileName": profile.name,
        "Description": profile.description,
        "Tags": not_empty(&profile.tags),
        "Type": "CUSTOMER_MANAGED",
    })
}

fn add_modification(shown: &mut Value, instance: &Instance, profile: &Profile) {
    shown["LastModifiedTime"] = seconds(profile.modified);
    shown["LastModifiedRegion"] = json!(instance.arn.region);
}

/// Encodes a page of permissions, and when they last changed.
pub(in crate::http) fn permissions(page: &Page<String>, modified: Timestamp, region: &str) -> Value {
    json!({
        "Permissions": page.items, "NextToken": page.next_token,
        "LastModifiedTime": seconds(modified), "LastModifiedRegion": region,
    })
}
