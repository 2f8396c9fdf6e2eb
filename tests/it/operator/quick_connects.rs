//! What becomes of the quick connects of a user that goes.

use connect_api::{OperationName, UserId};
use connect_sim::{Effect, Fault, QuickConnectTarget};
use serde_json::json;

use super::scene::{Scene, Setting, scene};

const FLAG: &str = "--delete-quick-connects";

/// Somebody points quick connects to both users, and others to a queue and a number; then the index shows them.
fn point(scene: &Scene<'_>, leaver: &UserId, stayer: &UserId) {
    let create = |name: &str, target| scene.sim.create_quick_connect(&scene.instance(), name, target);
    create("Leaver", QuickConnectTarget::User(leaver.to_string()));
    create("Leaver, by ARN", QuickConnectTarget::User(scene.arn_of(leaver)));
    create("Stayer", QuickConnectTarget::User(stayer.to_string()));
    create("Support", QuickConnectTarget::Queue("queue-1".into()));
    create("Doctor", QuickConnectTarget::PhoneNumber("+12065550100".into()));
    scene.sim.advance(std::time::Duration::from_secs(60));
}

/// Two users, with quick connects of which two point to the one that is about to leave.
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
async fn they_stay_unless_that_is_asked_for() {
    let scene = scene("quick").await;
    with_quick_connects(&scene).await;
    scene.delete("leaver").await;
    scene.gone("leaver").await;
    assert_eq!(names(&scene), ALL);
    let calls = scene.sim.calls();
    assert_eq!((calls.of(OperationName::SearchQuickConnects), calls.writes()), (0, 1), "{calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn those_that_point_to_the_deleted_user_go_and_no_others() {
    let scene = Setting::shared("quick").flag(FLAG).start().await;
    let leaver = with_quick_connects(&scene).await;
    scene.delete("leaver").await;
    scene.gone("leaver").await;
    assert_eq!(names(&scene), ["Doctor", "Stayer", "Support"]);
    let calls = scene.sim.calls();
    assert_eq!((calls.of(OperationName::DeleteQuickConnect), calls.writes()), (2, 3), "{calls:#?}");
    let note = scene.told("leaver", "QuickConnectsDeleted").await;
    assert!(note.contains(leaver.as_str()) && note.contains("\"Leaver\"") && note.contains("\"Leaver, by ARN\""), "{note}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn those_of_a_user_that_stays_stay_too() {
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
async fn what_aws_denies_is_told_and_keeps_no_resource() {
    let scene = Setting::shared("quick").flag(FLAG).start().await;
    with_quick_connects(&scene).await;
    scene.sim.deny([OperationName::DeleteQuickConnect]);
    scene.delete("leaver").await;
    scene.gone("leaver").await;
    assert_eq!(names(&scene), ALL);
    assert_eq!(scene.sim.users(&scene.instance()).len(), 1, "the user itself is gone");
    let note = scene.told("leaver", "QuickConnectsLeft").await;
    for told in ["\"Leaver\"", "connect:SearchQuickConnects", "connect:DescribeQuickConnect", "connect:DeleteQuickConnect"] {
        assert!(note.contains(told), "{told}: {note}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_connect_that_fails_is_tried_again_and_a_reply_that_is_lost_does_no_harm() {
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
async fn an_operator_that_dies_after_the_user_went_takes_them_up_again() {
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
