//! SearchUsers: what it finds by name in-process, and by criteria and filters over HTTP.

use connect_api::{AssociateUserProficiencies, CreateUser, HierarchyGroupId, IdentityInfo, SearchUsers, UpdateUserHierarchy};
use connect_sim::{Config, LongSearchValues, Sim};
use serde_json::{Value, json};

use crate::support::*;

/// A simulator with three users that share only their last name, Anna, Bert and Cleo, and an index without lag.
fn sim_with_three_users(change: impl FnOnce(&mut Config)) -> Sim {
    let sim = sim_with(|config| {
        config.search_lag = seconds(0);
        change(config);
    });
    let people = [
        ("anna.long-and-very-long-name", "Anna", "Basic Routing Profile", "Admin", "blue"),
        ("bert", "Bert", "Sales", "Agent", "red"),
        ("cleo", "Cleo", "Sales", "Agent", "blue"),
    ];
    for (username, first_name, routing, security, team) in people {
        let new = CreateUser {
            identity_info: Some(IdentityInfo { first_name: Some(first_name.into()), ..names() }),
            routing_profile_id: sim.routing_profile_id(&instance(), routing).unwrap(),
            security_profile_ids: [sim.security_profile_id(&instance(), security).unwrap()].into(),
            tags: [("team".to_owned(), team.to_owned()), (username.to_owned(), "me".to_owned())].into(),
            ..new_user(&sim, username)
        };
        call(&sim, new).unwrap();
    }
    sim
}

/// Returns the initials of the users that a search by name finds in-process.
fn named(sim: &Sim, username: &str) -> Vec<String> {
    let username = Some(username.to_owned());
    let request = SearchUsers { instance: instance(), max_results: 500, next_token: None, username };
    initials(call(sim, request).unwrap().items.into_iter().map(|u| u.username).collect())
}

fn initials(mut usernames: Vec<String>) -> Vec<String> {
    usernames.sort();
    usernames.iter().map(|name| name[..1].to_owned()).collect()
}

/// Returns the initials of the users that a body finds over HTTP, or the error.
async fn found(served: &ServedSim, mut body: Value) -> Result<Vec<String>, (u16, String)> {
    body["InstanceId"] = json!("11111111-aaaa-4bbb-8ccc-000000000001");
    let reply = served.send("POST", "/search-users", &body.to_string()).await;
    if reply.status != 200 {
        let (status, code) = reply.error();
        return Err((status, code.to_owned()));
    }
    let json = reply.json();
    let users = json["Users"].as_array().unwrap();
    assert_eq!(json["ApproximateTotalCount"], users.len());
    Ok(initials(users.iter().map(|u| u["Username"].as_str().unwrap().to_owned()).collect()))
}

fn field(name: &str, value: &str, comparison: &str) -> Value {
    json!({ "StringCondition": { "FieldName": name, "Value": value, "ComparisonType": comparison } })
}

#[tokio::test]
async fn strings_are_compared_in_three_ways_and_without_case() {
    let served = ServedSim::new(sim_with_three_users(|_| {})).await;
    let sales = served.sim.routing_profile_id(&instance(), "Sales").unwrap();
    let admin = served.sim.security_profile_id(&instance(), "Admin").unwrap();
    let bert = served.sim.user(&instance(), "bert").unwrap().user.id;
    for (name, value, comparison, wanted) in [
        ("Username", "BERT", "EXACT", vec!["b"]),
        ("Username", "ber", "EXACT", vec![]),
        ("Username", "cl", "STARTS_WITH", vec!["c"]),
        ("Username", "er", "CONTAINS", vec!["a", "b"]),
        ("FirstName", "anna", "EXACT", vec!["a"]),
        ("LastName", "Doe", "EXACT", vec!["a", "b", "c"]),
        ("RoutingProfileId", sales.as_str(), "EXACT", vec!["b", "c"]),
        ("SecurityProfileId", admin.as_str(), "EXACT", vec!["a"]),
        ("resourceId", bert.as_str(), "EXACT", vec!["b"]),
    ] {
        let body = json!({ "SearchCriteria": field(name, value, comparison) });
        assert_eq!(found(&served, body).await.unwrap(), wanted, "{name} {comparison} {value}");
    }
    let unknown = json!({ "SearchCriteria": field("username", "bert", "EXACT") });
    assert_eq!(found(&served, unknown).await, Err(invalid_parameter()), "AWS' field names are case-sensitive");
}

