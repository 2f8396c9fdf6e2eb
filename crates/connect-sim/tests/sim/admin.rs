//! `/_sim/`.

use connect_api::OperationName as Op;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn calls_and_state_are_read() {
    let served = ServedSim::new(sim()).await;
    let user = create(&served.sim, "jane");
    let calls = raw(&served.url(), "GET", "/_sim/calls", "", "").await.unwrap().json();
    assert_eq!(calls["operations"]["CreateUser"], json!({ "succeeded": 1, "failed": 0, "errors": {} }));
    assert_eq!(calls["creates"]["jane"], json!({ "attempts": 1, "created": 1 }));
    let state = raw(&served.url(), "GET", "/_sim/state", "", "").await.unwrap();
    assert!(!state.body.contains("Passw0rd"));
    let shown = &state.json()["instances"][0]["users"][0];
    assert_eq!((&shown["hasPassword"], &shown["user"]["Id"]), (&json!(true), &json!(user.id)));
    assert_eq!(shown["user"]["IdentityInfo"]["FirstName"], "Jane");
}

#[tokio::test]
async fn time_is_moved_forward() {
    let served = ServedSim::new(sim()).await;
    let before = served.sim.now();
    for (body, status) in [(r#"{"seconds":90.5}"#, 200), (r#"{"seconds":-1}"#, 400)] {
        let reply = raw(&served.url(), "POST", "/_sim/advance", "Content-Type: application/json\r\n", body).await.unwrap();
        assert_eq!(reply.status, status, "{body}");
    }
    assert_eq!(served.sim.now().duration_since(before).as_millis(), 90_500);
}

#[tokio::test]
async fn the_console_needs_no_signature_and_is_not_counted() {
    let served = ServedSim::new(sim()).await;
    let user = create(&served.sim, "jane");
    served.sim.reset_calls();
    served.sim.deny([Op::UpdateUserIdentityInfo]);
    let body = json!({ "IdentityInfo": { "FirstName": "Human", "LastName": "Hand" } }).to_string();
    let path = format!("/_sim/console/users/11111111-aaaa-4bbb-8ccc-000000000001/{}/identity-info", user.id);
    assert_eq!(raw(&served.url(), "POST", &path, "", &body).await.unwrap().status, 200);
    let shown = served.sim.user(&instance(), "jane").unwrap().user.identity_info;
    assert_eq!(shown.first_name.as_deref(), Some("Human"));
    assert_eq!(served.sim.calls().total(), 0);
}

#[tokio::test]
async fn faults_are_injected_listed_and_cleared() {
    let served = ServedSim::new(sim()).await;
    let send = async |method: &str, path: &str, body: &str| {
        raw(&served.url(), method, path, "Content-Type: application/json\r\n", body).await.unwrap()
    };
    let faults = [
        json!({ "operation": "CreateUser", "user": "jane", "skip": 1, "trigger": { "times": 2 }, "effect": "lostReply" }),
        json!({ "trigger": { "probability": 0.5 }, "effect": { "delay": { "milliseconds": 5 } } }),
        json!({ "effect": { "error": { "status": 503, "code": "ServiceUnavailable", "message": "later" } } }),
    ];
    for fault in &faults {
        assert_eq!(send("POST", "/_sim/faults", &fault.to_string()).await.status, 200, "{fault}");
    }
    let listed = send("GET", "/_sim/faults", "").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert_eq!(listed[0], faults[0]);
    assert_eq!((&listed[2]["trigger"], &listed[2]["effect"]), (&json!({ "times": 1 }), &faults[2]["effect"]));
    let error = describe(&served.sim, &"unknown".into()).unwrap_err();
    assert_eq!((error.status, error.code.as_deref(), error.message.as_str()), (Some(503), Some("ServiceUnavailable"), "later"));
    assert_eq!(send("DELETE", "/_sim/faults", "").await.status, 200);
    assert_eq!(send("GET", "/_sim/faults", "").await.json(), json!([]));

    for (invalid, reason) in [
        (json!({ "operation": "CreateUsr", "effect": "lostReply" }), "CreateUsr"),
        (json!({ "effect": { "error": { "status": 200 } } }), "200"),
        (json!({ "trigger": { "probability": 2.0 }, "effect": "lostReply" }), "probability"),
        (json!({ "effect": "explosion" }), "explosion"),
        (json!({ "effects": "lostReply" }), "effects"),
    ] {
        let reply = send("POST", "/_sim/faults", &invalid.to_string()).await;
        assert!((400..500).contains(&reply.status) && reply.body.contains(reason), "{invalid}: {reply:?}");
    }
}

#[tokio::test]
async fn operations_are_denied_and_counts_are_reset() {
    let served = ServedSim::new(sim()).await;
    let send = async |method: &str, path: &str, body: &str| {
        raw(&served.url(), method, path, "Content-Type: application/json\r\n", body).await.unwrap().status
    };
    assert_eq!(send("PUT", "/_sim/denied", r#"["DescribeUser"]"#).await, 200);
    assert_eq!(refusal(describe(&served.sim, &"unknown".into())), (403, "AccessDeniedException".into()));
    assert_eq!(send("PUT", "/_sim/denied", r#"["DescribeUsr"]"#).await, 400);
    assert_eq!(send("PUT", "/_sim/denied", "[]").await, 200);
    assert_eq!(refusal(describe(&served.sim, &"unknown".into())), not_found());
    assert_eq!(served.sim.calls().total(), 2);
    assert_eq!(send("DELETE", "/_sim/calls", "").await, 200);
    assert_eq!(served.sim.calls().total(), 0);
}
