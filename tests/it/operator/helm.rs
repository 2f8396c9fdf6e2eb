//! `helm --wait` on ConnectUsers, with Helm itself.

use std::{fs, path::Path, process::Command};

use control_plane::tool;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::harness::{Harness, PASSWORD, harness, is_ready};

/// A chart with one ConnectUser.
struct Chart<'harness> {
    harness: &'harness Harness<'harness>,
    name: &'static str,
    directory: TempDir,
}

impl<'harness> Chart<'harness> {
    fn new(harness: &'harness Harness<'harness>, name: &'static str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let chart = json!({ "apiVersion": "v2", "name": name, "version": "1.0.0" });
        fs::write(directory.path().join("Chart.yaml"), chart.to_string()).unwrap();
        fs::create_dir(directory.path().join("templates")).unwrap();
        Self { harness, name, directory }
    }

    /// Installs the chart or upgrades it to this spec. Returns Helm's output, as Ok or Err by its exit code.
    async fn release(&self, spec: &Value, flags: &[&str]) -> Result<(), String> {
        let template = self.directory.path().join("templates/user.yaml");
        fs::write(template, self.harness.manifest(self.name, spec).to_string()).unwrap();
        let chart = self.directory.path().to_str().unwrap();
        let mut helm = Command::new(tool("helm").unwrap());
        helm.args(["upgrade", "--install", self.name, chart, "--namespace", self.harness.namespace()]).args(flags);
        helm.env_clear().env("KUBECONFIG", self.harness.kubeconfig()).env("HOME", Path::new(chart).join("home"));
        let output = tokio::task::spawn_blocking(move || helm.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(said) }
    }
}

/// Helm's message when it gives up waiting.
const TIME_OUT: &str = "deadline";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn helm_waits_until_users_match_their_specs() {
    let harness = harness("helm").await;
    let chart = Chart::new(&harness, "jane");
    let wait = ["--wait", "--timeout=60s"];
    chart.release(&json!({}), &wait).await.unwrap();
    assert!(is_ready(&harness.users().get("jane").await.unwrap()));
    chart.release(&json!({ "routingProfileArn": harness.routing_profile("Sales") }), &wait).await.unwrap();
    assert!(is_ready(&harness.users().get("jane").await.unwrap()));
    assert!(harness.is_routed("jane", "Sales"));

    // Helm waits for a Secret that may still arrive.
    let early = Chart::new(&harness, "early");
    let spec = json!({ "passwordSecretRef": { "name": "later" } });
    let said = early.release(&spec, &["--wait", "--timeout=2s"]).await.unwrap_err();
    assert!(said.contains(TIME_OUT), "{said}");
    harness.secret("later", json!({ "password": PASSWORD })).await;
    early.release(&spec, &wait).await.unwrap();
    assert!(is_ready(&harness.users().get("early").await.unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn helm_does_not_wait_for_a_stalled_user() {
    let harness = harness("helm").await;
    harness.secret("weak", json!({ "password": "weak" })).await;
    let chart = Chart::new(&harness, "weakling");
    let weak = json!({ "passwordSecretRef": { "name": "weak" } });
    let said = chart.release(&weak, &["--wait", "--timeout=60s"]).await.unwrap_err();
    assert!(said.contains("Failed") && said.contains("Password must have 8 to 64 characters"), "{said}");
    assert!(!said.contains(TIME_OUT), "{said}");

    // Helm 3 does not wait for custom resources at all.
    chart.release(&weak, &["--wait=legacy", "--timeout=60s"]).await.unwrap();
    chart.release(&json!({}), &["--wait", "--timeout=60s"]).await.unwrap();
    assert!(is_ready(&harness.users().get("weakling").await.unwrap()));
}
