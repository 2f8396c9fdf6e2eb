//! The rights that `deploy/` gives the operator: each right that it has is used, and every other verb is refused.

use std::collections::BTreeSet;

use connect_api::OperationName;
use connect_sim::Fault;
use futures::{StreamExt, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::{Api, Client, api::PostParams};
use serde_json::{Value, json};
use testbed::installation;

use super::harness::{Harness, harness, operators_kubeconfig, throttled};
use crate::{
    chart::documents,
    support::{eventually, plane, read},
};

/// The rights of the operator in a namespace whose ConnectUsers it watches: verb and resource.
const ALLOWED: [(&str, &str); 9] = [
    ("get", "connectusers.connect-operator.dev"),
    ("list", "connectusers.connect-operator.dev"),
    ("watch", "connectusers.connect-operator.dev"),
    ("patch", "connectusers.connect-operator.dev"),
    ("patch", "connectusers.connect-operator.dev/status"),
    ("get", "secrets"),
    ("create", "events.events.k8s.io"),
    ("patch", "events.events.k8s.io"),
    ("get", "namespaces"),
];

/// Its rights in its own namespace, where its Lease is.
const ALLOWED_AT_HOME: [(&str, &str); 3] = [
    ("create", "leases.coordination.k8s.io"),
    ("get", "leases.coordination.k8s.io/connect-operator"),
    ("patch", "leases.coordination.k8s.io/connect-operator"),
];

/// The rights of every service account: to ask about itself, and to discover the API. Older versions of Kubernetes give fewer.
const ALLOWED_TO_ALL: [(&str, &str); 6] = [
    ("create", "selfsubjectaccessreviews.authorization.k8s.io"),
    ("create", "selfsubjectrulesreviews.authorization.k8s.io"),
    ("create", "selfsubjectreviews.authentication.k8s.io"),
    ("get", "clustertrustbundles.certificates.k8s.io"),
    ("list", "clustertrustbundles.certificates.k8s.io"),
    ("watch", "clustertrustbundles.certificates.k8s.io"),
];

const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/// The operator's own namespace. Here its kubeconfig names it; in a pod, the service account's token does.
const HOME: &str = "connect-operator-system";

/// Returns the question whether a verb is allowed on a resource, which is written as for `kubectl auth can-i`.
fn question(verb: &str, group: &str, resource: &str, namespace: Option<&str>) -> ResourceAttributes {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let some = |text: &str| Some(text.to_owned());
    ResourceAttributes {
        verb: some(verb),
        group: some(group),
        resource: some(resource),
        subresource: some(subresource),
        namespace: namespace.map(str::to_owned),
        ..ResourceAttributes::default()
    }
}

/// Returns a question for every verb and every resource of the API server, and for verbs without a resource of their own.
async fn questions(client: &Client, namespace: &str) -> Vec<ResourceAttributes> {
    let mut questions = Vec::new();
    let mut lists = vec![client.list_core_api_resources("v1").await.unwrap()];
    for group in client.list_api_groups().await.unwrap().groups {
        for version in group.versions {
            lists.push(client.list_api_group_resources(&version.group_version).await.unwrap());
        }
    }
    for list in lists {
        let group = list.group_version.rsplit_once('/').map_or("", |(group, _)| group).to_owned();
        for resource in list.resources {
            let namespace = resource.namespaced.then_some(namespace);
            questions.extend(VERBS.map(|verb| question(verb, &group, &resource.name, namespace)));
        }
    }
    let rbac = "rbac.authorization.k8s.io";
    for (verb, group, resource) in [
        ("impersonate", "", "users"),
        ("impersonate", "", "groups"),
        ("impersonate", "", "serviceaccounts"),
        ("impersonate", "authentication.k8s.io", "userextras/scopes"),
        ("escalate", rbac, "roles"),
        ("escalate", rbac, "clusterroles"),
        ("bind", rbac, "roles"),
        ("bind", rbac, "clusterroles"),
        ("approve", "certificates.k8s.io", "signers"),
        ("sign", "certificates.k8s.io", "signers"),
    ] {
        questions.push(question(verb, group, resource, Some(namespace)));
    }
    questions
}

/// Returns the questions to which the answer is yes.
async fn granted(client: &Client, questions: Vec<ResourceAttributes>) -> BTreeSet<String> {
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let asked = questions.into_iter().map(|attributes| {
        let reviews = reviews.clone();
        async move {
            let described = describe(&attributes);
            let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), non_resource_attributes: None };
            let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
            let answer = reviews.create(&PostParams::default(), &review).await.unwrap();
            answer.status.unwrap().allowed.then_some(described)
        }
    });
    stream::iter(asked).buffer_unordered(16).filter_map(std::future::ready).collect().await
}

/// Formats verb, resource, subresource and name as in the tables above.
fn describe(attributes: &ResourceAttributes) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let dotted = |group: String| if group.is_empty() { group } else { format!(".{group}") };
    let slashed = |name: String| if name.is_empty() { name } else { format!("/{name}") };
    let ResourceAttributes { verb, resource, group, subresource, name, .. } = attributes;
    let resource = part(resource) + &dotted(part(group)) + &slashed(part(subresource)) + &slashed(part(name));
    format!("{} {resource}", part(verb))
}

