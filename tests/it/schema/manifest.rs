//! A valid ConnectUser with every field set, from which tests change one thing.

use serde_json::{Value, json};

/// The instance that the manifest's user belongs to.
pub const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001";
/// Another instance, in another account and Region.
pub const OTHER_INSTANCE: &str = "arn:aws:connect:eu-central-1:210987654321:instance/22222222-aaaa-4bbb-8ccc-000000000002";

/// Returns a spec with every field set.
pub fn full_spec() -> Value {
    json!({
        "instanceArn": INSTANCE,
        "username": "jane.doe@example.com",
        "passwordSecretRef": { "name": "jane-password", "key": "initial" },
        "directoryUserId": "d-9067123456",
        "identityInfo": {
            "firstName": "Jane",
            "lastName": "Doe",
            "email": "jane.doe@example.com",
            "secondaryEmail": "jane@example.org",
            "mobile": "+12065550101",
        },
        "phoneConfig": {
            "phoneType": "DESK_PHONE",
            "autoAccept": true,
            "afterContactWorkTimeLimit": 30,
            "deskPhoneNumber": "+12065550102",
            "persistentConnection": true,
        },
        // The other lists would repeat the settings of phoneConfig.
        "voiceEnhancementConfigs": [{ "channel": "VOICE", "voiceEnhancementMode": "VOICE_ISOLATION" }],
        "routingProfileArn": format!("{INSTANCE}/routing-profile/33333333-aaaa-4bbb-8ccc-000000000003"),
        "securityProfileArns": [
            format!("{INSTANCE}/security-profile/44444444-aaaa-4bbb-8ccc-000000000004"),
            format!("{INSTANCE}/security-profile/55555555-aaaa-4bbb-8ccc-000000000005"),
        ],
        "hierarchyGroupArn": format!("{INSTANCE}/agent-group/66666666-aaaa-4bbb-8ccc-000000000006"),
        "userProficiencies": [
            { "attributeName": "connect:Language", "attributeValue": "connect:Spanish", "level": 4 },
            { "attributeName": "connect:Language", "attributeValue": "connect:French", "level": 2 },
        ],
        "tags": { "team": "Blue", "cost center/2": "EMEA @ 7" },
        "region": "us-west-2",
    })
}

/// Returns a spec with the required fields only.
pub fn least_spec() -> Value {
    let mut spec = full_spec();
    let needed = ["instanceArn", "username", "routingProfileArn", "securityProfileArns"];
    spec.as_object_mut().unwrap().retain(|name, _| needed.contains(&name.as_str()));
    spec
}

/// Moves the user and all references of its spec to another instance.
pub fn move_to(spec: &mut Value, instance: &str) {
    *spec = serde_json::from_str(&spec.to_string().replace(INSTANCE, instance)).unwrap();
}

/// A ConnectUser.
pub fn resource(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "connect-operator.dev/v1alpha1",
        "kind": "ConnectUser",
        "metadata": { "name": name },
        "spec": spec,
    })
}
