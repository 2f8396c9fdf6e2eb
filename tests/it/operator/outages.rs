//! A faulty control plane: no definition yet, an object that cannot be read, an API server that dies.

use std::{fs, net::TcpListener, path::Path};

use connect_operator::api::{crd, crd_yaml};
use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
    discovery::ApiResource,
};
use serde_json::{Value, json};

use super::{harness::Harness, process::Operator};
use crate::support::{define, eventually, own_control_plane, own_plane};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operator_is_not_ready_until_its_definition_is_installed() {
    let plane = own_control_plane();
    let harness = Harness::builder_on(&plane, "early").start().await;
    assert_eq!(harness.operator.get("/healthz").0, 200);
    eventually("it waits for the definition", || {
        let (status, text) = harness.operator.get("/readyz");
        assert_eq!(status, 503);
        text.contains("connectusers listed: not yet")
    });
    let advice = "install the CRD of this version";
    eventually("it says what to do", || harness.operator.get("/readyz").1.contains(advice));
    assert!(harness.operator.log().contains(advice));
    let mut stopped = harness.operator.another();
    eventually("it has tried", || stopped.log().contains(advice));
    assert!(stopped.stop().success(), "{}", stopped.log_tail());

    define(&plane, &crd_yaml().unwrap());
    harness.apply_until_ready("first", &json!({})).await;
    assert_eq!(harness.operator.get("/readyz").0, 200);
}

/// Starts an operator and waits until it is alive, not ready, and says why in its log and in `/readyz`.
fn waits(kubeconfig: &Path, flags: &[&str], why: &[&str]) -> Operator {
    let mut operator = Operator::start(kubeconfig, flags.iter().map(|flag| (*flag).to_owned()).collect(), vec![]);
    eventually("it reports the reasons", || {
        let said = operator.get("/readyz").1;
        why.iter().all(|why| said.contains(why))
    });
    assert_eq!((operator.get("/healthz").0, operator.get("/readyz").0), (200, 503));
    assert!(why[1..].iter().all(|why| operator.log().contains(why)), "{}", operator.log());
    assert!(operator.runs());
    operator
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operator_without_the_right_to_list_reports_it_and_recovers() {
    let plane = own_plane();
    let kubeconfig = plane.service_account_kubeconfig("default", "default").unwrap();
    let no_name =
        waits(&kubeconfig, &[], &["[-] API server", "kube-system", "allows the operator to get it, or set --cluster-name"]);
    drop(no_name);
    let lists = "allow the operator's service account to list and watch connectusers";
    let operator = waits(&kubeconfig, &["--cluster-name=blue"], &["[-] connectusers listed: not yet", lists]);

    // A token that is not valid, as of a service account that was created again.
    let stranger = kubeconfig.with_extension("stranger");
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&kubeconfig).unwrap()).unwrap();
    config["users"][0]["user"]["token"] = json!("not-a-token");
    fs::write(&stranger, config.to_string()).unwrap();
    let why = ["[-] connectusers listed: not yet", "check that the token or certificate"];
    drop(waits(&stranger, &["--cluster-name=blue"], &why));

    let bind = ["create", "clusterrolebinding", "all", "--clusterrole=cluster-admin", "--serviceaccount=default:default"];
    plane.kubectl().run(&bind).unwrap();
    eventually("it is ready", || operator.get("/readyz").0 == 200);
}

