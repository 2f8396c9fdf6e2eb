//! The guard against mass deletion: mass deletions wait for a person, and nothing else does.

use connect_api::OperationName;
use connect_operator::api::CONFIRM_DELETION;
use serde_json::json;

use super::scene::{Scene, Setting, shows};
use crate::support::eventually;

/// More than the guard allows without a confirmation.
const AGENTS: usize = 12;

/// Operators of other tests run without the guard.
const AS_SHIPPED: &str = "--deletion-guard-share=0.2";

fn name(number: usize) -> String {
    format!("agent-{number}")
}

/// Deletes all resources while no operator runs that could release the first of them.
async fn emptied(prefix: &'static str) -> Scene<'static> {
    let mut scene = Setting::shared(prefix).flag(AS_SHIPPED).start().await;
    for number in 0..AGENTS {
        scene.applied(&name(number), &json!({})).await;
    }
    scene.operator.terminate();
    scene.operator.ended();
    scene.kubectl(&["delete", "cuser", "--all", "--wait=false"]);
    scene.sim.reset_calls();
    scene.operator.start_again();
    for number in 0..AGENTS {
        scene.until(&name(number), "held", |user| shows(user, "Ready", "False", "DeletionHeld")).await;
    }
    scene
}

fn users(scene: &Scene<'_>) -> usize {
    scene.sim.users(&scene.instance()).len()
}

fn held(scene: &Scene<'_>) -> f64 {
    scene.operator.metric("connect_operator_deletions_held")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn mass_deletion_is_held_until_a_person_confirms_it() {
    let scene = emptied("guarding").await;
    assert_eq!((users(&scene), scene.sim.calls().of(OperationName::DeleteUser)), (AGENTS, 0));
    assert_eq!(held(&scene), 12.0);
    let note = scene.event_note(&name(0), "DeletionHeld").await;
    assert!(
        note.contains("12 of the 12 users with a ConnectUser in this instance") && note.contains("20% and 10 users in 1h"),
        "{note}"
    );
    assert!(note.contains(&format!("kubectl annotate connectuser --namespace {}", scene.namespace())), "{note}");

    // One deletion is confirmed: that user is deleted immediately, and no other.
    scene.kubectl(&["annotate", "cuser", &name(3), &format!("{CONFIRM_DELETION}=true")]);
    scene.gone(&name(3)).await;
    // One user is retained: its resource is deleted without it.
    scene.kubectl(&["patch", "cuser", &name(4), "--type=merge", r#"--patch={"spec":{"deletionPolicy":"Retain"}}"#]);
    scene.gone(&name(4)).await;
    assert_eq!((users(&scene), scene.sim.calls().of(OperationName::DeleteUser)), (AGENTS - 1, 1));
    // The API server shows that a resource is gone before the operator has received the event.
    eventually("ten are held", || held(&scene) == 10.0);

    // The remaining deletions are within the limit by now, but they stay held, also after a restart.
    let mut scene = scene;
    scene.operator.terminate();
    scene.operator.start_again();
    eventually("they are held", || held(&scene) == 10.0);
    assert_eq!(scene.sim.calls().of(OperationName::DeleteUser), 1);

    scene.kubectl(&["annotate", "cuser", "--all", &format!("{CONFIRM_DELETION}=true")]);
    for number in (0..AGENTS).filter(|number| *number != 3 && *number != 4) {
        scene.gone(&name(number)).await;
    }
    assert_eq!(users(&scene), 1, "the retained one");
    eventually("none is held", || held(&scene) == 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn creates_and_edits_continue_while_deletions_are_held() {
    let scene = emptied("guarding").await;
    scene.applied("newcomer", &json!({})).await;
    scene.applied("newcomer", &json!({ "routingProfileArn": scene.routing_profile("Sales") })).await;
    assert_eq!(users(&scene), AGENTS + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deletions_up_to_the_limit_need_no_confirmation() {
    let scene = Setting::shared("guarding").flag(AS_SHIPPED).start().await;
    for number in 0..AGENTS {
        scene.applied(&name(number), &json!({})).await;
    }
    for number in 0..10 {
        scene.delete(&name(number)).await;
        scene.gone(&name(number)).await;
    }
    assert_eq!(users(&scene), 2);
    // The eleventh deletion within the hour exceeds the limit.
    scene.delete(&name(10)).await;
    scene.until(&name(10), "held", |user| shows(user, "Ready", "False", "DeletionHeld")).await;
    assert_eq!(users(&scene), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deletions_up_to_the_limit_may_happen_at_once() {
    let scene = Setting::shared("guarding").flag(AS_SHIPPED).start().await;
    let names: Vec<String> = (0..AGENTS).map(name).collect();
    for name in &names {
        scene.applied(name, &json!({})).await;
    }
    // Each is still in the cache when the next one is checked, and counts only once.
    let ten: Vec<&str> = ["delete", "cuser", "--wait=false"].into_iter().chain(names[..10].iter().map(String::as_str)).collect();
    scene.kubectl(&ten);
    for name in &names[..10] {
        scene.gone(name).await;
    }
    assert_eq!((users(&scene), held(&scene)), (2, 0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn new_limit_releases_held_deletions() {
    let mut scene = Setting::shared("guarding").flag("--deletion-guard-count=1").flag("--deletion-guard-share=0.1").start().await;
    for number in 0..3 {
        scene.applied(&name(number), &json!({})).await;
    }
    scene.operator.terminate();
    scene.operator.ended();
    scene.kubectl(&["delete", "cuser", "--all", "--wait=false"]);
    scene.operator.start_again();
    scene.until(&name(0), "held", |user| shows(user, "Ready", "False", "DeletionHeld")).await;
    scene.operator.terminate();
    scene.operator.ended();
    scene.operator.start_again_with(&["--deletion-guard-count=10"]);
    for number in 0..3 {
        scene.gone(&name(number)).await;
    }
    assert_eq!(users(&scene), 0);
}
