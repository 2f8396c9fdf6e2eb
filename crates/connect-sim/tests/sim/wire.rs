//! restJson1, byte for byte: paths, members, times, headers, errors, and connections that close without a word.

use connect_api::OperationName as Op;
use connect_sim::{Effect, Fault, Server, Sim};
use serde_json::{Value, json};

use crate::support::*;

struct World {
    sim: Sim,
    server: Server,
}

impl World {
    async fn new() -> Self {
        let sim = sim();
        let server = served(&sim).await;
        Self { sim, server }
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Raw {
        raw(&self.server.url(), method, path, SIGNED, body).await.unwrap()
    }

    fn body(&self, username: &str) -> Value {
        let i = instance();
        json!({
            "Username": username,
            "Password": "Passw0rd",
            "IdentityInfo": { "FirstName": "Jane", "LastName": "Doe" },
            "PhoneConfig": {},
            "RoutingProfileId": self.sim.routing_profile_id(&i, "Sales").unwrap(),
            "SecurityProfileIds": [self.sim.security_profile_id(&i, "Agent").unwrap()],
        })
    }

    async fn create(&self, username: &str) -> String {
        let reply = self.send("PUT", "/users/i-1", &self.body(username).to_string()).await;
        reply.json()["UserId"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_user_is_created_and_described_as_aws_writes_it() {
    let world = World::new().await;
    let reply = world.send("PUT", "/users/i-1", &world.body("jane").to_string()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["content-type"], "application/json");
    assert_eq!(reply.headers["x-amzn-requestid"].len(), 36);
    let id = reply.json()["UserId"].as_str().unwrap().to_owned();
    let arn = format!("arn:aws:connect:us-west-2:123456789012:instance/i-1/agent/{id}");
    assert_eq!(reply.json(), json!({ "UserId": id, "UserArn": arn }));

    let shown = world.send("GET", &format!("/users/i-1/{id}"), "").await.json();
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
async fn ids_in_paths_may_be_encoded_arns() {
    let world = World::new().await;
    let id = world.create("jane").await;
    let instance = "arn%3Aaws%3Aconnect%3Aus-west-2%3A123456789012%3Ainstance%2Fi-1";
    let shown = world.send("GET", &format!("/users/{instance}/{instance}%2Fagent%2F{id}"), "").await;
    assert_eq!(shown.json()["User"]["Id"], id);
    assert_eq!(world.send("GET", &format!("/instance/{instance}"), "").await.json()["Instance"]["Id"], "i-1");
}

#[tokio::test]
async fn tags_are_lower_case_and_their_arn_may_be_raw_or_encoded() {
    let world = World::new().await;
    let id = world.create("jane").await;
    let arn = format!("arn:aws:connect:us-west-2:123456789012:instance/i-1/agent/{id}");
    let encoded = arn.replace(':', "%3A").replace('/', "%2F");
    let reply = world.send("POST", &format!("/tags/{encoded}"), r#"{"tags":{"a b":"1","c:d":"","e":"2"}}"#).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    assert!(!reply.headers.contains_key("content-type"));
    let reply = world.send("DELETE", &format!("/tags/{arn}?tagKeys=a%20b&tagKeys=c%3Ad"), "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(world.send("GET", &format!("/tags/{arn}"), "").await.json(), json!({ "tags": { "e": "2" } }));
    let upper = world.send("POST", &format!("/tags/{arn}"), r#"{"Tags":{"x":"1"}}"#).await;
    assert_eq!(upper.error(), (400, "InvalidRequestException"));
}

#[tokio::test]
async fn an_empty_hierarchy_body_clears_and_an_empty_string_does_not() {
    let world = World::new().await;
    let id = world.create("jane").await;
    let path = format!("/users/i-1/{id}/hierarchy");
    let group = world.sim.hierarchy_group_id(&instance(), "/EMEA").unwrap();
    world.send("POST", &path, &json!({ "HierarchyGroupId": group }).to_string()).await;
    assert_eq!(world.send("POST", &path, r#"{"HierarchyGroupId":""}"#).await.error(), (400, "InvalidParameterException"));
    assert_eq!(world.sim.user(&instance(), "jane").unwrap().user.hierarchy_group_id, Some(group));
    assert_eq!(world.send("POST", &path, "{}").await.status, 200);
    assert_eq!(world.sim.user(&instance(), "jane").unwrap().user.hierarchy_group_id, None);
}

#[tokio::test]
async fn zeros_that_are_left_out_are_zeros() {
    let world = World::new().await;
    let id = world.create("jane").await;
    let config = json!({
        "AutoAcceptConfigs": [{ "Channel": "CHAT", "AutoAccept": false }],
        "AfterContactWorkConfigs": [
            { "Channel": "VOICE", "AfterContactWorkConfig": {}, "AgentFirstCallbackAfterContactWorkConfig": {} },
            { "Channel": "CHAT", "AfterContactWorkConfig": { "AfterContactWorkTimeLimit": 7 } },
        ],
    });
    let reply = world.send("POST", &format!("/users/i-1/{id}/config"), &config.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let shown = world.send("GET", &format!("/users/i-1/{id}"), "").await.json();
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
async fn search_has_milliseconds_and_lacks_what_aws_leaves_out() {
    let world = World::new().await;
    let mut body = world.body("jane");
    body["IdentityInfo"]["Email"] = json!("jane@example.com");
    body["IdentityInfo"]["Mobile"] = json!("+12065550100");
    body["PhoneConfig"] = json!({ "AfterContactWorkTimeLimit": 2_000_000 });
    world.send("PUT", "/users/i-1", &body.to_string()).await;
    world.sim.advance(seconds(3));
    let reply = world.send("POST", "/search-users", r#"{"InstanceId":"i-1","MaxResults":1}"#).await.json();
    assert_eq!(reply["ApproximateTotalCount"], 1);
    assert_eq!(reply.get("NextToken"), None);
    let user = &reply["Users"][0];
    assert_eq!(user["IdentityInfo"], json!({ "FirstName": "Jane", "LastName": "Doe" }));
    assert_eq!(user["PhoneConfig"]["AfterContactWorkTimeLimit"], 2_000_000_000);
    let in_lists = &user["AfterContactWorkConfigs"][0]["AfterContactWorkConfig"]["AfterContactWorkTimeLimit"];
    assert_eq!(in_lists, 2_000_000_000);
    assert_eq!(user.get("LastModifiedTime"), None);
    let id = user["Id"].as_str().unwrap();
    let described = world.send("GET", &format!("/users/i-1/{id}"), "").await.json();
    assert_eq!(described["User"]["PhoneConfig"]["AfterContactWorkTimeLimit"], 2_000_000);
    let listed = world.send("GET", "/users-summary/i-1", "").await.json();
    let members: Vec<&String> = listed["UserSummaryList"][0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["Arn", "Id", "LastModifiedRegion", "LastModifiedTime", "Username"]);
}

#[tokio::test]
async fn pages_go_by_query_parameters() {
    let world = World::new().await;
    for name in ["a", "b", "c"] {
        world.create(name).await;
    }
    let first = world.send("GET", "/users-summary/i-1?maxResults=2", "").await.json();
    assert_eq!(first["UserSummaryList"].as_array().unwrap().len(), 2);
    let token = first["NextToken"].as_str().unwrap();
    let second = world.send("GET", &format!("/users-summary/i-1?maxResults=2&nextToken={token}"), "").await.json();
    assert_eq!(second["UserSummaryList"].as_array().unwrap().len(), 1);
    assert_eq!(second.get("NextToken"), None);
    let bad = world.send("GET", "/users-summary/i-1?nextToken=t%2B%2F%3D", "").await;
    assert_eq!(bad.error(), (400, "InvalidParameterException"));
    assert_eq!(world.send("GET", "/users-summary/i-1?maxResults=many", "").await.status, 400);
}

#[tokio::test]
async fn errors_have_code_message_and_request_id_where_aws_puts_them() {
    let world = World::new().await;
    let reply = world.send("GET", "/users/i-1/nobody", "").await;
    assert_eq!(reply.error(), (404, "ResourceNotFoundException"));
    assert_eq!(reply.json(), json!({ "Message": "User not found: nobody" }));
    assert_eq!(reply.headers["x-amzn-requestid"].len(), 36);

    let missing = world.send("PUT", "/users/i-1", r#"{"Username":"jane"}"#).await;
    assert_eq!(missing.error(), (400, "InvalidRequestException"));
    assert_eq!(world.send("PUT", "/users/i-1", "{").await.error(), (400, "SerializationException"));
    assert_eq!(world.send("GET", "/queues-summary/i-1", "").await.error(), (404, "UnknownOperationException"));
    assert_eq!(world.sim.calls().operations["CreateUser"].failed, 2, "what cannot be read is a call all the same");
}

#[tokio::test]
async fn a_password_is_in_no_message() {
    let world = World::new().await;
    let mut body = world.body("jane");
    body["Password"] = json!(["hunter2"]);
    let reply = world.send("PUT", "/users/i-1", &body.to_string()).await;
    assert_eq!(reply.status, 400);
    assert!(!reply.body.contains("hunter2"));
    body["Password"] = json!("hunter2");
    let reply = world.send("PUT", "/users/i-1", &body.to_string()).await;
    assert_eq!(reply.error(), (400, "InvalidParameterException"));
    assert!(!reply.body.contains("hunter2"));
}

#[tokio::test]
async fn the_signature_says_the_region() {
    let world = World::new().await;
    let url = world.server.url();
    let unsigned = raw(&url, "GET", "/instance/i-1", "", "").await.unwrap();
    assert_eq!(unsigned.error(), (403, "MissingAuthenticationToken"));
    assert_eq!(unsigned.json(), json!({ "message": "Missing Authentication Token" }));
    let basic = raw(&url, "GET", "/instance/i-1", "Authorization: Basic abc\r\n", "").await.unwrap();
    assert_eq!(basic.error(), (403, "IncompleteSignature"));
    let elsewhere = SIGNED.replace("us-west-2", "eu-central-1");
    let foreign = raw(&url, "GET", "/instance/i-1", &elsewhere, "").await.unwrap();
    assert_eq!(foreign.error(), (404, "ResourceNotFoundException"));
    let list = raw(&url, "GET", "/instance", &elsewhere, "").await.unwrap();
    assert_eq!(list.json(), json!({ "InstanceSummaryList": [] }));
    let list = world.send("GET", "/instance", "").await.json();
    assert_eq!(list["InstanceSummaryList"][0]["IdentityManagementType"], "CONNECT_MANAGED");
}

#[tokio::test]
async fn a_lost_reply_closes_the_connection_after_the_effect_and_a_lost_request_before() {
    let world = World::new().await;
    let url = world.server.url();
    for (effect, username, there) in [(Effect::LostReply, "jane", true), (Effect::LostRequest, "joe", false)] {
        world.sim.inject(Fault::on(Op::CreateUser, effect));
        let body = world.body(username).to_string();
        assert!(raw(&url, "PUT", "/users/i-1", SIGNED, &body).await.is_none());
        assert_eq!(world.sim.user(&instance(), username).is_some(), there);
    }
    assert_eq!(world.send("GET", "/instance/i-1", "").await.status, 200, "other connections live on");
}

#[tokio::test]
async fn a_bare_429_has_neither_code_nor_body() {
    let world = World::new().await;
    world.sim.inject(Fault::any(Effect::Bare429));
    let reply = world.send("GET", "/instance/i-1", "").await;
    assert_eq!((reply.status, reply.body.as_str()), (429, ""));
    assert!(!reply.headers.keys().any(|name| name.starts_with("x-amzn")));
}

#[tokio::test]
async fn a_delay_goes_together_with_another_fault() {
    let world = World::new().await;
    world.sim.inject(Fault::on(Op::DescribeInstance, Effect::Delay { milliseconds: 1 }));
    world.sim.inject(Fault::on(Op::DescribeInstance, Effect::internal_error()));
    assert_eq!(world.send("GET", "/instance/i-1", "").await.error(), (500, "InternalServiceException"));
    assert_eq!(world.sim.faults(), []);
}

#[tokio::test]
async fn the_scene_is_set_over_http_too() {
    let world = World::new().await;
    let created = world.send("PUT", "/routing-profiles/i-1", r#"{"Name":"Night"}"#).await.json();
    let id = created["RoutingProfileId"].as_str().unwrap().to_owned();
    assert_eq!(world.send("POST", &format!("/routing-profiles/i-1/{id}/name"), r#"{"Name":"Day"}"#).await.status, 200);
    assert_eq!(world.sim.routing_profile_id(&instance(), "Day").unwrap().as_str(), id);
    assert_eq!(world.send("DELETE", &format!("/routing-profiles/i-1/{id}"), "").await.status, 200);

    let created = world.send("PUT", "/security-profiles/i-1", r#"{"SecurityProfileName":"Robots"}"#).await.json();
    let id = created["SecurityProfileId"].as_str().unwrap().to_owned();
    assert_eq!(world.send("PUT", "/security-profiles/i-1", r#"{"SecurityProfileName":"Robots"}"#).await.status, 409);
    assert_eq!(world.send("DELETE", &format!("/security-profiles/i-1/{id}"), "").await.status, 200);

    let emea = world.sim.hierarchy_group_id(&instance(), "/EMEA").unwrap();
    let rome = json!({ "Name": "Rome", "ParentGroupId": emea }).to_string();
    let created = world.send("PUT", "/user-hierarchy-groups/i-1", &rome).await.json();
    let id = created["HierarchyGroupId"].as_str().unwrap().to_owned();
    world.send("POST", &format!("/user-hierarchy-groups/i-1/{id}/name"), r#"{"Name":"Roma"}"#).await;
    let shown = world.send("GET", &format!("/user-hierarchy-groups/i-1/{id}"), "").await.json();
    let group = &shown["HierarchyGroup"];
    assert_eq!((&group["Name"], &group["LevelId"]), (&json!("Roma"), &json!("2")));
    assert_eq!(group["HierarchyPath"]["LevelOne"]["Id"], json!(emea));
    assert_eq!(group["HierarchyPath"]["LevelTwo"]["Id"], json!(id));
    assert_eq!(world.send("DELETE", &format!("/user-hierarchy-groups/i-1/{emea}"), "").await.status, 409);
    assert_eq!(world.send("DELETE", &format!("/user-hierarchy-groups/i-1/{id}"), "").await.status, 200);

    let attribute = json!({ "Name": "connect:Skill/1", "Values": { "StringList": ["x"] } }).to_string();
    assert_eq!(world.send("PUT", "/predefined-attributes/i-1", &attribute).await.status, 200);
    let path = "/predefined-attributes/i-1/connect%3ASkill%2F1";
    assert_eq!(world.send("POST", path, r#"{"Values":{"StringList":["y","z"]}}"#).await.status, 200);
    let shown = world.send("GET", path, "").await.json();
    assert_eq!(shown["PredefinedAttribute"]["Values"]["StringList"], json!(["y", "z"]));
    let listed = world.send("GET", "/predefined-attributes/i-1", "").await.json();
    assert_eq!(listed["PredefinedAttributeSummaryList"].as_array().unwrap().len(), 3);
    assert_eq!(world.send("DELETE", path, "").await.status, 200);
    assert_eq!(world.send("GET", path, "").await.status, 404);
}
