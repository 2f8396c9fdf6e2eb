//! The chart's NetworkPolicy on a node that enforces it: what the operator needs is allowed, and nothing else.

use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, Result};
use control_plane::Node;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::disruptions;
use super::fleet::Fleet;
use super::release::{Helm, Pod, Release, leader, pods, pods_in};
use super::steps::{PATIENCE, Steps, shown, until};

const CLIENTS: &str = "clients";
const METRICS: u16 = 8080;

/// Installs the chart with a NetworkPolicy, and without it in the end.
pub(super) fn play(cluster: &Cluster, release: &Release, fleet: &Fleet<'_>, steps: &mut Steps) -> Result<()> {
    let Some(node) = &cluster.node else {
        println!("  LEFT OUT: NetworkPolicies, because the network of this cluster may not enforce them");
        return Ok(());
    };
    if let Some(missing) = Node::missing_firewall(|line| eprintln!("{line}"))? {
        println!("  LEFT OUT: NetworkPolicies, because {missing}");
        return Ok(());
    }
    control_plane::tool("kube-router")?;
    let mut policies = steps.required("kube-router enforces NetworkPolicies", || node.enforce_network_policies())?;
    let clients = clients(cluster)?;
    // A server on this machine that is not Connect. A connection need not be accepted.
    let other_server = TcpListener::bind((node.host(), 0))?;
    let doors = Doors { cluster, node, clients, other_server: other_server.local_addr()? };
    let all = Open { named_client: vec![true; 2], other_client: vec![true; 2], other_server: true };
    steps.step("without a NetworkPolicy of the chart, all connections are open", || doors.until(&all));

    let values = cluster.file("network-policy.json", &values(cluster)?.to_string())?;
    let values = format!("--values={}", values.display());
    steps.required("Helm adds the chart's NetworkPolicy, two pods are ready", || {
        release.upgrade(cluster, Helm::Four, &cluster.images[0], &[&values])
    })?;
    let needed = Open { named_client: vec![true; 2], other_client: vec![false; 2], other_server: false };
    steps.step("a pod of metricsFrom reaches the metrics, another does not, and the leader reaches no other server", || {
        doors.until(&needed)
    });
    steps.step("an edit reaches Connect", || {
        let time = fleet.toggle()?;
        fleet.settled(PATIENCE)?;
        Ok(format!("after {}", shown(time)))
    });
    disruptions::leader_deleted(cluster, fleet, steps)?;
    steps.step("the same holds for the new pods", || doors.until(&needed));
    steps.required("Helm removes the NetworkPolicy", || release.upgrade(cluster, Helm::Four, &cluster.images[0], &[]))?;
    steps.step("all connections are open again", || doors.until(&all));
    policies.check()
}

/// Creates two pods: one that the values name, and another.
fn clients(cluster: &Cluster) -> Result<[Pod; 2]> {
    cluster.restricted_namespace(CLIENTS)?;
    for name in ["prometheus", "other"] {
        let container = json!({
            "name": "idle", "image": Node::IDLE_IMAGE, "imagePullPolicy": "Never",
            "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] }, "runAsNonRoot": true,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
        });
        cluster.apply(&json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": name, "namespace": CLIENTS, "labels": { "app": name } },
            "spec": { "containers": [container], "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 0 },
        }))?;
    }
    cluster.kubectl(&["wait", "--for=condition=Ready", "pod", "--all", "--namespace", CLIENTS, "--timeout=60s"])?;
    let client = |name: &str| {
        let found = pods_in(cluster, CLIENTS, &format!("app={name}"))?.pop();
        found.with_context(|| format!("there is no pod {name}"))
    };
    Ok([client("prometheus")?, client("other")?])
}

/// Returns the values with a NetworkPolicy. The simulated Connect listens on another port than AWS does.
fn values(cluster: &Cluster) -> Result<Value> {
    let connect: SocketAddr = cluster.connect_url.trim_start_matches("http://").parse().context("the address of Connect")?;
    let to_connect = json!({
        "to": [{ "ipBlock": { "cidr": format!("{}/32", connect.ip()) } }],
        "ports": [{ "port": connect.port(), "protocol": "TCP" }],
    });
    let prometheus = json!({
        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": CLIENTS } },
        "podSelector": { "matchLabels": { "app": "prometheus" } },
    });
    Ok(json!({ "networkPolicy": { "enabled": true, "metricsFrom": [prometheus], "extraEgress": [to_connect] } }))
}

/// Which connections are possible. Those to the metrics are tried with both pods of the operator.
#[derive(Debug, PartialEq, Eq)]
struct Open {
    /// From the client that the values name to the metrics.
    named_client: Vec<bool>,
    /// From the other client to the metrics.
    other_client: Vec<bool>,
    /// From the leader to a server that it does not need.
    other_server: bool,
}

/// What can be tried.
struct Doors<'a> {
    cluster: &'a Cluster,
    node: &'a Node,
    clients: [Pod; 2],
    other_server: SocketAddr,
}

impl Doors<'_> {
    /// Waits until just these connections are possible.
    fn until(&self, expected: &Open) -> Result<String> {
        until("the connections", || {
            let found = self.look()?;
            Ok(if found == *expected { Ok(()) } else { Err(format!("{found:?}")) })
        })?;
        Ok(String::new())
    }

    fn look(&self) -> Result<Open> {
        let [named, other] = &self.clients;
        let leader = leader(self.cluster)?;
        Ok(Open {
            named_client: self.reaches_metrics(named)?,
            other_client: self.reaches_metrics(other)?,
            other_server: self.node.connects(&leader.uid, &leader.container_id, self.other_server)?,
        })
    }

    /// Returns which of the operator's pods a client reaches.
    fn reaches_metrics(&self, client: &Pod) -> Result<Vec<bool>> {
        let connects = |pod: Pod| {
            let address = SocketAddr::new(pod.ip.parse().context("the address of a pod")?, METRICS);
            self.node.connects(&client.uid, &client.container_id, address)
        };
        pods(self.cluster)?.into_iter().map(connects).collect()
    }
}