/// This happens after a restart if a namespace was deleted together with the operator's Role in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn forbidden_namespace_does_not_block_the_others() {
    let plane = own_plane();
    let (kubeconfig, kubectl) = (plane.service_account_kubeconfig("default", "default").unwrap(), plane.kubectl());
    let bind = |namespace: &str| {
        let role = ["--clusterrole=cluster-admin", "--serviceaccount=default:default"];
        kubectl.run(&["create", "rolebinding", "all", role[0], role[1], "-n", namespace]).unwrap();
    };
    kubectl.run(&["create", "namespace", "north"]).unwrap();
    bind("north");
    let lacks = "[-] connectusers of namespace south: ";
    let flags = ["--cluster-name=blue", "--namespace=north", "--namespace=south"];
    let operator = waits(&kubeconfig, &flags, &[lacks]);
    let said = operator.get("/readyz").1;
    assert!(said.contains("is forbidden") && said.contains("or stop watching it if it no longer exists"), "{said}");
    eventually("it lists the others", || operator.get("/readyz").1.contains("[+] connectusers listed"));
    let paused = |namespace: &str| {
        let spec = json!({
            "instanceArn": "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001", "username": "jane",
            "identityInfo": { "firstName": "Jane" }, "routingProfileName": "Sales", "securityProfileNames": ["Agent"],
            "phoneConfig": { "phoneType": "SOFT_PHONE" },
        });
        let metadata =
            json!({ "name": "jane", "namespace": namespace, "annotations": { "connect-operator.dev/paused": "true" } });
        let user =
            json!({ "apiVersion": "connect-operator.dev/v1alpha1", "kind": "ConnectUser", "metadata": metadata, "spec": spec });
        kubectl.run_with_input(&["apply", "--server-side", "--filename=-"], &user.to_string()).unwrap();
        eventually("it is paused", || {
            let status = kubectl.run(&["get", "cuser", "jane", "-n", namespace, "-o=jsonpath={.status.conditions}"]);
            status.is_ok_and(|conditions| conditions.contains("Paused"))
        });
    };
    paused("north");

    kubectl.run(&["create", "namespace", "south"]).unwrap();
    bind("south");
    eventually("it is ready", || operator.get("/readyz").0 == 200);
    paused("south");

    // A later refusal is logged and counted, and does not affect readiness, so nodes can be drained.
    let refusals =
        || operator.log().lines().filter(|line| line.contains("of namespace south") && line.contains("forbidden")).count();
    let failures = || operator.metric("connect_operator_watch_failures_total");
    let counted = || operator.sum("connect_operator_managed_users", |_| true);
    eventually("both count", || counted() == 2.0);
    let before = (refusals(), failures());
    assert!(before.0 >= 1 && before.1 >= 1.0, "{before:?}");
    kubectl.run(&["delete", "rolebinding", "all", "-n", "south"]).unwrap();
    plane.stop_apiserver();
    plane.start_apiserver().unwrap();
    eventually("it is refused again", || refusals() > before.0);
    assert!(failures() > before.1);
    assert_eq!(operator.get("/readyz").0, 200);
    eventually("its ConnectUsers, which may be gone, no longer count", || counted() == 1.0);

    // Nothing changed in the meantime, so a watch that continued would have no event.
    bind("south");
    eventually("they count again", || counted() == 2.0);
}

#[test]
fn unreachable_api_server_is_reported_and_retried() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for (address, why) in [(mute.local_addr().unwrap(), "no reply in 15 s"), (closed, "onnect")] {
        let kubeconfig = directory.path().join("kubeconfig");
        let named = |name: &str, key: &str, what: Value| json!([{ "name": name, key: what }]);
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": named("it", "cluster", json!({ "server": format!("http://{address}") })),
            "users": named("it", "user", json!({})),
            "contexts": named("it", "context", json!({ "cluster": "it", "user": "it" })),
        });
        fs::write(&kubeconfig, config.to_string()).unwrap();
        waits(&kubeconfig, &[], &["[-] API server", "check that the API server is reachable", why]);
    }
}

fn unreadable(operator: &Operator) -> f64 {
    operator.metric("connect_operator_unreadable_objects")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn unparsable_object_does_not_block_the_others() {
    let plane = own_control_plane();
    let mut loose = serde_json::to_value(crd()).unwrap();
    let spec = &mut loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    spec.as_object_mut().unwrap().remove("x-kubernetes-validations");
    spec["properties"]["securityProfileArns"] = json!({ "x-kubernetes-preserve-unknown-fields": true });
    define(&plane, &loose.to_string());

    let mut harness = Harness::builder_on(&plane, "unreadable").start().await;
    let resource = ApiResource::erase::<connect_operator::api::ConnectUser>(&());
    let objects: Api<DynamicObject> = Api::namespaced_with(harness.client(), harness.namespace(), &resource);
    let garbled = harness.manifest("garbled", &json!({ "securityProfileArns": "a word where a list belongs" }));
    objects.patch("garbled", &PatchParams::apply("git"), &Patch::Apply(garbled)).await.unwrap();
    eventually("the object was seen", || harness.operator.log().contains("cannot be read"));
    eventually("it is counted", || unreadable(&harness.operator) == 1.0);

    harness.apply_until_ready("legible", &json!({})).await;
    assert!(harness.operator.runs());
    assert_eq!(harness.sim.users(&harness.instance()).len(), 1);

    // An operator that starts while the object exists copes with it too.
    harness.operator.terminate();
    harness.operator.start_again();
    harness.apply_until_ready("newcomer", &json!({})).await;
    assert_eq!(harness.operator.get("/readyz").0, 200);
    eventually("it is counted", || unreadable(&harness.operator) == 1.0);

    // Once it is corrected, it is reconciled.
    harness.apply_until_ready("garbled", &json!({})).await;
    eventually("it no longer counts", || unreadable(&harness.operator) == 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operator_survives_a_restart_of_the_api_server() {
    let plane = own_plane();
    let mut harness = Harness::builder_on(&plane, "restart").flag("--drift-interval=500ms").start().await;
    harness.apply_until_ready("before", &json!({})).await;

    plane.stop_apiserver();
    harness.route("before", "Sales").await;
    plane.start_apiserver().unwrap();

    harness.apply_until_ready("after", &json!({})).await;
    assert!(harness.operator.runs());
    eventually("the change in between is corrected", || harness.is_routed("before", "Basic Routing Profile"));
    harness.delete_until_gone("before").await;
    assert_eq!(harness.sim.users(&harness.instance()).len(), 1);
    assert_eq!(harness.sim.calls().creates["before"].attempts, 1);
}
