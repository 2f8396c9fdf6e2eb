//! The values read from each reply.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, DeleteUser, DescribeInstance, DescribeQuickConnect,
    DescribeUserHierarchyGroup, FoundUser, HierarchyGroup, IdentityInfo, IdentityManagementType, Instance, ListInstances,
    ListRoutingProfiles, ListSecurityProfilePermissions, ListSecurityProfiles, ListTagsForResource, ListUserHierarchyGroups,
    ListUserProficiencies, ListUsers, Named, Operation, Page, PersistentConnectionConfig, PhoneConfig, PhoneNumberConfig,
    PhoneType, Proficiency, ProficiencyKey, QuickConnect, SearchQuickConnects, SearchUsers, TagResource, UpdateUserHierarchy,
    User, UserSummary, VoiceEnhancementConfig, VoiceEnhancementMode,
};
use serde_json::{Value, json};

use crate::{
    fixtures::{channels_json, describe_user, full_channels, full_identity, full_phone, identity_json, merged, phone_json},
    server::{ScriptedAnswer, exchange},
};

const ARN: &str = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001";

async fn read<O: Operation>(request: O, reply: Value) -> O::Output {
    exchange(ScriptedAnswer::json(reply), request).await.1.unwrap()
}

/// Asserts that a reply fails, since it lacks this member.
async fn assert_lacks<O: Operation>(request: O, reply: Value, member: &str) {
    let error = exchange(ScriptedAnswer::json(reply), request).await.1.unwrap_err();
    assert_eq!(error.message, format!("the reply lacks {member} (Region us-west-2)"));
}

/// Returns a user with the members that each user has, and these.
fn user(members: Value) -> Value {
    merged(members, json!({"Id": "user-1", "Arn": "user-arn", "Username": "jdoe"}))
}

/// Returns the members that a user may have, with channels' limits in the given unit, and some that no user has yet.
fn full_user(units_per_second: i64) -> Value {
    let members = json!({
        "IdentityInfo": merged(json!({"Nickname": "JD"}), identity_json()),
        "PhoneConfig": phone_json(),
        "DirectoryUserId": "dir-1",
        "SecurityProfileIds": ["sp-2", "sp-1"],
        "RoutingProfileId": "rp-1",
        "HierarchyGroupId": "hg-1",
        "Tags": {"team": "blue", "empty": ""},
        "LastModifiedTime": 1789000000.25,
        "LastModifiedRegion": "us-west-2",
        "Shoes": {"Size": [44, 45]},
    });
    merged(members, channels_json(units_per_second))
}

async fn described(members: Value) -> User {
    read(describe_user(), json!({ "User": user(members) })).await
}

async fn found(members: Value) -> FoundUser {
    read(search(), json!({"Users": [user(members)], "ApproximateTotalCount": 1})).await.items.remove(0)
}

fn search() -> SearchUsers {
    SearchUsers { instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(), max_results: 500, next_token: None, username: None }
}

#[tokio::test]
async fn a_described_user_is_read_without_unknown_members() {
    assert_eq!(
        described(full_user(1)).await,
        User {
            id: "user-1".into(),
            arn: "user-arn".into(),
            username: "jdoe".into(),
            identity_info: full_identity(),
            phone_config: Some(full_phone()),
            channel_configs: full_channels(),
            directory_user_id: Some("dir-1".into()),
            security_profile_ids: ["sp-1".into(), "sp-2".into()].into(),
            routing_profile_id: Some("rp-1".into()),
            hierarchy_group_id: Some("hg-1".into()),
            tags: [("team".into(), "blue".into()), ("empty".into(), String::new())].into(),
            last_modified_time: Some("2026-09-10T00:26:40.25Z".parse().unwrap()),
        }
    );
}

