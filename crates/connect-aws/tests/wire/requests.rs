//! The request sent for each call.

use std::collections::BTreeSet;

use connect_api::*;
use serde_json::{Value, json};

use crate::{
    fixtures::{channels_json, full_channels, full_identity, full_phone, identity_json, merged, minimal_create, phone_json},
    server::{Request, ScriptedAnswer, Server},
};

const USER_ARN: &str = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001/agent/user-1";

fn instance() -> InstanceId {
    "11111111-aaaa-4bbb-8ccc-000000000001".into()
}

fn user() -> UserId {
    "user-1".into()
}

/// Sends a call once, to a server whose reply suits every operation, and checks what all requests and replies have in common.
async fn sent(call: impl Into<Call>) -> Request {
    let call = call.into();
    let name = call.name();
    let server = Server::new(ScriptedAnswer::json(json!({
        "UserId": "user-1", "UserArn": "arn", "User": {"Id": "user-1", "Arn": "arn", "Username": "jdoe"},
        "Instance": {"Id": "11111111-aaaa-4bbb-8ccc-000000000001", "Arn": "arn"},
        "QuickConnect": {"QuickConnectId": "qc-1"},
        "HierarchyGroup": {"Id": "hg-1", "Arn": "arn", "Name": "n", "HierarchyPath": {"LevelOne": {"Id": "hg-1", "Name": "n"}}},
    })))
    .await;
    let reply = server.client().await.send(&Caller::default(), call).await;
    assert_eq!(reply.map(|r| r.name()).map_err(|e| e.to_string()), Ok(name), "the reply is not of the call's operation");
    let request = server.request();
    assert_eq!(request.header("amz-sdk-request"), Some("attempt=1; max=1"), "{name}");
    let signature = request.header("authorization").unwrap();
    assert!(signature.contains("/us-west-2/connect/aws4_request"), "{name}: {signature}");
    assert!(request.header("user-agent").unwrap().contains("app/connect-operator"), "{name}");
    let has_body = matches!(request.method.as_str(), "PUT" | "POST");
    assert_eq!(request.header("content-type"), has_body.then_some("application/json"), "{name}");
    assert_eq!(request.header("transfer-encoding"), None, "{name}");
    assert_eq!(request.body.is_empty(), !has_body, "{name}");
    request
}

/// A call with the method, target and body of its request. The body is null if there is none.
struct Row {
    call: Call,
    line: &'static str,
    body: Value,
}

fn row(call: impl Into<Call>) -> Row {
    Row { call: call.into(), line: "", body: Value::Null }
}

impl Row {
    fn sends(self, line: &'static str, body: Value) -> Self {
        Self { line, body, ..self }
    }
}

