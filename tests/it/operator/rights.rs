//! What the rights that `deploy/` gives the operator allow, and what they do not.

use std::path::Path;

use super::{
    process::Page,
    scene::{Setting, scene},
};
use crate::support::{eventually, plane};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_operator_may_do_what_it_does_and_nothing_else() {
    let scene = scene("rights").await;
    let kubectl = plane().kubectl().with_kubeconfig(&Setting::kubeconfig());
    for (verb, resource, allowed) in [
        ("list", "connectusers.connect-operator.dev", true),
        ("watch", "connectusers.connect-operator.dev", true),
        ("patch", "connectusers.connect-operator.dev", true),
        ("patch", "connectusers.connect-operator.dev/status", true),
        ("create", "connectusers.connect-operator.dev", false),
        ("update", "connectusers.connect-operator.dev", false),
        ("delete", "connectusers.connect-operator.dev", false),
        ("deletecollection", "connectusers.connect-operator.dev", false),
        ("get", "secrets", true),
        ("list", "secrets", false),
        ("watch", "secrets", false),
        ("create", "secrets", false),
        ("patch", "secrets", false),
        ("update", "secrets", false),
        ("delete", "secrets", false),
        ("create", "events.events.k8s.io", true),
        ("get", "namespaces", true),
        ("list", "namespaces", false),
        ("patch", "namespaces", false),
        ("get", "configmaps", false),
        ("get", "pods", false),
        ("get", "leases.coordination.k8s.io", false),
        ("create", "leases.coordination.k8s.io", false),
        ("patch", "leases.coordination.k8s.io", false),
        ("create", "serviceaccounts/token", false),
        ("impersonate", "users", false),
        ("escalate", "clusterroles.rbac.authorization.k8s.io", false),
    ] {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let subresource = format!("--subresource={subresource}");
        let output = kubectl.output(&["auth", "can-i", verb, resource, &subresource, "-n", scene.namespace()]).unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert_eq!(answer.trim(), if allowed { "yes" } else { "no" }, "{verb} {resource} {subresource}");
    }
}

/// The operator's own namespace, which its kubeconfig names here and its service account's token in a pod.
const HOME: &str = "connect-operator-system";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_operator_leads_with_the_lease_that_it_may_have_and_with_no_other() {
    let scene = Setting::shared("rights").flag("--leader-elect").start().await;
    eventually("the operator leads", || scene.operator.metric("connect_operator_leader") == 1.0);
    let holder = plane().kubectl().run(&["get", "lease", "connect-operator", "-n", HOME, "-o=jsonpath={.spec.holderIdentity}"]);
    assert!(scene.operator.log().contains(&format!(r#""identity":"{}""#, holder.unwrap())));

    let kubectl = plane().kubectl().with_kubeconfig(&Setting::kubeconfig());
    for (verb, lease, allowed) in [
        ("get", "/connect-operator", true),
        ("create", "", true),
        ("patch", "/connect-operator", true),
        ("update", "/connect-operator", false),
        ("delete", "/connect-operator", false),
        ("list", "", false),
        ("watch", "", false),
        ("get", "/kube-scheduler", false),
        ("patch", "/kube-scheduler", false),
    ] {
        let lease = format!("leases.coordination.k8s.io{lease}");
        let output = kubectl.output(&["auth", "can-i", verb, &lease, "-n", HOME]).unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert_eq!(answer.trim(), if allowed { "yes" } else { "no" }, "{verb} {lease}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_operator_that_may_not_have_its_lease_is_alive_and_says_what_it_lacks() {
    let elsewhere = Setting::shared("rights").flag("--leader-elect").flag("--leader-election-namespace=default");
    let mut scene = elsewhere.start().await;
    let refusal =
        "could not read Lease default/connect-operator: leases.coordination.k8s.io \\\"connect-operator\\\" is forbidden";
    eventually("it says what it lacks", || scene.operator.log().contains(refusal));
    assert_eq!(scene.operator.get(Page::Alive).0, 200);
    let (status, text) = scene.operator.get(Page::Ready);
    assert!(status == 503 && text.contains("may the operator get, create and patch leases"), "{status} {text}");
    assert_eq!(scene.operator.metric("connect_operator_leader"), 0.0);
    scene.operator.terminate();
    assert_eq!(scene.operator.ended().code(), Some(0), "{}", scene.operator.log_tail());
}

#[test]
fn the_api_server_takes_the_deployment_as_it_is_shipped() {
    Setting::kubeconfig();
    let deployment = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/deployment.yaml");
    let arguments = ["apply", "--dry-run=server", "--validate=strict", "--filename", deployment.to_str().unwrap()];
    let output = plane().kubectl().output(&arguments).unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