#[tokio::test]
async fn absent_members_of_a_described_user_are_none() {
    let user = described(json!({})).await;
    assert_eq!(user.identity_info, IdentityInfo::default());
    assert_eq!((user.phone_config, user.channel_configs), (None, ChannelConfigs::default()));
    assert_eq!((user.directory_user_id, user.routing_profile_id, user.hierarchy_group_id), (None, None, None));
    assert_eq!((user.security_profile_ids.len(), user.tags.len(), user.last_modified_time), (0, 0, None));
}

#[tokio::test]
async fn an_empty_phone_config_is_a_soft_phone_with_zero_values() {
    assert_eq!(described(json!({"PhoneConfig": {}})).await.phone_config, Some(PhoneConfig::default()));
}

#[tokio::test]
async fn unknown_channels_and_modes_are_kept_and_can_be_sent_back() {
    let user = described(json!({
        "PhoneConfig": {"PhoneType": "SMOKE_SIGNAL", "AutoAccept": true},
        "AutoAcceptConfigs": [{"Channel": "PIGEON", "AutoAccept": true}, {"Channel": "CHAT", "AutoAccept": true}, {"AutoAccept": true}],
        "AfterContactWorkConfigs": [{"Channel": "PIGEON", "AfterContactWorkConfig": {"AfterContactWorkTimeLimit": 5}}],
        "PhoneNumberConfigs": [{"Channel": "VOICE", "PhoneType": "SMOKE_SIGNAL"}, {"Channel": "VOICE"}],
        "PersistentConnectionConfigs": [{"Channel": "PIGEON", "PersistentConnection": true}],
        "VoiceEnhancementConfigs": [{"Channel": "VOICE", "VoiceEnhancementMode": "CHOIR"}, {"Channel": "VOICE"}],
    }))
    .await;
    let (pigeon, smoke) = (Channel::Other("PIGEON".into()), PhoneType::Other("SMOKE_SIGNAL".into()));
    assert_eq!(user.phone_config, Some(PhoneConfig { phone_type: smoke, auto_accept: true, ..PhoneConfig::default() }));
    let lists = ChannelConfigs {
        auto_accept: Some(vec![AutoAcceptConfig::new(pigeon, true), AutoAcceptConfig::new(Channel::Chat, true)]),
        after_contact_work: Some(vec![AfterContactWorkConfig::new(pigeon, 5)]),
        phone_number: Some(vec![PhoneNumberConfig { channel: Channel::Voice, phone_type: smoke, phone_number: None }]),
        persistent_connection: Some(vec![PersistentConnectionConfig { channel: pigeon, persistent_connection: true }]),
        voice_enhancement: Some(vec![VoiceEnhancementConfig {
            channel: Channel::Voice,
            voice_enhancement_mode: VoiceEnhancementMode::Other("CHOIR".into()),
        }]),
    };
    assert_eq!(user.channel_configs, lists);
}

#[tokio::test]
async fn timestamps_are_seconds_with_or_without_a_fraction() {
    for (time, expected) in [
        (json!(1789000000), Some("2026-09-10T00:26:40Z")),
        (json!(1789000000.125), Some("2026-09-10T00:26:40.125Z")),
        (json!(0), Some("1970-01-01T00:00:00Z")),
        (json!(-1.5), Some("1969-12-31T23:59:58.5Z")),
        (json!(99999999999999.0), None),
    ] {
        let user = described(json!({ "LastModifiedTime": time })).await;
        assert_eq!(user.last_modified_time, expected.map(|t| t.parse().unwrap()), "{time}");
    }
}

#[tokio::test]
async fn limits_of_a_found_user_are_in_milliseconds() {
    let mut user = full_user(1000);
    user["PhoneConfig"]["AfterContactWorkTimeLimit"] = json!(2_000_000_000);
    assert_eq!(
        found(user).await,
        FoundUser {
            id: "user-1".into(),
            arn: "user-arn".into(),
            username: "jdoe".into(),
            first_name: Some("Jane".into()),
            last_name: Some("Doe".into()),
            phone_config: Some(PhoneConfig { after_contact_work_time_limit: 2_000_000, ..full_phone() }),
            channel_configs: full_channels(),
            directory_user_id: Some("dir-1".into()),
            security_profile_ids: ["sp-1".into(), "sp-2".into()].into(),
            routing_profile_id: Some("rp-1".into()),
            hierarchy_group_id: Some("hg-1".into()),
            tags: [("team".into(), "blue".into()), ("empty".into(), String::new())].into(),
        }
    );
}