fn users() -> Vec<Row> {
    let full = CreateUser {
        password: Some(Password::new("Abcdefg1")),
        identity_info: Some(full_identity()),
        phone_config: Some(full_phone()),
        channel_configs: full_channels(),
        directory_user_id: Some("dir-1".into()),
        hierarchy_group_id: Some("hg-1".into()),
        tags: [("team".into(), "blue".into()), ("empty".into(), String::new())].into(),
        ..minimal_create()
    };
    let minimal_json = || json!({"Username": "jdoe", "SecurityProfileIds": ["sp-1", "sp-2"], "RoutingProfileId": "rp-1"});
    let mut full_json = merged(minimal_json(), channels_json(1));
    full_json["Password"] = json!("Abcdefg1");
    full_json["IdentityInfo"] = identity_json();
    full_json["PhoneConfig"] = phone_json();
    full_json["DirectoryUserId"] = json!("dir-1");
    full_json["HierarchyGroupId"] = json!("hg-1");
    full_json["Tags"] = json!({"team": "blue", "empty": ""});
    let (next_token, max_results) = (None, 7);
    let condition = json!({"StringCondition": {"FieldName": "Username", "Value": "jdoe", "ComparisonType": "EXACT"}});
    vec![
        row(full).sends("PUT /users/11111111-aaaa-4bbb-8ccc-000000000001", full_json),
        row(minimal_create()).sends("PUT /users/11111111-aaaa-4bbb-8ccc-000000000001", minimal_json()),
        row(DescribeUser { instance: instance(), user: user() })
            .sends("GET /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1", Value::Null),
        // An ARN in place of an id stays one segment of the path.
        row(DescribeUser {
            instance: InstanceId::new("arn:aws:connect:us-west-2:1:instance/11111111-aaaa-4bbb-8ccc-000000000001"),
            user: USER_ARN.into(),
        })
        .sends(
            "GET /users/arn%3Aaws%3Aconnect%3Aus-west-2%3A1%3Ainstance%2F11111111-aaaa-4bbb-8ccc-000000000001/\
             arn%3Aaws%3Aconnect%3Aus-west-2%3A123456789012%3Ainstance%2F11111111-aaaa-4bbb-8ccc-000000000001%2Fagent%2Fuser-1",
            Value::Null,
        ),
        row(DeleteUser { instance: instance(), user: user() })
            .sends("DELETE /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1", Value::Null),
        row(ListUsers { instance: instance(), max_results, next_token: None })
            .sends("GET /users-summary/11111111-aaaa-4bbb-8ccc-000000000001?maxResults=7", Value::Null),
        row(SearchUsers { instance: instance(), max_results: 500, next_token: Some("t+/=".into()), username: None }).sends(
            "POST /search-users",
            json!({"InstanceId": "11111111-aaaa-4bbb-8ccc-000000000001", "MaxResults": 500, "NextToken": "t+/="}),
        ),
        row(SearchUsers { instance: instance(), max_results, next_token, username: Some("jdoe".into()) }).sends(
            "POST /search-users",
            json!({"InstanceId": "11111111-aaaa-4bbb-8ccc-000000000001", "MaxResults": 7, "SearchCriteria": condition}),
        ),
    ]
}

fn updates() -> Vec<Row> {
    let partial = IdentityInfo { first_name: Some("J".into()), mobile: Some(String::new()), ..Default::default() };
    let phone = PhoneConfig::default();
    let empty_list = ChannelConfigs { voice_enhancement: Some(Vec::new()), ..Default::default() };
    let channel = Channel::Voice;
    let phone_number = |phone_type| PhoneNumberConfig { channel, phone_type, phone_number: None };
    let voice_enhancement = |voice_enhancement_mode| VoiceEnhancementConfig { channel, voice_enhancement_mode };
    let every_name = ChannelConfigs {
        auto_accept: Some(Channel::ALL.map(|channel| AutoAcceptConfig::new(channel, true)).into()),
        phone_number: Some(PhoneType::ALL.map(phone_number).into()),
        voice_enhancement: Some(VoiceEnhancementMode::ALL.map(voice_enhancement).into()),
        ..Default::default()
    };
    let channels = ["VOICE", "CHAT", "TASK", "EMAIL"].map(|name| json!({"Channel": name, "AutoAccept": true}));
    let phones = ["SOFT_PHONE", "DESK_PHONE"].map(|name| json!({"Channel": "VOICE", "PhoneType": name}));
    let modes = ["VOICE_ISOLATION", "NOISE_SUPPRESSION", "NONE"];
    let modes = modes.map(|name| json!({"Channel": "VOICE", "VoiceEnhancementMode": name}));
    let every_name_json = json!({"AutoAcceptConfigs": channels, "PhoneNumberConfigs": phones, "VoiceEnhancementConfigs": modes});
    let security_profile_ids = ["sp-9".into(), "sp-3".into()].into();
    vec![
        row(UpdateUserIdentityInfo { instance: instance(), user: user(), identity_info: full_identity() }).sends(
            "POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/identity-info",
            json!({"IdentityInfo": identity_json()}),
        ),
        // Empty members are kept.
        row(UpdateUserIdentityInfo { instance: instance(), user: user(), identity_info: partial }).sends(
            "POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/identity-info",
            json!({"IdentityInfo": {"FirstName": "J", "Mobile": ""}}),
        ),
        row(UpdateUserPhoneConfig { instance: instance(), user: user(), phone_config: full_phone() })
            .sends("POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/phone-config", json!({"PhoneConfig": phone_json()})),
        // Zero values are omitted, except the type.
        row(UpdateUserPhoneConfig { instance: instance(), user: user(), phone_config: phone }).sends(
            "POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/phone-config",
            json!({"PhoneConfig": {"PhoneType": "SOFT_PHONE"}}),
        ),
        // Channel lists send false and omit zero seconds.
        row(UpdateUserConfig { instance: instance(), user: user(), channel_configs: full_channels() })
            .sends("POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/config", channels_json(1)),
        // An empty list is sent, and absent ones are not.
        row(UpdateUserConfig { instance: instance(), user: user(), channel_configs: empty_list })
            .sends("POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/config", json!({"VoiceEnhancementConfigs": []})),
        row(UpdateUserConfig { instance: instance(), user: user(), channel_configs: every_name })
            .sends("POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/config", every_name_json),
        row(UpdateUserRoutingProfile { instance: instance(), user: user(), routing_profile_id: "rp-2".into() }).sends(
            "POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/routing-profile",
            json!({"RoutingProfileId": "rp-2"}),
        ),
        row(UpdateUserSecurityProfiles { instance: instance(), user: user(), security_profile_ids }).sends(
            "POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/security-profiles",
            json!({"SecurityProfileIds": ["sp-3", "sp-9"]}),
        ),
        row(UpdateUserHierarchy { instance: instance(), user: user(), hierarchy_group_id: Some("hg-1".into()) })
            .sends("POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/hierarchy", json!({"HierarchyGroupId": "hg-1"})),
        // The group is cleared by an empty object.
        row(UpdateUserHierarchy { instance: instance(), user: user(), hierarchy_group_id: None })
            .sends("POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/hierarchy", json!({})),
    ]
}

