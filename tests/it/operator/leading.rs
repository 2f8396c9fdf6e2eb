//! Two replicas, of which one works: how the work is handed over, and that no user is harmed while both are working.

use std::{collections::BTreeSet, io::Write, path::Path};

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
    process::{Operator, Page, freeze, kill, thaw},
    scene::{Scene, Setting},
};
use crate::support::{eventually, plane};

/// Sets a lease that ends soon, but not so soon that a busy machine could lose it.
fn short() -> Setting<'static> {
    let times = ["--lease-duration=5s", "--lease-renew-deadline=4s", "--lease-retry-period=400ms"];
    times.into_iter().fold(Setting::shared("leading").elected(), Setting::flag).flag("--settle-window=2s")
}

/// Sets a lease that does not end while a test runs: another replica leads only if the lease was released.
fn endless() -> Setting<'static> {
    let times = ["--lease-duration=1h", "--lease-renew-deadline=50m", "--lease-retry-period=400ms"];
    times.into_iter().fold(Setting::shared("leading").elected(), Setting::flag)
}

fn leads(operator: &Operator) -> bool {
    operator.metric("connect_operator_leader") == 1.0
}

fn until_it_leads(operator: &Operator) {
    eventually("the replica leads", || leads(operator));
}

/// Starts a second replica beside the leader, and waits until it stands by.
fn start_standby(scene: &Scene<'_>) -> Operator {
    until_it_leads(&scene.operator);
    let second = scene.operator.another();
    eventually("the other one stands by", || {
        second.get(Page::Ready) == (200, "[+] standing by: another replica holds the lease\n".into())
    });
    second
}

async fn lease(scene: &Scene<'_>) -> LeaseSpec {
    let leases: Api<Lease> = Api::namespaced(scene.client(), scene.namespace());
    leases.get("connect-operator").await.unwrap().spec.unwrap()
}

/// Returns the identity that a replica has logged.
fn identity(operator: &Operator) -> String {
    let log = operator.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter_map(|line| line["identity"].as_str().map(str::to_owned)).next_back().unwrap()
}

