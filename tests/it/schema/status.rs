//! The status as the API server stores it: its initial value, and room for everything that Connect shows.

use connect_operator::api::{ConnectUser, FIELD_MANAGER};
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use super::manifest::{full_spec, resource};
use crate::support::{client, namespace};

/// Creates a ConnectUser in a namespace and returns its API.
async fn with_jane(namespace: &str) -> Api<ConnectUser> {
    let users: Api<ConnectUser> = Api::namespaced(client().await, namespace);
    let new = serde_json::from_value(resource("jane", &full_spec())).unwrap();
    users.create(&PostParams::default(), &new).await.unwrap();
    users
}

/// Tools wait until `observedGeneration` reaches `generation`: without one, some of them take a new object for a finished one.
#[tokio::test]
async fn new_resource_has_no_observed_generation() {
    let namespace = namespace("status");
    let users = with_jane(namespace.name()).await;
    let observed = users.get("jane").await.unwrap().status.unwrap().observed_generation;
    assert_eq!(observed, -1);

    // The same holds if a status came with it, as from a backup.
    let mut restored = resource("joe", &full_spec());
    restored["status"] = json!({ "observedGeneration": 7, "userId": "user-of-a-backup" });
    users.create(&PostParams::default(), &serde_json::from_value(restored).unwrap()).await.unwrap();
    let status = users.get("joe").await.unwrap().status.unwrap();
    assert_eq!((status.observed_generation, status.user_id), (-1, None));
}

#[tokio::test]
async fn whatever_connect_shows_can_be_stored() {
    let namespace = namespace("observed");
    let users = with_jane(namespace.name()).await;

    let tags: serde_json::Map<_, _> = (0..60).map(|n| (format!("aws:key#{n}"), json!("v".repeat(300)))).collect();
    let observed = json!({
        "username": "a name that no rule lets through/".repeat(10),
        "directoryUserId": "",
        "identityInfo": {
            "firstName": "J".repeat(400),
            "lastName": "D".repeat(400),
            "email": "no address",
            "secondaryEmail": "e".repeat(400),
            "mobile": "555-0101 ext. 7 (ask for Jane, or else try the other number)",
        },
        "phoneConfig": {
            "phoneType": "SOFT_PHONE",
            "autoAccept": false,
            "afterContactWorkTimeLimit": 99_000_000,
            "deskPhoneNumber": "555-0102",
            "persistentConnection": true,
        },
        "autoAcceptConfigs": [
            { "channel": "CHAT", "autoAccept": true, "agentFirstCallbackAutoAccept": true },
            { "channel": "CHAT", "autoAccept": false },
        ],
        "afterContactWorkConfigs": [{
            "channel": "EMAIL",
            "afterContactWorkConfig": { "afterContactWorkTimeLimit": 99_000_000 },
            "agentFirstCallbackAfterContactWorkConfig": { "afterContactWorkTimeLimit": -1 },
        }],
        "phoneNumberConfigs": [{ "channel": "TASK", "phoneType": "SOFT_PHONE", "phoneNumber": "555-0103" }],
        "persistentConnectionConfigs": [{ "channel": "TASK", "persistentConnection": true }],
        "voiceEnhancementConfigs": [{ "channel": "TASK", "voiceEnhancementMode": "NONE" }],
        "routingProfileArn": "r".repeat(400),
        "securityProfileArns": (0..20).map(|n| format!("profile-{n:02}")).collect::<Vec<_>>(),
        "hierarchyGroupArn": "g".repeat(400),
        "userProficiencies": (0..150)
            .map(|n| json!({ "attributeName": "", "attributeValue": "v".repeat(200), "level": n }))
            .collect::<Vec<Value>>(),
        "tags": tags,
    });
    let status = json!({
        "apiVersion": "connect-operator.dev/v1alpha1",
        "kind": "ConnectUser",
        "status": { "observedGeneration": 1, "observed": observed },
    });
    let params = PatchParams::apply(FIELD_MANAGER).validation_strict();
    users.patch_status("jane", &params, &Patch::Apply(status)).await.unwrap();

    let stored = users.get("jane").await.unwrap().status.unwrap();
    assert_eq!(stored.observed_generation, 1);
    assert_eq!(serde_json::to_value(stored.observed.unwrap()).unwrap(), observed);
}