#[tokio::test]
async fn conditions_nest_and_tags_filter() {
    let served = ServedSim::new(sim_with_three_users(|_| {})).await;
    let (bert, cleo) = (field("Username", "bert", "EXACT"), field("Username", "cleo", "EXACT"));
    let tag = |key: &str, value: &str| json!({ "TagKey": key, "TagValue": value });
    let filter = |filter: Value| json!({ "TagFilter": filter });
    for (criteria, tags, wanted) in [
        (json!({}), json!({}), vec!["a", "b", "c"]),
        (json!({ "OrConditions": [bert, cleo] }), json!({}), vec!["b", "c"]),
        (
            json!({ "AndConditions": [{ "OrConditions": [bert, cleo] }, field("FirstName", "Be", "STARTS_WITH")] }),
            json!({}),
            vec!["b"],
        ),
        (json!({}), filter(json!({ "TagCondition": tag("team", "blue") })), vec!["a", "c"]),
        (json!({}), filter(json!({ "TagCondition": { "TagKey": "cleo" } })), vec!["c"]),
        (json!({}), filter(json!({ "AndConditions": [tag("team", "blue"), tag("cleo", "me")] })), vec!["c"]),
        (
            json!({}),
            filter(json!({ "OrConditions": [[tag("team", "red")], [tag("team", "blue"), tag("cleo", "me")]] })),
            vec!["b", "c"],
        ),
        (bert.clone(), filter(json!({ "TagCondition": tag("team", "blue") })), vec![]),
    ] {
        let body = json!({ "SearchCriteria": criteria, "SearchFilter": tags });
        assert_eq!(found(&served, body.clone()).await.unwrap(), wanted, "{body}");
    }
}

fn proficiencies(conditions: Value) -> Value {
    json!({ "ListCondition": { "TargetListType": "PROFICIENCIES", "Conditions": conditions } })
}

fn level(comparison: &str, min: Option<i32>, max: Option<i32>) -> Value {
    let mut condition = json!({ "FieldName": "limit", "ComparisonType": comparison });
    if let Some(min) = min {
        condition["MinValue"] = json!(min);
    }
    if let Some(max) = max {
        condition["MaxValue"] = json!(max);
    }
    json!({ "NumberCondition": condition })
}

#[tokio::test]
async fn users_are_found_by_one_proficiency_that_meets_all_conditions() {
    let served = ServedSim::new(sim_with_three_users(|_| {})).await;
    for (username, given) in [
        ("anna.long-and-very-long-name", vec![proficiency("Language", "english", 2.0), proficiency("Language", "german", 5.0)]),
        ("bert", vec![proficiency("Language", "english", 4.0), proficiency("Product", "p1", 2.0)]),
    ] {
        let user = served.sim.user(&instance(), username).unwrap().user.id;
        call(&served.sim, AssociateUserProficiencies { instance: instance(), user, proficiencies: given }).unwrap();
    }
    let (name, value) = (field("name", "language", "EXACT"), |value| field("value", value, "EXACT"));
    for (conditions, wanted) in [
        (json!([name]), vec!["a", "b"]),
        (json!([field("name", "Pro", "STARTS_WITH")]), vec!["b"]),
        (json!([name, value("german")]), vec!["a"]),
        (json!([name, value("p1")]), vec![]),
        (json!([value("english"), level("GREATER_OR_EQUAL", Some(4), None)]), vec!["b"]),
        (json!([value("english"), level("GREATER", Some(4), None)]), vec![]),
        (json!([value("english"), level("LESSER_OR_EQUAL", None, Some(2))]), vec!["a"]),
        (json!([value("english"), level("LESSER", None, Some(2))]), vec![]),
        (json!([level("EQUAL", Some(5), None)]), vec!["a"]),
        (json!([level("EQUAL", None, Some(4))]), vec!["b"]),
        (json!([value("english"), level("NOT_EQUAL", Some(4), None)]), vec!["a"]),
        (json!([name, level("RANGE", Some(3), Some(4))]), vec!["b"]),
        (json!([name, level("RANGE", Some(2), Some(5))]), vec!["a", "b"]),
    ] {
        let body = json!({ "SearchCriteria": proficiencies(conditions) });
        assert_eq!(found(&served, body.clone()).await.unwrap(), wanted, "{body}");
    }
    let both = json!({ "AndConditions": [proficiencies(json!([name])), field("Username", "bert", "EXACT")] });
    assert_eq!(found(&served, json!({ "SearchCriteria": both })).await.unwrap(), ["b"]);
}

