//! Deletions of many users and of Applications.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::super::release::until_two_pods;
use super::super::steps::{Steps, until};
use super::server::NAMESPACE;
use super::{OPERATOR, ROOT, Scene, USERS, agent, refresh, until_synced, verdict};

/// More than the operator deletes without a confirmation.
const TEAM: usize = 20;
/// The chart's `deletionGuard.count`.
const NEVER_HELD: usize = 10;

pub(super) fn play(scene: &Scene<'_>, steps: &mut Steps) -> Result<()> {
    steps.required("a team of 20 joins", || {
        for number in 0..TEAM {
            scene.samples.write(scene.cluster, &agent(10 + number), 0, |_| ())?;
        }
        scene.synced("A team joins")?;
        scene.until_users(3 + TEAM)
    })?;
    let held = steps.step("their manifests are removed at once: at most ten users go, and the other deletions are held", || {
        let held = remove_team(scene, "A team leaves")?;
        scene.until_users(3 + held)?;
        let verdict = verdict(scene.cluster, USERS)?.context("the users' Application")?;
        let [phase, message, _] = &verdict.operation;
        let health = format!("{} {}", verdict.sync, verdict.health);
        Ok(format!("{held} of {TEAM} are held; Argo CD says {health}, and of its last sync {phase}: {message:?}"))
    });
    if held {
        steps.step("the mistake is undone in Git (Retain, AdoptOrCreate): the users stay as they were", || undo_in_git(scene));
        steps.step("a deletion that is meant is confirmed, and Argo CD finishes", || confirm(scene));
    }
    orders(scene, steps)
}

/// Removes the manifests of the team, and waits until the ConnectUsers that remain are held. Returns their number. The operator sees
/// the deletions one after the other, as Argo CD requests them, so that it may process the first ten before it sees the eleventh.
fn remove_team(scene: &Scene<'_>, message: &str) -> Result<usize> {
    for number in 0..TEAM {
        scene.samples.remove(&agent(10 + number))?;
    }
    scene.samples.users.commit(message)?;
    refresh(scene.cluster, USERS, "normal")?;
    let (held, _) = until("the deletions are held", || {
        let users = scene.cluster.get(&["connectusers", "--namespace", USERS])?;
        let users = users["items"].as_array().cloned().unwrap_or_default();
        let held = users.iter().filter(|user| is_held(user)).count();
        Ok(if held > 0 && users.len() == 3 + held { Ok(held) } else { Err(format!("{held} of {} are held", users.len())) })
    })?;
    ensure!(held >= TEAM - NEVER_HELD, "only {held} are held");
    Ok(held)
}

