//! Helm itself, cut off from the user's configuration.

use std::{path::Path, process::Command};

use control_plane::tool;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::repository;

pub const CHART: &str = "deploy/helm/connect-operator";

#[derive(Clone, Copy, Debug)]
pub enum Helm {
    Three,
    Four,
}

impl Helm {
    pub const ALL: [Self; 2] = [Self::Three, Self::Four];

    /// Runs it in the repository. Returns its output, as Ok or Err by its exit code.
    pub fn run(self, arguments: &[&str], kubeconfig: Option<&Path>) -> Result<String, String> {
        let home = TempDir::new().unwrap();
        let program = tool(match self {
            Self::Three => "helm3",
            Self::Four => "helm",
        });
        let mut helm = Command::new(program.unwrap());
        helm.args(arguments).current_dir(repository(".")).env_clear().env("HOME", home.path());
        helm.envs(kubeconfig.map(|kubeconfig| ("KUBECONFIG", kubeconfig)));
        let output = helm.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr) + &text(output.stdout)) }
    }

    /// Returns the chart rendered with these flags, as a release with the chart's name.
    pub fn template(self, flags: &[&str]) -> Result<String, String> {
        self.template_of(CHART, flags)
    }

    /// Returns another chart rendered like [`Helm::template`].
    pub fn template_of(self, chart: &str, flags: &[&str]) -> Result<String, String> {
        // Only released builds of Helm 3 know for which Kubernetes they were built.
        let place = ["--namespace=connect-operator-system", "--kube-version=1.37"];
        self.run(&[&["template", "connect-operator", chart], &place[..], flags].concat(), None)
    }
}

/// Returns the objects in a stream of manifests.
pub fn documents(manifests: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(manifests).unwrap();
    all.into_iter().filter(|document| !document.is_null()).collect()
}
