//! The batch look for drift: a whole instance in two calls, and one by one only whom it is worth.

use std::time::Duration;

use connect_api::{DeleteUser, IdentityInfo, OperationName, UpdateUserIdentityInfo, UpdateUserRoutingProfile};
use connect_sim::Calls;
use serde_json::json;

use super::{
    policies::by_hand,
    scene::{Scene, Setting, is_ready},
};
use crate::support::eventually;

const COMPLETE: &str = "connect_operator_sweeps_total{result=\"complete\"}";

/// Often, and so that nobody is looked at by himself.
fn swept() -> Setting<'static> {
    Setting::shared("sweeping").flag("--sweep-interval=1s")
}

/// Waits for a sweep that began after this call.
fn next_sweep(scene: &Scene<'_>) {
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
    next_sweep(&scene);
    let calls = scene.sim.calls();
    assert_eq!(calls.writes(), 2, "{calls:#?}");
    // Each is read once before it is put right, and at most once after it, to see that it was.
    assert!((2..=4).contains(&calls.of(OperationName::DescribeUser)), "{calls:#?}");
    scene.sim.reset_calls();
    next_sweep(&scene);
    assert_eq!(reads(&scene.sim.calls()), 0, "{:#?}", scene.sim.calls());
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
async fn users_whose_connectuser_is_lost_are_told_of_and_left_alone() {
    let scene = swept().flag("--cluster-name=lossy").start().await;
    scene.applied("kept", &json!({})).await;
    by_hand(&scene, "lost").await;
    let lost = scene.live("lost").user;
    let tags = [("cluster", "lossy"), ("namespace", scene.namespace()), ("name", "lost"), ("uid", "of-another-life")];
    let tags = tags.map(|(key, value)| (format!("connect-operator.dev/{key}"), value.to_owned())).into();
    scene.console(connect_api::TagResource { arn: lost.arn.clone(), tags }).await;
    let orphans = format!("connect_operator_orphaned_users{{connect_instance=\"{}\"}}", scene.instance());
    eventually("it is counted", || scene.operator.metric(&orphans) == 1.0);
    assert!(scene.operator.log_tail().contains(&lost.arn));
    assert_eq!(scene.live("lost").user.id, lost.id);

    // Applied again, the resource comes back for its user.
    scene.applied("lost", &json!({})).await;
    assert_eq!(scene.live("lost").user.id, lost.id);
    eventually("it is not counted any more", || scene.operator.metric(&orphans) == 0.0);
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
