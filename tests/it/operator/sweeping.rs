//! The batch look for drift: a whole instance in two calls, and one by one only whom it is worth.

use std::time::Duration;

use connect_api::{DeleteUser, IdentityInfo, OperationName, UpdateUserIdentityInfo, UpdateUserRoutingProfile};
use connect_sim::Calls;
use serde_json::json;

use super::scene::{Scene, Setting, is_ready};
use crate::support::eventually;

const COMPLETE: &str = "connect_operator_sweeps_total{result=\"complete\"}";

/// Often, and so that nobody is looked at by himself.
pub fn swept() -> Setting<'static> {
    Setting::shared("sweeping").flag("--sweep-interval=1s")
}

/// Waits for a sweep that began after this call.
pub fn next_sweep(scene: &Scene<'_>) {
    // The one that is under way may have seen what was before.
    let after = scene.operator.metric(COMPLETE) + 2.0;
    eventually("a sweep", || scene.operator.metric(COMPLETE) >= after);
}

fn reads(calls: &Calls) -> u64 {
    calls.of(OperationName::DescribeUser) + calls.of(OperationName::ListUserProficiencies)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_sweep_finds_what_was_changed_and_reads_nobody_else() {
    let scene = swept().start().await;
    let agents = ["rerouted", "renamed", "one", "two", "three"];
    for agent in agents {
        scene.applied(agent, &json!({ "identityInfo": { "firstName": "A", "lastName": "B", "email": "a@example.com" } })).await;
    }
    next_sweep(&scene);
    assert_eq!(reads(&scene.sim.calls()), 0, "what the operator itself has written is no news: {:#?}", scene.sim.calls());

    let before = agents.map(|agent| scene.live(agent).user.routing_profile_id);
    scene.sim.advance(Duration::from_secs(5));
    scene.sim.reset_calls();
    // SearchUsers shows the one; of the other it only shows in the list that something was changed.
    let routing_profile_id = scene.sim.routing_profile_id(&scene.instance(), "Sales").unwrap();
    let user = scene.live("rerouted").user.id;
    scene.console(UpdateUserRoutingProfile { instance: scene.instance(), user, routing_profile_id }).await;
    let user = scene.live("renamed").user;
    let identity_info = IdentityInfo { email: Some("meddled@example.com".into()), ..user.identity_info };
    scene.console(UpdateUserIdentityInfo { instance: scene.instance(), user: user.id, identity_info }).await;

    assert!(scene.told("rerouted", "DriftCorrected").await.contains("routingProfileArn"));
    assert!(scene.told("renamed", "DriftCorrected").await.contains("identityInfo.email"));
    assert_eq!(agents.map(|agent| scene.live(agent).user.routing_profile_id), before);
    assert_eq!(scene.live("renamed").user.identity_info.email.as_deref(), Some("a@example.com"));
    // Until then the index shows what was put right as it was before.
    scene.sim.advance(Duration::from_secs(5));
    next_sweep(&scene);
    let calls = scene.sim.calls();
    assert_eq!(calls.writes(), 2, "{calls:#?}");
    // Each is read once before it is put right, and again by sweeps to which the index still shows it as it was.
    assert!((2..=6).contains(&calls.of(OperationName::DescribeUser)), "{calls:#?}");
    scene.sim.reset_calls();
    next_sweep(&scene);
    assert_eq!(reads(&scene.sim.calls()), 0, "{:#?}", scene.sim.calls());
}

/// Whatever SearchUsers shows otherwise than DescribeUser, and AWS does not document: each user is worth a look for it, and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_search_that_always_shows_something_else_costs_one_look_and_hides_no_change() {
    let rules = connect_sim::Rules { search_lists_in_milliseconds: false, ..connect_sim::Rules::default() };
    let scene = swept().rules(rules).start().await;
    // A thousand seconds: taken for a thousand milliseconds, if these lists are in seconds.
    let work = json!([{ "channel": "CHAT", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 1000 } }]);
    scene.applied("agent", &json!({ "afterContactWorkConfigs": work })).await;
    // SearchUsers shows it a little later.
    scene.sim.advance(Duration::from_secs(5));
    eventually("it is looked at", || reads(&scene.sim.calls()) > 0);
    next_sweep(&scene);
    scene.sim.reset_calls();
    next_sweep(&scene);
    next_sweep(&scene);
    assert_eq!(reads(&scene.sim.calls()), 0, "{:#?}", scene.sim.calls());
    assert!(scene.operator.log_tail().contains("\"disputed\":1"), "{}", scene.operator.log_tail());

    let routing_profile_id = scene.sim.routing_profile_id(&scene.instance(), "Sales").unwrap();
    let user = scene.live("agent").user.id;
    scene.console(UpdateUserRoutingProfile { instance: scene.instance(), user, routing_profile_id }).await;
    scene.sim.advance(Duration::from_secs(5));
    assert!(scene.told("agent", "DriftCorrected").await.contains("routingProfileArn"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_user_that_is_gone_is_found_missing_and_created_again() {
    let scene = swept().flag("--settle-window=1s").start().await;
    let first = scene.applied("phoenix", &json!({})).await.status.unwrap().user_id.unwrap();
    scene.console(DeleteUser { instance: scene.instance(), user: first.as_str().into() }).await;
    let recorded = |user: &connect_operator::api::ConnectUser| user.status.as_ref().and_then(|s| s.user_id.clone());
    scene.until("phoenix", "another", |user| is_ready(user) && recorded(user).is_some_and(|id| id != first)).await;
    assert_eq!(scene.sim.users(&scene.instance()).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_operator_that_starts_over_users_in_sync_reads_none_of_them_by_itself() {
    let mut scene = swept().start().await;
    for agent in ["one", "two", "three", "four", "five"] {
        scene.applied(agent, &json!({})).await;
    }
    scene.operator.terminate();
    scene.operator.ended();
    scene.sim.advance(Duration::from_secs(300));
    let routing_profile_id = scene.sim.routing_profile_id(&scene.instance(), "Sales").unwrap();
    let user = scene.live("three").user.id;
    scene.console(UpdateUserRoutingProfile { instance: scene.instance(), user, routing_profile_id }).await;
    scene.sim.reset_calls();
    scene.operator.start_again();
    assert!(scene.told("three", "DriftCorrected").await.contains("routingProfileArn"), "what happened meanwhile is found");
    let calls = scene.sim.calls();
    assert_eq!(calls.writes(), 1, "{calls:#?}");
    assert!((1..=2).contains(&reads(&calls)), "only the one that was changed: {calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn where_an_instance_may_not_be_swept_its_users_are_looked_at_one_by_one() {
    let scene = swept().flag("--drift-interval=3s").start().await;
    scene.sim.deny([OperationName::SearchUsers]);
    scene.applied("agent", &json!({})).await;
    scene.sim.reset_calls();
    eventually("it is looked at", || scene.sim.calls().of(OperationName::DescribeUser) >= 2);
    assert!(scene.operator.log_tail().contains("connect:SearchUsers"), "{}", scene.operator.log_tail());
    assert!(scene.operator.metric("connect_operator_sweeps_total{result=\"failed\"}") >= 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_edit_of_a_user_that_was_seen_lately_costs_its_call_and_no_read() {
    let scene = Setting::shared("sweeping").flag("--sweep-interval=1h").start().await;
    scene.applied("agent", &json!({})).await;
    scene.sim.reset_calls();
    scene.applied("agent", &json!({ "routingProfileArn": scene.routing_profile("Sales") })).await;
    let calls = scene.sim.calls();
    assert_eq!((reads(&calls), calls.writes(), calls.of(OperationName::UpdateUserRoutingProfile)), (0, 1, 1), "{calls:#?}");

    // Names that the spec does not manage would be sent with the others.
    scene.sim.reset_calls();
    let other = json!({ "firstName": "Other", "lastName": "agent" });
    scene.applied("agent", &json!({ "routingProfileArn": scene.routing_profile("Sales"), "identityInfo": other })).await;
    let calls = scene.sim.calls();
    assert_eq!((reads(&calls), calls.writes()), (1, 1), "{calls:#?}");

    // Somebody who asks for a look gets one.
    scene.sim.reset_calls();
    scene.requeue("agent").await;
    assert_eq!(scene.sim.calls().of(OperationName::DescribeUser), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whose_turn_has_come_is_read_however_lately_it_was_seen() {
    let scene = Setting::shared("sweeping").flag("--sweep-interval=1h").flag("--drift-interval=2s").start().await;
    scene.applied("agent", &json!({})).await;
    let routing_profile_id = scene.sim.routing_profile_id(&scene.instance(), "Sales").unwrap();
    scene
        .console(UpdateUserRoutingProfile { instance: scene.instance(), user: scene.live("agent").user.id, routing_profile_id })
        .await;
    assert!(scene.told("agent", "DriftCorrected").await.contains("routingProfileArn"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_edit_that_rests_on_what_a_user_no_longer_is_comes_to_what_the_spec_asks() {
    let scene = Setting::shared("sweeping").flag("--sweep-interval=1h").flag("--settle-window=1s").start().await;
    let first = scene.applied("agent", &json!({})).await.status.unwrap().user_id.unwrap();
    scene.console(DeleteUser { instance: scene.instance(), user: first.as_str().into() }).await;
    scene.applied("agent", &json!({ "routingProfileArn": scene.routing_profile("Sales") })).await;
    let user = scene.live("agent").user;
    assert_ne!(user.id.as_str(), first, "it was deleted, which an edit notices by its own call");
    assert_eq!(user.routing_profile_id, scene.sim.routing_profile_id(&scene.instance(), "Sales"));
}
