//! The actions that Argo CD's API server offers for a ConnectUser, for someone who may do no more than docs/gitops.md shows.

use anyhow::{Context, Result, ensure};
use connect_api::{RoutingProfileId, UpdateUserRoutingProfile, User};
use serde_json::Value;

use super::super::cluster::PROFILES;
use super::super::steps::{Steps, until};
use super::api_server::ApiServer;
use super::server::ArgoCd;
use super::{Scene, USERS, agent, until_synced, verdict};

/// The ConnectUser of the actions.
const NUMBER: usize = 1;

pub(super) fn play(scene: &Scene<'_>, argo: &ArgoCd, steps: &mut Steps) -> Result<()> {
    let supervisor =
        steps.required("Argo CD's API server runs, and a supervisor has a token", || ApiServer::start(scene.cluster, argo))?;
    let actions = Actions { scene, supervisor };
    steps.step("a supervisor pauses a ConnectUser, and a change in Connect stays", || actions.pause());
    steps.step("Argo CD finds no difference to Git", || scene.nothing_differs());
    steps.step("a supervisor resumes it, and the change is reverted", || actions.resume());
    steps.step("a supervisor requests a reconciliation, and a change in Connect is reverted at once", || actions.reconcile_now());
    steps.step("a supervisor may not sync", || {
        let refused = actions.supervisor.run(&["app", "sync", USERS]).err().map(|error| error.to_string());
        let refused = refused.unwrap_or_default();
        ensure!(refused.contains("permission denied"), "{refused:?}");
        Ok(String::new())
    });
    until_synced(scene.cluster, USERS, "").map(drop)
}

struct Actions<'a> {
    scene: &'a Scene<'a>,
    supervisor: ApiServer<'a>,
}

impl Actions<'_> {
    fn pause(&self) -> Result<String> {
        ensure!(self.offered()? == ["pause", "reconcile-now"], "{:?} are offered", self.offered()?);
        self.act("pause")?;
        self.until_health("Suspended")?;
        self.change_in_connect()?;
        ensure!(self.offered()? == ["resume"], "{:?} are offered", self.offered()?);
        Ok(String::new())
    }

    fn resume(&self) -> Result<String> {
        ensure!(self.user()?.routing_profile_id == self.profile(1), "a paused ConnectUser was reconciled");
        self.act("resume")?;
        self.scene.until_profile(&agent(NUMBER), 0)?;
        self.until_health("Healthy")?;
        Ok(String::new())
    }

    fn reconcile_now(&self) -> Result<String> {
        self.change_in_connect()?;
        self.act("reconcile-now")?;
        self.scene.until_profile(&agent(NUMBER), 0)?;
        Ok(String::new())
    }

    fn act(&self, action: &str) -> Result<()> {
        let name = agent(NUMBER);
        self.supervisor
            .run(&["app", "actions", "run", USERS, action, "--kind", "ConnectUser", "--resource-name", &name])
            .map(drop)
    }

    /// Returns the actions that are not disabled.
    fn offered(&self) -> Result<Vec<String>> {
        let name = agent(NUMBER);
        let filter = ["--kind", "ConnectUser", "--resource-name", &name, "--out", "json"];
        let listed = self.supervisor.run(&[&["app", "actions", "list", USERS], &filter[..]].concat())?;
        let listed: Vec<Value> = serde_json::from_str(&listed)?;
        let offered = listed.iter().filter(|action| action["Disabled"] != true);
        let mut offered: Vec<_> = offered.filter_map(|action| Some(action["Action"].as_str()?.to_owned())).collect();
        offered.sort();
        Ok(offered)
    }

    fn profile(&self, number: usize) -> Option<RoutingProfileId> {
        self.scene.cluster.sim.routing_profile_id(&self.scene.cluster.instance, PROFILES[number])
    }

    fn user(&self) -> Result<User> {
        let view = self.scene.cluster.sim.user(&self.scene.cluster.instance, &agent(NUMBER));
        Ok(view.context("the user is gone")?.user)
    }

    /// Gives the user another routing profile, as someone at the console does.
    fn change_in_connect(&self) -> Result<()> {
        let instance = self.scene.cluster.instance.clone();
        let routing_profile_id = self.profile(1).context("the instance has both profiles")?;
        let change = UpdateUserRoutingProfile { instance, user: self.user()?.id, routing_profile_id };
        self.scene.cluster.sim.console().call_now(change.into())?;
        Ok(())
    }

    fn until_health(&self, health: &str) -> Result<()> {
        until(&format!("{} is {health}", agent(NUMBER)), || {
            let verdict = verdict(self.scene.cluster, USERS)?;
            let found = verdict.as_ref().and_then(|verdict| verdict.health_of(&agent(NUMBER))) == Some(health);
            Ok(if found { Ok(()) } else { Err(format!("{verdict:?}")) })
        })?;
        Ok(())
    }
}