#[tokio::test]
async fn users_are_found_by_hierarchy_group_with_and_without_children() {
    let served = ServedSim::new(sim_with_three_users(|_| {})).await;
    let group = |path| served.sim.hierarchy_group_id(&instance(), path).unwrap();
    for (username, path) in [("bert", "/EMEA"), ("cleo", "/EMEA/Berlin")] {
        let user = served.sim.user(&instance(), username).unwrap().user.id;
        let hierarchy_group_id = Some(group(path));
        call(&served.sim, UpdateUserHierarchy { instance: instance(), user, hierarchy_group_id }).unwrap();
    }
    let (emea, berlin) = (group("/EMEA"), group("/EMEA/Berlin"));
    let condition = |group: &HierarchyGroupId, how: &str| json!({ "HierarchyGroupCondition": { "Value": group, "HierarchyGroupMatchType": how } });
    let blue = json!([{ "TagKey": "team", "TagValue": "blue" }]);
    for (body, wanted) in [
        (json!({ "SearchCriteria": condition(&emea, "EXACT") }), vec!["b"]),
        (json!({ "SearchCriteria": condition(&emea, "WITH_CHILD_GROUPS") }), vec!["b", "c"]),
        (json!({ "SearchCriteria": { "OrConditions": [condition(&berlin, "EXACT")] } }), vec!["c"]),
        (json!({ "SearchFilter": { "UserAttributeFilter": condition(&berlin, "EXACT") } }), vec!["c"]),
        (
            json!({ "SearchFilter": { "UserAttributeFilter": { "TagCondition": { "TagKey": "team", "TagValue": "red" } } } }),
            vec!["b"],
        ),
        (json!({ "SearchFilter": { "UserAttributeFilter": { "AndCondition": { "TagConditions": blue } } } }), vec!["a", "c"]),
        (
            json!({ "SearchFilter": { "UserAttributeFilter": { "OrConditions": [
                condition(&emea, "EXACT"),
                { "TagConditions": blue, "HierarchyGroupCondition": { "Value": berlin } },
            ] } } }),
            vec!["b", "c"],
        ),
    ] {
        assert_eq!(found(&served, body.clone()).await.unwrap(), wanted, "{body}");
    }
}

#[tokio::test]
async fn criteria_and_filters_that_aws_refuses_are_refused() {
    let served = ServedSim::new(sim_with_three_users(|_| {})).await;
    for criteria in [
        json!({ "AndConditions": [], "OrConditions": [] }),
        json!({ "OrConditions": [{ "HierarchyGroupCondition": { "Value": "g-1" }, "AndConditions": [] }] }),
        proficiencies(json!([])),
        proficiencies(json!([{}])),
        proficiencies(json!([field("level", "3", "EXACT")])),
        proficiencies(json!([level("GREATER", None, Some(3))])),
        proficiencies(json!([level("LESSER", Some(3), None)])),
        proficiencies(json!([level("EQUAL", None, None)])),
        proficiencies(json!([level("RANGE", Some(3), None)])),
        proficiencies(json!([{ "NumberCondition": { "FieldName": "level", "MinValue": 3, "ComparisonType": "EQUAL" } }])),
    ] {
        assert_eq!(found(&served, json!({ "SearchCriteria": criteria })).await, Err(invalid_parameter()), "{criteria}");
    }
    let unknown = json!({ "ListCondition": { "TargetListType": "SKILLS", "Conditions": [field("name", "a", "EXACT")] } });
    assert_eq!(found(&served, json!({ "SearchCriteria": unknown })).await, Err(invalid_request()));

    let tag = json!({ "TagCondition": { "TagKey": "team" } });
    let two_members = json!({ "UserAttributeFilter": { "TagCondition": { "TagKey": "team" }, "AndCondition": {} } });
    assert_eq!(found(&served, json!({ "SearchFilter": two_members })).await, Err(invalid_parameter()));
    let both = json!({ "TagFilter": tag, "UserAttributeFilter": tag });
    assert_eq!(found(&served, json!({ "SearchFilter": both })).await, Err((403, "AccessDeniedException".into())));
}

#[test]
fn overlong_values_find_as_the_rule_says() {
    let (other, own) = ("anna.long-and-very-long-nam_", "anna.long-and-very-long-name");
    let with = |rule| sim_with_three_users(move |config| config.rules.long_search_values = rule);
    assert_eq!(named(&with(LongSearchValues::AsGiven), other), Vec::<String>::new());
    assert_eq!(named(&with(LongSearchValues::AsGiven), own), ["a"]);
    assert_eq!(named(&with(LongSearchValues::Truncated), other), ["a"]);
    assert_eq!(named(&with(LongSearchValues::NoMatch), own), Vec::<String>::new());
}

#[test]
fn a_token_is_valid_for_its_own_query_only() {
    let sim = sim_with_three_users(|_| {});
    let request = |next_token, username| SearchUsers { instance: instance(), max_results: 2, next_token, username };
    let first = call(&sim, request(None, None)).unwrap();
    assert_eq!(refusal(call(&sim, request(first.next_token.clone(), Some("bert".into())))), invalid_parameter());
    let second = call(&sim, request(first.next_token, None)).unwrap();
    assert_eq!((second.items.len(), second.next_token), (1, None));
}
