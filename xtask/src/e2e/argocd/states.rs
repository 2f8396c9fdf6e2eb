//! The states of a ConnectUser, as Argo CD's controller reports them with this repository's health check.

use anyhow::{Context, Result};
use connect_api::OperationName;
use serde_json::{Value, json};

use super::super::cluster::PROFILES;
use super::super::steps::{Steps, until};
use super::{Scene, USERS, agent, refresh, verdict};

/// The ConnectUser that is changed.
const CHANGED: usize = 2;

/// A change of a manifest, in words, with the health that follows.
type State = (&'static str, &'static str, fn(&mut Value));

pub(super) fn play(scene: &Scene<'_>, steps: &mut Steps) -> Result<()> {
    let states: [State; 3] = [
        ("names a profile that does not exist", "Progressing", |manifest| {
            if let Some(spec) = manifest["spec"].as_object_mut() {
                spec.remove("routingProfileArn");
                spec.insert("routingProfileName".to_owned(), json!("No such profile"));
            }
        }),
        ("asks for a change that IAM denies", "Degraded", |manifest| {
            if let Some(spec) = manifest["spec"].as_object_mut() {
                spec.remove("routingProfileArn");
                spec.insert("routingProfileName".to_owned(), json!(PROFILES[1]));
            }
        }),
        ("is paused", "Suspended", |manifest| {
            manifest["metadata"]["annotations"] = json!({ "connect-operator.dev/paused": "true" });
        }),
    ];
    scene.cluster.sim.deny([OperationName::UpdateUserRoutingProfile]);
    for (what, health, change) in states {
        steps.step(&format!("a ConnectUser that {what} is {health}, and Healthy when Git corrects it"), || {
            scene.samples.write(scene.cluster, &agent(CHANGED), 0, change)?;
            scene.samples.users.commit(what)?;
            refresh(scene.cluster, USERS, "normal")?;
            until_health(scene, health)?;
            scene.samples.write(scene.cluster, &agent(CHANGED), 0, |_| ())?;
            scene.synced("The correction")?;
            until_health(scene, "Healthy")
        });
    }
    scene.cluster.sim.deny([""; 0]);
    Ok(())
}

/// Waits until Argo CD reports this health of the changed ConnectUser and of its Application.
fn until_health(scene: &Scene<'_>, health: &str) -> Result<String> {
    until(&format!("{} and its Application are {health}", agent(CHANGED)), || {
        let verdict = verdict(scene.cluster, USERS)?.context("the users' Application")?;
        let user = verdict.users.iter().find(|(name, _)| *name == agent(CHANGED)).map(|(_, health)| health.as_str());
        Ok(if user == Some(health) && verdict.health == health { Ok(()) } else { Err(format!("{verdict:?}")) })
    })?;
    Ok(String::new())
}