/// Returns whether a ConnectUser reports that its deletion is held.
fn is_held(user: &Value) -> bool {
    let mut conditions = user["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["reason"] == "DeletionHeld")
}

/// Puts the manifests back so that the ConnectUsers that are being deleted release their users, and new ones take them over.
fn undo_in_git(scene: &Scene<'_>) -> Result<String> {
    let before = scene.user_ids();
    for number in 0..TEAM {
        scene.samples.write(scene.cluster, &agent(10 + number), 0, |manifest| {
            manifest["spec"]["deletionPolicy"] = json!("Retain");
            manifest["spec"]["adoptionPolicy"] = json!("AdoptOrCreate");
        })?;
    }
    scene.synced("The team is back")?;
    until("no ConnectUser is being deleted", || {
        let users = scene.cluster.get(&["connectusers", "--namespace", USERS])?;
        let going = users["items"].as_array().into_iter().flatten();
        let going = going.filter(|user| !user["metadata"]["deletionTimestamp"].is_null()).count();
        Ok(if going == 0 { Ok(()) } else { Err(format!("{going} are")) })
    })?;
    until_synced(scene.cluster, USERS, "")?;
    scene.until_users(3 + TEAM)?;
    let after = scene.user_ids();
    ensure!(before.is_subset(&after), "a user whose deletion was held is gone");
    Ok(format!("{} users stayed, and {} were created again", before.len(), after.len() - before.len()))
}

/// Removes the manifests again, with the usual policy, and confirms the deletion.
fn confirm(scene: &Scene<'_>) -> Result<String> {
    for number in 0..TEAM {
        scene.samples.write(scene.cluster, &agent(10 + number), 0, |_| ())?;
    }
    scene.synced("The usual policies")?;
    remove_team(scene, "The team leaves indeed")?;
    confirm_all(scene)?;
    until_synced(scene.cluster, USERS, "")?;
    scene.until_users(3)?;
    Ok(String::new())
}

fn confirm_all(scene: &Scene<'_>) -> Result<()> {
    let now = jiff::Timestamp::now();
    let annotation = format!("connect-operator.dev/confirm-deletion={now:.0}");
    let arguments = ["annotate", "connectusers", "--all", "--namespace", USERS, "--overwrite", &annotation];
    scene.cluster.kubectl(&arguments).map(drop)
}

/// Deletes the Applications: the operator's first, which is the wrong order, and then all of them by the one that applies them.
fn orders(scene: &Scene<'_>, steps: &mut Steps) -> Result<()> {
    steps.step("the operator's Application is deleted first: the ConnectUsers wait, and users stay", || {
        // Otherwise it would be applied again at once.
        let manual = json!({ "spec": { "syncPolicy": null } }).to_string();
        scene.cluster.kubectl(&["patch", "application", ROOT, "--namespace", NAMESPACE, "--type=merge", "--patch", &manual])?;
        delete(scene, OPERATOR)?;
        until_gone(scene, OPERATOR)?;
        ensure!(scene.cluster.get(&["crd", "connectusers.connect-operator.dev"]).is_ok(), "the definition is gone");
        delete(scene, USERS)?;
        until("the ConnectUsers are being deleted", || {
            let going = (0..3).map(|number| Ok(!scene.resource(&agent(number))?["metadata"]["deletionTimestamp"].is_null()));
            let going = going.collect::<Result<Vec<_>>>()?;
            Ok(if going.iter().all(|going| *going) { Ok(()) } else { Err(format!("{going:?}")) })
        })?;
        scene.until_users(3).map(|()| String::new())
    });
    steps.step("the operator's Application is applied again: the deletions continue, and the users come back from Git", || {
        scene.samples.apply_root(scene.cluster)?;
        refresh(scene.cluster, ROOT, "normal")?;
        // First the old ConnectUsers go with their Application, and then the root Application applies it again.
        until_synced(scene.cluster, OPERATOR, "")?;
        until_two_pods(scene.cluster)?;
        until_synced(scene.cluster, USERS, "")?;
        until("the ConnectUsers are new", || {
            let going = (0..3).filter(|number| {
                scene.resource(&agent(*number)).map_or(true, |user| !user["metadata"]["deletionTimestamp"].is_null())
            });
            let going: Vec<_> = going.collect();
            Ok(if going.is_empty() { Ok(()) } else { Err(format!("{going:?}")) })
        })?;
        let users = scene.usernames();
        ensure!(users.len() == 3, "{users:?}");
        Ok(String::new())
    });
    steps.step("the users' Application is deleted alone: its users go, the operator stays, and Git brings them back", || {
        let before = scene.user_ids();
        delete(scene, USERS)?;
        // The root Application applies it again.
        until("the users are new ones", || {
            let now = scene.user_ids();
            Ok(if now.len() == 3 && now.is_disjoint(&before) { Ok(()) } else { Err(format!("{now:?}")) })
        })?;
        until_synced(scene.cluster, OPERATOR, "")?;
        until_synced(scene.cluster, USERS, "")?;
        Ok(String::new())
    });
    steps.step("the root Application is deleted: the users go first, then the operator", || {
        delete(scene, ROOT)?;
        until("the users' Application is gone", || {
            let users = verdict(scene.cluster, USERS)?;
            if users.is_some() && verdict(scene.cluster, OPERATOR)?.is_none() {
                anyhow::bail!("the operator's Application went before the users'");
            }
            Ok(users.map_or(Ok(()), |verdict| Err(format!("{verdict:?}"))))
        })?;
        until_gone(scene, OPERATOR)?;
        until_gone(scene, ROOT)?;
        scene.until_users(0).map(|()| String::new())
    });
    Ok(())
}

fn delete(scene: &Scene<'_>, application: &str) -> Result<()> {
    scene.cluster.kubectl(&["delete", "application", application, "--namespace", NAMESPACE, "--wait=false"]).map(drop)
}

fn until_gone(scene: &Scene<'_>, application: &str) -> Result<()> {
    let look = || Ok(verdict(scene.cluster, application)?.map_or(Ok(()), |verdict| Err(format!("{verdict:?}"))));
    until(&format!("{application} is gone"), look).map(drop)
}
