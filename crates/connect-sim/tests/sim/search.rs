//! SearchUsers' grammar, as far as the typed client has it. The rest is tried over HTTP.

use connect_api::{
    AssociateUserProficiencies, CreateUser, Proficiency, ProficiencyKey, SearchCriteria, SearchUsers, StringComparison, TagFilter,
};
use connect_sim::{Config, LongSearchValues, Sim};
use serde_json::{Value, json};

use crate::support::*;

/// Anna, Bert and Cleo, who differ in everything, in an index without lag.
fn world(change: impl FnOnce(&mut Config)) -> Sim {
    let mut config = Config { search_lag: seconds(0), ..config() };
    change(&mut config);
    let sim = Sim::new(config).unwrap();
    let people = [
        ("anna.long-and-very-long-name", "Anna", "/EMEA", "Basic Routing Profile", "Admin", "blue", 5.0),
        ("bert", "Bert", "/EMEA/Berlin", "Sales", "Agent", "red", 3.0),
        ("cleo", "Cleo", "/Americas", "Sales", "Agent", "blue", 1.0),
    ];
    for (username, first_name, group, routing, security, team, level) in people {
        let base = new_user(&sim, username);
        let mut info = names();
        info.first_name = Some(first_name.into());
        let user = call(
            &sim,
            CreateUser {
                identity_info: Some(info),
                hierarchy_group_id: sim.hierarchy_group_id(&instance(), group),
                routing_profile_id: sim.routing_profile_id(&instance(), routing).unwrap(),
                security_profile_ids: [sim.security_profile_id(&instance(), security).unwrap()].into(),
                tags: [("team".to_owned(), team.to_owned()), (username.to_owned(), "me".to_owned())].into(),
                ..base
            },
        )
        .unwrap();
        let key = ProficiencyKey { attribute_name: "Language".into(), attribute_value: "german".into() };
        let proficiencies = vec![Proficiency { key, level }];
        call(&sim, AssociateUserProficiencies { instance: instance(), user: user.id, proficiencies }).unwrap();
    }
    sim
}

fn search(sim: &Sim, criteria: Option<SearchCriteria>, filter: Option<TagFilter>) -> Vec<String> {
    let request = SearchUsers { instance: instance(), max_results: 500, next_token: None, criteria, filter };
    initials(call(sim, request).unwrap().items.into_iter().map(|u| u.username).collect())
}

fn initials(mut usernames: Vec<String>) -> Vec<String> {
    usernames.sort();
    usernames.iter().map(|name| name[..1].to_owned()).collect()
}

fn field(field: &str, value: &str, comparison: StringComparison) -> SearchCriteria {
    SearchCriteria::String { field: field.into(), value: value.into(), comparison }
}

#[test]
fn strings_are_compared_in_three_ways_and_without_case() {
    use StringComparison::{Contains, Exact, StartsWith};
    let sim = world(|_| {});
    let sales = sim.routing_profile_id(&instance(), "Sales").unwrap();
    let admin = sim.security_profile_id(&instance(), "Admin").unwrap();
    let bert = sim.user(&instance(), "bert").unwrap().user.id;
    for (criteria, found) in [
        (field("Username", "BERT", Exact), vec!["b"]),
        (field("Username", "ber", Exact), vec![]),
        (field("Username", "cl", StartsWith), vec!["c"]),
        (field("Username", "er", Contains), vec!["a", "b"]),
        (field("FirstName", "anna", Exact), vec!["a"]),
        (field("LastName", "Doe", Exact), vec!["a", "b", "c"]),
        (field("RoutingProfileId", sales.as_str(), Exact), vec!["b", "c"]),
        (field("SecurityProfileId", admin.as_str(), Exact), vec!["a"]),
        (field("resourceId", bert.as_str(), Exact), vec!["b"]),
    ] {
        assert_eq!(search(&sim, Some(criteria.clone()), None), found, "{criteria:?}");
    }
    let unknown = Some(field("username", "bert", Exact));
    let request = SearchUsers { instance: instance(), max_results: 1, next_token: None, criteria: unknown, filter: None };
    assert_eq!(refusal(call(&sim, request)), invalid_parameter(), "fields are written as AWS writes them");
}