fn proficiencies_and_tags() -> Vec<Row> {
    let level = |level| vec![Proficiency { key: ProficiencyKey::new("lang", "de"), level }];
    let level_json = |level: f64| json!([{"AttributeName": "lang", "AttributeValue": "de", "Level": level}]);
    let french = vec![ProficiencyKey::new("lang", "fr")];
    let french_json = json!([{"AttributeName": "lang", "AttributeValue": "fr"}]);
    let tags = [("connect-operator.dev/uid".into(), "u 1".into()), ("bare".into(), String::new())].into();
    vec![
        // A level is sent as a decimal: in JSON's comparison 3.0 is not equal to 3.
        row(AssociateUserProficiencies { instance: instance(), user: user(), proficiencies: level(3.0) })
            .sends("POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/associate-proficiencies", json!({"UserProficiencies": level_json(3.0)})),
        row(UpdateUserProficiencies { instance: instance(), user: user(), proficiencies: level(5.0) })
            .sends("POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/proficiencies", json!({"UserProficiencies": level_json(5.0)})),
        row(DisassociateUserProficiencies { instance: instance(), user: user(), proficiencies: french })
            .sends("POST /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/disassociate-proficiencies", json!({ "UserProficiencies": french_json })),
        row(ListUserProficiencies { instance: instance(), user: user(), max_results: 7, next_token: None })
            .sends("GET /users/11111111-aaaa-4bbb-8ccc-000000000001/user-1/proficiencies?maxResults=7", Value::Null),
        row(TagResource { arn: USER_ARN.into(), tags }).sends(
            "POST /tags/arn%3Aaws%3Aconnect%3Aus-west-2%3A123456789012%3Ainstance%2F11111111-aaaa-4bbb-8ccc-000000000001%2Fagent%2Fuser-1",
            json!({"tags": {"connect-operator.dev/uid": "u 1", "bare": ""}}),
        ),
        row(ListTagsForResource { arn: USER_ARN.into() })
            .sends("GET /tags/arn%3Aaws%3Aconnect%3Aus-west-2%3A123456789012%3Ainstance%2F11111111-aaaa-4bbb-8ccc-000000000001%2Fagent%2Fuser-1", Value::Null),
        row(UntagResource { arn: USER_ARN.into(), keys: ["a b".into(), "c:d".into()].into() }).sends(
            "DELETE /tags/arn%3Aaws%3Aconnect%3Aus-west-2%3A123456789012%3Ainstance%2F11111111-aaaa-4bbb-8ccc-000000000001%2Fagent%2Fuser-1\
             ?tagKeys=a%20b&tagKeys=c%3Ad",
            Value::Null,
        ),
    ]
}

