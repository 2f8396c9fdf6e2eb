//! The configuration for Argo CD: a health check, whose verdict on each state is in docs/states.md (operator/states.rs), and
//! actions.

use connect_operator::api::{PAUSED, RECONCILE_REQUESTED_AT};
use serde_json::{Value, json};

use crate::{
    golden,
    health_checkers::{HEALTH_CHECK, act, judge, judge_by},
    support::{plane, read, repository},
};

/// The key of a health check in Argo CD: API group and kind.
const KEY: &str = "resource.customizations.health.connect-operator.dev_ConnectUser";
/// The key of the actions that it offers.
const ACTIONS: &str = "resource.customizations.actions.connect-operator.dev_ConnectUser";

const DISCOVERY: &str = "deploy/argocd/actions/discovery.lua";

fn action(name: &str) -> String {
    format!("deploy/argocd/actions/{name}.lua")
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}", " ".repeat(by)).trim_end().to_owned() + "\n").collect()
}

#[test]
fn config_map_contains_the_health_check_and_the_actions() {
    let names = ["pause", "reconcile-now", "resume"];
    let definition = |name: &str| format!("- name: {name}\n  action.lua: |\n{}", indented(&read(&action(name)), 4));
    let definitions: String = names.into_iter().map(definition).collect();
    let actions = format!("discovery.lua: |\n{}definitions:\n{definitions}", indented(&read(DISCOVERY), 2));
    let head = "\
# Has Argo CD understand ConnectUsers. It goes beside what the ConfigMap holds already:
#   kubectl apply --server-side --field-manager=connect-operator-health --filename=argocd-cm.yaml
# Made of health.lua and the files in actions/ by the tests; do not edit.
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
  namespace: argocd
  labels:
    app.kubernetes.io/part-of: argocd
data:
";
    let check = indented(&read(HEALTH_CHECK), 4);
    let map = format!("{head}  {KEY}: |\n{check}  {ACTIONS}: |\n{}", indented(&actions, 4));
    let parsed: Value = serde_saphyr::from_str(&map).unwrap();
    assert_eq!(parsed["data"][KEY], read(HEALTH_CHECK));
    let parsed: Value = serde_saphyr::from_str(parsed["data"][ACTIONS].as_str().unwrap()).unwrap();
    assert_eq!(parsed["discovery.lua"], read(DISCOVERY));
    for (definition, name) in parsed["definitions"].as_array().unwrap().iter().zip(names) {
        assert_eq!((&definition["name"], &definition["action.lua"]), (&json!(name), &json!(read(&action(name)))));
    }
    golden::file("deploy/argocd/argocd-cm.yaml", &map);
}

/// A ConnectUser with these annotations, for an action.
fn annotated(annotations: Value) -> Value {
    json!({
        "apiVersion": "connect-operator.dev/v1alpha1",
        "kind": "ConnectUser",
        "metadata": { "name": "jane", "annotations": annotations },
        "spec": { "username": "jane", "securityProfileNames": ["Agent"] },
    })
}

#[test]
fn the_actions_that_are_offered_are_those_that_do_something() {
    let offered = |annotations: Value| {
        let actions = act(DISCOVERY, &annotated(annotations));
        let offered = actions.as_object().unwrap().iter().filter(|(_, action)| action["disabled"] == false);
        offered.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    for running in [json!(null), json!({ "team": "blue" }), json!({ PAUSED: "false" })] {
        let mut offered = offered(running);
        offered.sort();
        assert_eq!(offered, ["pause", "reconcile-now"]);
    }
    assert_eq!(offered(json!({ PAUSED: "true" })), ["resume"]);
}

#[test]
fn an_action_changes_its_annotation_and_nothing_else() {
    let done = |name: &str, annotations: Value| {
        let before = annotated(annotations);
        let mut after = act(&action(name), &before);
        let annotations = after["metadata"].as_object_mut().unwrap().remove("annotations").unwrap();
        let mut rest = before;
        rest["metadata"].as_object_mut().unwrap().remove("annotations");
        assert_eq!(after, rest);
        annotations
    };
    assert_eq!(done("pause", json!(null)), json!({ PAUSED: "true" }));
    assert_eq!(done("pause", json!({ "team": "blue" })), json!({ "team": "blue", PAUSED: "true" }));
    assert_eq!(done("resume", json!({ "team": "blue", PAUSED: "true" })), json!({ "team": "blue" }));
    let asked = done("reconcile-now", json!({ RECONCILE_REQUESTED_AT: "2026-01-01T00:00:00Z" }));
    let at = asked[RECONCILE_REQUESTED_AT].as_str().unwrap();
    assert!(at.parse::<jiff::Timestamp>().is_ok() && at != "2026-01-01T00:00:00Z", "{at}");
}

#[test]
fn config_map_leaves_other_settings_of_argo_cd_alone() {
    let kubectl = plane().kubectl();
    kubectl.run(&["create", "namespace", "argocd"]).unwrap();
    kubectl.run(&["create", "configmap", "argocd-cm", "--namespace=argocd", "--from-literal=admin.enabled=false"]).unwrap();
    let map = repository("deploy/argocd/argocd-cm.yaml");
    let file = format!("--filename={}", map.display());
    kubectl.run(&["apply", "--server-side", "--field-manager=connect-operator-health", &file]).unwrap();
    let stored = kubectl.run(&["get", "configmap", "argocd-cm", "--namespace=argocd", "--output=json"]).unwrap();
    let parsed: Value = serde_json::from_str(&stored).unwrap();
    let keys: Vec<_> = parsed["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["admin.enabled", ACTIONS, KEY]);
}

#[test]
fn health_check_treats_unknown_statuses_as_unfinished() {
    let says = |status: Value| {
        judge(&json!({
            "apiVersion": "connect-operator.dev/v1alpha1",
            "kind": "ConnectUser",
            "metadata": { "name": "jane", "generation": 1 },
            "status": status,
        }))
    };
    let ready = json!({ "type": "Ready", "status": "True", "reason": "Available", "message": "there" });
    assert_eq!(says(json!({ "observedGeneration": 1, "conditions": [ready] })).argo.status, "Healthy");
    for unfinished in [
        json!(null),
        json!({}),
        json!({ "conditions": [ready] }),
        json!({ "observedGeneration": 1 }),
        json!({ "observedGeneration": 1, "conditions": [] }),
        json!({ "observedGeneration": 1, "conditions": [{ "type": "New", "status": "True" }] }),
        json!({ "observedGeneration": 1, "conditions": [{ "type": "Ready", "status": "Odd" }] }),
    ] {
        assert_eq!(says(unfinished.clone()).argo.status, "Progressing", "{unfinished}");
    }
}

#[test]
fn an_application_is_as_healthy_as_argo_cd_says() {
    let says = |status: Value| {
        let application = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": { "name": "contact-center" },
            "status": status,
        });
        let verdict = judge_by("deploy/argocd/application-health.lua", &application).argo;
        (verdict.status, verdict.message)
    };
    assert_eq!(says(json!({ "health": { "status": "Healthy" } })), ("Healthy".into(), String::new()));
    let degraded = json!({ "health": { "status": "Degraded", "message": "one is" } });
    assert_eq!(says(degraded), ("Degraded".into(), "one is".into()));
    for unknown in [json!(null), json!({}), json!({ "health": {} })] {
        assert_eq!(says(unknown).0, "Progressing");
    }
}
