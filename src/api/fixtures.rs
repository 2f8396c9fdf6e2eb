//! Resources for unit tests.

use serde_json::{Value, json};

use super::{ConnectUser, ConnectUserSpec};

/// Returns the JSON of a resource with the required fields and these changes.
pub(crate) fn json_of(changes: Value) -> Value {
    let instance = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001";
    let mut resource = json!({
        "apiVersion": "connect-operator.dev/v1alpha1",
        "kind": "ConnectUser",
        "metadata": { "name": "jane", "namespace": "sales" },
        "spec": {
            "instanceArn": instance,
            "username": "jane.doe",
            "routingProfileArn": format!("{instance}/routing-profile/r-1"),
            "securityProfileArns": [format!("{instance}/security-profile/s-1")],
        },
    });
    merge(&mut resource, changes);
    resource
}

pub(crate) fn resource(changes: Value) -> ConnectUser {
    serde_json::from_value(json_of(changes)).unwrap()
}

pub(crate) fn spec(changes: Value) -> ConnectUserSpec {
    resource(json!({ "spec": changes })).spec
}

pub(crate) fn merge(into: &mut Value, changes: Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) => {
            changes.into_iter().for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value));
        }
        (into, changes) => *into = changes,
    }
}
