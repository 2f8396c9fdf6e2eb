//! Converts responses to bodies, in PascalCase, with times in seconds since the epoch.

mod profiles;

use std::sync::Arc;

use connect_api::{
    AfterContactWorkConfig, ChannelConfigs, FoundUser, IdentityInfo, Page, PhoneConfig, Proficiency, Tags, User, UserSummary,
};
use jiff::Timestamp;
pub(super) use profiles::{found_routing_profile, found_security_profile, permissions, routing_profile, security_profile};
use serde_json::{Value, json};

use crate::{
    QuickConnectTarget,
    rules::{Context, listings::Listed, render},
    state::{self, ACTIVE, Attribute, Instance, QuickConnect},
};

const LEVELS: [&str; 5] = ["LevelOne", "LevelTwo", "LevelThree", "LevelFour", "LevelFive"];

/// Removes null members: AWS omits absent members and never writes null.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(k, v)| (k, without_nulls(v)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

pub(super) fn not_empty(tags: &Tags) -> Value {
    if tags.is_empty() { Value::Null } else { json!(tags) }
}

fn seconds(at: Timestamp) -> Value {
    json!(at.as_duration().as_secs_f64())
}

/// Encodes a page of profiles, groups or attributes. An attribute has neither id nor ARN.
pub(super) fn listing(member: &str, page: Page<Listed>, instance: &Instance) -> Value {
    let lines: Vec<_> = page.items.iter().map(|line| listed(line, instance)).collect();
    json!({ member: lines, "NextToken": page.next_token })
}

fn listed(Listed { named, modified }: &Listed, instance: &Instance) -> Value {
    let identified = !named.arn.is_empty();
    json!({
        "Id": identified.then_some(&named.id),
        "Arn": identified.then_some(&named.arn),
        "Name": named.name,
        "Type": named.arn.contains("/security-profile/").then_some("CUSTOMER_MANAGED"),
        "LastModifiedTime": seconds(*modified),
        "LastModifiedRegion": instance.arn.region,
    })
}

/// Encodes a page of what a search finds.
pub(super) fn search<T>(member: &str, page: Page<T>, total: usize, encode: impl Fn(&T) -> Value) -> Value {
    let found: Vec<_> = page.items.iter().map(encode).collect();
    json!({ member: found, "NextToken": page.next_token, "ApproximateTotalCount": total })
}

/// Encodes a hierarchy group with its path.
pub(super) fn hierarchy_group(instance: &Instance, (own, above): &(Listed, Vec<Listed>)) -> Value {
    let lines = above.iter().chain([own]).map(|line| listed(line, instance));
    let path: serde_json::Map<_, _> = LEVELS.map(str::to_owned).into_iter().zip(lines).collect();
    let mut shown = listed(own, instance);
    shown["LevelId"] = json!(path.len().to_string());
    shown["HierarchyPath"] = path.into();
    shown["Tags"] = instance.groups.get(&own.named.id).map_or(Value::Null, |group| not_empty(&group.tags));
    shown
}

pub(super) fn attribute(name: &str, Attribute { values, modified }: &Attribute, region: &str) -> Value {
    json!({
        "Name": name, "Values": { "StringList": values },
        "LastModifiedTime": seconds(*modified), "LastModifiedRegion": region,
    })
}

pub(super) fn quick_connect(instance: &Instance, stored: &QuickConnect) -> Value {
    let flow = &stored.contact_flow_id;
    let config = match &stored.target {
        QuickConnectTarget::User(id) => {
            json!({ "QuickConnectType": "USER", "UserConfig": { "UserId": id, "ContactFlowId": flow } })
        }
        QuickConnectTarget::Queue(id) => {
            json!({ "QuickConnectType": "QUEUE", "QueueConfig": { "QueueId": id, "ContactFlowId": flow } })
        }
        QuickConnectTarget::PhoneNumber(number) => {
            json!({ "QuickConnectType": "PHONE_NUMBER", "PhoneConfig": { "PhoneNumber": number } })
        }
    };
    json!({
        "QuickConnectARN": instance.quick_connect_arn(&stored.id), "QuickConnectId": stored.id, "Name": stored.name,
        "QuickConnectConfig": config, "Tags": not_empty(&stored.tags),
        "LastModifiedTime": seconds(stored.modified), "LastModifiedRegion": instance.arn.region,
    })
}

/// Encodes an instance as ListInstances does.
pub(super) fn instance(instance: &Instance) -> Value {
    json!({
        "Id": instance.arn.instance,
        "Arn": instance.arn.to_string(),
        "IdentityManagementType": instance.identity_management_type.as_str(),
        "InstanceAlias": instance.alias,
        "InstanceStatus": ACTIVE,
        "InstanceAccessUrl": instance.alias.as_ref().map(|alias| format!("https://{alias}.my.connect.aws")),
        "CreatedTime": seconds(instance.created),
        "InboundCallsEnabled": true,
        "OutboundCallsEnabled": true,
    })
}

/// Encodes a page of users as ListUsers does.
pub(super) fn summaries(page: &Page<UserSummary>, region: &str) -> Value {
    let line = |user: &UserSummary| {
        json!({
            "Id": user.id, "Arn": user.arn, "Username": user.username,
            "LastModifiedTime": user.last_modified_time.map(seconds), "LastModifiedRegion": region,
        })
    };
    json!({ "UserSummaryList": page.items.iter().map(line).collect::<Vec<_>>(), "NextToken": page.next_token })
}

