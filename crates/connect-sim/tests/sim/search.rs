//! SearchUsers: all users, or the one with a username.

use connect_api::SearchUsers;
use connect_sim::{Config, Sim};
use serde_json::{Value, json};

use crate::support::*;

/// A simulator with three users and an index without lag.
fn sim_with_three_users() -> Sim {
    let sim = Sim::new(Config { search_lag: seconds(0), ..config() }).unwrap();
    for username in ["anna", "bert", "cleo"] {
        create(&sim, username);
    }
    sim
}

/// Searches over HTTP. Returns the number of users that match, or the error.
async fn found(url: &str, mut body: Value) -> Result<usize, (u16, String)> {
    body["InstanceId"] = json!("i-1");
    let reply = raw(url, "POST", "/search-users", SIGNED, &body.to_string()).await.unwrap();
    if reply.status != 200 {
        let (status, code) = reply.error();
        return Err((status, code.to_owned()));
    }
    let json = reply.json();
    let users = json["Users"].as_array().unwrap().len();
    assert_eq!(json["ApproximateTotalCount"], users);
    Ok(users)
}

#[tokio::test]
async fn users_are_found_by_their_whole_name_without_case() {
    let server = served(&sim_with_three_users()).await;
    for (username, wanted) in [("BERT", 1), ("ber", 0)] {
        let condition = json!({ "FieldName": "Username", "Value": username, "ComparisonType": "EXACT" });
        let body = json!({ "SearchCriteria": { "StringCondition": condition } });
        assert_eq!(found(&server.url(), body).await, Ok(wanted), "{username}");
    }
    assert_eq!(found(&server.url(), json!({})).await, Ok(3));
}

#[tokio::test]
async fn other_searches_are_refused() {
    let server = served(&sim_with_three_users()).await;
    let condition = |field: &str, comparison: &str| json!({ "StringCondition": { "FieldName": field, "Value": "bert", "ComparisonType": comparison } });
    for body in [
        json!({ "SearchCriteria": condition("FirstName", "EXACT") }),
        json!({ "SearchCriteria": condition("username", "EXACT") }),
        json!({ "SearchCriteria": condition("Username", "CONTAINS") }),
        json!({ "SearchCriteria": { "OrConditions": [condition("Username", "EXACT")] } }),
        json!({ "SearchFilter": { "TagFilter": { "TagCondition": { "TagKey": "team" } } } }),
    ] {
        assert_eq!(found(&server.url(), body.clone()).await, Err(invalid_parameter()), "{body}");
    }
}

#[test]
fn a_token_is_valid_for_its_own_query_only() {
    let sim = sim_with_three_users();
    let request = |next_token, username| SearchUsers { instance: instance(), max_results: 2, next_token, username };
    let first = call(&sim, request(None, None)).unwrap();
    assert_eq!(refusal(call(&sim, request(first.next_token.clone(), Some("bert".into())))), invalid_parameter());
    let second = call(&sim, request(first.next_token, None)).unwrap();
    assert_eq!((second.items.len(), second.next_token), (1, None));
}
