//! What ends a leader's pod, while users are created, edited and deleted: each time another process takes over, and edits reach Connect.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::cluster::{Cluster, HOME};
use super::fleet::{self, Fleet};
use super::release::{NAME, Pod, holder, leader, pods, until_two_pods};
use super::steps::{PATIENCE, Steps, shown, until};

/// How many users change during each disruption. There are five.
const USERS: usize = 40;

/// Deletes the leader's pod by force.
pub(super) fn leader_deleted(cluster: &Cluster, fleet: &Fleet<'_>, steps: &mut Steps) -> Result<()> {
    steps.step("the leader's pod is deleted by force", || {
        taken_over(cluster, fleet, |leader| {
            cluster.kubectl(&["delete", "pod", &leader.name, "--namespace", HOME, "--force", "--grace-period=0"]).map(drop)
        })
    });
    Ok(())
}

/// Plays all other disruptions.
pub(super) fn play(cluster: &Cluster, fleet: &Fleet<'_>, steps: &mut Steps) -> Result<()> {
    match &cluster.node {
        Some(node) => drop(steps.step("the leader's process is killed, so that it cannot release the Lease", || {
            let seen = taken_over(cluster, fleet, |leader| node.kill(&leader.uid, &leader.container_id))?;
            let restarts: u64 = pods(cluster)?.iter().map(|pod| pod.restarts).sum();
            ensure!(restarts == 1, "{restarts} restarts of containers");
            Ok(seen)
        })),
        None => println!("  LEFT OUT: the leader's process is killed, because the nodes' processes are out of reach"),
    }
    steps.step("the leader's pod is evicted", || taken_over(cluster, fleet, |leader| evict(cluster, &leader.name)));
    steps.step("the Deployment is restarted", || {
        taken_over(cluster, fleet, |_| {
            cluster.kubectl(&["rollout", "restart", "deployment", NAME, "--namespace", HOME]).map(drop)
        })
    });
    steps
        .step("the node is drained, and the PodDisruptionBudget keeps one pod", || amid_changes(fleet, || drain(cluster, fleet)));
    steps.step("none of the 200 users that changed meanwhile was doubled or orphaned", || {
        let settled = fleet.settled(PATIENCE)?;
        let doubled = fleet::doubled(cluster);
        ensure!(doubled.is_empty(), "created twice: {doubled:?}");
        Ok(format!("{settled} ConnectUsers are in sync"))
    });
    Ok(())
}

/// Creates, edits and deletes users while something is done, and waits until Connect is as the ConnectUsers ask.
fn amid_changes(fleet: &Fleet<'_>, act: impl FnOnce() -> Result<String>) -> Result<String> {
    static CHANGED: AtomicUsize = AtomicUsize::new(0);
    let first = CHANGED.fetch_add(USERS, Ordering::Relaxed);
    thread::scope(|scope| {
        let changes = scope.spawn(|| fleet.churn("disturbed", first..first + USERS, Duration::from_millis(100)));
        let seen = act();
        changes.join().ok().context("the changes have ended early")??;
        fleet.settled(PATIENCE)?;
        seen
    })
}

/// Ends the leader amid changes and makes edits, one after the other, until another process leads and two pods are ready.
fn taken_over(cluster: &Cluster, fleet: &Fleet<'_>, end: impl FnOnce(&Pod) -> Result<()>) -> Result<String> {
    amid_changes(fleet, || lead_changes(cluster, fleet, end))
}

fn lead_changes(cluster: &Cluster, fleet: &Fleet<'_>, end: impl FnOnce(&Pod) -> Result<()>) -> Result<String> {
    let (former, identity) = (leader(cluster)?, holder(cluster)?);
    let mut led = Duration::ZERO;
    let edits = fleet.edits_during(|| {
        end(&former)?;
        // A process that was killed may be the next leader again, by another identity.
        ((), led) = until("another process leads", || {
            let holder = holder(cluster)?;
            Ok(if [&*identity, ""].contains(&&*holder) { Err(format!("{holder:?} leads")) } else { Ok(()) })
        })?;
        until_two_pods(cluster)
    })?;
    Ok(format!("another process led after {}, and {edits}", shown(led)))
}

fn evict(cluster: &Cluster, pod: &str) -> Result<()> {
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": pod, "namespace": HOME },
    });
    let path = format!("/api/v1/namespaces/{HOME}/pods/{pod}/eviction");
    cluster.kubectl.run_with_input(&["create", "--raw", &path, "--filename=-"], &eviction.to_string()).map(drop)
}

/// Drains the node. On the only node, the evicted pod has no place, so the budget keeps the other one there.
fn drain(cluster: &Cluster, fleet: &Fleet<'_>) -> Result<String> {
    let nodes = cluster.get(&["nodes"])?;
    let nodes = nodes["items"].as_array().context("a list of nodes")?;
    ensure!(nodes.len() == 1, "this step needs a cluster with one node");
    let node = nodes[0]["metadata"]["name"].as_str().context("a node's name")?.to_owned();
    let selector = "--pod-selector=app.kubernetes.io/name=connect-operator";
    let drained = cluster.kubectl.output(&["drain", &node, selector, "--ignore-daemonsets", "--timeout=15s"]);
    let drained = drained.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    // Whatever happened, pods must be scheduled again.
    let edit = drained.and_then(|said| {
        ensure!(said.contains("would violate the pod's disruption budget"), "{said}");
        let ready = pods(cluster)?.iter().filter(|pod| pod.is_ready).count();
        ensure!(ready == 1, "{ready} pods are ready");
        fleet.toggle()
    });
    cluster.kubectl(&["uncordon", &node])?;
    let edit = edit?;
    until_two_pods(cluster)?;
    until("the second pod may be evicted too", || {
        let budget = cluster.get(&["poddisruptionbudget", NAME, "--namespace", HOME])?;
        let allowed = &budget["status"]["disruptionsAllowed"];
        Ok(if allowed == 1 { Ok(()) } else { Err(allowed.to_string()) })
    })?;
    Ok(format!("meanwhile an edit was in Connect after {}", shown(edit)))
}
