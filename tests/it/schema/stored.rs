//! Objects that an earlier definition took: a stricter rule must not make them read-only.

use connect_operator::api::crd_yaml;
use serde_json::{Value, json};

use super::manifest::{INSTANCE, least_spec, resource};
use crate::support::{define, eventually, own_control_plane, read};

#[test]
fn object_of_an_earlier_definition_stays_editable() {
    let plane = own_control_plane();
    let kubectl = plane.kubectl();
    define(&plane, &read("crds/released/v0.0.1.yaml"));
    let arn = INSTANCE.replace("aaaa", "AAAA");
    let spec: Value = serde_json::from_str(&least_spec().to_string().replace(INSTANCE, &arn)).unwrap();
    let stored = |spec: &Value| resource("stored", spec).to_string();
    kubectl.run_with_input(&["create", "--filename=-", "--namespace=default"], &stored(&spec)).unwrap();

    define(&plane, &crd_yaml().unwrap());
    // The API server takes a moment to serve the new rules.
    eventually("the new rule is served", || {
        let another = resource("another", &spec).to_string();
        kubectl.run_with_input(&["create", "--dry-run=server", "--filename=-", "--namespace=default"], &another).is_err()
    });
    let patch = |subresource: &[&str], patch: Value| {
        let text = format!("--patch={patch}");
        let arguments = ["patch", "cuser", "stored", "--namespace=default", "--type=merge", &text];
        kubectl.run(&[&arguments[..], subresource].concat())
    };
    patch(&[], json!({ "metadata": { "finalizers": ["connect-operator.dev/finalizer"] } })).unwrap();
    patch(&["--subresource=status"], json!({ "status": { "observedGeneration": 1 } })).unwrap();
    patch(&[], json!({ "spec": { "identityInfo": { "lastName": "Roe" } } })).unwrap();
    let refused = patch(&[], json!({ "spec": { "instanceArn": arn.replace("AAAA", "BBBB") } })).unwrap_err();
    assert!(format!("{refused:#}").contains("instanceArn"), "{refused:#}");
    patch(&[], json!({ "metadata": { "finalizers": null } })).unwrap();
    kubectl.run(&["delete", "cuser", "stored", "--namespace=default"]).unwrap();
}