/// Asserts that each user was created once and that exactly these users exist, each once.
fn check(scene: &Scene<'_>, usernames: &[&str]) {
    let users = scene.sim.users(&scene.instance());
    let live: Vec<_> = users.iter().map(|user| user.user.username.as_str()).collect();
    assert_eq!(BTreeSet::from_iter(live.iter().copied()), BTreeSet::from_iter(usernames.iter().copied()));
    assert_eq!(live.len(), usernames.len());
    let calls = scene.sim.calls();
    assert!(calls.creates.values().all(|creates| creates.created == 1), "{calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_of_two_replicas_works_and_the_other_stands_by() {
    let scene = endless().start().await;
    let second = start_standby(&scene);
    scene.applied("jane", &json!({})).await;

    assert_eq!(second.get(Page::Alive).0, 200);
    assert!(!leads(&second));
    let (_, metrics) = second.get(Page::Metrics);
    for sample in ["connect_operator_reconcile_total{", "connect_operator_api_requests_total{"] {
        assert!(!metrics.contains(sample), "a standby does nothing:\n{metrics}");
    }
    assert_eq!(scene.operator.get(Page::Ready), (200, "[+] connectusers listed\n".into()));

    let first = lease(&scene).await;
    assert_eq!(first.holder_identity, Some(identity(&scene.operator)));
    assert_eq!((first.lease_duration_seconds, first.lease_transitions), (Some(3600), Some(0)));
    assert!(first.acquire_time <= first.renew_time);
    let columns = scene.kubectl(&["get", "lease", "connect-operator", "--no-headers"]);
    assert!(columns.contains(&identity(&scene.operator)), "{columns}");

    let mut later = lease(&scene).await;
    for _ in 0..200 {
        if later.renew_time != first.renew_time {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        later = lease(&scene).await;
    }
    assert!(later.renew_time > first.renew_time);
    assert_eq!(LeaseSpec { renew_time: None, ..later }, LeaseSpec { renew_time: None, ..first });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn stopping_leader_finishes_its_passes_and_releases_the_lease() {
    let mut scene = endless().start().await;
    let second = start_standby(&scene);
    scene.sim.inject(Fault::on(OperationName::CreateUser, Effect::Delay { milliseconds: 1500 }));
    scene.apply("midway", &json!({})).await;
    let instance = scene.instance();
    eventually("the user was created, and the reply is on its way", || scene.sim.users(&instance).len() == 1);
    scene.operator.terminate();
    assert_eq!(scene.operator.ended().code(), Some(0), "{}", scene.operator.log_tail());
    let user = scene.users().get("midway").await.unwrap();
    assert!(super::scene::is_ready(&user), "{:#?}", user.status);

    until_it_leads(&second);
    scene.applied("next", &json!({})).await;
    let lease = lease(&scene).await;
    assert_eq!((lease.holder_identity, lease.lease_transitions), (Some(identity(&second)), Some(1)));
    check(&scene, &["midway", "next"]);
    assert_eq!(scene.sim.calls().creates["midway"].attempts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn stopping_standby_does_not_touch_the_lease() {
    let mut scene = endless().start().await;
    let second = start_standby(&scene);
    let mut second = second;
    second.terminate();
    assert_eq!(second.ended().code(), Some(0), "{}", second.log_tail());
    assert_eq!(lease(&scene).await.holder_identity, Some(identity(&scene.operator)));
    scene.applied("jane", &json!({})).await;
    assert!(scene.operator.runs());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn create_of_a_killed_leader_is_finished_by_the_standby() {
    let mut scene = short().start().await;
    let second = start_standby(&scene);
    let leader = scene.operator.id();
    scene.sim.after_next(OperationName::CreateUser, move |_| kill(leader));
    scene.apply("midway", &json!({})).await;
    scene.operator.ended();
    scene.apply("after", &json!({})).await;
    for name in ["midway", "after"] {
        scene.ready(name).await;
    }
    assert!(leads(&second));
    check(&scene, &["after", "midway"]);

    // The one that comes back is the standby.
    scene.operator.start_again();
    eventually("it stands by", || scene.operator.get(Page::Ready).1.contains("standing by"));
    assert!(!leads(&scene.operator));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn leader_whose_lease_is_stolen_exits_and_the_theft_expires() {
    let mut scene = short().start().await;
    scene.applied("before", &json!({})).await;
    let second = start_standby(&scene);
    let theft = r#"--patch={"spec":{"holderIdentity":"a-thief"}}"#;
    scene.kubectl(&["patch", "lease", "connect-operator", "--type=merge", theft]);
    assert_eq!(scene.operator.ended().code(), Some(1), "{}", scene.operator.log_tail());
    let last_words = format!("the Lease {}/connect-operator is lost: it is held by", scene.namespace());
    assert!(scene.operator.log().contains(&last_words), "{}", scene.operator.log_tail());

    until_it_leads(&second);
    scene.applied("after", &json!({})).await;
    assert_eq!(lease(&scene).await.holder_identity, Some(identity(&second)));
    check(&scene, &["after", "before"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn leader_that_was_frozen_too_long_exits_without_harm() {
    let mut scene = short().start().await;
    scene.applied("leaver", &json!({})).await;
    let second = start_standby(&scene);
    let leader = scene.operator.id();
    scene.sim.after_next(OperationName::CreateUser, move |_| freeze(leader));
    scene.apply("midway", &json!({})).await;
    until_it_leads(&second);
    scene.ready("midway").await;
    scene.applied("midway", &json!({ "routingProfileArn": scene.routing_profile("Sales") })).await;
    scene.delete("leaver").await;
    scene.gone("leaver").await;

    let before = scene.live("midway");
    thaw(leader);
    assert_eq!(scene.operator.ended().code(), Some(1), "{}", scene.operator.log_tail());
    let last_words = "connect-operator is lost: it could not be renewed for 4 s";
    assert!(scene.operator.log().contains(last_words), "{}", scene.operator.log_tail());
    assert_eq!(scene.live("midway"), before);
    scene.requeue("midway").await;
    assert_eq!(scene.live("midway"), before);
    check(&scene, &["midway"]);
    assert_eq!(scene.sim.calls().operations["DeleteUser"].succeeded, 1);
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
        let direct = std::fs::read_to_string(Setting::kubeconfig()).unwrap();
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
    let mut scene = short().start().await;
    let wire = Wire::to_api_server().await;
    let mut cut_off = scene.operator.another_with(wire.kubeconfig());
    scene.operator.terminate();
    until_it_leads(&cut_off);
    scene.operator.start_again();
    eventually("the other one stands by", || scene.operator.get(Page::Ready).1.contains("standing by"));

    scene.sim.after_next(OperationName::CreateUser, move |_| {
        wire.cut.send_replace(true);
    });
    scene.apply("midway", &json!({})).await;
    assert_eq!(cut_off.ended().code(), Some(1), "{}", cut_off.log_tail());
    assert!(cut_off.log().contains("is lost: it could not be renewed"), "{}", cut_off.log_tail());
    scene.ready("midway").await;
    scene.applied("after", &json!({})).await;
    assert!(leads(&scene.operator));
    check(&scene, &["after", "midway"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_working_operators_double_and_orphan_no_user() {
    let scene = Setting::shared("leading").flag("--settle-window=2s").flag("--drift-interval=1s").start().await;
    let second = scene.operator.another();
    // Calls that take a while overlap.
    scene.sim.inject(Fault::on(OperationName::CreateUser, Effect::Delay { milliseconds: 50 }).always());
    let names: Vec<String> = (0..30).map(|n| format!("user-{n:02}")).collect();
    for name in &names {
        scene.apply(name, &json!({})).await;
    }
    let mut recorded = BTreeSet::new();
    for name in &names {
        recorded.extend(scene.ready(name).await.status.unwrap().user_id);
    }
    check(&scene, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let live: BTreeSet<_> = scene.sim.users(&scene.instance()).iter().map(|user| user.user.id.to_string()).collect();
    assert_eq!(recorded, live);

    let edit = json!({ "routingProfileArn": scene.routing_profile("Sales") });
    for name in &names {
        scene.apply(name, &edit).await;
    }
    let sales = scene.sim.routing_profile_id(&scene.instance(), "Sales");
    for name in &names {
        scene.ready(name).await;
        eventually("the edit holds, whichever operator wrote last", || scene.live(name).user.routing_profile_id == sales);
    }

    for name in &names {
        scene.delete(name).await;
    }
    for name in &names {
        scene.gone(name).await;
    }
    check(&scene, &[]);
    assert_eq!(scene.sim.calls().operations["DeleteUser"].succeeded, 30);
    // Otherwise the test has tested nothing.
    for operator in [&scene.operator, &second] {
        assert!(leads(operator) && operator.metric(r#"connect_operator_reconcile_total{result="in_sync"}"#) > 0.0);
    }
}
