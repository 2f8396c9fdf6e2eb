//! The states of a ConnectUser, as Argo CD's controller reports them with this repository's health check.

use anyhow::{Context, Result};
use connect_api::{InstanceId, OperationName};
use connect_sim::{Effect, Fault, Sim};
use serde_json::{Value, json};

use super::super::cluster::PROFILES;
use super::super::steps::{Steps, until};
use super::{Scene, USERS, agent, refresh, verdict};

/// A ConnectUser whose user exists.
const CHANGED: usize = 2;
/// A ConnectUser that is new.
const NEW: usize = 90;

/// A state that a manifest leads to.
struct State {
    what: &'static str,
    /// The reason of one of the ConnectUser's conditions.
    reason: &'static str,
    /// The health of the ConnectUser and of its Application.
    health: &'static str,
    number: usize,
    change: fn(&mut Value),
    /// What is wrong in Connect.
    trouble: fn(&Sim, &InstanceId),
}

const STATES: [State; 9] = [
    State {
        what: "names a profile that does not exist",
        reason: "DependencyNotFound",
        health: "Progressing",
        number: CHANGED,
        change: |manifest| routed(manifest, "No such profile"),
        trouble: |_, _| (),
    },
    State {
        what: "asks for a change that IAM denies",
        reason: "AccessDenied",
        health: "Degraded",
        number: CHANGED,
        change: |manifest| routed(manifest, PROFILES[1]),
        trouble: |sim, _| sim.deny([OperationName::UpdateUserRoutingProfile]),
    },
    State {
        what: "asks for a change while Connect fails",
        reason: "Transient",
        health: "Progressing",
        number: CHANGED,
        change: |manifest| routed(manifest, PROFILES[1]),
        trouble: |sim, _| {
            sim.inject(Fault::on(OperationName::UpdateUserRoutingProfile, Effect::internal_error()).always());
        },
    },
    State {
        what: "is only observed and differs",
        reason: "Drifted",
        health: "Healthy",
        number: CHANGED,
        change: |manifest| {
            routed(manifest, PROFILES[1]);
            manifest["spec"]["managementPolicy"] = json!("Observe");
        },
        trouble: |_, _| (),
    },
    State {
        what: "is paused",
        reason: "Paused",
        health: "Suspended",
        number: CHANGED,
        change: |manifest| manifest["metadata"]["annotations"] = json!({ "connect-operator.dev/paused": "true" }),
        trouble: |_, _| (),
    },
    State {
        what: "names a Secret that does not exist",
        reason: "SecretNotFound",
        health: "Progressing",
        number: NEW,
        change: |manifest| manifest["spec"]["passwordSecretRef"] = json!({ "name": "missing" }),
        trouble: |_, _| (),
    },
    State {
        what: "asks for a password that Connect refuses",
        reason: "InvalidSpec",
        health: "Degraded",
        number: NEW,
        change: |manifest| manifest["spec"]["passwordSecretRef"] = json!({ "name": WEAK }),
        trouble: |_, _| (),
    },
    State {
        what: "asks for another one's username",
        reason: "Conflict",
        health: "Degraded",
        number: NEW,
        change: |manifest| manifest["spec"]["username"] = json!("agent-00"),
        trouble: |_, _| (),
    },
    State {
        what: "exceeds the quota of users",
        reason: "QuotaExceeded",
        health: "Degraded",
        number: NEW,
        change: |_| (),
        trouble: |sim, instance| _ = sim.set_users_quota(instance, sim.users(instance).len()),
    },
];

/// The Secret with a password that is too short.
const WEAK: &str = "weak";
/// More users than there ever are.
const QUOTA: usize = 1_000;

fn routed(manifest: &mut Value, profile: &str) {
    if let Some(spec) = manifest["spec"].as_object_mut() {
        spec.remove("routingProfileArn");
        spec.insert("routingProfileName".to_owned(), json!(profile));
    }
}

pub(super) fn play(scene: &Scene<'_>, steps: &mut Steps) -> Result<()> {
    scene.cluster.apply(&json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": WEAK, "namespace": USERS }, "stringData": { "password": "weak" },
    }))?;
    for state in &STATES {
        let name = format!("a ConnectUser that {} is {}, until Git corrects it", state.what, state.health);
        steps.step(&name, || state.is_seen(scene).map(|()| String::new()));
    }
    Ok(())
}

impl State {
    fn is_seen(&self, scene: &Scene<'_>) -> Result<()> {
        let (sim, instance) = (&scene.cluster.sim, &scene.cluster.instance);
        (self.trouble)(sim, instance);
        scene.samples.write(scene.cluster, &agent(self.number), 0, self.change)?;
        scene.samples.users.commit(self.what)?;
        refresh(scene.cluster, USERS, "normal")?;
        let seen = self.until_reason(scene).and_then(|()| self.until_health(scene));
        // Whatever was seen, the other states need Connect as it was.
        sim.deny([""; 0]);
        sim.clear_faults();
        sim.set_users_quota(instance, QUOTA);
        match self.number {
            CHANGED => scene.samples.write(scene.cluster, &agent(CHANGED), 0, |_| ())?,
            new => scene.samples.remove(&agent(new))?,
        }
        scene.synced("The correction")?;
        seen
    }

    fn until_reason(&self, scene: &Scene<'_>) -> Result<()> {
        until(&format!("{} reports {}", agent(self.number), self.reason), || {
            let resource = match scene.resource(&agent(self.number)) {
                Ok(resource) => resource,
                Err(error) => return Ok(Err(error.to_string())),
            };
            let conditions = &resource["status"]["conditions"];
            let reported = conditions.as_array().into_iter().flatten().any(|condition| condition["reason"] == self.reason);
            Ok(if reported { Ok(()) } else { Err(conditions.to_string()) })
        })
        .map(drop)
    }

    /// Waits until Argo CD reports this health of the ConnectUser and of its Application.
    fn until_health(&self, scene: &Scene<'_>) -> Result<()> {
        until(&format!("{} and its Application are {}", agent(self.number), self.health), || {
            let verdict = verdict(scene.cluster, USERS)?.context("the users' Application")?;
            let user = verdict.health_of(&agent(self.number));
            let agrees = user == Some(self.health) && verdict.health == self.health;
            Ok(if agrees { Ok(()) } else { Err(format!("{verdict:?}")) })
        })
        .map(drop)
    }
}