/// Encodes a user as DescribeUser does.
pub(super) fn user(user: &User, region: &str) -> Value {
    let mut value = with_limits(user, 1, 1);
    value["LastModifiedRegion"] = json!(region);
    value
}

/// Encodes a page of users as SearchUsers does: with after-contact work in milliseconds, and without the members that the index
/// lacks.
pub(super) fn found(cx: &Context<'_>, page: &Page<Arc<state::User>>, total: usize) -> Value {
    let in_lists = if cx.rules.search_lists_in_milliseconds { 1000 } else { 1 };
    let line = |user: &Arc<state::User>| {
        let FoundUser { first_name, last_name, channel_configs, .. } = render::found(cx.rules, cx.instance, user);
        let identity_info = IdentityInfo { first_name, last_name, ..IdentityInfo::default() };
        let shown = render::described(cx.rules, cx.instance, user);
        with_limits(&User { identity_info, channel_configs, last_modified_time: None, ..shown }, 1000, in_lists)
    };
    let users: Vec<_> = page.items.iter().map(line).collect();
    json!({ "Users": users, "NextToken": page.next_token, "ApproximateTotalCount": total })
}

/// Encodes a user with after-contact work in so many units a second, in PhoneConfig and in the lists.
fn with_limits(user: &User, in_phone_config: i64, in_lists: i64) -> Value {
    let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = &user.identity_info;
    let mut value = json!({
        "Id": user.id,
        "Arn": user.arn,
        "Username": user.username,
        "IdentityInfo": {
            "FirstName": first_name, "LastName": last_name, "Email": email, "SecondaryEmail": secondary_email, "Mobile": mobile,
        },
        "PhoneConfig": user.phone_config.as_ref().map(|config| phone_config(config, in_phone_config)),
        "DirectoryUserId": user.directory_user_id,
        "SecurityProfileIds": user.security_profile_ids,
        "RoutingProfileId": user.routing_profile_id,
        "HierarchyGroupId": user.hierarchy_group_id,
        "Tags": user.tags,
        "LastModifiedTime": user.last_modified_time.map(seconds),
    });
    add_lists(&mut value, &user.channel_configs, in_lists);
    value
}

fn phone_config(config: &PhoneConfig, units_per_second: i64) -> Value {
    json!({
        "PhoneType": config.phone_type.as_str(),
        "AutoAccept": config.auto_accept,
        "AfterContactWorkTimeLimit": i64::from(config.after_contact_work_time_limit) * units_per_second,
        "DeskPhoneNumber": config.desk_phone_number,
        "PersistentConnection": config.persistent_connection,
    })
}

fn add_lists(value: &mut Value, configs: &ChannelConfigs, units_per_second: i64) {
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } = configs;
    value["AutoAcceptConfigs"] = list(auto_accept, |c| {
        json!({
            "Channel": c.channel.as_str(), "AutoAccept": c.auto_accept,
            "AgentFirstCallbackAutoAccept": c.agent_first_callback_auto_accept,
        })
    });
    value["AfterContactWorkConfigs"] = list(after_contact_work, |c| work(c, units_per_second));
    value["PhoneNumberConfigs"] = list(
        phone_number,
        |c| json!({ "Channel": c.channel.as_str(), "PhoneType": c.phone_type.as_str(), "PhoneNumber": c.phone_number }),
    );
    value["PersistentConnectionConfigs"] = list(
        persistent_connection,
        |c| json!({ "Channel": c.channel.as_str(), "PersistentConnection": c.persistent_connection }),
    );
    value["VoiceEnhancementConfigs"] = list(
        voice_enhancement,
        |c| json!({ "Channel": c.channel.as_str(), "VoiceEnhancementMode": c.voice_enhancement_mode.as_str() }),
    );
}

fn work(config: &AfterContactWorkConfig, units_per_second: i64) -> Value {
    let limit = |seconds: i32| json!({ "AfterContactWorkTimeLimit": i64::from(seconds) * units_per_second });
    json!({
        "Channel": config.channel.as_str(),
        "AfterContactWorkConfig": limit(config.after_contact_work_time_limit),
        "AgentFirstCallbackAfterContactWorkConfig":
            config.agent_first_callback_after_contact_work_time_limit.map(limit),
    })
}

fn list<T>(configs: &Option<Vec<T>>, line: impl Fn(&T) -> Value) -> Value {
    configs.as_ref().map_or(Value::Null, |configs| configs.iter().map(line).collect())
}

/// Encodes a page of proficiencies, and when they last changed.
pub(super) fn proficiencies(page: &Page<Proficiency>, modified: Option<Timestamp>, region: &str) -> Value {
    json!({
        "UserProficiencyList": page.items.iter().map(proficiency).collect::<Vec<_>>(), "NextToken": page.next_token,
        "LastModifiedTime": modified.map(seconds), "LastModifiedRegion": modified.map(|_| region),
    })
}

pub(super) fn proficiency(proficiency: &Proficiency) -> Value {
    // Convert through text, since widening turns 3.3 into 3.299999952316284.
    let level: f64 = proficiency.level.to_string().parse().unwrap_or(f64::from(proficiency.level));
    json!({
        "AttributeName": proficiency.key.attribute_name,
        "AttributeValue": proficiency.key.attribute_value,
        "Level": level,
    })
}
