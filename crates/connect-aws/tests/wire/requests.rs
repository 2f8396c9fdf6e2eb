//! The request sent for each call.

use std::collections::BTreeSet;

use connect_api::{
    AssociateUserProficiencies, AutoAcceptConfig, Call, Caller, Channel, ChannelConfigs, Connect, CreateUser, DeleteQuickConnect,
    DeleteUser, DescribeInstance, DescribeQuickConnect, DescribeUser, DescribeUserHierarchyGroup, DisassociateUserProficiencies,
    IdentityInfo, InstanceId, ListRoutingProfiles, ListSecurityProfiles, ListUserHierarchyGroups, ListUserProficiencies,
    ListUsers, OperationName, Password, PhoneConfig, PhoneNumberConfig, PhoneType, Proficiency, ProficiencyKey,
    SearchQuickConnects, SearchUsers, TagResource, UntagResource, UpdateUserConfig, UpdateUserHierarchy, UpdateUserIdentityInfo,
    UpdateUserPhoneConfig, UpdateUserProficiencies, UpdateUserRoutingProfile, UpdateUserSecurityProfiles, UserId,
    VoiceEnhancementConfig, VoiceEnhancementMode,
};
use serde_json::json;

use crate::fixtures::{channels_json, full_channels, full_identity, full_phone, identity_json, phone_json};
use crate::server::{Request, ScriptedAnswer, Server, exchange};

const USER_ARN: &str = "arn:aws:connect:us-west-2:123456789012:instance/inst-1/agent/user-1";

fn instance() -> InstanceId {
    "inst-1".into()
}

fn user() -> UserId {
    "user-1".into()
}

async fn sent(call: impl Into<Call>) -> Request {
    let server = Server::new(ScriptedAnswer::new(200, "{}")).await;
    let _ = server.client().await.send(&Caller::default(), call.into()).await;
    server.request()
}

fn key(name: &str, value: &str) -> ProficiencyKey {
    ProficiencyKey { attribute_name: name.into(), attribute_value: value.into() }
}

fn minimal_create() -> CreateUser {
    CreateUser::new(instance(), "jdoe", "rp-1", ["sp-2", "sp-1"])
}

/// Returns a call of every operation, with its method and target.
fn every_call() -> Vec<(Call, &'static str, &'static str)> {
    let (next_token, max_results) = (None, 7);
    vec![
        (minimal_create().into(), "PUT", "/users/inst-1"),
        (DescribeUser { instance: instance(), user: user() }.into(), "GET", "/users/inst-1/user-1"),
        (DeleteUser { instance: instance(), user: user() }.into(), "DELETE", "/users/inst-1/user-1"),
        (
            ListUsers { instance: instance(), max_results, next_token: next_token.clone() }.into(),
            "GET",
            "/users-summary/inst-1?maxResults=7",
        ),
        (
            SearchUsers { instance: instance(), max_results, next_token: next_token.clone(), username: None }.into(),
            "POST",
            "/search-users",
        ),
        (
            UpdateUserIdentityInfo { instance: instance(), user: user(), identity_info: full_identity() }.into(),
            "POST",
            "/users/inst-1/user-1/identity-info",
        ),
        (
            UpdateUserPhoneConfig { instance: instance(), user: user(), phone_config: full_phone() }.into(),
            "POST",
            "/users/inst-1/user-1/phone-config",
        ),
        (
            UpdateUserConfig { instance: instance(), user: user(), channel_configs: full_channels() }.into(),
            "POST",
            "/users/inst-1/user-1/config",
        ),
        (
            UpdateUserRoutingProfile { instance: instance(), user: user(), routing_profile_id: "rp-2".into() }.into(),
            "POST",
            "/users/inst-1/user-1/routing-profile",
        ),
        (
            UpdateUserSecurityProfiles { instance: instance(), user: user(), security_profile_ids: ["sp-3".into()].into() }
                .into(),
            "POST",
            "/users/inst-1/user-1/security-profiles",
        ),
        (
            UpdateUserHierarchy { instance: instance(), user: user(), hierarchy_group_id: Some("hg-1".into()) }.into(),
            "POST",
            "/users/inst-1/user-1/hierarchy",
        ),
        (
            AssociateUserProficiencies {
                instance: instance(),
                user: user(),
                proficiencies: vec![Proficiency { key: key("lang", "de"), level: 3.0 }],
            }
            .into(),
            "POST",
            "/users/inst-1/user-1/associate-proficiencies",
        ),
        (
            DisassociateUserProficiencies { instance: instance(), user: user(), proficiencies: vec![key("lang", "fr")] }.into(),
            "POST",
            "/users/inst-1/user-1/disassociate-proficiencies",
        ),
        (
            UpdateUserProficiencies {
                instance: instance(),
                user: user(),
                proficiencies: vec![Proficiency { key: key("lang", "it"), level: 5.0 }],
            }
            .into(),
            "POST",
            "/users/inst-1/user-1/proficiencies",
        ),
        (
            ListUserProficiencies { instance: instance(), user: user(), max_results, next_token: next_token.clone() }.into(),
            "GET",
            "/users/inst-1/user-1/proficiencies?maxResults=7",
        ),
        (
            TagResource { arn: USER_ARN.into(), tags: [("team".into(), "blue".into())].into() }.into(),
            "POST",
            "/tags/arn%3Aaws%3Aconnect%3Aus-west-2%3A123456789012%3Ainstance%2Finst-1%2Fagent%2Fuser-1",
        ),
        (
            UntagResource { arn: USER_ARN.into(), keys: ["a b".into(), "c:d".into()].into() }.into(),
            "DELETE",
            "/tags/arn%3Aaws%3Aconnect%3Aus-west-2%3A123456789012%3Ainstance%2Finst-1%2Fagent%2Fuser-1\
             ?tagKeys=a%20b&tagKeys=c%3Ad",
        ),
        (DescribeInstance { instance: instance() }.into(), "GET", "/instance/inst-1"),
        (
            ListRoutingProfiles { instance: instance(), max_results, next_token: next_token.clone() }.into(),
            "GET",
            "/routing-profiles-summary/inst-1?maxResults=7",
        ),
        (
            ListSecurityProfiles { instance: instance(), max_results, next_token: next_token.clone() }.into(),
            "GET",
            "/security-profiles-summary/inst-1?maxResults=7",
        ),
        (
            ListUserHierarchyGroups { instance: instance(), max_results, next_token: next_token.clone() }.into(),
            "GET",
            "/user-hierarchy-groups-summary/inst-1?maxResults=7",
        ),
        (
            DescribeUserHierarchyGroup { instance: instance(), group: "hg-1".into() }.into(),
            "GET",
            "/user-hierarchy-groups/inst-1/hg-1",
        ),
        (SearchQuickConnects { instance: instance(), max_results, next_token }.into(), "POST", "/search-quick-connects"),
        (
            DescribeQuickConnect { instance: instance(), quick_connect: "qc-1".into() }.into(),
            "GET",
            "/quick-connects/inst-1/qc-1",
        ),
        (
            DeleteQuickConnect { instance: instance(), quick_connect: "qc-1".into() }.into(),
            "DELETE",
            "/quick-connects/inst-1/qc-1",
        ),
    ]
}

