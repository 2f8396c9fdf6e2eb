//! The guard against mass deletion: mass deletions wait for a person, and nothing else does.

use connect_api::OperationName;
use connect_operator::api::{CONFIRM_DELETION, ConnectUser};
use serde_json::json;

use super::harness::{Harness, has_condition};
use crate::support::eventually;

/// More than the guard allows without a confirmation.
const AGENTS: usize = 12;

/// Operators of other tests run without the guard.
const AS_SHIPPED: &str = "--deletion-guard-share=0.2";

fn name(number: usize) -> String {
    format!("agent-{number}")
}

/// Starts an operator with the shipped guard and creates users.
async fn with_agents(prefix: &'static str) -> Harness<'static> {
    let harness = Harness::builder(prefix).flag(AS_SHIPPED).start().await;
    harness.apply_all_until_ready(&(0..AGENTS).map(name).collect::<Vec<_>>(), &json!({})).await;
    harness
}

/// Deletes all resources while no operator runs that could release the first of them.
async fn emptied(prefix: &'static str) -> Harness<'static> {
    let mut harness = with_agents(prefix).await;
    harness.operator.stop();
    harness.kubectl(&["delete", "cuser", "--all", "--wait=false"]);
    harness.sim.reset_calls();
    harness.operator.start_again();
    for number in 0..AGENTS {
        harness.wait_until(&name(number), "held", |user| has_condition(user, "Ready", "False", "DeletionHeld")).await;
    }
    harness
}

/// The annotation that confirms all deletions so far.
fn confirmed_now() -> String {
    format!("{CONFIRM_DELETION}={:.0}", jiff::Timestamp::now())
}

/// Returns the message of the condition Ready.
fn message(user: &ConnectUser) -> String {
    let mut conditions = user.status.iter().flat_map(|status| &status.conditions);
    conditions.find(|c| c.type_ == "Ready").map(|c| c.message.clone()).unwrap_or_default()
}

fn users(harness: &Harness<'_>) -> usize {
    harness.sim.users(&harness.instance()).len()
}

fn held(harness: &Harness<'_>) -> f64 {
    harness.operator.sum("connect_operator_deletions_held", |labels| labels.contains("resource_namespace"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn mass_deletion_is_held_until_a_person_confirms_it() {
    let harness = emptied("guarding").await;
    assert_eq!((users(&harness), harness.sim.calls().of(OperationName::DeleteUser)), (AGENTS, 0));
    assert_eq!(held(&harness), 12.0);
    let note = harness.wait_for_event(&name(0), "DeletionHeld").await;
    assert!(
        note.contains(&format!("12 of the 12 users with a ConnectUser in namespace {:?}", harness.namespace()))
            && note.contains("20% and 10 users in 1h"),
        "{note}"
    );
    assert!(note.contains(&format!("kubectl annotate connectuser --namespace {}", harness.namespace())), "{note}");

    // What is not a time confirms nothing, and the condition says so.
    harness.kubectl(&["annotate", "cuser", &name(3), &format!("{CONFIRM_DELETION}=true")]);
    let says = |text: &'static str| move |user: &ConnectUser| message(user).contains(text);
    harness.wait_until(&name(3), "annotated wrongly", says("is \"true\", which confirms nothing")).await;
    // Nor does a time before the deletion.
    harness.kubectl(&["annotate", "cuser", &name(3), "--overwrite", &format!("{CONFIRM_DELETION}=2026-01-01T00:00:00Z")]);
    harness.wait_until(&name(3), "annotated too early", says("confirms only deletions that were requested by then")).await;
    assert_eq!((users(&harness), held(&harness)), (AGENTS, 12.0));

    // One deletion is confirmed: that user is deleted immediately, and no other.
    harness.kubectl(&["annotate", "cuser", &name(3), "--overwrite", &confirmed_now()]);
    harness.wait_until_gone(&name(3)).await;
    // One user is retained: its resource is deleted without it.
    harness.kubectl(&["patch", "cuser", &name(4), "--type=merge", r#"--patch={"spec":{"deletionPolicy":"Retain"}}"#]);
    harness.wait_until_gone(&name(4)).await;
    assert_eq!((users(&harness), harness.sim.calls().of(OperationName::DeleteUser)), (AGENTS - 1, 1));
    // The API server shows that a resource is gone before the operator has received the event.
    eventually("ten are held", || held(&harness) == 10.0);

    // The remaining deletions are within the limit by now, but they stay held, also after a restart.
    let mut harness = harness;
    harness.operator.terminate();
    harness.operator.start_again();
    eventually("they are held", || held(&harness) == 10.0);
    assert_eq!(harness.sim.calls().of(OperationName::DeleteUser), 1);

    harness.kubectl(&["annotate", "cuser", "--all", "--overwrite", &confirmed_now()]);
    for number in (0..AGENTS).filter(|number| *number != 3 && *number != 4) {
        harness.wait_until_gone(&name(number)).await;
    }
    assert_eq!(users(&harness), 1, "the retained one");
    eventually("none is held", || held(&harness) == 0.0);
}

/// A confirmation disarms the guard for one deletion, not for the resources that carry it.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn survivors_of_a_confirmed_deletion_are_held_the_next_time() {
    let mut harness = with_agents("guarding").await;
    let long_ago = format!("{CONFIRM_DELETION}={}", jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5));
    harness.kubectl(&["annotate", "cuser", "--all", &long_ago]);
    harness.operator.stop();
    harness.kubectl(&["delete", "cuser", "--all", "--wait=false"]);
    harness.operator.start_again();
    for number in 0..AGENTS {
        harness.wait_until(&name(number), "held", |user| has_condition(user, "Ready", "False", "DeletionHeld")).await;
    }
    assert_eq!(users(&harness), AGENTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn creates_and_edits_continue_while_deletions_are_held() {
    let harness = emptied("guarding").await;
    harness.apply_until_ready("newcomer", &json!({})).await;
    harness.apply_until_ready("newcomer", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    assert_eq!(users(&harness), AGENTS + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deletions_up_to_the_limit_need_no_confirmation() {
    let harness = with_agents("guarding").await;
    for number in 0..10 {
        harness.delete_until_gone(&name(number)).await;
    }
    assert_eq!(users(&harness), 2);
    // The eleventh deletion within the hour exceeds the limit.
    harness.delete(&name(10)).await;
    harness.wait_until(&name(10), "held", |user| has_condition(user, "Ready", "False", "DeletionHeld")).await;
    assert_eq!(users(&harness), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn deletions_up_to_the_limit_may_happen_at_once() {
    let harness = with_agents("guarding").await;
    let names: Vec<String> = (0..10).map(name).collect();
    // Each is still in the cache when the next one is checked, and counts only once.
    let ten: Vec<&str> = ["delete", "cuser", "--wait=false"].into_iter().chain(names.iter().map(String::as_str)).collect();
    harness.kubectl(&ten);
    for name in &names {
        harness.wait_until_gone(name).await;
    }
    assert_eq!((users(&harness), held(&harness)), (2, 0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn new_limit_releases_held_deletions() {
    let mut harness =
        Harness::builder("guarding").flag("--deletion-guard-count=1").flag("--deletion-guard-share=0.1").start().await;
    for number in 0..3 {
        harness.apply_until_ready(&name(number), &json!({})).await;
    }
    harness.operator.stop();
    harness.kubectl(&["delete", "cuser", "--all", "--wait=false"]);
    harness.operator.start_again();
    harness.wait_until(&name(0), "held", |user| has_condition(user, "Ready", "False", "DeletionHeld")).await;
    harness.operator.stop();
    harness.operator.start_again_with(&["--deletion-guard-count=10"]);
    for number in 0..3 {
        harness.wait_until_gone(&name(number)).await;
    }
    assert_eq!(users(&harness), 0);
}
