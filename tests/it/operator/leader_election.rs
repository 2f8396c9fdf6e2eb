//! Two replicas, of which one works: how the work is handed over, and that no user is harmed while both are working.

use std::{io::Write, path::Path};

use connect_api::OperationName;
use connect_sim::{Effect, Fault};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::Api;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{
    harness::{Harness, HarnessBuilder, operators_kubeconfig},
    process::{Operator, freeze, kill, thaw},
};
use crate::support::{eventually, plane};

/// Sets a lease that ends soon, but not so soon that a busy machine could lose it.
fn short() -> HarnessBuilder<'static> {
    let times = ["--lease-duration=5s", "--lease-renew-deadline=4s", "--lease-retry-period=400ms"];
    times.into_iter().fold(Harness::builder("leading").leader_election(), HarnessBuilder::flag).flag("--settle-window=2s")
}

/// Sets a lease that does not end while a test runs: another replica leads only if the lease was released.
fn endless() -> HarnessBuilder<'static> {
    let times = ["--lease-duration=1h", "--lease-renew-deadline=50m", "--lease-retry-period=400ms"];
    times.into_iter().fold(Harness::builder("leading").leader_election(), HarnessBuilder::flag)
}

fn leads(operator: &Operator) -> bool {
    operator.metric("connect_operator_leader") == 1.0
}

fn until_it_leads(operator: &Operator) {
    eventually("the replica leads", || leads(operator));
}

/// Starts a second replica beside the leader, and waits until it stands by.
fn start_standby(harness: &Harness<'_>) -> Operator {
    until_it_leads(&harness.operator);
    let second = harness.operator.another();
    eventually("the other one stands by", || {
        second.get("/readyz") == (200, "[+] standing by: another replica holds the lease\n".into())
    });
    second
}

async fn lease(harness: &Harness<'_>) -> LeaseSpec {
    let leases: Api<Lease> = Api::namespaced(harness.client(), harness.namespace());
    leases.get("connect-operator").await.unwrap().spec.unwrap()
}

/// Returns the identity that a replica has logged.
fn identity(operator: &Operator) -> String {
    let log = operator.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter_map(|line| line["identity"].as_str().map(str::to_owned)).next_back().unwrap()
}

