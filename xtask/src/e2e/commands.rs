//! The commands for people, run in the leader's container and within its memory limit.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testbed::installation::credentials;

use super::cluster::{Cluster, HOME};
use super::fleet::Fleet;
use super::release::{Pod, leader, pods};
use super::steps::{PATIENCE, Steps, until};
use crate::programs::build_operator;

/// Runs `orphans`, `list` and `report` beside the leader.
pub(super) fn beside_the_leader(cluster: &Cluster, fleet: &Fleet<'_>, steps: &mut Steps) -> Result<()> {
    fleet.apply("listed", 0..20, 0)?;
    let users = fleet.settled(PATIENCE)?;
    let pod = leader(cluster)?;
    in_container(cluster, &pod, users, steps);
    steps.step("report --with-cluster, outside of the cluster, shows the leader's queue and last sweep", || {
        let (completed, _) = until("the last sweep is reported", || {
            let report = report_from_outside(cluster)?;
            let operator = &report["operator"];
            ensure!(operator["leader"] == *pod.name && operator["queue"].is_array(), "{report}");
            Ok(operator["sweeps"][0]["completedAt"].as_str().map(str::to_owned).ok_or_else(|| report.to_string()))
        })?;
        Ok(format!("swept at {completed}"))
    });
    steps.step("the leader has not been restarted by them", || {
        let now = pods(cluster)?.into_iter().find(|other| other.name == pod.name).context("the pod is gone")?;
        ensure!(now.restarts == pod.restarts, "{} restarts", now.restarts);
        Ok(String::new())
    });
    Ok(())
}

/// Runs `orphans`, `list` and `report` in the container of the leader of an instance with so many users.
pub(super) fn in_container(cluster: &Cluster, pod: &Pod, users: usize, steps: &mut Steps) {
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
}

/// Runs the debug build of the operator's program on this machine, with the administrator's kubeconfig.
fn report_from_outside(cluster: &Cluster) -> Result<Value> {
    let mut command = Command::new(build_operator()?);
    command
        .args(["report", "--with-cluster", "--output=json", "--instance", &cluster.instance_arn])
        .arg(format!("--operator-namespace={HOME}"))
        .arg(format!("--aws-endpoint-url={}", cluster.connect_url))
        .arg("--kubeconfig")
        .arg(&cluster.kubeconfig)
        .envs(credentials());
    let output = command.output().context("cannot run the operator's program")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the report is not JSON")
}