fn lines<'a>(rights: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> BTreeSet<String> {
    rights.into_iter().map(|(verb, resource)| format!("{verb} {resource}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_verb_that_is_not_granted_is_refused() {
    let harness = harness("rights").await;
    let client = installation::client(&operators_kubeconfig()).await.unwrap();
    let without_role = plane().service_account_kubeconfig(HOME, "default").unwrap();
    let without_role = installation::client(&without_role).await.unwrap();
    let asked = questions(&harness.client(), harness.namespace()).await;
    assert!(asked.len() > 500, "{}", asked.len());
    let to_all = granted(&without_role, asked.clone()).await;
    assert!(to_all.is_subset(&lines(&ALLOWED_TO_ALL)), "{to_all:?}");
    assert_eq!(granted(&client, asked).await, &lines(&ALLOWED) | &to_all);

    // In its own namespace it may use one Lease, by its name.
    let asked = questions(&harness.client(), HOME).await;
    let named = ["connect-operator", "kube-scheduler"].into_iter().flat_map(|name| {
        let lease = |verb| ResourceAttributes {
            name: Some(name.to_owned()),
            ..question(verb, "coordination.k8s.io", "leases", Some(HOME))
        };
        // A right to create cannot be limited to a name.
        VERBS.into_iter().filter(|verb| *verb != "create").map(lease)
    });
    let asked = asked.into_iter().chain(named).collect();
    assert_eq!(granted(&client, asked).await, &lines(ALLOWED.iter().chain(&ALLOWED_AT_HOME)) | &to_all);
}

/// Returns the rights in the shipped roles of the operator.
fn shipped() -> BTreeSet<String> {
    let roles = documents(&read("deploy/install.yaml")).into_iter().filter(|object| {
        let name = object["metadata"]["name"].as_str().unwrap();
        object["kind"].as_str().unwrap().ends_with("Role") && ["connect-operator", "connect-operator-lease"].contains(&name)
    });
    let texts = |list: &Value| -> Vec<String> { serde_json::from_value(list.clone()).unwrap_or_else(|_| vec![String::new()]) };
    let mut rights = BTreeSet::new();
    for rule in roles.flat_map(|role| role["rules"].as_array().unwrap().clone()) {
        let [group] = &*texts(&rule["apiGroups"]) else { panic!("{rule}") };
        let [name] = &*texts(&rule["resourceNames"]) else { panic!("{rule}") };
        for verb in texts(&rule["verbs"]) {
            for resource in texts(&rule["resources"]) {
                let right = question(&verb, group, &resource, None);
                rights.insert(describe(&ResourceAttributes { name: Some(name.clone()), ..right }));
            }
        }
    }
    rights
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_granted_right_is_used() {
    let rights = shipped();
    assert_eq!(rights, lines(ALLOWED.iter().chain(&ALLOWED_AT_HOME)));

    // The life of a user, with a throttle that is reported twice.
    let harness = Harness::builder("rights").leader_election().start().await;
    harness.apply_until_ready("jane", &json!({})).await;
    for profile in ["Sales", "Basic Routing Profile"] {
        harness.sim.inject(Fault::on(OperationName::UpdateUserRoutingProfile, throttled()).times(1));
        harness.apply_until_ready("jane", &json!({ "routingProfileArn": harness.routing_profile(profile) })).await;
    }
    harness.delete_until_gone("jane").await;

    let used = || {
        let log = std::fs::read_to_string(plane().audit_log()).unwrap();
        let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let done = events.filter(|event| {
            let (object, code) = (&event["objectRef"], event["responseStatus"]["code"].as_u64().unwrap_or_default());
            let here = object["namespace"] == harness.namespace() || object["name"] == "kube-system";
            event["user"]["username"] == format!("system:serviceaccount:{HOME}:connect-operator") && here && code < 300
        });
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let used = done.map(|event| {
            let object = &event["objectRef"];
            let resource = [text(&object["resource"]), text(&object["subresource"])].join("/");
            let asked = question(&text(&event["verb"]), &text(&object["apiGroup"]), resource.trim_end_matches('/'), None);
            // The right to use Leases is limited to one name.
            let named = resource == "leases/" && event["verb"] != "create";
            describe(&ResourceAttributes { name: named.then(|| text(&object["name"])), ..asked })
        });
        used.collect::<BTreeSet<_>>()
    };
    // Events are published concurrently with the passes.
    eventually("each right was used", || used() == rights);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operator_leads_with_the_permitted_lease_only() {
    let harness = Harness::builder("rights").flag("--leader-elect").start().await;
    eventually("the operator leads", || harness.operator.metric("connect_operator_leader") == 1.0);
    let holder = plane().kubectl().run(&["get", "lease", "connect-operator", "-n", HOME, "-o=jsonpath={.spec.holderIdentity}"]);
    assert!(harness.operator.log().contains(&format!(r#""identity":"{}""#, holder.unwrap())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operator_without_access_to_its_lease_reports_it() {
    let elsewhere = Harness::builder("rights").flag("--leader-elect").flag("--leader-election-namespace=default");
    let mut harness = elsewhere.start().await;
    let refusal =
        "could not read Lease default/connect-operator: leases.coordination.k8s.io \\\"connect-operator\\\" is forbidden";
    eventually("it logs the missing right", || harness.operator.log().contains(refusal));
    assert_eq!(harness.operator.get("/healthz").0, 200);
    let (status, text) = harness.operator.get("/readyz");
    assert!(status == 503 && text.contains("may the operator get, create and patch leases"), "{status} {text}");
    assert_eq!(harness.operator.metric("connect_operator_leader"), 0.0);
    assert_eq!(harness.operator.stop().code(), Some(0), "{}", harness.operator.log_tail());
}