/// Asserts that each user was created once and that exactly these users exist, each once. They are in order.
fn check(harness: &Harness<'_>, usernames: &[&str]) {
    assert_eq!(harness.usernames(), usernames);
    let calls = harness.sim.calls();
    assert!(calls.creates.values().all(|creates| creates.created == 1), "{calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_of_two_replicas_works_and_the_other_stands_by() {
    let harness = endless().start().await;
    let second = start_standby(&harness);
    harness.apply_until_ready("jane", &json!({})).await;

    assert_eq!(second.get("/healthz").0, 200);
    assert!(!leads(&second));
    let (_, metrics) = second.get("/metrics");
    for sample in ["connect_operator_reconcile_total{", "connect_operator_api_requests_total{"] {
        assert!(!metrics.contains(sample), "a standby does nothing:\n{metrics}");
    }
    assert_eq!(harness.operator.get("/readyz"), (200, "[+] connectusers listed\n".into()));

    let first = lease(&harness).await;
    assert_eq!(first.holder_identity, Some(identity(&harness.operator)));
    assert_eq!((first.lease_duration_seconds, first.lease_transitions), (Some(3600), Some(0)));
    assert!(first.acquire_time <= first.renew_time);
    let columns = harness.kubectl(&["get", "lease", "connect-operator", "--no-headers"]);
    assert!(columns.contains(&identity(&harness.operator)), "{columns}");

    let mut later = lease(&harness).await;
    for _ in 0..200 {
        if later.renew_time != first.renew_time {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        later = lease(&harness).await;
    }
    assert!(later.renew_time > first.renew_time);
    assert_eq!(LeaseSpec { renew_time: None, ..later }, LeaseSpec { renew_time: None, ..first });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn stopping_leader_finishes_its_passes_and_releases_the_lease() {
    let mut harness = endless().start().await;
    let second = start_standby(&harness);
    harness.sim.inject(Fault::on(OperationName::CreateUser, Effect::Delay { milliseconds: 1500 }));
    harness.apply("midway", &json!({})).await;
    let instance = harness.instance();
    eventually("the user was created, and the reply is on its way", || harness.sim.users(&instance).len() == 1);
    assert_eq!(harness.operator.stop().code(), Some(0), "{}", harness.operator.log_tail());
    let user = harness.users().get("midway").await.unwrap();
    assert!(super::harness::is_ready(&user), "{:#?}", user.status);

    until_it_leads(&second);
    harness.apply_until_ready("next", &json!({})).await;
    let lease = lease(&harness).await;
    assert_eq!((lease.holder_identity, lease.lease_transitions), (Some(identity(&second)), Some(1)));
    check(&harness, &["midway", "next"]);
    assert_eq!(harness.sim.calls().creates["midway"].attempts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn stopping_standby_does_not_touch_the_lease() {
    let mut harness = endless().start().await;
    let mut second = start_standby(&harness);
    assert_eq!(second.stop().code(), Some(0), "{}", second.log_tail());
    assert_eq!(lease(&harness).await.holder_identity, Some(identity(&harness.operator)));
    harness.apply_until_ready("jane", &json!({})).await;
    assert!(harness.operator.runs());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn create_of_a_killed_leader_is_finished_by_the_standby() {
    let mut harness = short().start().await;
    let second = start_standby(&harness);
    let leader = harness.operator.id();
    harness.sim.after_next(OperationName::CreateUser, move |_| kill(leader));
    harness.apply("midway", &json!({})).await;
    harness.operator.ended();
    harness.apply("after", &json!({})).await;
    for name in ["midway", "after"] {
        harness.wait_until_ready(name).await;
    }
    assert!(leads(&second));
    check(&harness, &["after", "midway"]);

    // The one that comes back is the standby.
    harness.operator.start_again();
    eventually("it stands by", || harness.operator.get("/readyz").1.contains("standing by"));
    assert!(!leads(&harness.operator));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn leader_whose_lease_is_stolen_exits_and_the_theft_expires() {
    let mut harness = short().start().await;
    harness.apply_until_ready("before", &json!({})).await;
    let second = start_standby(&harness);
    let theft = r#"--patch={"spec":{"holderIdentity":"a-thief"}}"#;
    harness.kubectl(&["patch", "lease", "connect-operator", "--type=merge", theft]);
    assert_eq!(harness.operator.ended().code(), Some(1), "{}", harness.operator.log_tail());
    let last_words = format!("the Lease {}/connect-operator is lost: it is held by", harness.namespace());
    assert!(harness.operator.log().contains(&last_words), "{}", harness.operator.log_tail());

    until_it_leads(&second);
    harness.apply_until_ready("after", &json!({})).await;
    assert_eq!(lease(&harness).await.holder_identity, Some(identity(&second)));
    check(&harness, &["after", "before"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn leader_that_was_frozen_too_long_exits_without_harm() {
    let mut harness = short().start().await;
    harness.apply_until_ready("leaver", &json!({})).await;
    let second = start_standby(&harness);
    let leader = harness.operator.id();
    harness.sim.after_next(OperationName::CreateUser, move |_| freeze(leader));
    harness.apply("midway", &json!({})).await;
    until_it_leads(&second);
    harness.wait_until_ready("midway").await;
    harness.apply_until_ready("midway", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    harness.delete_until_gone("leaver").await;

    let before = harness.live("midway");
    thaw(leader);
    assert_eq!(harness.operator.ended().code(), Some(1), "{}", harness.operator.log_tail());
    let last_words = "connect-operator is lost: it could not be renewed for 4 s";
    assert!(harness.operator.log().contains(last_words), "{}", harness.operator.log_tail());
    assert_eq!(harness.live("midway"), before);
    harness.requeue("midway").await;
    assert_eq!(harness.live("midway"), before);
    check(&harness, &["midway"]);
    assert_eq!(harness.sim.calls().operations["DeleteUser"].succeeded, 1);
}

/// A connection to the API server that can be cut: then nothing gets through, and neither end notices.
struct Wire {
    kubeconfig: NamedTempFile,
    cut: watch::Sender<bool>,
}

impl Wire {
    async fn to_api_server() -> Self {
        let url = plane().url();
        let target = url.strip_prefix("https://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = format!("https://{}", listener.local_addr().unwrap());
        let direct = std::fs::read_to_string(operators_kubeconfig()).unwrap();
        let mut kubeconfig = NamedTempFile::new().unwrap();
        kubeconfig.write_all(direct.replace(&url, &here).as_bytes()).unwrap();
        let (cut, watched) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (target, mut watched) = (target.clone(), watched.clone());
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(target).await.unwrap();
                    let cut = async { drop(watched.wait_for(|cut| *cut).await) };
                    tokio::select! {
                        biased;
                        () = cut => {}
                        _ = copy_bidirectional(&mut near, &mut far) => return,
                    }
                    // The connection stays open. Both ends wait.
                    std::future::pending::<()>().await;
                });
            }
        });
        Self { kubeconfig, cut }
    }

    fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn create_of_a_cut_off_leader_is_finished_by_the_standby() {
    let mut harness = short().start().await;
    let wire = Wire::to_api_server().await;
    let mut cut_off = harness.operator.another_with(wire.kubeconfig());
    harness.operator.terminate();
    until_it_leads(&cut_off);
    harness.operator.start_again();
    eventually("the other one stands by", || harness.operator.get("/readyz").1.contains("standing by"));

    harness.sim.after_next(OperationName::CreateUser, move |_| {
        wire.cut.send_replace(true);
    });
    harness.apply("midway", &json!({})).await;
    assert_eq!(cut_off.ended().code(), Some(1), "{}", cut_off.log_tail());
    assert!(cut_off.log().contains("is lost: it could not be renewed"), "{}", cut_off.log_tail());
    harness.wait_until_ready("midway").await;
    harness.apply_until_ready("after", &json!({})).await;
    assert!(leads(&harness.operator));
    check(&harness, &["after", "midway"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_working_operators_double_and_orphan_no_user() {
    let harness = Harness::builder("leading").flag("--settle-window=2s").flag("--drift-interval=1s").start().await;
    let second = harness.operator.another();
    // Slow calls overlap.
    harness.sim.inject(Fault::on(OperationName::CreateUser, Effect::Delay { milliseconds: 50 }).always());
    let names: Vec<String> = (0..30).map(|n| format!("user-{n:02}")).collect();
    let recorded = harness.apply_all_until_ready(&names, &json!({})).await;
    check(&harness, &names.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(recorded, harness.user_ids());

    let edit = json!({ "routingProfileArn": harness.routing_profile("Sales") });
    for name in &names {
        harness.apply(name, &edit).await;
    }
    harness.wait_until_all_ready(&names).await;
    for name in &names {
        eventually("the edit holds, whichever operator wrote last", || harness.is_routed(name, "Sales"));
    }

    for name in &names {
        harness.delete(name).await;
    }
    for name in &names {
        harness.wait_until_gone(name).await;
    }
    check(&harness, &[]);
    assert_eq!(harness.sim.calls().operations["DeleteUser"].succeeded, 30);
    // Otherwise the test has tested nothing.
    for operator in [&harness.operator, &second] {
        assert!(leads(operator) && operator.metric(r#"connect_operator_reconcile_total{result="in_sync"}"#) > 0.0);
    }
}
