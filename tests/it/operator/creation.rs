//! A manifest becomes a user.

use connect_api::OperationName;
use connect_operator::api::FINALIZER;
use k8s_openapi::ByteString;
use kube::{Api, ResourceExt, api::DynamicObject, discovery::ApiResource};
use serde_json::json;
use testbed::{ExtraTags, user_matches};

use super::harness::{Harness, PASSWORD, SECRET, harness};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn manifest_becomes_a_user_and_proficiencies_by_two_writes() {
    let harness = harness("creating").await;
    let user = harness
        .apply_until_ready(
            "jane",
            &json!({
                "identityInfo": {
                    "firstName": "Jane",
                    "lastName": "Doe",
                    "email": "jane@example.com",
                    "secondaryEmail": "jane.doe@example.org",
                    "mobile": "+12065550101",
                },
                "phoneConfig": {
                    "phoneType": "DESK_PHONE",
                    "autoAccept": true,
                    "afterContactWorkTimeLimit": 45,
                    "deskPhoneNumber": "+12065550102",
                    "persistentConnection": true,
                },
                "routingProfileArn": harness.routing_profile("Sales"),
                "securityProfileArns": [harness.security_profile("QualityAnalyst"), harness.security_profile("Agent")],
                "hierarchyGroupArn": harness.hierarchy_group("/North/Hamburg"),
                "userProficiencies": [
                    { "attributeName": "Language", "attributeValue": "German", "level": 4 },
                    { "attributeName": "Language", "attributeValue": "Danish", "level": 2 },
                ],
                "tags": { "team": "billing", "cost center": "" },
                "region": "us-west-2",
            }),
        )
        .await;

    let live = harness.live("jane");
    user_matches(&user.spec, &live, &harness.sim, ExtraTags::Refused).unwrap();
    let tag = |key: &str| live.user.tags.get(key).map(String::as_str);
    assert_eq!(tag("connect-operator.dev/uid"), user.uid().as_deref());
    assert_eq!(tag("connect-operator.dev/namespace"), Some(harness.namespace()));
    assert_eq!(tag("connect-operator.dev/name"), Some("jane"));
    assert_eq!(live.user.tags.len(), 6);

    let status = user.status.as_ref().unwrap();
    assert_eq!(status.user_id.as_deref(), Some(live.user.id.as_str()));
    assert_eq!(status.user_arn, Some(harness.arn_of(&live.user.id)));
    assert_eq!(status.observed_generation, 1);
    assert!(status.last_sync_time.is_some());
    let observed = serde_json::to_value(status.observed.as_ref().unwrap()).unwrap();
    for member in ["username", "identityInfo", "phoneConfig", "routingProfileArn", "hierarchyGroupArn"] {
        assert_eq!(observed[member], serde_json::to_value(&user.spec).unwrap()[member], "{member}");
    }
    assert_eq!(observed["securityProfileArns"].as_array().unwrap().len(), 2);
    assert_eq!(observed["userProficiencies"].as_array().unwrap().len(), 2);
    let conditions: Vec<_> = status.conditions.iter().map(|c| (c.type_.as_str(), c.status.as_str(), c.reason.as_str())).collect();
    assert_eq!(
        conditions,
        [("Ready", "True", "Available"), ("Synced", "True", "InSync"), ("ReferencesResolved", "True", "Resolved")]
    );
    assert!(user.finalizers().iter().any(|finalizer| finalizer == FINALIZER));

    // A second read finds nothing to do, and nothing to record except values that only Connect knew.
    let looked = harness.requeue("jane").await.status.unwrap();
    let mut expected = status.clone();
    expected.observed.as_mut().unwrap().directory_user_id = live.user.directory_user_id.clone();
    expected.last_sync_time = looked.last_sync_time;
    expected.last_handled_reconcile_at = looked.last_handled_reconcile_at.clone();
    assert_eq!(looked, expected);
    let calls = harness.sim.calls();
    assert_eq!(calls.of(OperationName::CreateUser), 1);
    assert_eq!(calls.of(OperationName::AssociateUserProficiencies), 1);
    assert_eq!(calls.writes(), 2, "{calls:#?}");
    assert_eq!(harness.users().get("jane").await.unwrap().spec, user.spec, "the operator never writes a spec");

    let note = harness.wait_for_event("jane", "Created").await;
    assert!(note.contains("jane") && note.contains(live.user.id.as_str()), "{note}");
    let table = harness.kubectl(&["get", "cuser", "jane", "--no-headers"]);
    let cells: Vec<_> = table.split_whitespace().collect();
    assert_eq!(cells[..5], ["jane", "True", "True", "jane", "Available"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn password_is_in_no_object_event_metric_or_log() {
    let harness = Harness::builder("silence").flag("--log-level=debug").start().await;
    // A password that Connect accepts, and one that it refuses and might have repeated.
    let refused = "weakbutunmistakable";
    harness.secret("refused", json!({ "password": refused })).await;
    harness.apply_until_ready("accepted", &json!({})).await;
    harness.allow_generated_passwords();
    harness.apply_until_ready("generated", &json!({ "passwordSecretRef": null, "generatePassword": true })).await;
    let generated = harness.password("generated-initial-password").await;
    harness.apply("refused", &json!({ "passwordSecretRef": { "name": "refused" } })).await;
    harness.wait_for_condition("refused", "Ready", "False", "InvalidSpec").await;
    harness.wait_for_event("refused", "CreateFailed").await;
    assert!(harness.live("accepted").has_password && harness.live("generated").has_password);
    // A Secret that changes after the user was created.
    let ignored = "Chang3d-too-late";
    harness.secret(SECRET, json!({ "password": ignored })).await;
    harness.requeue("accepted").await;
    harness.wait_for_event("accepted", "PasswordChangeIgnored").await;

    let resource = ApiResource::erase::<connect_operator::api::ConnectUser>(&());
    let objects: Api<DynamicObject> = Api::namespaced_with(harness.client(), harness.namespace(), &resource);
    let mut output = harness.operator.log();
    assert!(output.contains("DEBUG"), "{output}");
    output += &harness.operator.get("/metrics").1;
    for name in ["accepted", "refused", "generated"] {
        output += &serde_json::to_string(&objects.get(name).await.unwrap()).unwrap();
        output += &serde_json::to_string(&harness.events(name).await).unwrap();
    }
    assert!(output.contains(SECRET), "the name of the Secret is not secret");
    for password in [PASSWORD, refused, ignored, &generated] {
        let encoded = serde_json::to_string(&ByteString(password.into())).unwrap();
        for spelling in [password, encoded.trim_matches('"')] {
            assert!(!output.contains(spelling), "{spelling} was exposed");
        }
    }
}
