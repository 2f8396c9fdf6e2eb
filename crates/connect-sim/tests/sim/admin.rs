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
