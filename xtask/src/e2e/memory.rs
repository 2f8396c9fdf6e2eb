//! The chart's memory limit with many ConnectUsers, and with commands that run within it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::cluster::{Cluster, RATE};
use super::commands::in_container;
use super::fleet::Fleet;
use super::release::{leader, pods};
use super::steps::Steps;
use crate::bench::table::Table;

/// Creates ConnectUsers, and compares what the leader's container has used with its limit. Adds that to `table`.
pub(super) fn play(cluster: &Cluster, users: usize, steps: &mut Steps, table: &mut Table) -> Result<()> {
    // Twice the time that Connect's rate permits, for a call each and the statuses.
    let patience = Duration::from_secs(120 + 2 * users as u64 / u64::from(RATE));
    let restarts = |pods: &[super::release::Pod]| pods.iter().map(|pod| pod.restarts).sum::<u64>();
    let before = pods(cluster)?;
    let crowd = Fleet::create(cluster, "crowd")?;
    let users = steps.required(&format!("{users} more ConnectUsers become users"), || {
        crowd.apply("member", 0..users, 0)?;
        crowd.settled(patience)
    })?;
    in_container(cluster, &leader(cluster)?, users, steps);
    steps.step("no container was restarted, and the leader stays below its limit", || {
        let now = pods(cluster)?;
        ensure!(restarts(&now) == restarts(&before), "restarts: {now:?}");
        let pod = leader(cluster)?;
        let Some(node) = &cluster.node else {
            return Ok("its peak is counted on the node, which is out of reach".to_owned());
        };
        let (peak, limit) = node.memory(&pod.uid, &pod.container_id)?;
        let limit = limit.context("the container has no limit of memory")?;
        let measure = format!(
            "memory of the leader's container with {users} ConnectUsers, all created at once, and `orphans`, `list` and `report` in it: the \
             peak that its control group has counted, page cache included"
        );
        table.add(measure, &format!("< {} MiB", mib(limit)), format!("{:.1} MiB", mib(peak)), peak < limit);
        ensure!(peak < limit, "{peak} of {limit} bytes");
        Ok(format!("its cgroup has counted {:.1} MiB of {} MiB", mib(peak), mib(limit)))
    });
    Ok(())
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
