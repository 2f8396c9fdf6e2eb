//! The chart's release, by Helm 3 or 4, and the pods that it runs.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use testbed::installation::credentials;

use super::cluster::{Cluster, HOME, RATE};
use super::steps::until;
use crate::repository;

/// The release's name, which is also that of the Deployment and of the Lease.
pub(super) const NAME: &str = "connect-operator";
/// The cluster's name in ownership tags.
pub(super) const CLUSTER: &str = "e2e";

/// A version of Helm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Helm {
    Three,
    Four,
}

impl Helm {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Three => "Helm 3",
            Self::Four => "Helm 4",
        }
    }

    fn program(self) -> Result<PathBuf> {
        control_plane::tool(match self {
            Self::Three => "helm3",
            Self::Four => "helm",
        })
    }
}

/// The chart with the values that this cluster needs.
pub(super) struct Release {
    chart: PathBuf,
    previous_chart: PathBuf,
    values: PathBuf,
    /// Those that the previous chart does not have.
    new_values: PathBuf,
}

impl Release {
    pub(super) fn new(cluster: &Cluster) -> Result<Self> {
        let root = repository::root();
        Ok(Self {
            chart: root.join("deploy/helm/connect-operator"),
            previous_chart: root.join("tests/it/chart/released/connect-operator-0.0.1.tgz"),
            values: cluster.file("values.json", &values(cluster).to_string())?,
            // Many users are deleted at once, on purpose.
            new_values: cluster.file("new-values.json", &json!({ "deletionGuard": { "share": 1 } }).to_string())?,
        })
    }

    /// Installs or upgrades the release with this image, and waits until its pods are ready.
    pub(super) fn upgrade(&self, cluster: &Cluster, helm: Helm, image: &str, other: &[&str]) -> Result<()> {
        let values = format!("--values={}", self.new_values.display());
        self.apply(cluster, helm, &self.chart, image, &[&[&*values], other].concat())
    }

    /// Installs the chart that was released last.
    pub(super) fn install_previous(&self, cluster: &Cluster, helm: Helm, image: &str) -> Result<()> {
        self.apply(cluster, helm, &self.previous_chart, image, &[])
    }

    fn apply(&self, cluster: &Cluster, helm: Helm, chart: &std::path::Path, image: &str, other: &[&str]) -> Result<()> {
        let (repository, tag) = image.rsplit_once(':').context("an image has the form NAME:TAG")?;
        let (chart, values) = (chart.display().to_string(), format!("--values={}", self.values.display()));
        // Another annotation makes other pods, even if the image is the same.
        let image = format!("--set=image.repository={repository},image.tag={tag},podAnnotations.image-tag={tag}");
        let command = ["upgrade", "--install", NAME, &chart, &values, &image, "--wait", "--timeout=120s"];
        helm_run(cluster, helm, &[&command[..], other].concat())?;
        until_two_pods(cluster)
    }

    /// Returns to the previous revision, and waits until its pods are ready.
    pub(super) fn roll_back(&self, cluster: &Cluster, helm: Helm) -> Result<()> {
        helm_run(cluster, helm, &["rollback", NAME, "--wait", "--timeout=120s"])?;
        until_two_pods(cluster)
    }

    /// Removes the release. The definition, and so the ConnectUsers, stay.
    pub(super) fn uninstall(&self, cluster: &Cluster, helm: Helm) -> Result<()> {
        helm_run(cluster, helm, &["uninstall", NAME, "--wait", "--timeout=120s"])
    }
}

fn helm_run(cluster: &Cluster, helm: Helm, arguments: &[&str]) -> Result<()> {
    let home = cluster.directory.path();
    let mut command = Command::new(helm.program()?);
    command.args(arguments).args(["--namespace", HOME]).env("KUBECONFIG", &cluster.kubeconfig);
    // The user's own repositories and plugins do not matter here.
    command.envs([("HELM_CACHE_HOME", home), ("HELM_CONFIG_HOME", home), ("HELM_DATA_HOME", home)]);
    let output = command.output().context("cannot run helm")?;
    if !output.status.success() {
        bail!("{}: {}: {}", helm.name(), arguments[0], String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// Returns the values of the release: the chart's own resources and security contexts stay as they are.
fn values(cluster: &Cluster) -> Value {
    json!({
        "clusterName": CLUSTER,
        "aws": { "endpointUrl": cluster.connect_url, "region": "us-west-2" },
        "quotas": { "callsPerSecond": RATE, "callBurst": RATE },
        "extraEnv": environment(),
        "podDisruptionBudget": { "enabled": true },
    })
}

/// Returns the environment of the operator's container, with credentials for the simulated Connect.
pub(super) fn environment() -> Value {
    credentials().into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// A pod with one container.
#[derive(Clone, Debug)]
pub(super) struct Pod {
    pub name: String,
    pub uid: String,
    pub is_ready: bool,
    pub restarts: u64,
    pub container_id: String,
    pub image: String,
    pub ip: String,
}

/// Returns the operator's pods that are not being deleted.
pub(super) fn pods(cluster: &Cluster) -> Result<Vec<Pod>> {
    pods_in(cluster, HOME, "app.kubernetes.io/name=connect-operator")
}

/// Returns the pods with these labels that are not being deleted.
pub(super) fn pods_in(cluster: &Cluster, namespace: &str, selector: &str) -> Result<Vec<Pod>> {
    let list = cluster.get(&["pods", "--namespace", namespace, "--selector", selector])?;
    let items = list["items"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pod = |pod: &Value| {
        let container = &pod["status"]["containerStatuses"][0];
        Pod {
            name: text(&pod["metadata"]["name"]),
            uid: text(&pod["metadata"]["uid"]),
            is_ready: container["ready"] == true,
            restarts: container["restartCount"].as_u64().unwrap_or_default(),
            container_id: text(&container["containerID"]),
            image: text(&pod["spec"]["containers"][0]["image"]),
            ip: text(&pod["status"]["podIP"]),
        }
    };
    Ok(items.filter(|item| item["metadata"]["deletionTimestamp"].is_null()).map(pod).collect())
}

/// Waits until two pods are ready, and no others are there.
pub(super) fn until_two_pods(cluster: &Cluster) -> Result<()> {
    let ready = || {
        let pods = pods(cluster)?;
        Ok(if pods.len() == 2 && pods.iter().all(|pod| pod.is_ready) { Ok(()) } else { Err(format!("{pods:?}")) })
    };
    until("two pods are ready", ready).map(drop)
}

/// Returns the name of the Lease's holder, which begins with the name of its pod.
pub(super) fn holder(cluster: &Cluster) -> Result<String> {
    let lease = cluster.get(&["lease", NAME, "--namespace", HOME])?;
    Ok(lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned())
}

/// Returns the pod that holds the Lease. Waits while it is held by a pod that no longer exists.
pub(super) fn leader(cluster: &Cluster) -> Result<Pod> {
    let look = || {
        let holder = holder(cluster)?;
        let found = pods(cluster)?.into_iter().find(|pod| pod.is_ready && holder.starts_with(&pod.name));
        Ok(found.ok_or_else(|| format!("the Lease is held by {holder:?}")))
    };
    Ok(until("a pod leads", look)?.0)
}
