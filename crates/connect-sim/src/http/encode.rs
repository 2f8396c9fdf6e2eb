//! Converts responses to bodies, in PascalCase, with times in seconds since the epoch.

use connect_api::{
    AfterContactWorkConfig, ChannelConfigs, FoundUser, IdentityInfo, Instance, Page, PhoneConfig, Proficiency, Tags, User,
    UserSummary,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    QuickConnectTarget,
    response::{Kind, Listed, RenderedQuickConnect, Response},
};

/// Returns the body of a response, or None if AWS sends none.
pub(super) fn body(response: Response) -> Option<Value> {
    let value = match response {
        Response::Empty => return None,
        Response::CreatedUser(created) => json!({ "UserId": created.id, "UserArn": created.arn }),
        Response::User { user: shown, region } => json!({ "User": user(&shown, &region) }),
        Response::Users { page, region } => {
            let line = |user: &UserSummary| {
                json!({
                    "Id": user.id, "Arn": user.arn, "Username": user.username,
                    "LastModifiedTime": user.last_modified_time.map(seconds), "LastModifiedRegion": region,
                })
            };
            json!({ "UserSummaryList": each(&page, line), "NextToken": page.next_token })
        }
        Response::Found { page, total, milliseconds_in_lists } => {
            let users = each(&page, |user| found(user, milliseconds_in_lists));
            json!({ "Users": users, "NextToken": page.next_token, "ApproximateTotalCount": total })
        }
        Response::Proficiencies { page, modified, region } => json!({
            "UserProficiencyList": each(&page, proficiency), "NextToken": page.next_token,
            "LastModifiedTime": modified.map(seconds), "LastModifiedRegion": modified.map(|_| region),
        }),
        Response::Tags(tags) => json!({ "tags": tags }),
        Response::Instance { instance: shown, created, tags } => {
            let mut shown = instance(&shown, created);
            shown["Tags"] = not_empty(&tags);
            json!({ "Instance": shown })
        }
        Response::Instances(page) => {
            let line = |(shown, created): &(Instance, Timestamp)| instance(shown, *created);
            json!({ "InstanceSummaryList": each(&page, line), "NextToken": page.next_token })
        }
        Response::Listing { kind, page, region } => {
            let line = |line: &Listed| listed(kind, line, &region);
            json!({ list_name(kind): each(&page, line), "NextToken": page.next_token })
        }
        Response::Group { group, above, modified, region, tags } => {
            let own = json!({
                "Id": group.id, "Arn": group.arn, "Name": group.path.last(),
                "LastModifiedTime": seconds(modified), "LastModifiedRegion": region,
            });
            let level = above.len() + 1;
            let lines = above.iter().map(|line| listed(Kind::HierarchyGroup, line, &region)).chain([own.clone()]);
            let path: serde_json::Map<_, _> = LEVELS.iter().map(|level| (*level).to_owned()).zip(lines).collect();
            let mut own = own;
            own["LevelId"] = json!(level.to_string());
            own["HierarchyPath"] = path.into();
            own["Tags"] = not_empty(&tags);
            json!({ "HierarchyGroup": own })
        }
        Response::Attribute { name, values, modified, region } => json!({ "PredefinedAttribute": {
            "Name": name, "Values": { "StringList": values },
            "LastModifiedTime": seconds(modified), "LastModifiedRegion": region,
        }}),
        Response::QuickConnect { rendered, region } => json!({ "QuickConnect": quick_connect(&rendered, &region) }),
        Response::QuickConnects { page, total, region } => json!({
            "QuickConnects": each(&page, |rendered| quick_connect(rendered, &region)),
            "NextToken": page.next_token, "ApproximateTotalCount": total,
        }),
        Response::Created { kind, id, arn } => match kind {
            Kind::RoutingProfile => json!({ "RoutingProfileId": id, "RoutingProfileArn": arn }),
            Kind::SecurityProfile => json!({ "SecurityProfileId": id, "SecurityProfileArn": arn }),
            Kind::HierarchyGroup => json!({ "HierarchyGroupId": id, "HierarchyGroupArn": arn }),
            Kind::PredefinedAttribute => return None,
            Kind::QuickConnect => json!({ "QuickConnectId": id, "QuickConnectARN": arn }),
        },
    };
    Some(without_nulls(value))
}

const LEVELS: [&str; 5] = ["LevelOne", "LevelTwo", "LevelThree", "LevelFour", "LevelFive"];

