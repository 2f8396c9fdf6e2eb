//! What the rights that `deploy/` gives the operator allow, and what they do not.

use super::scene::{Setting, scene};
use crate::support::plane;

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