#[tokio::test]
async fn channel_lists_are_in_seconds_or_where_found_in_either_unit() {
    for (value, seconds) in [(0, 0), (30_000, 30), (2_000_000_000, 2_000_000), (30, 30), (5_400, 5_400), (1_999_999, 1_999_999)] {
        let limit = json!({ "AfterContactWorkTimeLimit": value });
        let members = json!({"AfterContactWorkConfigs": [
            {"Channel": "VOICE", "AfterContactWorkConfig": limit, "AgentFirstCallbackAfterContactWorkConfig": limit},
        ]});
        let list = |limit| {
            let agent_first_callback_after_contact_work_time_limit = Some(limit);
            let config = AfterContactWorkConfig::new(Channel::Voice, limit);
            Some(vec![AfterContactWorkConfig { agent_first_callback_after_contact_work_time_limit, ..config }])
        };
        assert_eq!(found(members.clone()).await.channel_configs.after_contact_work, list(seconds));
        assert_eq!(described(members).await.channel_configs.after_contact_work, list(value));
    }
}

#[tokio::test]
async fn operations_without_output_accept_any_body() {
    for answer in [
        ScriptedAnswer::new(200, ""),
        ScriptedAnswer::new(200, "{}"),
        ScriptedAnswer::json(json!({"Later": 1})),
        ScriptedAnswer::new(204, ""),
    ] {
        let delete = DeleteUser { instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(), user: "user-1".into() };
        exchange(answer.clone(), delete).await.1.unwrap();
        let clear = UpdateUserHierarchy {
            instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(),
            user: "user-1".into(),
            hierarchy_group_id: None,
        };
        exchange(answer.clone(), clear).await.1.unwrap();
        exchange(answer, TagResource { arn: ARN.into(), tags: [("a".into(), "b".into())].into() }).await.1.unwrap();
    }
}

#[tokio::test]
async fn a_listing_ends_with_a_page_without_a_token() {
    let list = || ListUsers { instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(), max_results: 2, next_token: None };
    let users = json!([
        {"Id": "user-1", "Arn": "arn-1", "Username": "jdoe", "LastModifiedTime": 1789000000, "LastModifiedRegion": "us-west-2"},
        {"Id": "user-2", "Arn": "arn-2", "Username": "asmith"},
    ]);
    let page = read(list(), json!({"UserSummaryList": users, "NextToken": "more"})).await;
    let summary = |id: &str, arn: &str, username: &str, time: Option<&str>| UserSummary {
        id: id.into(),
        arn: arn.into(),
        username: username.into(),
        last_modified_time: time.map(|t| t.parse().unwrap()),
    };
    let jdoe = summary("user-1", "arn-1", "jdoe", Some("2026-09-10T00:26:40Z"));
    let items = vec![jdoe, summary("user-2", "arn-2", "asmith", None)];
    assert_eq!(page, Page { items, next_token: Some("more".into()) });
    for last in [json!({"UserSummaryList": []}), json!({}), json!({"UserSummaryList": [], "NextToken": ""})] {
        assert_eq!(read(list(), last).await, Page { items: vec![], next_token: None });
    }
}

#[tokio::test]
async fn a_listing_with_a_gap_fails() {
    let list = ListUsers { instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(), max_results: 2, next_token: None };
    let users = json!([{"Id": "user-1", "Arn": "arn-1", "Username": "jdoe"}, {"Arn": "arn-2", "Username": "x"}]);
    assert_lacks(list, json!({ "UserSummaryList": users }), "a user's Id").await;
    let users = json!([{"Id": "user-1", "Arn": "arn-1"}]);
    assert_lacks(search(), json!({ "Users": users }), "a user's Username").await;
}