/// Removes null members: AWS omits absent members and never writes null.
fn without_nulls(value: Value) -> Value {
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

fn each<T>(page: &Page<T>, line: impl Fn(&T) -> Value) -> Vec<Value> {
    page.items.iter().map(line).collect()
}

fn not_empty(tags: &Tags) -> Value {
    if tags.is_empty() { Value::Null } else { json!(tags) }
}

fn seconds(at: Timestamp) -> Value {
    json!(at.as_duration().as_secs_f64())
}

fn list_name(kind: Kind) -> &'static str {
    match kind {
        Kind::RoutingProfile => "RoutingProfileSummaryList",
        Kind::SecurityProfile => "SecurityProfileSummaryList",
        Kind::HierarchyGroup => "UserHierarchyGroupSummaryList",
        Kind::PredefinedAttribute => "PredefinedAttributeSummaryList",
        Kind::QuickConnect => "QuickConnectSummaryList",
    }
}

fn listed(kind: Kind, line: &Listed, region: &str) -> Value {
    let identified = kind != Kind::PredefinedAttribute;
    json!({
        "Id": identified.then_some(&line.named.id),
        "Arn": identified.then_some(&line.named.arn),
        "Name": line.named.name,
        "Type": (kind == Kind::SecurityProfile).then_some("CUSTOMER_MANAGED"),
        "LastModifiedTime": seconds(line.modified),
        "LastModifiedRegion": region,
    })
}

fn quick_connect(rendered: &RenderedQuickConnect, region: &str) -> Value {
    let stored = &rendered.stored;
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
        "QuickConnectARN": rendered.typed.arn, "QuickConnectId": stored.id, "Name": stored.name, "QuickConnectConfig": config,
        "Tags": not_empty(&stored.tags), "LastModifiedTime": seconds(stored.modified), "LastModifiedRegion": region,
    })
}

fn instance(shown: &Instance, created: Timestamp) -> Value {
    json!({
        "Id": shown.id,
        "Arn": shown.arn,
        "IdentityManagementType": shown.identity_management_type.map(|t| t.as_str()),
        "InstanceAlias": shown.alias,
        "InstanceStatus": shown.status,
        "InstanceAccessUrl": shown.alias.as_ref().map(|alias| format!("https://{alias}.my.connect.aws")),
        "CreatedTime": seconds(created),
        "InboundCallsEnabled": true,
        "OutboundCallsEnabled": true,
    })
}

/// Encodes a user as DescribeUser does.
pub(super) fn user(user: &User, region: &str) -> Value {
    let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = &user.identity_info;
    let mut value = json!({
        "Id": user.id,
        "Arn": user.arn,
        "Username": user.username,
        "IdentityInfo": without_nulls(json!({
            "FirstName": first_name, "LastName": last_name, "Email": email, "SecondaryEmail": secondary_email, "Mobile": mobile,
        })),
        "PhoneConfig": user.phone_config.as_ref().map(|config| phone_config(config, 1)),
        "DirectoryUserId": user.directory_user_id,
        "SecurityProfileIds": user.security_profile_ids,
        "RoutingProfileId": user.routing_profile_id,
        "HierarchyGroupId": user.hierarchy_group_id,
        "Tags": user.tags,
        "LastModifiedTime": user.last_modified_time.map(seconds),
        "LastModifiedRegion": region,
    });
    add_lists(&mut value, &user.channel_configs, 1);
    without_nulls(value)
}

/// Encodes a user as SearchUsers does, with after-contact work in milliseconds.
fn found(user: &FoundUser, milliseconds_in_lists: bool) -> Value {
    let mut value = json!({
        "Id": user.id,
        "Arn": user.arn,
        "Username": user.username,
        "IdentityInfo": { "FirstName": user.first_name, "LastName": user.last_name },
        "PhoneConfig": user.phone_config.as_ref().map(|config| phone_config(config, 1000)),
        "DirectoryUserId": user.directory_user_id,
        "SecurityProfileIds": user.security_profile_ids,
        "RoutingProfileId": user.routing_profile_id,
        "HierarchyGroupId": user.hierarchy_group_id,
        "Tags": user.tags,
    });
    add_lists(&mut value, &user.channel_configs, if milliseconds_in_lists { 1000 } else { 1 });
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

pub(super) fn proficiency(proficiency: &Proficiency) -> Value {
    // Convert through text, since widening turns 3.3 into 3.299999952316284.
    let level: f64 = proficiency.level.to_string().parse().unwrap_or(f64::from(proficiency.level));
    json!({
        "AttributeName": proficiency.key.attribute_name,
        "AttributeValue": proficiency.key.attribute_value,
        "Level": level,
    })
}