#[tokio::test]
async fn every_operation_is_sent_once_to_its_path_and_signed() {
    let mut called = BTreeSet::new();
    for (call, method, target) in every_call() {
        let name = call.name();
        called.insert(name);
        let request = sent(call).await;
        assert_eq!((request.method.as_str(), request.target.as_str()), (method, target), "{name}");
        assert_eq!(request.header("amz-sdk-request"), Some("attempt=1; max=1"), "{name}");
        let signature = request.header("authorization").unwrap();
        assert!(signature.contains("/us-west-2/connect/aws4_request"), "{name}: {signature}");
        assert!(request.header("user-agent").unwrap().contains("app/connect-operator"), "{name}");
        let has_body = matches!(method, "PUT" | "POST");
        assert_eq!(request.header("content-type"), has_body.then_some("application/json"), "{name}");
        assert_eq!(request.header("transfer-encoding"), None, "{name}");
        assert_eq!(request.body.is_empty(), !has_body, "{name}");
    }
    assert_eq!(called, OperationName::ALL.iter().copied().collect());
}

#[tokio::test]
async fn a_reply_has_the_operation_of_its_call() {
    for (call, ..) in every_call() {
        let name = call.name();
        let body = json!({
            "UserId": "user-1", "UserArn": "arn", "User": {"Id": "user-1", "Arn": "arn", "Username": "jdoe"},
            "Instance": {"Id": "inst-1", "Arn": "arn"},
            "QuickConnect": {"QuickConnectId": "qc-1"},
            "HierarchyGroup": {"Id": "hg-1", "Arn": "arn", "Name": "n", "HierarchyPath": {"LevelOne": {"Id": "hg-1", "Name": "n"}}},
        });
        let server = Server::new(ScriptedAnswer::json(body)).await;
        let reply = server.client().await.send(&Caller::default(), call).await;
        assert_eq!(reply.map(|r| r.name()).map_err(|e| e.to_string()), Ok(name));
    }
}

