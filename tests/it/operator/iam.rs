//! The policies of `deploy/iam` allow what the operator needs: Connect denies everything else here.

use connect_api::OperationName;
use serde_json::{Value, json};

use super::harness::{Harness, has_condition};
use crate::support::read;

/// Allows the actions of a policy of `deploy/iam`, and no others.
fn allow_only(harness: &Harness<'_>, policy: &str) {
    let policy: Value = serde_json::from_str(&read(&format!("deploy/iam/{policy}"))).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let allowed: Vec<&str> =
        statements.iter().flat_map(|s| s["Action"].as_array().unwrap()).map(|a| a.as_str().unwrap()).collect();
    let denied = OperationName::ALL.iter().filter(|operation| !allowed.contains(&operation.iam_action().as_str()));
    harness.sim.deny(denied);
}

/// Returns the operations that were denied.
fn denied(harness: &Harness<'_>) -> Vec<String> {
    let operations = harness.sim.calls().operations;
    let denied = operations.into_iter().filter(|(_, calls)| calls.errors.contains_key("AccessDeniedException"));
    denied.map(|(operation, _)| operation).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn policy_without_identity_updates_allows_everything_else() {
    let harness = Harness::builder("iam").flag("--delete-quick-connects").start().await;
    allow_only(&harness, "without-identity-updates.json");
    let manifest = json!({
        "routingProfileArn": null, "routingProfileName": "Basic Routing Profile",
        "hierarchyGroupPath": "/North/Hamburg",
        "userProficiencies": [{ "attributeName": "Language", "attributeValue": "Danish", "level": 3 }],
        "tags": { "team": "blue" },
    });
    harness.apply_until_ready("agent", &manifest).await;
    let mut edited = manifest.clone();
    edited["routingProfileName"] = json!("Sales");
    edited["hierarchyGroupPath"] = json!("/South/Munich");
    edited["userProficiencies"] = json!([{ "attributeName": "Language", "attributeValue": "French", "level": 5 }]);
    edited["tags"] = json!({});
    edited["autoAcceptConfigs"] = json!([{ "channel": "CHAT", "autoAccept": true }]);
    harness.apply_until_ready("agent", &edited).await;
    assert_eq!(denied(&harness), Vec::<String>::new());

    edited["identityInfo"] = json!({ "firstName": "Given", "lastName": "Changed" });
    edited["routingProfileName"] = json!("Basic Routing Profile");
    harness.apply("agent", &edited).await;
    let message = harness.wait_for_condition("agent", "Ready", "False", "AccessDenied").await;
    assert!(message.contains("connect:UpdateUserIdentityInfo"), "{message}");
    assert!(harness.is_routed("agent", "Basic Routing Profile"), "the rest of the edit is made");
    assert_eq!(denied(&harness), ["UpdateUserIdentityInfo"]);

    harness.apply_until_ready("another", &json!({})).await;
    for name in ["agent", "another"] {
        harness.delete_until_gone(name).await;
        assert!(harness.sim.user(&harness.instance(), name).is_none());
    }
    assert_eq!(denied(&harness), ["UpdateUserIdentityInfo"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn observing_needs_read_permissions_only() {
    let harness = Harness::builder("iam").flag("--sweep-interval=1s").start().await;
    allow_only(&harness, "observe-only.json");
    harness.create_by_hand("agent", |_| {}).await;
    let observed = json!({
        "managementPolicy": "Observe",
        "identityInfo": { "firstName": "By", "lastName": "Hand" },
        "routingProfileArn": null, "routingProfileName": "Sales",
        "securityProfileArns": [harness.security_profile("Admin")],
        "userProficiencies": [],
    });
    harness.apply_until_ready("agent", &observed).await;
    harness.route("agent", "Basic Routing Profile").await;
    harness.wait_until("agent", "drifted", |user| has_condition(user, "Synced", "False", "Drifted")).await;
    harness.delete_until_gone("agent").await;
    assert_eq!(denied(&harness), Vec::<String>::new());
    assert_eq!(harness.sim.calls().writes(), 0);
}