#[tokio::test]
async fn tags_are_read_and_may_be_absent() {
    let list = || ListTagsForResource { arn: "arn-1".into() };
    let tags = read(list(), json!({ "tags": { "team": "blue", "bare": "" } })).await;
    assert_eq!(tags, [("bare".to_owned(), String::new()), ("team".into(), "blue".into())].into());
    assert!(read(list(), json!({})).await.is_empty());
}

#[tokio::test]
async fn proficiencies_are_read_with_their_levels() {
    let list = ListUserProficiencies {
        instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(),
        user: "user-1".into(),
        max_results: 100,
        next_token: None,
    };
    let proficiencies = json!([
        {"AttributeName": "lang", "AttributeValue": "de", "Level": 3},
        {"AttributeName": "skill", "AttributeValue": "chess", "Level": 4.5},
    ]);
    let page = read(list, json!({"UserProficiencyList": proficiencies, "NextToken": "n", "LastModifiedTime": 1789000000})).await;
    let proficiency = |name, value, level| Proficiency { key: ProficiencyKey::new(name, value), level };
    let items = vec![proficiency("lang", "de", 3.0), proficiency("skill", "chess", 4.5)];
    assert_eq!(page, Page { items, next_token: Some("n".into()) });
}

#[tokio::test]
async fn names_are_listed_with_ids() {
    let (instance, max_results, next_token) = (|| "11111111-aaaa-4bbb-8ccc-000000000001".into(), 100, None::<String>);
    let summaries = json!([{"Id": "id-1", "Arn": "arn-1", "Name": "Basic", "LastModifiedTime": 1789000000}]);
    let items = vec![Named { id: "id-1".into(), arn: "arn-1".into(), name: "Basic".into() }];
    let expected = Page { items, next_token: Some("n".into()) };
    let request = ListRoutingProfiles { instance: instance(), max_results, next_token: next_token.clone() };
    assert_eq!(read(request, json!({"RoutingProfileSummaryList": summaries, "NextToken": "n"})).await, expected);
    let request = ListSecurityProfiles { instance: instance(), max_results, next_token: next_token.clone() };
    assert_eq!(read(request, json!({"SecurityProfileSummaryList": summaries, "NextToken": "n"})).await, expected);
    let request = ListUserHierarchyGroups { instance: instance(), max_results, next_token };
    assert_eq!(read(request, json!({"UserHierarchyGroupSummaryList": summaries, "NextToken": "n"})).await, expected);
}

#[tokio::test]
async fn permissions_are_listed() {
    let request = ListSecurityProfilePermissions {
        instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(),
        security_profile: "sp-1".into(),
        max_results: 1000,
        next_token: None,
    };
    let reply = json!({"Permissions": ["Users.Create", "BasicAgentAccess"], "NextToken": "n", "LastModifiedTime": 1789000000});
    let items = vec!["Users.Create".to_owned(), "BasicAgentAccess".to_owned()];
    assert_eq!(read(request, reply).await, Page { items, next_token: Some("n".into()) });
}

#[tokio::test]
async fn a_hierarchy_group_is_read_with_its_path() {
    let request = || DescribeUserHierarchyGroup { instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(), group: "hg-2".into() };
    let group = json!({"HierarchyGroup": {"Id": "hg-2", "Arn": "arn-2", "Name": "South", "LevelId": "2", "HierarchyPath": {
        "LevelTwo": {"Id": "hg-2", "Arn": "arn-2", "Name": "South"},
        "LevelOne": {"Id": "hg-1", "Arn": "arn-1", "Name": "Support"},
    }}});
    let expected = HierarchyGroup { id: "hg-2".into(), arn: "arn-2".into(), path: vec!["Support".into(), "South".into()] };
    assert_eq!(read(request(), group).await, expected);

    let cut = json!({"HierarchyGroup": {"Id": "hg-2", "Arn": "arn-2", "Name": "South", "HierarchyPath": {
        "LevelOne": {"Id": "hg-1", "Arn": "arn-1", "Name": "Support"},
    }}});
    assert_lacks(request(), cut, "HierarchyGroup.HierarchyPath down to the group itself").await;
}

