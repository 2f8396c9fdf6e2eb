//! The samples for Argo CD and Flux: they name existing files, and apply the operator before its ConnectUsers.

use serde_json::{Value, json};

use crate::{
    chart::{CHART, documents},
    support::read,
};

fn sample(path: &str) -> Vec<Value> {
    documents(&read(path))
}

fn named<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name).unwrap()
}

/// Returns the tag of a release of this version.
const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

#[test]
fn argo_cd_applies_the_operator_first_and_prunes_it_last() {
    let applications = sample("deploy/argocd/applications.yaml");
    let wave = |name: &str| -> i32 {
        let waves = &named(&applications, "Application", name)["metadata"]["annotations"];
        waves["argocd.argoproj.io/sync-wave"].as_str().unwrap().parse().unwrap()
    };
    assert!(wave("connect-operator") < wave("contact-center"));
    let source = &named(&applications, "Application", "connect-operator")["spec"]["source"];
    assert_eq!((&source["path"], &source["targetRevision"]), (&json!(CHART), &json!(TAG)));
    for application in &applications {
        // Deleting an Application waits until its objects are gone.
        assert_eq!(application["metadata"]["finalizers"], json!(["resources-finalizer.argocd.argoproj.io"]));
    }
}

#[test]
fn flux_applies_users_after_the_operator_and_waits_for_them() {
    let objects = [sample("deploy/flux/operator.yaml"), sample("deploy/flux/kustomizations.yaml")].concat();
    let release = named(&objects, "HelmRelease", "connect-operator");
    assert_eq!(release["spec"]["chart"]["spec"]["chart"], CHART);
    assert_eq!(named(&objects, "GitRepository", "connect-operator")["spec"]["ref"]["tag"], TAG);

    let operator = named(&objects, "Kustomization", "connect-operator");
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": release["spec"]["releaseName"],
        "namespace": release["spec"]["targetNamespace"],
    });
    assert!(operator["spec"]["healthChecks"].as_array().unwrap().contains(&deployment));

    let users = &named(&objects, "Kustomization", "contact-center")["spec"];
    assert_eq!(users["dependsOn"], json!([{ "name": "connect-operator" }]));
    assert_eq!((&users["wait"], &users["deletionPolicy"]), (&json!(true), &json!("WaitForTermination")));
}
