//! Specs that the API server admits and Connect refuses: a condition says why and what to do, all other resources are still
//! processed, and no restart is needed once the cause is gone.

use connect_api::{DeleteUser, OperationName};
use serde_json::{Value, json};

use super::harness::{Harness, PASSWORD, condition, harness};

/// The expected report of a refusal.
struct Refusal<'a> {
    reason: &'a str,
    /// A part of Connect's message.
    said: &'a str,
    /// A part of the advice.
    advice: &'a str,
    /// The condition besides Ready that shows it: `Stalled` if only a person can help.
    besides: (&'a str, &'a str),
}

const STALLED: (&str, &str) = ("Stalled", "True");

/// Applies a spec that Connect refuses, and checks the conditions and the Event.
async fn is_refused(harness: &Harness<'_>, name: &str, spec: &Value, refusal: Refusal<'_>) {
    let Refusal { reason, said, advice, besides } = refusal;
    harness.apply(name, spec).await;
    let message = harness.wait_for_condition(name, "Ready", "False", reason).await;
    assert!(message.contains(said), "{message:?} does not say {said:?}");
    assert!(message.contains(advice), "{message:?} does not say {advice:?}");
    let user = harness.users().get(name).await.unwrap();
    let besides_it = condition(&user, besides.0).map(|c| (c.type_.as_str(), c.status.as_str()));
    assert_eq!(besides_it, Some(besides));
    let note = harness.wait_for_event(name, "CreateFailed").await;
    assert!(note.contains(reason) && note.contains(said), "{note}");
    assert_eq!(harness.sim.calls().creates.get(name).map_or(0, |creates| creates.created), 0);
}

/// Asserts that another resource in the namespace is not held up, and that the refused call is not repeated meanwhile.
async fn others_go_on(harness: &Harness<'_>, refused: &str) {
    let attempts = || harness.sim.calls().creates.get(refused).map_or(0, |creates| creates.attempts);
    let before = attempts();
    harness.apply_until_ready("other", &json!({})).await;
    harness.requeue("other").await;
    assert_eq!((before, attempts()), (1, 1));
}

/// Requests a reconcile, now that the cause is gone, and waits until the user is ready.
async fn recovers(harness: &Harness<'_>, name: &str) {
    harness.requeue(name).await;
    harness.wait_until_ready(name).await;
    let user = harness.users().get(name).await.unwrap();
    assert!(condition(&user, "Stalled").is_none());
    assert_eq!(harness.sim.calls().creates[name].created, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn unknown_routing_profile_is_reported_until_the_spec_changes() {
    let harness = harness("refused").await;
    let missing = format!("{}-gone", harness.routing_profile("Sales"));
    let refusal = Refusal {
        reason: "DependencyNotFound",
        said: "Routing profile not found",
        advice: "Check instanceArn, routingProfileArn, securityProfileArns and hierarchyGroupArn",
        besides: ("ReferencesResolved", "False"),
    };
    is_refused(&harness, "lost", &json!({ "routingProfileArn": missing }), refusal).await;
    others_go_on(&harness, "lost").await;
    harness.apply_until_ready("lost", &json!({})).await;
    assert_eq!(harness.sim.calls().creates["lost"].created, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn unknown_profile_in_an_edit_does_not_block_the_rest() {
    let harness = harness("refused").await;
    harness.apply_until_ready("editor", &json!({})).await;
    let missing = format!("{}-gone", harness.security_profile("Agent"));
    let both = json!({ "securityProfileArns": [missing], "routingProfileArn": harness.routing_profile("Sales") });
    harness.apply("editor", &both).await;
    let message = harness.wait_for_condition("editor", "Ready", "False", "DependencyNotFound").await;
    assert!(message.contains("Security profile not found") && message.contains("securityProfileArns"), "{message}");
    assert!(harness.is_routed("editor", "Sales"));
    assert_eq!(harness.live("editor").user.security_profile_ids.len(), 1);
    harness.apply_until_ready("editor", &json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_created_by_a_person_is_a_conflict_and_left_alone() {
    let harness = harness("refused").await;
    harness.create_by_hand("taken", |_| {}).await;
    let before = harness.live("taken");
    let refusal =
        Refusal { reason: "Conflict", said: "\"taken\" exists already", advice: "Choose another username", besides: STALLED };
    is_refused(&harness, "taken", &json!({}), refusal).await;
    others_go_on(&harness, "taken").await;
    assert_eq!(harness.live("taken"), before);

    harness.call_at_console(DeleteUser { instance: harness.instance(), user: before.user.id }).await;
    recovers(&harness, "taken").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_of_another_resource_outlives_a_conflicting_resource() {
    let harness = harness("refused").await;
    harness.apply_until_ready("first", &json!({})).await;
    harness.apply("second", &json!({ "username": "first" })).await;
    let message = harness.wait_for_condition("second", "Ready", "False", "Conflict").await;
    assert!(message.contains(&format!("ConnectUser {}/first", harness.namespace())), "{message}");
    harness.delete_until_gone("second").await;
    assert_eq!(harness.sim.calls().of(OperationName::DeleteUser), 0);
    assert_eq!(harness.live("first").user.username, "first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn weak_password_is_reported_until_the_secret_changes() {
    let harness = harness("refused").await;
    harness.secret("weak", json!({ "password": "weak" })).await;
    let refusal = Refusal {
        reason: "InvalidSpec",
        said: "Password must have 8 to 64 characters",
        advice: "Correct the password that passwordSecretRef names: it has fewer than 8 characters",
        besides: STALLED,
    };
    is_refused(&harness, "weakling", &json!({ "passwordSecretRef": { "name": "weak" } }), refusal).await;
    others_go_on(&harness, "weakling").await;
    harness.secret("weak", json!({ "password": PASSWORD })).await;
    recovers(&harness, "weakling").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn exhausted_quota_is_reported_until_it_is_raised() {
    let harness = harness("refused").await;
    harness.apply_until_ready("only", &json!({})).await;
    harness.sim.set_users_quota(&harness.instance(), 1);
    let refusal = Refusal {
        reason: "QuotaExceeded",
        said: "The limit of 1 users for this instance has been reached",
        advice: "Ask AWS to raise the quota",
        besides: STALLED,
    };
    is_refused(&harness, "waiting", &json!({}), refusal).await;
    // No user can be created, but existing ones can be changed.
    harness.apply_until_ready("only", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    harness.sim.set_users_quota(&harness.instance(), 2);
    recovers(&harness, "waiting").await;
}

const DENIED: &str = r#"connect_operator_access_denied{account="123456789012"}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn denied_action_is_named_until_it_is_allowed() {
    let harness = harness("refused").await;
    harness.apply_until_ready("only", &json!({})).await;
    harness.sim.deny([OperationName::CreateUser]);
    let refusal = Refusal {
        reason: "AccessDenied",
        said: "is not authorized to perform: connect:CreateUser",
        advice: "Allow this action in the IAM policy of the operator's role",
        besides: STALLED,
    };
    is_refused(&harness, "denied", &json!({}), refusal).await;
    assert_eq!(harness.operator.metric(DENIED), 1.0);
    harness.apply_until_ready("only", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    harness.sim.deny::<OperationName>([]);
    recovers(&harness, "denied").await;
    assert_eq!(harness.operator.metric(DENIED), 0.0);
}