#[tokio::test]
async fn an_arn_in_place_of_an_id_stays_one_path_segment() {
    let instance = InstanceId::new("arn:aws:connect:us-west-2:123456789012:instance/inst-1");
    let request = sent(DescribeUser { instance, user: UserId::new(USER_ARN) }).await;
    assert_eq!(
        request.target,
        "/users/arn%3Aaws%3Aconnect%3Aus-west-2%3A123456789012%3Ainstance%2Finst-1/\
         arn%3Aaws%3Aconnect%3Aus-west-2%3A123456789012%3Ainstance%2Finst-1%2Fagent%2Fuser-1"
    );
}

#[tokio::test]
async fn a_token_is_escaped_in_the_query() {
    let request = sent(ListUsers { instance: instance(), max_results: 1000, next_token: Some("t+/= &é".into()) }).await;
    let query = request.target.strip_prefix("/users-summary/inst-1?").unwrap();
    let parts: BTreeSet<&str> = query.split('&').collect();
    assert_eq!(parts, ["maxResults=1000", "nextToken=t%2B%2F%3D%20%26%C3%A9"].into());
}

#[tokio::test]
async fn create_user_sends_every_given_member() {
    let request = sent(CreateUser {
        password: Some(Password::new("Abcdefg1")),
        identity_info: Some(full_identity()),
        phone_config: Some(full_phone()),
        channel_configs: full_channels(),
        directory_user_id: Some("dir-1".into()),
        hierarchy_group_id: Some("hg-1".into()),
        tags: [("team".into(), "blue".into()), ("empty".into(), String::new())].into(),
        ..minimal_create()
    })
    .await;
    let mut expected = json!({
        "Username": "jdoe",
        "Password": "Abcdefg1",
        "IdentityInfo": identity_json(),
        "PhoneConfig": phone_json(),
        "DirectoryUserId": "dir-1",
        "SecurityProfileIds": ["sp-1", "sp-2"],
        "RoutingProfileId": "rp-1",
        "HierarchyGroupId": "hg-1",
        "Tags": {"team": "blue", "empty": ""},
    });
    expected.as_object_mut().unwrap().extend(channels_json(1).as_object().unwrap().clone());
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn create_user_omits_absent_members() {
    assert_eq!(
        sent(minimal_create()).await.json(),
        json!({"Username": "jdoe", "SecurityProfileIds": ["sp-1", "sp-2"], "RoutingProfileId": "rp-1"})
    );
}

#[tokio::test]
async fn zero_values_of_the_phone_config_are_omitted_except_its_type() {
    let request = sent(UpdateUserPhoneConfig { instance: instance(), user: user(), phone_config: PhoneConfig::default() }).await;
    assert_eq!(request.json(), json!({"PhoneConfig": {"PhoneType": "SOFT_PHONE"}}));
    let request = sent(UpdateUserPhoneConfig { instance: instance(), user: user(), phone_config: full_phone() }).await;
    assert_eq!(request.json(), json!({"PhoneConfig": phone_json()}));
}

#[tokio::test]
async fn channel_lists_send_false_and_omit_zero_seconds() {
    let request = sent(UpdateUserConfig { instance: instance(), user: user(), channel_configs: full_channels() }).await;
    assert_eq!(request.json(), channels_json(1));
}

#[tokio::test]
async fn empty_channel_lists_are_sent_and_absent_ones_are_not() {
    let channel_configs = ChannelConfigs { voice_enhancement: Some(Vec::new()), ..Default::default() };
    let request = sent(UpdateUserConfig { instance: instance(), user: user(), channel_configs }).await;
    assert_eq!(request.json(), json!({"VoiceEnhancementConfigs": []}));
}

#[tokio::test]
async fn every_channel_phone_type_and_voice_mode_has_its_name() {
    let channel_configs = ChannelConfigs {
        auto_accept: Some(
            Channel::ALL
                .map(|channel| AutoAcceptConfig { channel, auto_accept: true, agent_first_callback_auto_accept: None })
                .into(),
        ),
        phone_number: Some(
            [PhoneType::SoftPhone, PhoneType::DeskPhone]
                .map(|phone_type| PhoneNumberConfig { channel: Channel::Voice, phone_type, phone_number: None })
                .into(),
        ),
        voice_enhancement: Some(
            [VoiceEnhancementMode::VoiceIsolation, VoiceEnhancementMode::NoiseSuppression, VoiceEnhancementMode::None]
                .map(|voice_enhancement_mode| VoiceEnhancementConfig { channel: Channel::Voice, voice_enhancement_mode })
                .into(),
        ),
        ..Default::default()
    };
    let body = sent(UpdateUserConfig { instance: instance(), user: user(), channel_configs }).await.json();
    let names = |list: &str, member: &str| -> Vec<String> {
        body[list].as_array().unwrap().iter().map(|e| e[member].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("AutoAcceptConfigs", "Channel"), ["VOICE", "CHAT", "TASK", "EMAIL"]);
    assert_eq!(names("PhoneNumberConfigs", "PhoneType"), ["SOFT_PHONE", "DESK_PHONE"]);
    assert_eq!(names("VoiceEnhancementConfigs", "VoiceEnhancementMode"), ["VOICE_ISOLATION", "NOISE_SUPPRESSION", "NONE"]);
}

#[tokio::test]
async fn identity_info_is_sent_as_given_with_empty_members_kept() {
    let identity_info = IdentityInfo { first_name: Some("J".into()), mobile: Some(String::new()), ..Default::default() };
    let request = sent(UpdateUserIdentityInfo { instance: instance(), user: user(), identity_info }).await;
    assert_eq!(request.json(), json!({"IdentityInfo": {"FirstName": "J", "Mobile": ""}}));
    let request = sent(UpdateUserIdentityInfo { instance: instance(), user: user(), identity_info: full_identity() }).await;
    assert_eq!(request.json(), json!({"IdentityInfo": identity_json()}));
}

#[tokio::test]
async fn a_hierarchy_is_cleared_by_an_empty_object() {
    let of = |hierarchy_group_id| UpdateUserHierarchy { instance: instance(), user: user(), hierarchy_group_id };
    assert_eq!(sent(of(None)).await.body, "{}");
    assert_eq!(sent(of(Some("hg-1".into()))).await.body, r#"{"HierarchyGroupId":"hg-1"}"#);
}

#[tokio::test]
async fn profiles_are_sent_by_id() {
    let request = sent(UpdateUserRoutingProfile { instance: instance(), user: user(), routing_profile_id: "rp-2".into() }).await;
    assert_eq!(request.json(), json!({"RoutingProfileId": "rp-2"}));
    let security_profile_ids = ["sp-9".into(), "sp-3".into()].into();
    let request = sent(UpdateUserSecurityProfiles { instance: instance(), user: user(), security_profile_ids }).await;
    assert_eq!(request.json(), json!({"SecurityProfileIds": ["sp-3", "sp-9"]}));
}

#[tokio::test]
async fn proficiency_levels_are_sent_as_decimals() {
    let proficiencies = vec![Proficiency { key: key("lang", "de"), level: 3.0 }];
    let request =
        sent(AssociateUserProficiencies { instance: instance(), user: user(), proficiencies: proficiencies.clone() }).await;
    assert!(request.body.contains(r#""Level":3.0"#), "{}", request.body);
    let expected = json!({"UserProficiencies": [{"AttributeName": "lang", "AttributeValue": "de", "Level": 3.0}]});
    assert_eq!(request.json(), expected);
    let request = sent(UpdateUserProficiencies { instance: instance(), user: user(), proficiencies }).await;
    assert_eq!(request.json(), expected);
    let proficiencies = vec![key("lang", "fr")];
    let request = sent(DisassociateUserProficiencies { instance: instance(), user: user(), proficiencies }).await;
    assert_eq!(request.json(), json!({"UserProficiencies": [{"AttributeName": "lang", "AttributeValue": "fr"}]}));
}

#[tokio::test]
async fn tags_are_sent_in_a_lower_case_member() {
    let tags = [("connect-operator.dev/uid".into(), "u 1".into()), ("bare".into(), String::new())].into();
    let request = sent(TagResource { arn: USER_ARN.into(), tags }).await;
    assert_eq!(request.json(), json!({"tags": {"connect-operator.dev/uid": "u 1", "bare": ""}}));
}

#[tokio::test]
async fn search_users_has_its_instance_in_the_body() {
    let request = SearchUsers { instance: instance(), max_results: 500, next_token: Some("t+/=".into()), username: None };
    let (request, page) = exchange(ScriptedAnswer::json(json!({"Users": []})), request).await;
    assert_eq!(page.unwrap().items, []);
    assert_eq!(request.json(), json!({"InstanceId": "inst-1", "MaxResults": 500, "NextToken": "t+/="}));
}

#[tokio::test]
async fn a_username_is_searched_for_exactly() {
    let username = Some("jdoe".to_owned());
    let request = sent(SearchUsers { instance: instance(), max_results: 1, next_token: None, username }).await;
    let condition = json!({"FieldName": "Username", "Value": "jdoe", "ComparisonType": "EXACT"});
    let expected = json!({"InstanceId": "inst-1", "MaxResults": 1, "SearchCriteria": {"StringCondition": condition}});
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn search_quick_connects_has_its_instance_in_the_body() {
    let request = SearchQuickConnects { instance: instance(), max_results: 100, next_token: Some("t+/=".into()) };
    assert_eq!(sent(request).await.json(), json!({"InstanceId": "inst-1", "MaxResults": 100, "NextToken": "t+/="}));
}
