//! The commands for people, run in the leader's container and within its memory limit.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::cluster::Cluster;
use super::fleet::Fleet;
use super::release::{HOME, leader, pods};
use super::steps::{PATIENCE, Steps};

/// Runs `orphans`, `list` and `report` beside the leader.
pub(super) fn beside_the_leader(cluster: &Cluster, fleet: &Fleet<'_>, steps: &mut Steps) -> Result<()> {
    fleet.apply("listed", 0..20, 0)?;
    let users = fleet.settled(PATIENCE)?;
    let pod = leader(cluster)?;
    let exec = |arguments: &[&str]| {
        let command = ["exec", "--namespace", HOME, &pod.name, "--", "connect-operator"];
        cluster.kubectl(&[&command, arguments].concat())
    };
    steps.step("kubectl exec … orphans finds none", || {
        let found: Value = serde_json::from_str(&exec(&["orphans", "--output=json"])?)?;
        ensure!(found.as_array().is_some_and(Vec::is_empty), "{found}");
        Ok(String::new())
    });
    steps.step("kubectl exec … list shows every user", || {
        let listed: Value = serde_json::from_str(&exec(&["list", "--instance", &cluster.instance_arn, "--output=json"])?)?;
        let listed = listed.as_array().context("a list")?.len();
        ensure!(listed == users, "{listed} of {users}");
        Ok(format!("{listed} users"))
    });
    steps.step("kubectl exec … report counts them", || {
        let report = exec(&["report", "--instance", &cluster.instance_arn])?;
        ensure!(report.contains(&users.to_string()), "{report}");
        Ok(String::new())
    });
    steps.step("the leader has not been restarted by them", || {
        let now = pods(cluster)?.into_iter().find(|other| other.name == pod.name).context("the pod is gone")?;
        ensure!(now.restarts == pod.restarts, "{} restarts", now.restarts);
        Ok(String::new())
    });
    Ok(())
}