#[test]
fn conditions_nest() {
    use StringComparison::{Contains, Exact};
    let sim = world(|_| {});
    let group = |path: &str, with_child_groups| SearchCriteria::HierarchyGroup {
        id: sim.hierarchy_group_id(&instance(), path).unwrap(),
        with_child_groups,
    };
    assert_eq!(search(&sim, Some(group("/EMEA", false)), None), ["a"]);
    assert_eq!(search(&sim, Some(group("/EMEA", true)), None), ["a", "b"]);
    let nested = SearchCriteria::And(vec![
        SearchCriteria::Or(vec![field("Username", "bert", Exact), field("Username", "cleo", Exact)]),
        SearchCriteria::Or(vec![group("/EMEA", true), field("FirstName", "nobody", Contains)]),
    ]);
    assert_eq!(search(&sim, Some(nested), None), ["b"]);
    assert_eq!(search(&sim, None, None), ["a", "b", "c"]);
}

#[test]
fn tags_filter() {
    let sim = world(|_| {});
    let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
    let blue = TagFilter::Tag { key: "team".into(), value: "blue".into() };
    assert_eq!(search(&sim, None, Some(blue.clone())), ["a", "c"]);
    assert_eq!(search(&sim, None, Some(TagFilter::Tag { key: "cleo".into(), value: String::new() })), ["c"]);
    assert_eq!(search(&sim, None, Some(TagFilter::And(vec![pair("team", "blue"), pair("cleo", "me")]))), ["c"]);
    let or = TagFilter::Or(vec![vec![pair("team", "red")], vec![pair("team", "blue"), pair("cleo", "me")]]);
    assert_eq!(search(&sim, None, Some(or)), ["b", "c"]);
    let bert = field("Username", "bert", StringComparison::Exact);
    assert_eq!(search(&sim, Some(bert), Some(blue)), Vec::<String>::new(), "criteria and filter both hold");
}

#[test]
fn values_that_are_too_long_may_find_too_much_or_nothing() {
    let exact = || Some(field("Username", "anna.long-and-very-long-nam_", StringComparison::Exact));
    let own = || Some(field("Username", "anna.long-and-very-long-name", StringComparison::Exact));
    let with = |rule| world(move |config| config.rules.long_search_values = rule);
    assert_eq!(search(&with(LongSearchValues::AsGiven), exact(), None), Vec::<String>::new());
    assert_eq!(search(&with(LongSearchValues::AsGiven), own(), None), ["a"]);
    assert_eq!(search(&with(LongSearchValues::Truncated), exact(), None), ["a"]);
    assert_eq!(search(&with(LongSearchValues::NoMatch), own(), None), Vec::<String>::new());
}

#[test]
fn a_token_is_good_for_its_own_query_only() {
    let sim = world(|_| {});
    let request = |next_token, criteria| SearchUsers { instance: instance(), max_results: 2, next_token, criteria, filter: None };
    let first = call(&sim, request(None, None)).unwrap();
    let other = Some(field("LastName", "Doe", StringComparison::Exact));
    assert_eq!(refusal(call(&sim, request(first.next_token.clone(), other))), invalid_parameter());
    let second = call(&sim, request(first.next_token, None)).unwrap();
    assert_eq!((second.items.len(), second.next_token), (1, None));
    let bad = SearchUsers { max_results: 501, ..request(None, None) };
    assert_eq!(refusal(call(&sim, bad)), invalid_parameter());
}

