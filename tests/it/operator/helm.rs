//! `helm --wait` on ConnectUsers, with Helm itself.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::scene::{PASSWORD, Scene, is_ready, scene};
use crate::health_checkers::tool;

/// A chart of one ConnectUser, which can be released again and again.
struct Chart<'scene> {
    scene: &'scene Scene<'scene>,
    name: &'static str,
    directory: TempDir,
}

impl<'scene> Chart<'scene> {
    fn new(scene: &'scene Scene<'scene>, name: &'static str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let chart = json!({ "apiVersion": "v2", "name": name, "version": "1.0.0" });
        fs::write(directory.path().join("Chart.yaml"), chart.to_string()).unwrap();
        fs::create_dir(directory.path().join("templates")).unwrap();
        Self { scene, name, directory }
    }

    /// Installs the chart or upgrades it to this spec. Returns Helm's output, as Ok or Err by its exit code.
    async fn release(&self, spec: &Value, flags: &[&str]) -> Result<(), String> {
        let template = self.directory.path().join("templates/user.yaml");
        fs::write(template, self.scene.manifest(self.name, spec).to_string()).unwrap();
        let chart = self.directory.path().to_str().unwrap();
        let mut helm = Command::new(tool("helm"));
        helm.args(["upgrade", "--install", self.name, chart, "--namespace", self.scene.namespace()]).args(flags);
        helm.env_clear().env("KUBECONFIG", self.scene.kubeconfig()).env("HOME", Path::new(chart).join("home"));
        let output = tokio::task::spawn_blocking(move || helm.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(said) }
    }
}

/// Helm's message when it gives up waiting.
const TIME_OUT: &str = "deadline";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn helm_waits_until_users_are_as_their_specs_ask() {
    let scene = scene("helm").await;
    let chart = Chart::new(&scene, "jane");
    let wait = ["--wait", "--timeout=60s"];
    chart.release(&json!({}), &wait).await.unwrap();
    assert!(is_ready(&scene.users().get("jane").await.unwrap()));
    chart.release(&json!({ "routingProfileArn": scene.routing_profile("Sales") }), &wait).await.unwrap();
    assert!(is_ready(&scene.users().get("jane").await.unwrap()));
    assert_eq!(scene.live("jane").user.routing_profile_id, scene.sim.routing_profile_id(&scene.instance(), "Sales"));

    // Helm waits for a Secret that may still arrive.
    let early = Chart::new(&scene, "early");
    let spec = json!({ "passwordSecretRef": { "name": "later" } });
    let said = early.release(&spec, &["--wait", "--timeout=2s"]).await.unwrap_err();
    assert!(said.contains(TIME_OUT), "{said}");
    scene.secret("later", json!({ "password": PASSWORD })).await;
    early.release(&spec, &wait).await.unwrap();
    assert!(is_ready(&scene.users().get("early").await.unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn helm_does_not_wait_for_a_user_that_needs_help() {
    let scene = scene("helm").await;
    scene.secret("weak", json!({ "password": "weak" })).await;
    let chart = Chart::new(&scene, "weakling");
    let weak = json!({ "passwordSecretRef": { "name": "weak" } });
    let said = chart.release(&weak, &["--wait", "--timeout=60s"]).await.unwrap_err();
    assert!(said.contains("Failed") && said.contains("Password must have 8 to 64 characters"), "{said}");
    assert!(!said.contains(TIME_OUT), "{said}");

    // Helm 3 does not wait for custom resources at all.
    chart.release(&weak, &["--wait=legacy", "--timeout=60s"]).await.unwrap();
    chart.release(&json!({}), &["--wait", "--timeout=60s"]).await.unwrap();
    assert!(is_ready(&scene.users().get("weakling").await.unwrap()));
}
