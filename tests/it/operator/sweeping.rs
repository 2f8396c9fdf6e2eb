//! Sweeps: a whole instance is read in two calls, and only users that may have drifted are read one by one.

use std::time::Duration;

use connect_api::{DeleteUser, IdentityInfo, OperationName, UpdateUserIdentityInfo, UpdateUserRoutingProfile};
use connect_sim::Calls;
use serde_json::json;

use super::scene::{Scene, Setting, is_ready};
use crate::support::eventually;

const COMPLETE: &str = "connect_operator_sweeps_total{result=\"complete\"}";

/// Sweeps often, and reads no user individually on a schedule.
pub fn swept() -> Setting<'static> {
    Setting::shared("sweeping").flag("--sweep-interval=1s")
}

/// Waits for a sweep that began after this call.
pub fn next_sweep(scene: &Scene<'_>) {
    // The sweep that is under way may have read the state before this call.
    let after = scene.operator.metric(COMPLETE) + 2.0;
    eventually("a sweep", || scene.operator.metric(COMPLETE) >= after);
}

fn reads(calls: &Calls) -> u64 {
    calls.of(OperationName::DescribeUser) + calls.of(OperationName::ListUserProficiencies)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sweep_finds_changes_and_reads_only_changed_users() {
    let scene = swept().start().await;
    let agents = ["rerouted", "renamed", "one", "two", "three"];
    for agent in agents {
        scene.applied(agent, &json!({ "identityInfo": { "firstName": "A", "lastName": "B", "email": "a@example.com" } })).await;
    }
    next_sweep(&scene);
    assert_eq!(reads(&scene.sim.calls()), 0, "the operator's own writes are not drift: {:#?}", scene.sim.calls());

    let before = agents.map(|agent| scene.live(agent).user.routing_profile_id);
    scene.sim.advance(Duration::from_secs(5));
    scene.sim.reset_calls();
    // SearchUsers shows the first change. For the second, only the time in ListUsers shows that something changed.
    let routing_profile_id = scene.sim.routing_profile_id(&scene.instance(), "Sales").unwrap();
    let user = scene.live("rerouted").user.id;
    scene.console(UpdateUserRoutingProfile { instance: scene.instance(), user, routing_profile_id }).await;
    let user = scene.live("renamed").user;
    let identity_info = IdentityInfo { email: Some("meddled@example.com".into()), ..user.identity_info };
    scene.console(UpdateUserIdentityInfo { instance: scene.instance(), user: user.id, identity_info }).await;

    assert!(scene.event_note("rerouted", "DriftCorrected").await.contains("routingProfileArn"));
    assert!(scene.event_note("renamed", "DriftCorrected").await.contains("identityInfo.email"));
    assert_eq!(agents.map(|agent| scene.live(agent).user.routing_profile_id), before);
    assert_eq!(scene.live("renamed").user.identity_info.email.as_deref(), Some("a@example.com"));
    // Until then the index still shows the corrected users as they were before.
    scene.sim.advance(Duration::from_secs(5));
    next_sweep(&scene);
    let calls = scene.sim.calls();
    assert_eq!(calls.writes(), 2, "{calls:#?}");
    // Each is read once before it is corrected, and again by sweeps for which the index still shows the old state.
    assert!((2..=6).contains(&calls.of(OperationName::DescribeUser)), "{calls:#?}");
    scene.sim.reset_calls();
    next_sweep(&scene);
    assert_eq!(reads(&scene.sim.calls()), 0, "{:#?}", scene.sim.calls());
}

/// AWS does not document every difference between SearchUsers and DescribeUser: each user is read once because of one, and no
/// more.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn lasting_search_difference_costs_one_read_and_hides_no_change() {
    let rules = connect_sim::Rules { search_lists_in_milliseconds: false, ..connect_sim::Rules::default() };
    let scene = swept().rules(rules).start().await;
    // A thousand seconds: taken for a thousand milliseconds, if these lists are in seconds.
    let work = json!([{ "channel": "CHAT", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 1000 } }]);
    scene.applied("agent", &json!({ "afterContactWorkConfigs": work })).await;
    // SearchUsers shows it a little later.
    scene.sim.advance(Duration::from_secs(5));
    eventually("it is read", || reads(&scene.sim.calls()) > 0);
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
    assert!(scene.event_note("agent", "DriftCorrected").await.contains("routingProfileArn"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deleted_user_is_found_missing_and_created_again() {
    let scene = swept().flag("--settle-window=1s").start().await;
    let first = scene.applied("phoenix", &json!({})).await.status.unwrap().user_id.unwrap();
    scene.console(DeleteUser { instance: scene.instance(), user: first.as_str().into() }).await;
    let recorded = |user: &connect_operator::api::ConnectUser| user.status.as_ref().and_then(|s| s.user_id.clone());
    scene.until("phoenix", "another", |user| is_ready(user) && recorded(user).is_some_and(|id| id != first)).await;
    assert_eq!(scene.sim.users(&scene.instance()).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn restart_with_users_in_sync_reads_only_changed_ones() {
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
    assert!(
        scene.event_note("three", "DriftCorrected").await.contains("routingProfileArn"),
        "a change during the downtime is found"
    );
    let calls = scene.sim.calls();
    assert_eq!(calls.writes(), 1, "{calls:#?}");
    assert!((1..=2).contains(&reads(&calls)), "only the one that was changed: {calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn users_are_read_one_by_one_if_sweeps_are_denied() {
    let scene = swept().flag("--drift-interval=3s").start().await;
    scene.sim.deny([OperationName::SearchUsers]);
    scene.applied("agent", &json!({})).await;
    scene.sim.reset_calls();
    eventually("it is read", || scene.sim.calls().of(OperationName::DescribeUser) >= 2);
    assert!(scene.operator.log_tail().contains("connect:SearchUsers"), "{}", scene.operator.log_tail());
    assert!(scene.operator.metric("connect_operator_sweeps_total{result=\"failed\"}") >= 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn edit_of_a_recently_seen_user_costs_no_read() {
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

    // A requested reconcile reads the user.
    scene.sim.reset_calls();
    scene.requeue("agent").await;
    assert_eq!(scene.sim.calls().of(OperationName::DescribeUser), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_is_read_at_its_interval_even_if_recently_seen() {
    let scene = Setting::shared("sweeping").flag("--sweep-interval=1h").flag("--drift-interval=2s").start().await;
    scene.applied("agent", &json!({})).await;
    let routing_profile_id = scene.sim.routing_profile_id(&scene.instance(), "Sales").unwrap();
    scene
        .console(UpdateUserRoutingProfile { instance: scene.instance(), user: scene.live("agent").user.id, routing_profile_id })
        .await;
    assert!(scene.event_note("agent", "DriftCorrected").await.contains("routingProfileArn"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn edit_based_on_an_outdated_status_still_reaches_the_spec() {
    let scene = Setting::shared("sweeping").flag("--sweep-interval=1h").flag("--settle-window=1s").start().await;
    let first = scene.applied("agent", &json!({})).await.status.unwrap().user_id.unwrap();
    scene.console(DeleteUser { instance: scene.instance(), user: first.as_str().into() }).await;
    scene.applied("agent", &json!({ "routingProfileArn": scene.routing_profile("Sales") })).await;
    let user = scene.live("agent").user;
    assert_ne!(user.id.as_str(), first, "it was deleted, which an edit notices by its own call");
    assert_eq!(user.routing_profile_id, scene.sim.routing_profile_id(&scene.instance(), "Sales"));
}
