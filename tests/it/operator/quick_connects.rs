//! What happens to the quick connects of a deleted user.

use connect_api::{OperationName, UserId};
use connect_sim::{Effect, Fault, QuickConnectTarget};
use serde_json::json;

use super::scene::{Scene, Setting, scene};

const FLAG: &str = "--delete-quick-connects";

/// Creates quick connects that point to both users, to a queue and to a number, and waits until the index shows them.
fn point(scene: &Scene<'_>, leaver: &UserId, stayer: &UserId) {
    let create = |name: &str, target| scene.sim.create_quick_connect(&scene.instance(), name, target);
    create("Leaver", QuickConnectTarget::User(leaver.to_string()));
    create("Leaver, by ARN", QuickConnectTarget::User(scene.arn_of(leaver)));
    create("Stayer", QuickConnectTarget::User(stayer.to_string()));
    create("Support", QuickConnectTarget::Queue("queue-1".into()));
    create("Doctor", QuickConnectTarget::PhoneNumber("+12065550100".into()));
    scene.sim.advance(std::time::Duration::from_secs(60));
}

/// Creates two users, with quick connects of which two point to the user that is deleted later.
async fn with_quick_connects(scene: &Scene<'_>) -> UserId {
    scene.applied("leaver", &json!({})).await;
    scene.applied("stayer", &json!({})).await;
    let leaver = scene.live("leaver").user.id;
    point(scene, &leaver, &scene.live("stayer").user.id);
    scene.sim.reset_calls();
    leaver
}

fn names(scene: &Scene<'_>) -> Vec<String> {
    scene.sim.quick_connects(&scene.instance()).into_iter().map(|view| view.quick_connect.name).collect()
}

const ALL: [&str; 5] = ["Doctor", "Leaver", "Leaver, by ARN", "Stayer", "Support"];

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn quick_connects_stay_by_default() {
    let scene = scene("quick").await;
    with_quick_connects(&scene).await;
    scene.delete("leaver").await;
    scene.gone("leaver").await;
    assert_eq!(names(&scene), ALL);
    let calls = scene.sim.calls();
    assert_eq!((calls.of(OperationName::SearchQuickConnects), calls.writes()), (0, 1), "{calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn only_quick_connects_of_the_deleted_user_are_deleted() {
    let scene = Setting::shared("quick").flag(FLAG).start().await;
    let leaver = with_quick_connects(&scene).await;
    scene.delete("leaver").await;
    scene.gone("leaver").await;
    assert_eq!(names(&scene), ["Doctor", "Stayer", "Support"]);
    let calls = scene.sim.calls();
    assert_eq!((calls.of(OperationName::DeleteQuickConnect), calls.writes()), (2, 3), "{calls:#?}");
    let note = scene.event_note("leaver", "QuickConnectsDeleted").await;
    assert!(note.contains(leaver.as_str()) && note.contains("\"Leaver\"") && note.contains("\"Leaver, by ARN\""), "{note}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn quick_connects_of_a_retained_user_stay() {
    let scene = Setting::shared("quick").flag(FLAG).start().await;
    with_quick_connects(&scene).await;
    scene.applied("leaver", &json!({ "deletionPolicy": "Retain" })).await;
    scene.applied("stayer", &json!({ "managementPolicy": "Observe" })).await;
    for name in ["leaver", "stayer"] {
        scene.delete(name).await;
        scene.gone(name).await;
    }
    assert_eq!(names(&scene), ALL);
    assert_eq!(scene.sim.calls().of(OperationName::SearchQuickConnects), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn denied_quick_connect_calls_are_reported_and_block_nothing() {
    let scene = Setting::shared("quick").flag(FLAG).start().await;
    with_quick_connects(&scene).await;
    scene.sim.deny([OperationName::DeleteQuickConnect]);
    scene.delete("leaver").await;
    scene.gone("leaver").await;
    assert_eq!(names(&scene), ALL);
    assert_eq!(scene.sim.users(&scene.instance()).len(), 1, "the user itself is gone");
    let note = scene.event_note("leaver", "QuickConnectsLeft").await;
    for part in ["\"Leaver\"", "connect:SearchQuickConnects", "connect:DescribeQuickConnect", "connect:DeleteQuickConnect"] {
        assert!(note.contains(part), "{part}: {note}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn quick_connect_failures_are_retried_and_lost_replies_harmless() {
    let scene = Setting::shared("quick").flag(FLAG).start().await;
    with_quick_connects(&scene).await;
    scene.sim.inject(Fault::on(OperationName::SearchQuickConnects, Effect::internal_error()));
    scene.sim.inject(Fault::on(OperationName::DeleteQuickConnect, Effect::LostReply));
    scene.delete("leaver").await;
    scene.gone("leaver").await;
    assert_eq!(names(&scene), ["Doctor", "Stayer", "Support"]);
    assert_eq!(scene.sim.calls().of(OperationName::DeleteUser), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn crash_after_the_users_deletion_still_deletes_quick_connects() {
    let mut scene = Setting::shared("quick").flag(FLAG).flag("--settle-window=1s").start().await;
    with_quick_connects(&scene).await;
    let id = scene.operator.id();
    scene.sim.after_next(OperationName::DeleteUser, move |_| super::process::kill(id));
    scene.delete("leaver").await;
    scene.operator.start_again();
    scene.gone("leaver").await;
    assert_eq!(names(&scene), ["Doctor", "Stayer", "Support"]);
    assert_eq!(scene.sim.calls().of(OperationName::DeleteUser), 1);
}
