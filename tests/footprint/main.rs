//! What a ConnectUser costs in memory, and what a pass that has nothing to do allocates: counts of bytes and blocks, which are the same
//! at each run. This is what lets one replica hold a hundred thousand of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use connect_operator::api::ConnectUser;
use serde_json::json;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/285c1043-4c81-4ffa-b5e6-e11154c24c73";

/// An ordinary one in sync, as the API server sends it without what the watch strips off.
fn resource(number: usize) -> String {
    let name = format!("agent-{number:06}");
    let profile = format!("{INSTANCE}/routing-profile/457e3ed7-18b8-4eb5-8237-3a35f5c37c3a");
    let security = format!("{INSTANCE}/security-profile/55cd186d-d109-4bc8-90d3-5365cd00eb94");
    let group = format!("{INSTANCE}/agent-group/1ad1e8f7-8f0d-4f1c-8f0c-2a4f3d1f0b11");
    let identity = json!({ "firstName": "Given", "lastName": name, "email": format!("{name}@example.com") });
    let phone = json!({
        "phoneType": "SOFT_PHONE", "autoAccept": true, "afterContactWorkTimeLimit": 30, "persistentConnection": false,
    });
    let proficiencies = json!([{ "attributeName": "Language", "attributeValue": "German", "level": 4 }]);
    let uid = format!("5c3b1b8e-6c0c-4d0c-9a77-{number:012}");
    let id = format!("0d50e988-178c-842d-851b-{number:012}");
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message, "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        })
    };
    json!({
        "apiVersion": "connect-operator.dev/v1alpha1",
        "kind": "ConnectUser",
        "metadata": {
            "name": name, "namespace": "contact-center", "uid": uid, "resourceVersion": "4711", "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["connect-operator.dev/finalizer"],
        },
        "spec": {
            "instanceArn": INSTANCE, "username": name, "passwordSecretRef": { "name": "initial" }, "identityInfo": identity,
            "phoneConfig": phone, "routingProfileArn": profile, "securityProfileArns": [security], "hierarchyGroupArn": group,
            "userProficiencies": proficiencies, "tags": { "team": "billing", "cost-center": "4711" },
        },
        "status": {
            "observedGeneration": 1, "userId": id, "userArn": format!("{INSTANCE}/agent/{id}"),
            "conditions": [
                condition("Ready", "Available", "the user exists in Connect as the spec asks"),
                condition("Synced", "InSync", "the user in Connect equals the spec"),
                condition("ReferencesResolved", "Resolved", "everything that the spec names was found"),
            ],
            "observed": {
                "username": name, "directoryUserId": id, "identityInfo": identity, "phoneConfig": phone,
                "routingProfileArn": profile, "securityProfileArns": [security], "hierarchyGroupArn": group,
                "userProficiencies": proficiencies,
                "tags": {
                    "team": "billing", "cost-center": "4711", "connect-operator.dev/cluster": "a-cluster",
                    "connect-operator.dev/namespace": "contact-center", "connect-operator.dev/name": name,
                    "connect-operator.dev/uid": uid,
                },
            },
            "appliedTagKeys": ["cost-center", "team"], "lastSyncTime": "2026-01-01T00:00:01Z",
            "createAttempt": { "at": "2026-01-01T00:00:00.123456Z", "clean": true },
            "observedPasswordVersion": format!("{uid}/4711/password"),
        },
    })
    .to_string()
}

#[test]
fn a_resource_takes_little_memory() {
    let texts: Vec<String> = (0..100).map(resource).collect();
    let profiler = dhat::Profiler::builder().testing().build();
    let objects: Vec<Box<ConnectUser>> = texts.iter().map(|text| Box::new(serde_json::from_str(text).unwrap())).collect();
    let stats = dhat::HeapStats::get();
    eprintln!(
        "size_of {} heap {} blocks {}",
        std::mem::size_of::<ConnectUser>(),
        stats.curr_bytes / 100,
        stats.curr_blocks / 100
    );
    eprintln!(
        "spec {} status {} meta {}",
        std::mem::size_of_val(&objects[0].spec),
        std::mem::size_of_val(&objects[0].status),
        std::mem::size_of_val(&objects[0].metadata)
    );
    drop(profiler);
}
