//! Argo CD syncs the repository's own samples from Git repositories on this machine.

mod actions;
mod api_server;
mod deletions;
mod documented;
mod repository;
mod samples;
mod server;
mod states;
mod syncs;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use connect_api::UserId;
use connect_operator::api::PREFIX;
use serde_json::{Value, json};

use self::samples::{OPERATOR, ROOT, Samples, USERS};
use self::server::{ArgoCd, Verdict, refresh, until_synced, verdict};
use super::cluster::{Cluster, HOME, PROFILES};
use super::release::NAME;
use super::steps::{Steps, until};
use crate::screen::heading;

/// What the scenarios share.
struct Scene<'a> {
    cluster: &'a Cluster,
    samples: Samples,
}

/// Plays all scenarios.
pub(super) fn play(cluster: &Cluster, steps: &mut Steps) -> Result<()> {
    heading("Argo CD");
    let missing = ArgoCd::missing();
    if !missing.is_empty() {
        println!("  LEFT OUT: Argo CD, because {} cannot be found", missing.join(" and "));
        return Ok(());
    }
    control_plane::tool("argocd")?;
    let mut argo = steps.required("it runs, with the settings of deploy/argocd/argocd-cm.yaml", || ArgoCd::start(cluster))?;
    let scene = Scene { cluster, samples: Samples::create(cluster)? };
    let failed = steps.failures();
    let played = scene.play(&argo, steps);
    if played.is_err() || steps.failures() > failed {
        println!("Argo CD's last lines:\n{}", argo.log());
    }
    argo.check()?;
    played
}

impl Scene<'_> {
    fn play(&self, argo: &ArgoCd, steps: &mut Steps) -> Result<()> {
        self.install(steps)?;
        syncs::play(self, steps)?;
        states::play(self, steps)?;
        actions::play(self, argo, steps)?;
        deletions::play(self, steps)?;
        documented::play(self, steps)
    }

    /// Lets Argo CD install the operator, and then the ConnectUsers.
    fn install(&self, steps: &mut Steps) -> Result<()> {
        self.write_secret()?;
        for number in 0..5 {
            self.samples.write(self.cluster, &agent(number), 0, |_| ())?;
        }
        let revision = self.samples.users.commit("Five agents")?;
        steps.step("waves wait: the users' Application comes when the operator is ready", || {
            self.samples.apply_root(self.cluster)?;
            self.waves_wait()
        });
        steps.required("everything is Synced and Healthy, and the users are in Connect", || {
            until_synced(self.cluster, OPERATOR, "")?;
            let verdict = until_synced(self.cluster, USERS, &revision)?;
            until_synced(self.cluster, ROOT, "")?;
            ensure!(verdict.users.iter().all(|(_, health)| health == "Healthy"), "{:?}", verdict.users);
            self.until_users(5)
        })
    }

    /// Waits for the users' Application, and checks that both pods of the operator were ready when it came.
    fn waves_wait(&self) -> Result<String> {
        let mut waited = Duration::ZERO;
        let started = Instant::now();
        until("the users' Application is there", || {
            let operator = verdict(self.cluster, OPERATOR)?;
            if verdict(self.cluster, USERS)?.is_none() {
                waited = started.elapsed();
                return Ok(Err(format!("{operator:?}")));
            }
            Ok(Ok(()))
        })?;
        let deployment = self.cluster.get(&["deployment", NAME, "--namespace", HOME])?;
        let ready = &deployment["status"]["readyReplicas"];
        ensure!(ready == 2, "{ready} pods of the operator were ready");
        let operator = verdict(self.cluster, OPERATOR)?.context("the operator's Application")?;
        ensure!(operator.sync == "Synced" && operator.health == "Healthy", "{operator:?}");
        Ok(format!("it came after {:.1} s", waited.as_secs_f64()))
    }

    fn write_secret(&self) -> Result<()> {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "initial" },
            "stringData": { "password": "Initial-Passw0rd-5150" },
        });
        self.samples.users.write("prod/secret.yaml", &format!("{secret:#}\n"))
    }

    /// Commits, and waits until Argo CD has synced the ConnectUsers and says that they are well.
    fn synced(&self, message: &str) -> Result<Verdict> {
        let revision = self.samples.users.commit(message)?;
        until_synced(self.cluster, USERS, &revision)
    }

    /// Waits until Connect holds this many users, each of another ConnectUser.
    fn until_users(&self, number: usize) -> Result<()> {
        until("the users in Connect", || {
            let users: Vec<_> = self.usernames();
            Ok(if users.len() == number { Ok(()) } else { Err(format!("{users:?}")) })
        })?;
        let users = self.cluster.sim.users(&self.cluster.instance);
        let owners: BTreeSet<_> = users.iter().map(|view| view.user.tags.get(&format!("{PREFIX}name"))).collect();
        ensure!(owners.len() == users.len(), "{} users of {} ConnectUsers", users.len(), owners.len());
        Ok(())
    }

    fn user_ids(&self) -> BTreeSet<UserId> {
        self.cluster.sim.users(&self.cluster.instance).into_iter().map(|view| view.user.id).collect()
    }

    fn usernames(&self) -> Vec<String> {
        let users = self.cluster.sim.users(&self.cluster.instance);
        users.into_iter().map(|view| view.user.username).collect()
    }

    /// Waits until a user in Connect has this routing profile.
    fn until_profile(&self, username: &str, profile: usize) -> Result<()> {
        let wanted = self.cluster.sim.routing_profile_id(&self.cluster.instance, PROFILES[profile]);
        until(&format!("the routing profile of {username}"), || {
            let user = self.cluster.sim.user(&self.cluster.instance, username).map(|view| view.user);
            Ok(if user.as_ref().is_some_and(|user| user.routing_profile_id == wanted) {
                Ok(())
            } else {
                Err(format!("{user:?}"))
            })
        })?;
        Ok(())
    }

    fn resource(&self, name: &str) -> Result<Value> {
        self.cluster.get(&["connectuser", name, "--namespace", USERS])
    }

    /// Compares everything with Git again, and checks that Argo CD finds no difference and starts no sync.
    fn nothing_differs(&self) -> Result<String> {
        let before = verdict(self.cluster, USERS)?.context("the users' Application")?;
        let compared = || Ok::<_, anyhow::Error>(self.application(USERS)?["status"]["reconciledAt"].clone());
        let earlier = compared()?;
        // The time has whole seconds.
        std::thread::sleep(Duration::from_millis(1_100));
        refresh(self.cluster, USERS, "hard")?;
        until("Argo CD has compared", || Ok(if compared()? == earlier { Err(earlier.to_string()) } else { Ok(()) }))?;
        let after = verdict(self.cluster, USERS)?.context("the users' Application")?;
        ensure!(after.sync == "Synced" && after.operation == before.operation, "{before:?}, then {after:?}");
        Ok(String::new())
    }

    fn application(&self, name: &str) -> Result<Value> {
        self.cluster.get(&["application", name, "--namespace", server::NAMESPACE])
    }
}

fn agent(number: usize) -> String {
    format!("agent-{number:02}")
}
