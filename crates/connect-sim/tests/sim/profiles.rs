//! Profiles, groups and attributes over HTTP: as described, as found by a search, and the number of profiles that a user may have.

use serde_json::{Value, json};

use crate::support::*;

const INSTANCE: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
const ARN: &str = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001";

async fn created(served: &ServedSim, kind: &str, body: Value, id: &str) -> String {
    let reply = served.send("PUT", &format!("/{kind}/{INSTANCE}"), &body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()[id].as_str().unwrap().to_owned()
}

async fn described(served: &ServedSim, path: &str) -> Value {
    let reply = served.send("GET", path, "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

#[tokio::test]
async fn a_security_profile_is_described_and_updated() {
    let served = ServedSim::new(sim()).await;
    let new = json!({
        "SecurityProfileName": "Robots", "Description": "For machines", "Permissions": ["Users.View", "Users.Create"],
        "Tags": { "team": "blue" },
    });
    let id = created(&served, "security-profiles", new, "SecurityProfileId").await;
    let path = format!("/security-profiles/{INSTANCE}/{id}");
    let expected = json!({ "SecurityProfile": {
        "Id": id, "Arn": format!("{ARN}/security-profile/{id}"), "OrganizationResourceId": INSTANCE,
        "SecurityProfileName": "Robots", "Description": "For machines", "Tags": { "team": "blue" }, "Type": "CUSTOMER_MANAGED",
        "LastModifiedTime": 1_767_225_600.0, "LastModifiedRegion": "us-west-2",
    }});
    assert_eq!(described(&served, &path).await, expected);
    let by_arn = format!("/security-profiles/{INSTANCE}/{}", format!("{ARN}/security-profile/{id}").replace('/', "%2F"));
    assert_eq!(described(&served, &by_arn).await, expected);

    let permissions = format!("/security-profiles-permissions/{INSTANCE}/{id}");
    assert_eq!(
        described(&served, &permissions).await,
        json!({
            "Permissions": ["Users.Create", "Users.View"],
            "LastModifiedTime": 1_767_225_600.0, "LastModifiedRegion": "us-west-2",
        })
    );
    served.sim.advance(seconds(10));
    let (read_only, renamed) = (json!({ "Permissions": ["Users.View"] }), json!({ "Description": "For readers" }));
    for update in [read_only, renamed] {
        assert_eq!(served.send("POST", &path, &update.to_string()).await.status, 200);
    }
    assert_eq!(described(&served, &permissions).await["Permissions"], json!(["Users.View"]));
    let shown = &described(&served, &path).await["SecurityProfile"];
    assert_eq!((&shown["Description"], &shown["LastModifiedTime"]), (&json!("For readers"), &json!(1_767_225_610.0)));

    let too_long = json!({ "Description": "x".repeat(251) });
    let too_many = json!({ "Permissions": (0..501).map(|n| format!("P{n}")).collect::<Vec<_>>() });
    for refused in [too_long, too_many] {
        assert_eq!(served.send("POST", &path, &refused.to_string()).await.error(), (400, "InvalidParameterException"));
    }
    for unknown in ["security-profiles", "security-profiles-permissions", "routing-profiles"] {
        let reply = served.send("GET", &format!("/{unknown}/{INSTANCE}/unknown"), "").await;
        assert_eq!(reply.error(), (404, "ResourceNotFoundException"), "{unknown}");
    }
}

#[tokio::test]
async fn a_routing_profile_is_described_with_its_users() {
    let served = ServedSim::new(sim()).await;
    create(&served.sim, "jane");
    let id = served.sim.routing_profile_id(&instance(), "Basic Routing Profile").unwrap().to_string();
    let shown = &described(&served, &format!("/routing-profiles/{INSTANCE}/{id}")).await["RoutingProfile"];
    for (member, expected) in [
        ("RoutingProfileId", json!(id)),
        ("RoutingProfileArn", json!(format!("{ARN}/routing-profile/{id}"))),
        ("InstanceId", json!(INSTANCE)),
        ("Name", json!("Basic Routing Profile")),
        ("NumberOfAssociatedUsers", json!(1)),
        ("IsDefault", json!(true)),
        ("LastModifiedRegion", json!("us-west-2")),
        ("Tags", Value::Null),
    ] {
        assert_eq!(shown[member], expected, "{member}");
    }
}

/// Returns the names that a search finds, sorted.
async fn found(served: &ServedSim, what: &str, mut body: Value) -> Vec<String> {
    body["InstanceId"] = json!(INSTANCE);
    let reply = served.send("POST", &format!("/search-{what}"), &body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let reply = reply.json();
    let (_, items) = reply.as_object().unwrap().iter().find(|(_, value)| value.is_array()).unwrap();
    assert_eq!(reply["ApproximateTotalCount"], items.as_array().unwrap().len());
    let name = |item: &Value| item.get("Name").or(item.get("SecurityProfileName")).unwrap().as_str().unwrap().to_owned();
    let mut names: Vec<String> = items.as_array().unwrap().iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn searches_find_by_criteria_and_tags() {
    let served = ServedSim::new(sim()).await;
    let blue = json!({ "team": "blue" });
    let new = json!({ "Name": "Chats", "Description": "No calls", "Tags": blue });
    let chats = created(&served, "routing-profiles", new, "RoutingProfileId").await;
    created(&served, "security-profiles", json!({ "SecurityProfileName": "Robots", "Tags": blue }), "SecurityProfileId").await;
    created(&served, "user-hierarchy-groups", json!({ "Name": "Africa", "Tags": blue }), "HierarchyGroupId").await;
    let emea = served.sim.hierarchy_group_id(&instance(), "/EMEA").unwrap().to_string();
    let by = |field: &str, value: &str| {
        let condition = json!({ "FieldName": field, "Value": value, "ComparisonType": "EXACT" });
        json!({ "SearchCriteria": { "StringCondition": condition } })
    };
    let tagged = |filter: &str, value: &str| json!({ "SearchFilter": { filter: { "TagCondition": { "TagKey": "team", "TagValue": value } } } });
    for (what, body, wanted) in [
        ("routing-profiles", json!({}), vec!["Basic Routing Profile", "Chats", "Sales"]),
        ("routing-profiles", by("name", "sales"), vec!["Sales"]),
        ("routing-profiles", by("description", "no calls"), vec!["Chats"]),
        ("routing-profiles", by("resourceID", &chats), vec!["Chats"]),
        ("routing-profiles", by("associatedQueueIds", "queue"), vec![]),
        ("routing-profiles", tagged("TagFilter", "blue"), vec!["Chats"]),
        ("security-profiles", by("name", "admin"), vec!["Admin"]),
        ("security-profiles", tagged("TagFilter", "blue"), vec!["Robots"]),
        ("security-profiles", tagged("TagFilter", "red"), vec![]),
        ("user-hierarchy-groups", by("name", "berlin"), vec!["Berlin"]),
        ("user-hierarchy-groups", by("parentId", &emea), vec!["Berlin", "Paris"]),
        ("user-hierarchy-groups", by("levelId", "1"), vec!["Africa", "Americas", "EMEA"]),
        ("user-hierarchy-groups", by("resourceID", &emea), vec!["EMEA"]),
        ("user-hierarchy-groups", tagged("AttributeFilter", "blue"), vec!["Africa"]),
        ("predefined-attributes", json!({}), vec!["Language", "Product"]),
        ("predefined-attributes", by("name", "language"), vec!["Language"]),
    ] {
        assert_eq!(found(&served, what, body.clone()).await, wanted, "{what} {body}");
    }
    for what in ["routing-profiles", "security-profiles", "user-hierarchy-groups", "predefined-attributes"] {
        let mut body = by("Username", "jane");
        body["InstanceId"] = json!(INSTANCE);
        let reply = served.send("POST", &format!("/search-{what}"), &body.to_string()).await;
        assert_eq!(reply.error(), (400, "InvalidParameterException"), "{what}");
    }
}

#[tokio::test]
async fn found_items_have_the_members_of_aws() {
    let served = ServedSim::new(sim()).await;
    let search = async |what: &str, list: &str, max: i32| {
        let body = json!({ "InstanceId": INSTANCE, "MaxResults": max }).to_string();
        let reply = served.send("POST", &format!("/search-{what}"), &body).await.json();
        (reply[list][0].clone(), reply["NextToken"].is_string())
    };
    let (group, more) = search("user-hierarchy-groups", "UserHierarchyGroups", 1).await;
    let path = format!("/user-hierarchy-groups/{INSTANCE}/{}", group["Id"].as_str().unwrap());
    assert_eq!((described(&served, &path).await["HierarchyGroup"].clone(), more), (group, true));

    let (attribute, _) = search("predefined-attributes", "PredefinedAttributes", 100).await;
    let path = format!("/predefined-attributes/{INSTANCE}/Language");
    assert_eq!(described(&served, &path).await["PredefinedAttribute"], attribute);
    assert_eq!(attribute["Values"]["StringList"], json!(["english", "german"]));

    for (what, list) in [("routing-profiles", "RoutingProfiles"), ("security-profiles", "SecurityProfiles")] {
        let (profile, more) = search(what, list, 1).await;
        assert!(more && profile.get("LastModifiedTime").is_none(), "{profile}");
    }
}

#[tokio::test]
async fn searches_have_the_documented_maximum_page_size() {
    let served = ServedSim::new(sim()).await;
    for (what, most) in
        [("routing-profiles", 500), ("security-profiles", 100), ("user-hierarchy-groups", 100), ("predefined-attributes", 100)]
    {
        for (max, status) in [(0, 400), (1, 200), (most, 200), (most + 1, 400)] {
            let body = json!({ "InstanceId": INSTANCE, "MaxResults": max }).to_string();
            assert_eq!(served.send("POST", &format!("/search-{what}"), &body).await.status, status, "{what} {max}");
        }
    }
}

#[tokio::test]
async fn a_search_depends_on_the_permission_to_describe() {
    let served = ServedSim::new(sim()).await;
    for (what, permission) in [
        ("routing-profiles", "DescribeRoutingProfile"),
        ("security-profiles", "DescribeSecurityProfile"),
        ("user-hierarchy-groups", "DescribeUserHierarchyGroup"),
        ("predefined-attributes", "DescribePredefinedAttribute"),
    ] {
        served.sim.deny([permission]);
        let reply = served.send("POST", &format!("/search-{what}"), &json!({ "InstanceId": INSTANCE }).to_string()).await;
        assert_eq!(reply.error(), (403, "AccessDeniedException"), "{what}");
        assert!(reply.body.contains(&format!("connect:{permission}")), "{}", reply.body);
    }
}

#[tokio::test]
async fn more_than_ten_security_profiles_are_refused_even_if_equal() {
    let served = ServedSim::new(sim()).await;
    let profile = served.sim.security_profile_id(&instance(), "Agent").unwrap();
    let routing = served.sim.routing_profile_id(&instance(), "Sales").unwrap();
    let new = |count| {
        json!({
            "Username": "jane", "Password": "Passw0rd", "IdentityInfo": { "FirstName": "Jane", "LastName": "Doe" },
            "RoutingProfileId": routing, "SecurityProfileIds": vec![&profile; count],
        })
        .to_string()
    };
    let users = format!("/users/{INSTANCE}");
    for count in [0, 11] {
        assert_eq!(served.send("PUT", &users, &new(count)).await.error(), (400, "InvalidParameterException"), "{count}");
    }
    let created = served.send("PUT", &users, &new(10)).await;
    assert_eq!(created.status, 200, "{}", created.body);
    let path = format!("{users}/{}/security-profiles", created.json()["UserId"].as_str().unwrap());
    for (count, status) in [(0, 400), (10, 200), (11, 400)] {
        let body = json!({ "SecurityProfileIds": vec![&profile; count] }).to_string();
        assert_eq!(served.send("POST", &path, &body).await.status, status, "{count}");
    }
}
