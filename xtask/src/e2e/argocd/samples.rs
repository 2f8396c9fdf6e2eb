//! The repository's own samples for Argo CD, with only the addresses changed, in Git repositories on this machine.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::super::cluster::{Cluster, RATE};
use super::super::fleet::manifest;
use super::super::release::{CLUSTER, environment};
use super::repository::Repository;
use super::server::NAMESPACE;
use crate::repository;

/// The names of the Applications in the sample.
pub(super) const OPERATOR: &str = "connect-operator";
pub(super) const USERS: &str = "contact-center";
/// The Application that applies them.
pub(super) const ROOT: &str = "root";

/// The three repositories: the operator's chart, the ConnectUsers, and the Applications.
pub(super) struct Samples {
    pub users: Repository,
    applications: Repository,
}

impl Samples {
    pub(super) fn create(cluster: &Cluster) -> Result<Self> {
        let directory = cluster.directory.path().join("git");
        let create = |name: &str| Repository::create(directory.join(name));
        let [operator, users, applications] = [create("operator")?, create("users")?, create("applications")?];
        let sample = fs::read_to_string(repository::root().join("deploy/argocd/applications.yaml"))?;

        let chart = "deploy/helm/connect-operator";
        copy(&repository::root().join(chart), &operator.path().join(chart))?;
        operator.write(&format!("{chart}/values.yaml"), &values(cluster, chart)?)?;
        operator.commit("The operator's chart")?;
        let revision = sample.lines().find_map(|line| line.trim().strip_prefix("targetRevision: v"));
        operator.tag(&format!("v{}", revision.context("the sample names a version")?))?;

        let sample = replaced(&sample, "https://github.com/connect-operator/connect-operator", &operator.url())?;
        let sample = replaced(&sample, "https://git.example.com/contact-center/users", &users.url())?;
        applications.write("applications.yaml", &sample)?;
        applications.commit("The Applications")?;
        Ok(Self { users, applications })
    }

    /// Applies the Application that applies the others.
    pub(super) fn apply_root(&self, cluster: &Cluster) -> Result<()> {
        cluster.apply(&json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {
                "name": ROOT, "namespace": NAMESPACE, "finalizers": ["resources-finalizer.argocd.argoproj.io"],
            },
            "spec": {
                "project": "default",
                "source": { "repoURL": self.applications.url(), "path": ".", "targetRevision": "main" },
                "destination": { "server": "https://kubernetes.default.svc", "namespace": NAMESPACE },
                "syncPolicy": { "automated": { "prune": true, "selfHeal": true } },
            },
        }))
    }

    /// Writes the manifest of a ConnectUser, after a change, without committing it.
    pub(super) fn write(
        &self,
        cluster: &Cluster,
        name: &str,
        profile: usize,
        change: impl FnOnce(&mut serde_json::Value),
    ) -> Result<()> {
        let mut manifest = manifest(cluster, USERS, name, profile);
        // A GitOps repository leaves the namespace to the Application.
        if let Some(metadata) = manifest["metadata"].as_object_mut() {
            metadata.remove("namespace");
        }
        change(&mut manifest);
        self.users.write(&file(name), &format!("{manifest:#}\n"))
    }

    /// Removes the manifest of a ConnectUser, without committing it.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        self.users.remove(&file(name))
    }
}

/// Returns the path of a manifest. JSON is YAML too.
fn file(name: &str) -> String {
    format!("prod/{name}.yaml")
}

/// Returns the chart's values, with the addresses, the credentials and the rates of this cluster.
fn values(cluster: &Cluster, chart: &str) -> Result<String> {
    let (name, tag) = cluster.images[0].rsplit_once(':').context("an image has the form NAME:TAG")?;
    let mut values = fs::read_to_string(repository::root().join(chart).join("values.yaml"))?;
    for (default, other) in [
        ("repository: ghcr.io/connect-operator/connect-operator\n", format!("repository: {name}\n")),
        ("\n  tag: \"\"\n", format!("\n  tag: {tag}\n")),
        ("\nclusterName: \"\"\n", format!("\nclusterName: {CLUSTER}\n")),
        ("\n  endpointUrl: \"\"\n", format!("\n  endpointUrl: {}\n", cluster.connect_url)),
        ("\n  region: \"\"\n", "\n  region: us-west-2\n".to_owned()),
        ("\n  callsPerSecond: 2\n", format!("\n  callsPerSecond: {RATE}\n")),
        ("\n  callBurst: 5\n", format!("\n  callBurst: {RATE}\n")),
        ("\nextraEnv: []\n", format!("\nextraEnv: {}\n", environment())),
    ] {
        values = replaced(&values, default, &other)?;
    }
    Ok(values)
}

/// Replaces the only occurrence of a text.
fn replaced(text: &str, old: &str, new: &str) -> Result<String> {
    ensure!(text.matches(old).count() == 1, "{old:?} does not occur exactly once");
    Ok(text.replace(old, new))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}
