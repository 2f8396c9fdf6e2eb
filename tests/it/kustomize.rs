//! The kustomizations in `deploy/`, built by kubectl: the base equals deploy/install.yaml, and the overlays change what they
//! promise.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::{
    chart::documents,
    support::{plane, read, repository},
};

fn built(directory: &str) -> Vec<Value> {
    let path = repository("deploy/kustomize").join(directory);
    objects(&plane().kubectl().run(&["kustomize", path.to_str().unwrap()]).unwrap())
}

fn objects(manifests: &str) -> Vec<Value> {
    let mut objects = documents(manifests);
    objects.iter_mut().for_each(whole);
    objects
}

/// Replaces floats with whole values by integers: kustomize writes 1.0 as 1.
fn whole(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(whole),
        Value::Object(members) => members.values_mut().for_each(whole),
        Value::Number(number) => *value = number.as_f64().map_or(Value::Null, Value::from),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Returns the objects that are in `one` and not in `other`.
fn difference(one: &[Value], other: &[Value]) -> Vec<Value> {
    one.iter().filter(|object| !other.contains(object)).cloned().collect()
}

fn names(objects: &[Value]) -> BTreeSet<String> {
    let name = |object: &Value| format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
    objects.iter().map(name).collect()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

#[test]
fn manifests_rendered_from_the_chart_are_up_to_date() {
    assert_eq!(xtask::generate::stale_manifests().unwrap(), [""; 0], "stale: run `cargo xtask generate`");
}

#[test]
fn base_equals_the_rendered_chart() {
    let (base, install) = (built("base"), objects(&read("deploy/install.yaml")));
    assert_eq!((names(&difference(&base, &install)), names(&difference(&install, &base))), (set([]), set([])));
}

#[test]
fn irsa_overlay_annotates_the_service_account() {
    let (base, overlay) = (built("base"), built("overlays/irsa"));
    let changed = difference(&overlay, &base);
    assert_eq!((names(&changed), overlay.len()), (set(["ServiceAccount connect-operator"]), base.len()));
    let role = &changed[0]["metadata"]["annotations"]["eks.amazonaws.com/role-arn"];
    assert_eq!(role, "arn:aws:iam::123456789012:role/connect-operator");
}

#[test]
fn namespaced_overlay_grants_rights_in_one_namespace_only() {
    let (base, overlay) = (built("base"), built("overlays/namespaced"));
    assert_eq!(names(&difference(&base, &overlay)), set(["ClusterRoleBinding connect-operator", "Deployment connect-operator"]));
    let changed = difference(&overlay, &base);
    assert_eq!(names(&changed), set(["RoleBinding connect-operator", "Deployment connect-operator"]));
    let deployment = changed.iter().find(|object| object["kind"] == "Deployment").unwrap();
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let said = [("CONNECT_OPERATOR_NAMESPACE", "contact-center"), ("CONNECT_OPERATOR_CLUSTER_NAME", "NAME_OF_THIS_CLUSTER")];
    let said = said.map(|(name, value)| json!({ "name": name, "value": value }));
    assert!(container["env"].as_array().unwrap().ends_with(&said), "{container}");
}

#[test]
fn production_overlay_adds_objects_and_changes_none() {
    let (base, overlay) = (built("base"), built("overlays/production"));
    assert_eq!(names(&difference(&base, &overlay)), set([]));
    let added = set([
        "ConfigMap connect-operator-dashboard",
        "NetworkPolicy connect-operator",
        "PrometheusRule connect-operator",
        "ServiceMonitor connect-operator",
    ]);
    assert_eq!(names(&difference(&overlay, &base)), added);
}

#[test]
fn connectusers_component_follows_generated_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("connectusers")).unwrap();
    for file in ["kustomization.yaml", "name-reference.yaml"] {
        let shipped = read(&format!("deploy/kustomize/components/connectusers/{file}"));
        fs::write(path("connectusers").join(file), shipped).unwrap();
    }
    let user = json!({
        "apiVersion": "connect-operator.dev/v1alpha1",
        "kind": "ConnectUser",
        "metadata": { "name": "jane" },
        "spec": { "username": "jane", "passwordSecretRef": { "name": "first-password" } },
    });
    fs::write(path("user.yaml"), user.to_string()).unwrap();
    let kustomization = json!({
        "resources": ["user.yaml"],
        "components": ["connectusers"],
        "namePrefix": "team-",
        "secretGenerator": [{ "name": "first-password", "literals": ["password=Passw0rd"] }],
    });
    fs::write(path("kustomization.yaml"), kustomization.to_string()).unwrap();

    let objects = objects(&plane().kubectl().run(&["kustomize", directory.path().to_str().unwrap()]).unwrap());
    let of = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap();
    let secret = &of("Secret")["metadata"]["name"];
    assert!(secret.as_str().unwrap().starts_with("team-first-password-"), "{secret}");
    assert_eq!(&of("ConnectUser")["spec"]["passwordSecretRef"]["name"], secret);
}
