//! restJson1, byte for byte: paths, members, times, headers, errors, and connections that close without a reply.

use connect_api::OperationName as Op;
use connect_sim::{Effect, Fault};
use serde_json::{Value, json};

use crate::support::*;

fn jane(served: &ServedSim) -> Value {
    let i = instance();
    json!({
        "Username": "jane",
        "Password": "Passw0rd",
        "IdentityInfo": { "FirstName": "Jane", "LastName": "Doe" },
        "PhoneConfig": {},
        "RoutingProfileId": served.sim.routing_profile_id(&i, "Sales").unwrap(),
        "SecurityProfileIds": [served.sim.security_profile_id(&i, "Agent").unwrap()],
    })
}

#[tokio::test]
async fn a_user_is_created_and_described_in_aws_format() {
    let served = ServedSim::new(sim()).await;
    let reply = served.send("PUT", "/users/11111111-aaaa-4bbb-8ccc-000000000001", &jane(&served).to_string()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["content-type"], "application/json");
    assert_eq!(reply.headers["x-amzn-requestid"].len(), 36);
    let id = reply.json()["UserId"].as_str().unwrap().to_owned();
    let arn = format!("arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001/agent/{id}");
    assert_eq!(reply.json(), json!({ "UserId": id, "UserArn": arn }));

    let shown = served.send("GET", &format!("/users/11111111-aaaa-4bbb-8ccc-000000000001/{id}"), "").await.json();
    let user = shown["User"].as_object().unwrap();
    assert_eq!(user["PhoneConfig"], json!({ "PhoneType": "SOFT_PHONE", "AutoAccept": false, "AfterContactWorkTimeLimit": 0 }));
    assert_eq!(user["IdentityInfo"], json!({ "FirstName": "Jane", "LastName": "Doe" }));
    assert_eq!(user["LastModifiedTime"], 1_767_225_600.0, "a number of seconds");
    assert_eq!(user["LastModifiedRegion"], "us-west-2");
    assert_eq!(user["Tags"], json!({}));
    for absent in ["HierarchyGroupId", "Password", "VoiceEnhancementConfigs", "PersistentConnectionConfigs"] {
        assert!(!user.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn tags_accept_raw_and_encoded_arns() {
    let served = ServedSim::new(sim()).await;
    let id = create(&served.sim, "jane").id;
    let arn = format!("arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001/agent/{id}");
    let encoded = arn.replace(':', "%3A").replace('/', "%2F");
    let reply = served.send("POST", &format!("/tags/{encoded}"), r#"{"tags":{"a b":"1","c:d":"","e":"2"}}"#).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    assert!(!reply.headers.contains_key("content-type"));
    let reply = served.send("DELETE", &format!("/tags/{arn}?tagKeys=a%20b&tagKeys=c%3Ad"), "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(served.send("GET", &format!("/tags/{arn}"), "").await.json(), json!({ "tags": { "e": "2" } }));
    let upper = served.send("POST", &format!("/tags/{arn}"), r#"{"Tags":{"x":"1"}}"#).await;
    assert_eq!(upper.error(), (400, "InvalidRequestException"));
}

#[tokio::test]
async fn an_empty_group_is_refused_and_changes_nothing() {
    let served = ServedSim::new(sim()).await;
    let path = format!("/users/11111111-aaaa-4bbb-8ccc-000000000001/{}/hierarchy", create(&served.sim, "jane").id);
    let group = served.sim.hierarchy_group_id(&instance(), "/EMEA").unwrap();
    assert_eq!(served.send("POST", &path, &json!({ "HierarchyGroupId": group }).to_string()).await.status, 200);
    assert_eq!(served.send("POST", &path, r#"{"HierarchyGroupId":""}"#).await.error(), (400, "InvalidParameterException"));
    assert_eq!(served.sim.user(&instance(), "jane").unwrap().user.hierarchy_group_id, Some(group));
}

#[tokio::test]
async fn omitted_zeros_are_zeros() {
    let served = ServedSim::new(sim()).await;
    let id = create(&served.sim, "jane").id;
    let config = json!({
        "AutoAcceptConfigs": [{ "Channel": "CHAT", "AutoAccept": false }],
        "AfterContactWorkConfigs": [
            { "Channel": "VOICE", "AfterContactWorkConfig": {}, "AgentFirstCallbackAfterContactWorkConfig": {} },
            { "Channel": "CHAT", "AfterContactWorkConfig": { "AfterContactWorkTimeLimit": 7 } },
        ],
    });
    let reply =
        served.send("POST", &format!("/users/11111111-aaaa-4bbb-8ccc-000000000001/{id}/config"), &config.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let shown = served.send("GET", &format!("/users/11111111-aaaa-4bbb-8ccc-000000000001/{id}"), "").await.json();
    assert_eq!(
        shown["User"]["AfterContactWorkConfigs"],
        json!([
            {
                "Channel": "VOICE",
                "AfterContactWorkConfig": { "AfterContactWorkTimeLimit": 0 },
                "AgentFirstCallbackAfterContactWorkConfig": { "AfterContactWorkTimeLimit": 0 },
            },
            { "Channel": "CHAT", "AfterContactWorkConfig": { "AfterContactWorkTimeLimit": 7 } },
        ])
    );
    assert_eq!(shown["User"]["AutoAcceptConfigs"], config["AutoAcceptConfigs"]);
}

#[tokio::test]
async fn a_found_user_has_milliseconds_and_fewer_members() {
    let served = ServedSim::new(sim()).await;
    let mut body = jane(&served);
    body["IdentityInfo"]["Email"] = json!("jane@example.com");
    body["IdentityInfo"]["Mobile"] = json!("+12065550100");
    body["PhoneConfig"] = json!({ "AfterContactWorkTimeLimit": 2_000_000 });
    served.send("PUT", "/users/11111111-aaaa-4bbb-8ccc-000000000001", &body.to_string()).await;
    served.sim.advance(seconds(3));
    let reply = served
        .send("POST", "/search-users", r#"{"InstanceId":"11111111-aaaa-4bbb-8ccc-000000000001","MaxResults":1}"#)
        .await
        .json();
    assert_eq!(reply["ApproximateTotalCount"], 1);
    assert_eq!(reply.get("NextToken"), None);
    let user = &reply["Users"][0];
    assert_eq!(user["IdentityInfo"], json!({ "FirstName": "Jane", "LastName": "Doe" }));
    assert_eq!(user["PhoneConfig"]["AfterContactWorkTimeLimit"], 2_000_000_000);
    let in_lists = &user["AfterContactWorkConfigs"][0]["AfterContactWorkConfig"]["AfterContactWorkTimeLimit"];
    assert_eq!(in_lists, 2_000_000_000);
    assert_eq!(user.get("LastModifiedTime"), None);
    let id = user["Id"].as_str().unwrap();
    let described = served.send("GET", &format!("/users/11111111-aaaa-4bbb-8ccc-000000000001/{id}"), "").await.json();
    assert_eq!(described["User"]["PhoneConfig"]["AfterContactWorkTimeLimit"], 2_000_000);
    let listed = served.send("GET", "/users-summary/11111111-aaaa-4bbb-8ccc-000000000001", "").await.json();
    let members: Vec<&String> = listed["UserSummaryList"][0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["Arn", "Id", "LastModifiedRegion", "LastModifiedTime", "Username"]);
}

#[tokio::test]
async fn errors_have_code_message_and_request_id_in_aws_format() {
    let served = ServedSim::new(sim()).await;
    let reply = served.send("GET", "/users/11111111-aaaa-4bbb-8ccc-000000000001/unknown", "").await;
    assert_eq!(reply.error(), (404, "ResourceNotFoundException"));
    assert_eq!(reply.json(), json!({ "Message": "User not found: unknown" }));
    assert_eq!(reply.headers["x-amzn-requestid"].len(), 36);

    let missing = served.send("PUT", "/users/11111111-aaaa-4bbb-8ccc-000000000001", r#"{"Username":"jane"}"#).await;
    assert_eq!(missing.error(), (400, "InvalidRequestException"));
    assert_eq!(
        served.send("PUT", "/users/11111111-aaaa-4bbb-8ccc-000000000001", "{").await.error(),
        (400, "SerializationException")
    );
    assert_eq!(
        served.send("GET", "/queues-summary/11111111-aaaa-4bbb-8ccc-000000000001", "").await.error(),
        (404, "UnknownOperationException")
    );
    assert_eq!(
        served.send("GET", "/users-summary/11111111-aaaa-4bbb-8ccc-000000000001?maxResults=many", "").await.error(),
        (400, "InvalidParameterException")
    );
    assert_eq!(served.sim.calls().operations["CreateUser"].failed, 2, "an unreadable request counts as a call");
}

#[tokio::test]
async fn passwords_are_not_in_messages() {
    let served = ServedSim::new(sim()).await;
    let mut body = jane(&served);
    body["Password"] = json!(["hunter2"]);
    let reply = served.send("PUT", "/users/11111111-aaaa-4bbb-8ccc-000000000001", &body.to_string()).await;
    assert_eq!(reply.status, 400);
    assert!(!reply.body.contains("hunter2"));
    body["Password"] = json!("hunter2");
    let reply = served.send("PUT", "/users/11111111-aaaa-4bbb-8ccc-000000000001", &body.to_string()).await;
    assert_eq!(reply.error(), (400, "InvalidParameterException"));
    assert!(!reply.body.contains("hunter2"));
}

#[tokio::test]
async fn the_region_comes_from_the_signature() {
    let served = ServedSim::new(sim()).await;
    let url = served.url();
    let unsigned = raw(&url, "GET", "/instance/11111111-aaaa-4bbb-8ccc-000000000001", "", "").await.unwrap();
    assert_eq!(unsigned.error(), (403, "MissingAuthenticationToken"));
    assert_eq!(unsigned.json(), json!({ "message": "Missing Authentication Token" }));
    for (part, instead, code) in [
        ("AWS4-HMAC-SHA256", "Basic", "IncompleteSignature"),
        (", Signature=00", "", "IncompleteSignature"),
        ("Credential=", "Credentials=", "IncompleteSignature"),
        ("/aws4_request", "", "IncompleteSignature"),
        ("20260101", "today", "IncompleteSignature"),
        ("us-west-2", "", "IncompleteSignature"),
        ("connect/", "s3/", "InvalidSignatureException"),
    ] {
        let refused =
            raw(&url, "GET", "/instance/11111111-aaaa-4bbb-8ccc-000000000001", &SIGNED.replace(part, instead), "").await.unwrap();
        assert_eq!(refused.error(), (403, code), "{part}");
    }
    let elsewhere = SIGNED.replace("us-west-2", "eu-central-1");
    let foreign = raw(&url, "GET", "/instance/11111111-aaaa-4bbb-8ccc-000000000001", &elsewhere, "").await.unwrap();
    assert_eq!(foreign.error(), (404, "ResourceNotFoundException"));
    let list = raw(&url, "GET", "/instance", &elsewhere, "").await.unwrap();
    assert_eq!(list.json(), json!({ "InstanceSummaryList": [] }));
    let list = served.send("GET", "/instance", "").await.json();
    assert_eq!(list["InstanceSummaryList"][0]["IdentityManagementType"], "CONNECT_MANAGED");
}

#[tokio::test]
async fn lost_replies_and_requests_close_the_connection() {
    let served = ServedSim::new(sim()).await;
    let url = served.url();
    for (effect, username, there) in [(Effect::LostReply, "jane", true), (Effect::LostRequest, "joe", false)] {
        served.sim.inject(Fault::on(Op::CreateUser, effect));
        let mut body = jane(&served);
        body["Username"] = json!(username);
        assert!(raw(&url, "PUT", "/users/11111111-aaaa-4bbb-8ccc-000000000001", SIGNED, &body.to_string()).await.is_none());
        assert_eq!(served.sim.user(&instance(), username).is_some(), there);
    }
    assert_eq!(
        served.send("GET", "/instance/11111111-aaaa-4bbb-8ccc-000000000001", "").await.status,
        200,
        "other connections are not affected"
    );
}

#[tokio::test]
async fn a_bare_429_has_neither_code_nor_body() {
    let served = ServedSim::new(sim()).await;
    served.sim.inject(Fault::any(Effect::Bare429));
    let reply = served.send("GET", "/instance/11111111-aaaa-4bbb-8ccc-000000000001", "").await;
    assert_eq!((reply.status, reply.body.as_str()), (429, ""));
    assert!(!reply.headers.keys().any(|name| name.starts_with("x-amzn")));
}

#[tokio::test]
async fn a_delay_combines_with_another_fault() {
    let served = ServedSim::new(sim()).await;
    served.sim.inject(Fault::on(Op::DescribeInstance, Effect::Delay { milliseconds: 1 }));
    served.sim.inject(Fault::on(Op::DescribeInstance, Effect::internal_error()));
    assert_eq!(
        served.send("GET", "/instance/11111111-aaaa-4bbb-8ccc-000000000001", "").await.error(),
        (500, "InternalServiceException")
    );
    assert_eq!(served.send("GET", "/instance/11111111-aaaa-4bbb-8ccc-000000000001", "").await.status, 200, "both are used up");
}

#[tokio::test]
async fn admin_actions_are_available_over_http() {
    let served = ServedSim::new(sim()).await;
    let created =
        served.send("PUT", "/routing-profiles/11111111-aaaa-4bbb-8ccc-000000000001", r#"{"Name":"Night"}"#).await.json();
    let id = created["RoutingProfileId"].as_str().unwrap().to_owned();
    assert_eq!(
        served
            .send("POST", &format!("/routing-profiles/11111111-aaaa-4bbb-8ccc-000000000001/{id}/name"), r#"{"Name":"Day"}"#)
            .await
            .status,
        200
    );
    assert_eq!(served.sim.routing_profile_id(&instance(), "Day").unwrap().as_str(), id);
    assert_eq!(
        served.send("DELETE", &format!("/routing-profiles/11111111-aaaa-4bbb-8ccc-000000000001/{id}"), "").await.status,
        200
    );

    let created = served
        .send("PUT", "/security-profiles/11111111-aaaa-4bbb-8ccc-000000000001", r#"{"SecurityProfileName":"Robots"}"#)
        .await
        .json();
    let id = created["SecurityProfileId"].as_str().unwrap().to_owned();
    assert_eq!(
        served
            .send("PUT", "/security-profiles/11111111-aaaa-4bbb-8ccc-000000000001", r#"{"SecurityProfileName":"Robots"}"#)
            .await
            .status,
        409
    );
    assert_eq!(
        served.send("DELETE", &format!("/security-profiles/11111111-aaaa-4bbb-8ccc-000000000001/{id}"), "").await.status,
        200
    );

    let emea = served.sim.hierarchy_group_id(&instance(), "/EMEA").unwrap();
    let rome = json!({ "Name": "Rome", "ParentGroupId": emea }).to_string();
    let created = served.send("PUT", "/user-hierarchy-groups/11111111-aaaa-4bbb-8ccc-000000000001", &rome).await.json();
    let id = created["HierarchyGroupId"].as_str().unwrap().to_owned();
    served
        .send("POST", &format!("/user-hierarchy-groups/11111111-aaaa-4bbb-8ccc-000000000001/{id}/name"), r#"{"Name":"Roma"}"#)
        .await;
    let shown = served.send("GET", &format!("/user-hierarchy-groups/11111111-aaaa-4bbb-8ccc-000000000001/{id}"), "").await.json();
    let group = &shown["HierarchyGroup"];
    assert_eq!((&group["Name"], &group["LevelId"]), (&json!("Roma"), &json!("2")));
    assert_eq!(group["HierarchyPath"]["LevelOne"]["Id"], json!(emea));
    assert_eq!(group["HierarchyPath"]["LevelTwo"]["Id"], json!(id));
    assert_eq!(
        served.send("DELETE", &format!("/user-hierarchy-groups/11111111-aaaa-4bbb-8ccc-000000000001/{emea}"), "").await.status,
        409
    );
    assert_eq!(
        served.send("DELETE", &format!("/user-hierarchy-groups/11111111-aaaa-4bbb-8ccc-000000000001/{id}"), "").await.status,
        200
    );

    let attribute = json!({ "Name": "connect:Skill/1", "Values": { "StringList": ["x"] } }).to_string();
    assert_eq!(served.send("PUT", "/predefined-attributes/11111111-aaaa-4bbb-8ccc-000000000001", &attribute).await.status, 200);
    let path = "/predefined-attributes/11111111-aaaa-4bbb-8ccc-000000000001/connect%3ASkill%2F1";
    assert_eq!(served.send("POST", path, r#"{"Values":{"StringList":["y","z"]}}"#).await.status, 200);
    let shown = served.send("GET", path, "").await.json();
    assert_eq!(shown["PredefinedAttribute"]["Values"]["StringList"], json!(["y", "z"]));
    let listed = served.send("GET", "/predefined-attributes/11111111-aaaa-4bbb-8ccc-000000000001", "").await.json();
    assert_eq!(listed["PredefinedAttributeSummaryList"].as_array().unwrap().len(), 3);
    assert_eq!(served.send("DELETE", path, "").await.status, 200);
    assert_eq!(served.send("GET", path, "").await.status, 404);
}
