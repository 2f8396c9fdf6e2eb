//! What changes behind the operator's back is found and put right; what does not change costs nothing.

use connect_api::{DeleteUser, OperationName};
use kube::ResourceExt;
use serde_json::json;

use super::scene::{Setting, scene};
use crate::support::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn passes_over_a_user_in_sync_write_nothing_to_either_side() {
    let scene = Setting::shared("quiet").flag("--drift-interval=300ms").start().await;
    let spec = json!({
        "userProficiencies": [{ "attributeName": "Language", "attributeValue": "Danish", "level": 3 }],
        "tags": { "team": "billing" },
    });
    scene.applied("still", &spec).await;
    // What Connect adds to a user by itself (its directory id) is seen, and noted, at the first look after the creation.
    let before = scene.requeue("still").await;
    scene.sim.reset_calls();
    eventually("ten passes were made", || scene.sim.calls().of(OperationName::DescribeUser) >= 10);
    let calls = scene.sim.calls();
    assert_eq!(calls.writes(), 0, "{calls:#?}");
    assert_eq!(scene.users().get("still").await.unwrap().resource_version(), before.resource_version());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_request_for_a_look_is_answered_once_by_one_read() {
    let scene = scene("asked").await;
    scene.applied("asked", &json!({})).await;
    scene.sim.reset_calls();
    for looks in 1..=3 {
        scene.requeue("asked").await;
        let calls = scene.sim.calls();
        assert_eq!(calls.of(OperationName::DescribeUser), looks, "{calls:#?}");
        assert_eq!(calls.total(), looks, "{calls:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_user_deleted_at_the_console_is_created_again() {
    let scene = Setting::shared("again").flag("--settle-window=1s").flag("--drift-interval=500ms").start().await;
    let first = scene.applied("phoenix", &json!({ "tags": { "team": "billing" } })).await.status.unwrap().user_id.unwrap();
    scene.console(DeleteUser { instance: scene.instance(), user: first.as_str().into() }).await;
    let second = scene
        .until("phoenix", "Ready with another user", |user| {
            let recorded = user.status.as_ref().and_then(|status| status.user_id.as_ref());
            super::scene::is_ready(user) && recorded.is_some_and(|id| *id != first)
        })
        .await;
    let live = scene.live("phoenix");
    assert_eq!(second.status.unwrap().user_id.as_deref(), Some(live.user.id.as_str()));
    assert_eq!(live.user.tags.get("team").map(String::as_str), Some("billing"));
    assert_eq!(scene.sim.users(&scene.instance()).len(), 1);
    assert_eq!(scene.sim.calls().creates["phoenix"].created, 2);
    assert!(scene.event_note("phoenix", "DriftDetected").await.contains(&first));
}
