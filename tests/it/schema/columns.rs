//! The columns of a ConnectUser in kubectl, and the names under which it is found.

use std::collections::BTreeSet;

use serde_json::json;

use super::manifest::{INSTANCE, full_spec, resource};
use crate::support::{namespace, plane};

const USER: &str = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001/agent/9";

/// The cells of a table. No value here holds a space.
fn cells(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn kubectl_shows_the_columns_that_people_need() {
    let namespace = namespace("columns");
    let kubectl = plane().kubectl();
    let list =
        |arguments: &[&str]| kubectl.run(&[&["get", "cuser", "--namespace", namespace.name()], arguments].concat()).unwrap();
    let input = resource("jane", &full_spec()).to_string();
    kubectl.run_with_input(&["create", "--filename=-", "--namespace", namespace.name()], &input).unwrap();

    let table = list(&[]);
    assert_eq!(cells(&table)[0], ["NAME", "READY", "SYNCED", "USERNAME", "REASON", "AGE"]);
    // Empty cells leave no word: the others have this order.
    assert_eq!(cells(&table)[1][..2], ["jane", "jane.doe@example.com"]);

    let condition = |r#type: &str, status: &str, reason: &str| {
        json!({
            "type": r#type,
            "status": status,
            "reason": reason,
            "message": "a message",
            "lastTransitionTime": "2026-01-02T03:04:05Z",
        })
    };
    let status = json!({ "status": {
        "observedGeneration": 1,
        "userArn": USER,
        "lastSyncTime": "2026-01-02T03:04:05Z",
        "conditions": [condition("Synced", "Unknown", "Throttled"), condition("Ready", "True", "Available")],
    }});
    let patch = format!("--patch={status}");
    let namespaced = ["--namespace", namespace.name()];
    kubectl
        .run(&[&["patch", "cuser", "jane", "--subresource=status", "--type=merge", &patch], &namespaced[..]].concat())
        .unwrap();

    let table = list(&[]);
    assert_eq!(cells(&table)[1][..5], ["jane", "True", "Unknown", "jane.doe@example.com", "Available"]);
    let wide = list(&["--output=wide"]);
    let headers = ["NAME", "READY", "SYNCED", "USERNAME", "REASON", "AGE", "USER-ARN", "INSTANCE", "LAST-SYNC"];
    assert_eq!(cells(&wide)[0], headers);
    assert_eq!(cells(&wide)[1][6..8], [USER, INSTANCE]);
    assert_eq!(cells(&wide)[1].len(), headers.len());
}

#[test]
fn it_is_found_by_every_name_and_category() {
    let namespace = namespace("names");
    let kubectl = plane().kubectl();
    let input = resource("jane", &full_spec()).to_string();
    kubectl.run_with_input(&["create", "--filename=-", "--namespace", namespace.name()], &input).unwrap();
    for name in
        ["cuser", "connectuser", "connectusers", "ConnectUser", "connectusers.v1alpha1.connect-operator.dev", "aws", "connect"]
    {
        let found = kubectl.run(&["get", name, "--namespace", namespace.name(), "--output=name"]).unwrap();
        assert_eq!(found.trim(), "connectuser.connect-operator.dev/jane", "kubectl get {name}");
    }
}

#[test]
fn kubectl_explains_every_field() {
    let explained = plane().kubectl().run(&["explain", "cuser", "--recursive"]).unwrap();
    let words: BTreeSet<_> = explained.split_whitespace().collect();
    let spec = full_spec();
    let fields = spec.as_object().unwrap().keys();
    let missing: Vec<_> = fields.filter(|field| !words.contains(field.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} in\n{explained}");
}