fn others() -> Vec<Row> {
    let max_results = 7;
    vec![
        row(ListInstances { max_results, next_token: None }).sends("GET /instance?maxResults=7", Value::Null),
        row(DescribeInstance { instance: instance() }).sends("GET /instance/11111111-aaaa-4bbb-8ccc-000000000001", Value::Null),
        row(ListRoutingProfiles { instance: instance(), max_results, next_token: None })
            .sends("GET /routing-profiles-summary/11111111-aaaa-4bbb-8ccc-000000000001?maxResults=7", Value::Null),
        row(ListSecurityProfiles { instance: instance(), max_results, next_token: None })
            .sends("GET /security-profiles-summary/11111111-aaaa-4bbb-8ccc-000000000001?maxResults=7", Value::Null),
        row(ListSecurityProfilePermissions {
            instance: instance(),
            security_profile: "sp-1".into(),
            max_results,
            next_token: None,
        })
        .sends("GET /security-profiles-permissions/11111111-aaaa-4bbb-8ccc-000000000001/sp-1?maxResults=7", Value::Null),
        row(ListUserHierarchyGroups { instance: instance(), max_results, next_token: None })
            .sends("GET /user-hierarchy-groups-summary/11111111-aaaa-4bbb-8ccc-000000000001?maxResults=7", Value::Null),
        row(DescribeUserHierarchyGroup { instance: instance(), group: "hg-1".into() })
            .sends("GET /user-hierarchy-groups/11111111-aaaa-4bbb-8ccc-000000000001/hg-1", Value::Null),
        row(SearchQuickConnects { instance: instance(), max_results, next_token: Some("t+/=".into()) }).sends(
            "POST /search-quick-connects",
            json!({"InstanceId": "11111111-aaaa-4bbb-8ccc-000000000001", "MaxResults": 7, "NextToken": "t+/="}),
        ),
        row(DescribeQuickConnect { instance: instance(), quick_connect: "qc-1".into() })
            .sends("GET /quick-connects/11111111-aaaa-4bbb-8ccc-000000000001/qc-1", Value::Null),
        row(DeleteQuickConnect { instance: instance(), quick_connect: "qc-1".into() })
            .sends("DELETE /quick-connects/11111111-aaaa-4bbb-8ccc-000000000001/qc-1", Value::Null),
    ]
}

#[tokio::test]
async fn every_operation_is_sent_to_its_path_with_its_members() {
    let mut called = BTreeSet::new();
    for Row { call, line, body } in [users(), updates(), proficiencies_and_tags(), others()].into_iter().flatten() {
        called.insert(call.name());
        let described = format!("{call:?}");
        let request = sent(call).await;
        assert_eq!(format!("{} {}", request.method, request.target), line, "{described}");
        let sent = if request.body.is_empty() { Value::Null } else { request.json() };
        assert_eq!(sent, body, "{described}");
    }
    assert_eq!(called, OperationName::ALL.iter().copied().collect());
}

#[tokio::test]
async fn a_token_is_escaped_in_the_query() {
    let request = sent(ListUsers { instance: instance(), max_results: 1000, next_token: Some("t+/= &é".into()) }).await;
    let query = request.target.strip_prefix("/users-summary/11111111-aaaa-4bbb-8ccc-000000000001?").unwrap();
    let parts: BTreeSet<&str> = query.split('&').collect();
    assert_eq!(parts, ["maxResults=1000", "nextToken=t%2B%2F%3D%20%26%C3%A9"].into());
}