#[tokio::test]
async fn unknown_identity_types_of_an_instance_are_none() {
    for (wire, expected) in [
        (json!("SAML"), Some(IdentityManagementType::Saml)),
        (json!("CONNECT_MANAGED"), Some(IdentityManagementType::ConnectManaged)),
        (json!("EXISTING_DIRECTORY"), Some(IdentityManagementType::ExistingDirectory)),
        (json!("RETINA_SCAN"), None),
        (Value::Null, None),
    ] {
        let instance = json!({"Id": "11111111-aaaa-4bbb-8ccc-000000000001", "Arn": ARN, "InstanceAlias": "acme", "InstanceStatus": "ACTIVE",
            "IdentityManagementType": wire, "CreatedTime": 1789000000});
        let described =
            read(DescribeInstance { instance: "11111111-aaaa-4bbb-8ccc-000000000001".into() }, json!({ "Instance": instance }))
                .await;
        let list = ListInstances { max_results: 10, next_token: None };
        let listed = read(list, json!({"InstanceSummaryList": [instance], "NextToken": "n"})).await;
        assert_eq!(listed, Page { items: vec![described.clone()], next_token: Some("n".into()) });
        let Instance { id, arn, alias, identity_management_type, status } = described;
        assert_eq!((id.as_str(), arn.as_str(), alias.as_deref()), ("11111111-aaaa-4bbb-8ccc-000000000001", ARN, Some("acme")));
        assert_eq!((identity_management_type, status.as_deref()), (expected, Some("ACTIVE")));
    }
}

#[tokio::test]
async fn only_quick_connects_of_type_user_point_to_a_user() {
    let arn = format!("{ARN}/transfer-destination/qc-1");
    let user = |id: &str| json!({"UserId": id, "ContactFlowId": "cf-1"});
    let (user_arn, group_arn) = (format!("{ARN}/agent/user-1"), format!("{ARN}/agent-group/user-1"));
    let table = [
        (json!({"QuickConnectType": "USER", "UserConfig": user("user-1")}), Some("user-1")),
        (json!({"QuickConnectType": "USER", "UserConfig": user(&user_arn)}), Some("user-1")),
        (json!({"QuickConnectType": "USER", "UserConfig": user(&group_arn)}), None),
        (json!({"QuickConnectType": "USER", "UserConfig": {}}), None),
        (json!({"QuickConnectType": "USER"}), None),
        (json!({"QuickConnectType": "QUEUE", "QueueConfig": {"QueueId": "q-1", "ContactFlowId": "cf-1"}}), None),
        (json!({"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+15555550101"}}), None),
        (json!({"QuickConnectType": "QUEUE", "UserConfig": user("user-1")}), None),
        (json!({"QuickConnectType": "LATER", "UserConfig": user("user-1")}), None),
        (json!({"UserConfig": user("user-1")}), None),
    ];
    for (config, points_to) in table {
        let shown = json!({"QuickConnectARN": arn, "QuickConnectId": "qc-1", "Name": "Jane", "QuickConnectConfig": config});
        let expected = QuickConnect { id: "qc-1".into(), arn: arn.clone(), name: "Jane".into(), user: points_to.map(Into::into) };
        let request =
            DescribeQuickConnect { instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(), quick_connect: "qc-1".into() };
        assert_eq!(read(request, json!({ "QuickConnect": shown })).await, expected, "{shown}");
        let request =
            SearchQuickConnects { instance: "11111111-aaaa-4bbb-8ccc-000000000001".into(), max_results: 100, next_token: None };
        let page = read(request, json!({"QuickConnects": [shown], "NextToken": "n", "ApproximateTotalCount": 1})).await;
        assert_eq!(page, Page { items: vec![expected], next_token: Some("n".into()) });
    }
}
