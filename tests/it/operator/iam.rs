//! The policies of `deploy/iam` allow what the operator needs: Connect denies everything else here.

use connect_api::{CreateUser, IdentityInfo, OperationName, UpdateUserRoutingProfile};
use serde_json::{Value, json};

use super::scene::{Scene, Setting, scene, shows};
use crate::support::read;

/// Allows the actions of a policy of `deploy/iam`, and no others.
fn allow_only(scene: &Scene<'_>, policy: &str) {
    let policy: Value = serde_json::from_str(&read(&format!("deploy/iam/{policy}"))).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let allowed: Vec<&str> =
        statements.iter().flat_map(|s| s["Action"].as_array().unwrap()).map(|a| a.as_str().unwrap()).collect();
    let denied = OperationName::ALL.iter().filter(|operation| !allowed.contains(&operation.iam_action().as_str()));
    scene.sim.deny(denied);
}

/// Returns the operations that were denied.
fn denied(scene: &Scene<'_>) -> Vec<String> {
    let operations = scene.sim.calls().operations;
    let denied = operations.into_iter().filter(|(_, calls)| calls.errors.contains_key("AccessDeniedException"));
    denied.map(|(operation, _)| operation).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn policy_without_identity_updates_allows_everything_else() {
    let scene = Setting::shared("iam").flag("--delete-quick-connects").start().await;
    allow_only(&scene, "without-identity-updates.json");
    let manifest = json!({
        "routingProfileArn": null, "routingProfileName": "Basic Routing Profile",
        "hierarchyGroupPath": "/North/Hamburg",
        "userProficiencies": [{ "attributeName": "Language", "attributeValue": "Danish", "level": 3 }],
        "tags": { "team": "blue" },
    });
    scene.applied("agent", &manifest).await;
    let mut edited = manifest.clone();
    edited["routingProfileName"] = json!("Sales");
    edited["hierarchyGroupPath"] = json!("/South/Munich");
    edited["userProficiencies"] = json!([{ "attributeName": "Language", "attributeValue": "French", "level": 5 }]);
    edited["tags"] = json!({});
    edited["autoAcceptConfigs"] = json!([{ "channel": "CHAT", "autoAccept": true }]);
    scene.applied("agent", &edited).await;
    assert_eq!(denied(&scene), Vec::<String>::new());

    edited["identityInfo"] = json!({ "firstName": "Given", "lastName": "Changed" });
    edited["routingProfileName"] = json!("Basic Routing Profile");
    scene.apply("agent", &edited).await;
    let message = scene.shown("agent", "Ready", "False", "AccessDenied").await;
    assert!(message.contains("connect:UpdateUserIdentityInfo"), "{message}");
    let basic = scene.sim.routing_profile_id(&scene.instance(), "Basic Routing Profile");
    assert_eq!(scene.live("agent").user.routing_profile_id, basic, "the rest of the edit is made");
    assert_eq!(denied(&scene), ["UpdateUserIdentityInfo"]);

    scene.applied("another", &json!({})).await;
    for name in ["agent", "another"] {
        scene.delete(name).await;
        scene.gone(name).await;
        assert!(scene.sim.user(&scene.instance(), name).is_none());
    }
    assert_eq!(denied(&scene), ["UpdateUserIdentityInfo"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn observing_needs_read_permissions_only() {
    let scene = Setting::shared("iam").flag("--sweep-interval=1s").start().await;
    allow_only(&scene, "observe-only.json");
    let instance = scene.instance();
    let profile = |name: &str| scene.sim.routing_profile_id(&instance, name).unwrap();
    let created = scene
        .console(CreateUser {
            instance: instance.clone(),
            username: "agent".into(),
            password: Some(connect_api::Password::new("Initial-Passw0rd-5150")),
            identity_info: Some(IdentityInfo {
                first_name: Some("Given".into()),
                last_name: Some("agent".into()),
                ..IdentityInfo::default()
            }),
            phone_config: None,
            channel_configs: Default::default(),
            directory_user_id: None,
            security_profile_ids: [scene.sim.security_profile_id(&instance, "Agent").unwrap()].into(),
            routing_profile_id: profile("Basic Routing Profile"),
            hierarchy_group_id: None,
            tags: Default::default(),
        })
        .await;
    let observed = json!({
        "managementPolicy": "Observe",
        "routingProfileArn": null, "routingProfileName": "Basic Routing Profile",
        "userProficiencies": [],
    });
    scene.applied("agent", &observed).await;
    let edit = UpdateUserRoutingProfile { instance: instance.clone(), user: created.id, routing_profile_id: profile("Sales") };
    scene.console(edit).await;
    scene.until("agent", "seen to differ", |user| shows(user, "Synced", "False", "Drifted")).await;
    scene.delete("agent").await;
    scene.gone("agent").await;
    assert_eq!(denied(&scene), Vec::<String>::new());
    assert_eq!(scene.sim.calls().writes(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn create_with_read_permissions_names_the_missing_action() {
    let scene = scene("iam").await;
    allow_only(&scene, "observe-only.json");
    scene.apply("agent", &json!({})).await;
    let message = scene.shown("agent", "Ready", "False", "AccessDenied").await;
    assert!(message.contains("connect:CreateUser"), "{message}");
}
