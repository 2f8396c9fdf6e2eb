//! Every state of docs/states.md, as Argo CD's controller judges it. No operator runs, so that the states stay as they are written.

use std::fs;

use anyhow::{Context, Result, ensure};
use connect_operator::api::FINALIZER;
use serde_json::{Value, json};

use super::super::fleet::manifest;
use super::super::steps::{Steps, until};
use super::repository::Repository;
use super::server::NAMESPACE;
use super::{Scene, refresh, verdict};
use crate::repository;

/// The namespace and the Application of the ConnectUsers, one for each state.
const STATES: &str = "states";

/// A row of the table.
struct Documented {
    what: String,
    generation: String,
    /// Each as TYPE=STATUS/REASON.
    conditions: Vec<String>,
    is_deleted: bool,
    health: String,
}

pub(super) fn play(scene: &Scene<'_>, steps: &mut Steps) -> Result<()> {
    let states = rows(&fs::read_to_string(repository::root().join("docs/states.md"))?);
    ensure!(states.len() > 20, "docs/states.md has {} states", states.len());
    let name = format!("without an operator, each of the {} states of docs/states.md is what that page says", states.len());
    steps.step(&name, || are_seen(scene, &states).map(|()| String::new()));
    Ok(())
}

/// Reads the table of the page.
fn rows(page: &str) -> Vec<Documented> {
    let table = page.lines().skip_while(|line| !line.starts_with("| State |")).skip(2).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        let [what, generation, conditions, _, kstatus, health, _] = cells.try_into().ok()?;
        let conditions = conditions.split("<br>").filter(|condition| !condition.is_empty()).map(str::to_owned).collect();
        Some(Documented { what, generation, conditions, is_deleted: kstatus == "Terminating", health })
    };
    table.filter_map(row).collect()
}

fn name(number: usize) -> String {
    format!("state-{number:02}")
}

fn are_seen(scene: &Scene<'_>, states: &[Documented]) -> Result<()> {
    let cluster = scene.cluster;
    let git = Repository::create(cluster.directory.path().join("git").join(STATES))?;
    for (number, state) in states.iter().enumerate() {
        let mut manifest = manifest(cluster, STATES, &name(number), 0);
        if state.is_deleted {
            manifest["metadata"]["finalizers"] = json!([FINALIZER]);
        }
        git.write(&format!("{}.yaml", name(number)), &format!("{manifest:#}\n"))?;
    }
    git.commit("The states")?;
    cluster.apply(&json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": { "name": STATES, "namespace": NAMESPACE },
        "spec": {
            "project": "default",
            "source": { "repoURL": git.url(), "path": ".", "targetRevision": "main" },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": STATES },
            "syncPolicy": { "automated": {}, "syncOptions": ["CreateNamespace=true"] },
        },
    }))?;
    until("the ConnectUsers are there", || {
        let verdict = verdict(cluster, STATES)?;
        let is_done = verdict.as_ref().is_some_and(|verdict| verdict.sync == "Synced" && verdict.operation[0] == "Succeeded");
        Ok(if is_done { Ok(()) } else { Err(format!("{verdict:?}")) })
    })?;
    for (number, state) in states.iter().enumerate() {
        state.write(scene, &name(number))?;
    }
    refresh(cluster, STATES, "normal")?;
    let seen = until("Argo CD sees each state", || {
        let verdict = verdict(cluster, STATES)?.context("the Application")?;
        let health = |number| verdict.health_of(&name(number));
        let differ = |(number, state): (usize, &Documented)| {
            (health(number) != Some(&*state.health))
                .then(|| format!("{:?} is {:?}, not {}", state.what, health(number), state.health))
        };
        let differing: Vec<_> = states.iter().enumerate().filter_map(differ).collect();
        Ok(if differing.is_empty() { Ok(()) } else { Err(differing.join("\n")) })
    });
    // Nothing else removes the finalizers.
    for number in (0..states.len()).filter(|number| states[*number].is_deleted) {
        patch(scene, &name(number), &[], &json!({ "metadata": { "finalizers": null } }))?;
    }
    cluster.kubectl(&["delete", "application", STATES, "--namespace", NAMESPACE])?;
    cluster.kubectl(&["delete", "namespace", STATES])?;
    seen.map(drop)
}

impl Documented {
    /// Brings a ConnectUser into this state.
    fn write(&self, scene: &Scene<'_>, name: &str) -> Result<()> {
        let cluster = scene.cluster;
        if self.is_deleted {
            cluster.kubectl(&["delete", "connectuser", name, "--namespace", STATES, "--wait=false"])?;
        }
        let resource = cluster.get(&["connectuser", name, "--namespace", STATES])?;
        let generation = resource["metadata"]["generation"].as_i64().context("a generation")?;
        let observed = match &*self.generation {
            "=" => generation,
            "older" => generation - 1,
            other => other.replace('−', "-").parse()?,
        };
        let conditions = self.conditions.iter().map(|text| condition(text, &self.what)).collect::<Result<Vec<_>>>()?;
        patch(
            scene,
            name,
            &["--subresource=status"],
            &json!({ "status": { "observedGeneration": observed, "conditions": conditions } }),
        )
    }
}

fn condition(text: &str, message: &str) -> Result<Value> {
    let (kind, rest) = text.split_once('=').with_context(|| text.to_owned())?;
    let (status, reason) = rest.split_once('/').with_context(|| text.to_owned())?;
    let now = jiff::Timestamp::now();
    Ok(json!({ "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": format!("{now:.0}") }))
}

fn patch(scene: &Scene<'_>, name: &str, flags: &[&str], patch: &Value) -> Result<()> {
    let patch = patch.to_string();
    let arguments = [&["patch", "connectuser", name, "--namespace", STATES, "--type=merge", "--patch", &patch], flags].concat();
    scene.cluster.kubectl(&arguments).map(drop)
}
