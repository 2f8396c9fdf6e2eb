//! What happens to the quick connects of a deleted user.

use connect_api::{OperationName, UserId};
use connect_sim::QuickConnectTarget;
use serde_json::json;

use super::harness::{Harness, harness};

const FLAG: &str = "--delete-quick-connects";

/// Creates quick connects that point to both users, to a queue and to a number, and waits until the index shows them.
fn point(harness: &Harness<'_>, leaver: &UserId, stayer: &UserId) {
    let create = |name: &str, target| harness.sim.create_quick_connect(&harness.instance(), name, target);
    create("Leaver", QuickConnectTarget::User(leaver.to_string()));
    create("Leaver, by ARN", QuickConnectTarget::User(harness.arn_of(leaver)));
    create("Stayer", QuickConnectTarget::User(stayer.to_string()));
    create("Support", QuickConnectTarget::Queue("queue-1".into()));
    create("Doctor", QuickConnectTarget::PhoneNumber("+12065550100".into()));
    harness.sim.advance(std::time::Duration::from_secs(60));
}

/// Creates two users, with quick connects of which two point to the user that is deleted later.
async fn with_quick_connects(harness: &Harness<'_>) -> UserId {
    harness.apply_until_ready("leaver", &json!({})).await;
    harness.apply_until_ready("stayer", &json!({})).await;
    let leaver = harness.live("leaver").user.id;
    point(harness, &leaver, &harness.live("stayer").user.id);
    harness.sim.reset_calls();
    leaver
}

fn names(harness: &Harness<'_>) -> Vec<String> {
    harness.sim.quick_connects(&harness.instance()).into_iter().map(|view| view.quick_connect.name).collect()
}

const ALL: [&str; 5] = ["Doctor", "Leaver", "Leaver, by ARN", "Stayer", "Support"];

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn quick_connects_stay_by_default() {
    let harness = harness("quick").await;
    with_quick_connects(&harness).await;
    harness.delete_until_gone("leaver").await;
    assert_eq!(names(&harness), ALL);
    let calls = harness.sim.calls();
    assert_eq!((calls.of(OperationName::SearchQuickConnects), calls.writes()), (0, 1), "{calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn only_quick_connects_of_the_deleted_user_are_deleted() {
    let harness = Harness::builder("quick").flag(FLAG).start().await;
    let leaver = with_quick_connects(&harness).await;
    harness.delete_until_gone("leaver").await;
    assert_eq!(names(&harness), ["Doctor", "Stayer", "Support"]);
    let calls = harness.sim.calls();
    assert_eq!((calls.of(OperationName::DeleteQuickConnect), calls.writes()), (2, 3), "{calls:#?}");
    let note = harness.wait_for_event("leaver", "QuickConnectsDeleted").await;
    assert!(note.contains(leaver.as_str()) && note.contains("\"Leaver\"") && note.contains("\"Leaver, by ARN\""), "{note}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn quick_connects_of_a_retained_user_stay() {
    let harness = Harness::builder("quick").flag(FLAG).start().await;
    with_quick_connects(&harness).await;
    harness.apply_until_ready("leaver", &json!({ "deletionPolicy": "Retain" })).await;
    harness.apply_until_ready("stayer", &json!({ "managementPolicy": "Observe" })).await;
    for name in ["leaver", "stayer"] {
        harness.delete_until_gone(name).await;
    }
    assert_eq!(names(&harness), ALL);
    assert_eq!(harness.sim.calls().of(OperationName::SearchQuickConnects), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn denied_quick_connect_calls_are_reported_and_block_nothing() {
    let harness = Harness::builder("quick").flag(FLAG).start().await;
    with_quick_connects(&harness).await;
    harness.sim.deny([OperationName::DeleteQuickConnect]);
    harness.delete_until_gone("leaver").await;
    assert_eq!(names(&harness), ALL);
    assert_eq!(harness.sim.users(&harness.instance()).len(), 1, "the user itself is gone");
    let note = harness.wait_for_event("leaver", "QuickConnectsLeft").await;
    for part in ["\"Leaver\"", "connect:SearchQuickConnects", "connect:DescribeQuickConnect", "connect:DeleteQuickConnect"] {
        assert!(note.contains(part), "{part}: {note}");
    }
}
