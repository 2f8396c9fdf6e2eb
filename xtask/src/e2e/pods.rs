//! The chart is installed, its pods run, and an edit reaches Connect.

use anyhow::{Context, Result, ensure};

use super::cluster::{Cluster, HOME};
use super::fleet::Fleet;
use super::release::{Helm, Release, leader, pods};
use super::steps::{PATIENCE, Steps, shown};

/// Installs the chart with each of these versions of Helm. The last one's release stays.
pub(super) fn install(cluster: &Cluster, release: &Release, steps: &mut Steps, helms: &[Helm]) -> Result<()> {
    cluster.restricted_namespace(HOME)?;
    for (number, helm) in helms.iter().enumerate() {
        let name = format!("{} installs the chart, two pods are ready under Pod Security restricted", helm.name());
        steps.required(&name, || release.upgrade(cluster, *helm, &cluster.images[0], &[]))?;
        if number + 1 < helms.len() {
            let name = format!("{} uninstalls it", helm.name());
            steps.required(&name, || release.uninstall(cluster, *helm))?;
        }
    }
    Ok(())
}

/// Creates a user and edits it.
pub(super) fn edit(fleet: &Fleet<'_>, steps: &mut Steps) -> Result<()> {
    steps.required("a ConnectUser becomes a user in Connect", || {
        fleet.apply("agent", 0..1, 0)?;
        fleet.settled(PATIENCE)
    })?;
    steps.step("an edit reaches Connect", || {
        let time = fleet.edit("agent", 0, 1)?;
        fleet.settled(PATIENCE)?;
        Ok(format!("after {}", shown(time)))
    });
    Ok(())
}

/// Checks the probes of both pods, and how a pod ends.
pub(super) fn probes(cluster: &Cluster, steps: &mut Steps) -> Result<()> {
    steps.step("the leader's and the standby's probes answer as documented", || {
        let leader = leader(cluster)?;
        for pod in pods(cluster)? {
            let probe = |path: &str| {
                cluster.kubectl(&["get", "--raw", &format!("/api/v1/namespaces/{HOME}/pods/{}:8081/proxy/{path}", pod.name)])
            };
            let expected = match pod.name == leader.name {
                true => "[+] connectusers listed",
                false => "[+] standing by",
            };
            let ready = probe("readyz")?;
            ensure!(ready.contains(expected), "{}: /readyz says {ready:?}", pod.name);
            let healthy = probe("healthz")?;
            ensure!(healthy == "ok\n", "{}: /healthz says {healthy:?}", pod.name);
        }
        Ok(String::new())
    });
    steps.step("a leader that is asked to stop releases the Lease and ends before its grace period", || {
        let leader = leader(cluster)?;
        let mut logs = cluster.kubectl.command();
        logs.args(["logs", "--namespace", HOME, "--follow", "--tail=1", &leader.name]);
        let logs = std::thread::spawn(move || logs.output());
        // Until the log is followed.
        std::thread::sleep(std::time::Duration::from_secs(1));
        let started = std::time::Instant::now();
        cluster.kubectl(&["delete", "pod", &leader.name, "--namespace", HOME, "--wait"])?;
        let time = started.elapsed();
        let output = logs.join().ok().context("the thread has ended")??;
        let log = String::from_utf8_lossy(&output.stdout).into_owned();
        for line in ["received a signal to stop", "released the lease", "connect-operator stopped"] {
            ensure!(log.contains(line), "the log does not say {line:?}:\n{log}");
        }
        super::release::until_two_pods(cluster)?;
        Ok(format!("after {}", shown(time)))
    });
    Ok(())
}
