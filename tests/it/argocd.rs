//! What is installed in Argo CD. What its health check says of each state is in docs/states.md (operator/states.rs).

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    golden,
    judges::{HEALTH_CHECK, judge},
    support::plane,
};

/// The key under which Argo CD looks for a health check: API group and kind.
const KEY: &str = "resource.customizations.health.connect-operator.dev_ConnectUser";

#[test]
fn the_config_map_installs_the_health_check_as_it_is() {
    let check = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(HEALTH_CHECK)).unwrap();
    let indented: String = check.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect();
    let head = "\
# Has Argo CD understand ConnectUsers. It goes beside what the ConfigMap holds already:
#   kubectl apply --server-side --field-manager=connect-operator-health --filename=argocd-cm.yaml
# Made of health.lua by the tests; do not edit.
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
  namespace: argocd
  labels:
    app.kubernetes.io/part-of: argocd
data:
";
    let map = format!("{head}  {KEY}: |\n{indented}");
    let read: Value = serde_saphyr::from_str(&map).unwrap();
    assert_eq!(read["data"][KEY], check);
    golden::file("deploy/argocd/argocd-cm.yaml", &map);
}

#[test]
fn the_config_map_leaves_alone_what_argo_cd_is_configured_with() {
    let kubectl = plane().kubectl();
    kubectl.run(&["create", "namespace", "argocd"]).unwrap();
    kubectl.run(&["create", "configmap", "argocd-cm", "--namespace=argocd", "--from-literal=admin.enabled=false"]).unwrap();
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/argocd/argocd-cm.yaml");
    let file = format!("--filename={}", map.display());
    kubectl.run(&["apply", "--server-side", "--field-manager=connect-operator-health", &file]).unwrap();
    let read = kubectl.run(&["get", "configmap", "argocd-cm", "--namespace=argocd", "--output=json"]).unwrap();
    let read: Value = serde_json::from_str(&read).unwrap();
    let keys: Vec<_> = read["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["admin.enabled", KEY]);
}

#[test]
fn the_health_check_reads_what_the_operator_never_writes_as_unfinished() {
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
