//! `/_sim/`.

use connect_api::OperationName as Op;
use connect_sim::Effect;
use serde_json::{Value, json};

use crate::support::*;

async fn json_of(url: &str, method: &str, path: &str, body: Value) -> Raw {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    raw(url, method, path, "Content-Type: application/json\r\n", &body).await.unwrap()
}

#[tokio::test]
async fn calls_and_state_are_read_and_reset() {
    let sim = sim();
    let server = served(&sim).await;
    let url = server.url();
    let user = create(&sim, "jane");
    let calls = json_of(&url, "GET", "/_sim/calls", Value::Null).await.json();
    assert_eq!(calls["operations"]["CreateUser"], json!({ "succeeded": 1, "failed": 0, "errors": {} }));
    assert_eq!(calls["creates"]["jane"], json!({ "attempts": 1, "created": 1 }));
    let state = json_of(&url, "GET", "/_sim/state", Value::Null).await;
    assert!(!state.body.contains("Passw0rd"));
    let shown = &state.json()["instances"][0]["users"][0];
    assert_eq!((&shown["hasPassword"], &shown["user"]["Id"]), (&json!(true), &json!(user.id)));
    assert_eq!(shown["user"]["IdentityInfo"]["FirstName"], "Jane");
    assert_eq!(json_of(&url, "POST", "/_sim/calls/reset", Value::Null).await.status, 200);
    assert_eq!(sim.calls().total(), 0);
}

#[tokio::test]
async fn faults_permissions_quota_and_time_are_set() {
    let sim = sim();
    let server = served(&sim).await;
    let url = server.url();
    for (fault, effect) in [
        (json!({ "effect": { "kind": "lostReply" } }), Effect::LostReply),
        (json!({ "effect": { "kind": "lostRequest" }, "trigger": "always" }), Effect::LostRequest),
        (json!({ "effect": { "kind": "bare429" }, "trigger": { "times": 3 } }), Effect::Bare429),
        (json!({ "effect": { "kind": "accessDenied" }, "skip": 2 }), Effect::AccessDenied),
        (json!({ "effect": { "kind": "delay", "milliseconds": 5 } }), Effect::Delay { milliseconds: 5 }),
        (
            json!({ "operation": "CreateUser", "user": "jane", "trigger": { "probability": 0.5 },
                    "effect": { "kind": "errorAfter", "status": 503 } }),
            Effect::ErrorAfter { status: 503, code: None, message: String::new() },
        ),
        (
            json!({ "effect": { "kind": "error", "status": 500, "code": "InternalServiceException", "message": "Internal failure" } }),
            Effect::internal_error(),
        ),
    ] {
        assert_eq!(json_of(&url, "POST", "/_sim/faults", fault.clone()).await.status, 200, "{fault}");
        assert_eq!(sim.faults()[0].effect, effect);
        let listed = json_of(&url, "GET", "/_sim/faults", Value::Null).await.json();
        assert_eq!(listed[0]["effect"]["kind"], fault["effect"]["kind"]);
        assert_eq!(json_of(&url, "DELETE", "/_sim/faults", Value::Null).await.status, 200);
        assert_eq!(sim.faults(), []);
    }
    for wrong in [
        json!({ "effect": { "kind": "explode" } }),
        json!({ "operation": "CreateUsr", "effect": { "kind": "lostReply" } }),
        json!({ "effect": { "kind": "error", "status": 200 } }),
        json!({ "effect": { "kind": "lostReply" }, "trigger": { "probability": 2 } }),
        json!({ "effect": { "kind": "lostReply" }, "when": "always" }),
    ] {
        let reply = json_of(&url, "POST", "/_sim/faults", wrong.clone()).await;
        assert!((400..500).contains(&reply.status), "{wrong}: {}", reply.status);
    }
    assert_eq!(sim.faults(), []);

    let before = sim.now();
    assert_eq!(json_of(&url, "POST", "/_sim/advance", json!({ "seconds": 90.5 })).await.status, 200);
    assert_eq!(sim.now().duration_since(before).as_millis(), 90_500);
    assert_eq!(json_of(&url, "POST", "/_sim/advance", json!({ "seconds": -1 })).await.status, 400);

    assert_eq!(json_of(&url, "POST", "/_sim/denied", json!({ "operations": ["CreateUser"] })).await.status, 200);
    assert_eq!(refusal(call(&sim, new_user(&sim, "jane"))).1, "AccessDeniedException");
    assert_eq!(json_of(&url, "POST", "/_sim/denied", json!({ "operations": ["CreateUsr"] })).await.status, 400);
    assert_eq!(json_of(&url, "POST", "/_sim/denied", json!({ "operations": [] })).await.status, 200);

    let quota = |instance: &str| json!({ "instance": instance, "users": 0 });
    assert_eq!(json_of(&url, "POST", "/_sim/quota", quota("i-1")).await.status, 200);
    assert_eq!(refusal(call(&sim, new_user(&sim, "jane"))).1, "LimitExceededException");
    assert_eq!(json_of(&url, "POST", "/_sim/quota", quota("i-2")).await.status, 404);
}

#[tokio::test]
async fn the_console_needs_no_signature_and_is_not_counted() {
    let sim = sim();
    let server = served(&sim).await;
    let user = create(&sim, "jane");
    sim.reset_calls();
    sim.deny([Op::UpdateUserIdentityInfo]);
    let body = json!({ "IdentityInfo": { "FirstName": "Human", "LastName": "Hand" } }).to_string();
    assert_eq!(server.console_url(), format!("{}/_sim/console", server.url()));
    let path = format!("/_sim/console/users/i-1/{}/identity-info", user.id);
    assert_eq!(raw(&server.url(), "POST", &path, "", &body).await.unwrap().status, 200);
    let shown = sim.user(&instance(), "jane").unwrap().user.identity_info;
    assert_eq!(shown.first_name.as_deref(), Some("Human"));
    assert_eq!(sim.calls().total(), 0);
}