/// The initials of those whom this body finds over HTTP, or the error.
async fn found(url: &str, mut body: Value) -> Result<Vec<String>, (u16, String)> {
    body["InstanceId"] = json!("i-1");
    let reply = raw(url, "POST", "/search-users", SIGNED, &body.to_string()).await.unwrap();
    if reply.status != 200 {
        let (status, code) = reply.error();
        return Err((status, code.to_owned()));
    }
    let json = reply.json();
    let users = json["Users"].as_array().unwrap();
    assert_eq!(json["ApproximateTotalCount"], users.len());
    Ok(initials(users.iter().map(|u| u["Username"].as_str().unwrap().to_owned()).collect()))
}

#[tokio::test]
async fn over_http_proficiencies_and_attributes_are_searched_too() {
    let sim = world(|_| {});
    let server = served(&sim).await;
    let url = server.url();
    let level = |value: &str, number: Value| {
        json!({ "SearchCriteria": { "ListCondition": { "TargetListType": "PROFICIENCIES", "Conditions": [
            { "StringCondition": { "FieldName": "Language", "Value": value, "ComparisonType": "EXACT" } },
            { "NumberCondition": number },
        ] } } })
    };
    let number = |comparison: &str, min: Option<f32>, max: Option<f32>| {
        let mut condition = json!({ "FieldName": "limit", "ComparisonType": comparison });
        for (member, value) in [("MinValue", min), ("MaxValue", max)] {
            if let Some(value) = value {
                condition[member] = json!(value);
            }
        }
        condition
    };
    for (comparison, min, max, wanted) in [
        ("GREATER_OR_EQUAL", Some(3.0), None, vec!["a", "b"]),
        ("GREATER", Some(3.0), None, vec!["a"]),
        ("LESSER_OR_EQUAL", None, Some(3.0), vec!["b", "c"]),
        ("LESSER", None, Some(3.0), vec!["c"]),
        ("EQUAL", Some(3.0), None, vec!["b"]),
        ("NOT_EQUAL", Some(3.0), None, vec!["a", "c"]),
        ("RANGE", Some(2.0), Some(4.0), vec!["b"]),
    ] {
        let body = level("german", number(comparison, min, max));
        assert_eq!(found(&url, body).await.unwrap(), wanted, "{comparison}");
    }
    assert!(found(&url, level("english", number("GREATER", Some(0.0), None))).await.unwrap().is_empty());
    assert_eq!(found(&url, level("german", number("RANGE", Some(2.0), None))).await, Err(invalid_parameter()));

    let emea = sim.hierarchy_group_arn(&instance(), "/EMEA").unwrap();
    let group = json!({ "Value": emea, "HierarchyGroupMatchType": "WITH_CHILD_GROUPS" });
    let red = json!({ "TagKey": "team", "TagValue": "red" });
    let attributes = |filter: Value| json!({ "SearchFilter": { "UserAttributeFilter": filter } });
    for (filter, wanted) in [
        (json!({ "HierarchyGroupCondition": group }), vec!["a", "b"]),
        (json!({ "TagCondition": red }), vec!["b"]),
        (
            json!({ "AndCondition": { "TagConditions": [{ "TagKey": "team", "TagValue": "blue" }], "HierarchyGroupCondition": group } }),
            vec!["a"],
        ),
        (json!({ "OrConditions": [{ "TagConditions": [red] }, { "TagConditions": [{ "TagKey": "cleo" }] }] }), vec!["b", "c"]),
    ] {
        assert_eq!(found(&url, attributes(filter.clone())).await.unwrap(), wanted, "{filter}");
    }
    let both =
        json!({ "SearchFilter": { "UserAttributeFilter": { "TagCondition": red }, "TagFilter": { "TagCondition": red } } });
    assert_eq!(found(&url, both).await, Err((403, "AccessDeniedException".into())));
    let two = json!({ "SearchCriteria": { "AndConditions": [], "OrConditions": [] } });
    assert_eq!(found(&url, two).await, Err(invalid_parameter()));
    server.stop().await.unwrap();
}
