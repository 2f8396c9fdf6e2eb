//! The measures on the real control plane.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use connect_api::OperationName;
use connect_operator::api::ConnectUser;
use connect_sim::Calls;
use kube::api::ResourceExt as _;

use super::{
    cluster::{Cluster, Operator, until},
    seed::{CLUSTER, Fleet},
    table::Table,
};

/// Long enough for the allocator to return memory that was only needed at the start.
const SETTLE: Duration = Duration::from_secs(15);
/// Goals of memory in MiB, by the number of ConnectUsers.
const MEMORY: [(usize, f64); 4] = [(0, 12.0), (1_000, 20.0), (10_000, 60.0), (100_000, 400.0)];
const FLEET: usize = 10_000;
/// Of 10,000.
const DRIFTED: usize = 100;

pub(super) async fn measure(program: &Path, most: usize, drifts: usize, table: &mut Table) -> Result<()> {
    let size = fs::metadata(program)?.len();
    let mib = size as f64 / (1024.0 * 1024.0);
    table.add("release binary", "≤ 15 MiB", format!("{mib:.1} MiB"), mib <= 15.0);

    let bench_cluster = Cluster::start(program).await?;
    let mut fleet = Fleet::new(&bench_cluster.sim, &bench_cluster.client).await?;
    let cluster = format!("--cluster-name={CLUSTER}");

    memory(table, MEMORY[0], &bench_cluster.operator(&[&cluster, "--sweep-interval=10s"]).await?).await?;
    let template = calls_of_one(&bench_cluster, &fleet, table).await?;
    eprintln!("copying {}", template.name_any());
    for (size, goal) in MEMORY.into_iter().skip(1).filter(|(size, _)| *size <= most) {
        fleet.grow(size, &template).await?;
        // SearchUsers returns new users with a delay.
        tokio::time::sleep(Duration::from_secs(5)).await;
        bench_cluster.sim.reset_calls();
        let before = fleet.versions().await?;
        let operator = bench_cluster.operator(&[&cluster, "--sweep-interval=5m"]).await?;
        let ready = operator.started.elapsed();
        operator.sweeps(1).await?;
        let calls = bench_cluster.sim.calls();
        memory(table, (size, goal), &operator).await?;
        if size == FLEET {
            let written = written(&before, &fleet.versions().await?);
            restart(table, ready, &calls, written, &operator)?;
            drop(operator);
            sweeps(&bench_cluster, &fleet, table, drifts, &cluster).await?;
        }
    }
    Ok(())
}

async fn memory(table: &mut Table, (size, goal): (usize, f64), operator: &Operator) -> Result<()> {
    tokio::time::sleep(SETTLE).await;
    let usage = operator.usage()?;
    let measure = format!("RSS with {size} ConnectUsers, settled (and its peak)");
    let measured = format!("{:.1} MiB ({:.1} MiB)", usage.rss, usage.peak);
    table.add(measure, &format!("≤ {goal} MiB"), measured, usage.rss <= goal);
    Ok(())
}

/// Counts the calls of one user's life. Returns the resource as it was before the edit.
async fn calls_of_one(bench_cluster: &Cluster, fleet: &Fleet<'_>, table: &mut Table) -> Result<ConnectUser> {
    let cluster = format!("--cluster-name={CLUSTER}");
    let operator = bench_cluster.operator(&[&cluster, "--sweep-interval=24h"]).await?;
    bench_cluster.sim.reset_calls();
    fleet.apply_first().await?;
    ready(fleet).await?;
    let create = bench_cluster.sim.calls();
    let create = (create.of(OperationName::CreateUser), create.writes() - create.of(OperationName::CreateUser), reads(&create));
    fleet.request_read_of_first().await?;
    until("the first user is read", async || fleet.was_read().await).await?;
    let created = fleet.first().await?.context("the first user is not in sync")?;
    bench_cluster.sim.reset_calls();
    fleet.edit_first().await?;
    until("the edit is made", async || Ok(bench_cluster.sim.calls().of(OperationName::UpdateUserRoutingProfile) > 0)).await?;
    ready(fleet).await?;
    let edit = bench_cluster.sim.calls();
    table.add(
        "calls per create / update of one field (with proficiencies, which CreateUser does not take: +1)",
        "1 (+1) / 1",
        format!("{} (+{}) / {}, and {} reads", create.0, create.1, edit.writes(), create.2 + reads(&edit)),
        create.0 == 1 && create.1 <= 1 && edit.writes() == 1 && create.2 + reads(&edit) == 0,
    );
    drop(operator);
    Ok(created)
}

async fn ready(fleet: &Fleet<'_>) -> Result<()> {
    until("the first user is ready", async || Ok(fleet.first().await?.is_some())).await
}

/// Returns the number of calls that read single users.
fn reads(calls: &Calls) -> u64 {
    calls.of(OperationName::DescribeUser) + calls.of(OperationName::ListUserProficiencies)
}

/// Returns the number of objects that are new or have another version.
fn written(before: &std::collections::BTreeMap<String, String>, after: &std::collections::BTreeMap<String, String>) -> usize {
    after.iter().filter(|(uid, version)| before.get(*uid) != Some(version)).count()
}

fn restart(table: &mut Table, ready: Duration, calls: &Calls, written: usize, operator: &Operator) -> Result<()> {
    // Each user is read once a day, so a few may be due in these seconds.
    let due = reads(calls);
    let others = calls.total() - due;
    table.add(
        format!("restart with {FLEET} users in sync: time until Ready, calls to Connect until all were compared (daily reads)"),
        "≤ 30 s, ≤ 40",
        format!("{:.1} s, {others} calls (and {due})", ready.as_secs_f64()),
        ready <= Duration::from_secs(30) && others <= 40,
    );
    table.add(format!("Kubernetes writes of a full resync of {FLEET}"), "0", written.to_string(), written == 0);
    let cpu = operator.usage()?.cpu;
    table.note(format!("CPU from the start until {FLEET} were listed, read and compared"), format!("{cpu:.2} CPU seconds"));
    Ok(())
}

/// Measures sweeps over the whole fleet: without changes, with one user in a hundred changed, and with one user changed.
async fn sweeps(bench_cluster: &Cluster, fleet: &Fleet<'_>, table: &mut Table, drifts: usize, cluster: &str) -> Result<()> {
    // With the usual interval, some users would be read during the sweep, which is not the sweep's cost.
    let operator = bench_cluster.operator(&[cluster, "--sweep-interval=40s", "--drift-interval=8760h"]).await?;
    operator.sweeps(1).await?;
    let (before, versions) = (operator.usage()?.cpu, fleet.versions().await?);
    bench_cluster.sim.reset_calls();
    operator.sweeps(2).await?;
    let cpu = operator.usage()?.cpu - before;
    let calls = bench_cluster.sim.calls();
    table.add(
        format!("CPU of a no-op resync of {FLEET} (a sweep that finds nothing)"),
        "≤ 1 CPU second",
        format!("{cpu:.2} CPU seconds"),
        cpu <= 1.0,
    );
    table.add(
        "calls and Kubernetes writes per no-op pass",
        "0",
        format!("{} and {}", reads(&calls) + calls.writes(), written(&versions, &fleet.versions().await?)),
        reads(&calls) + calls.writes() == 0 && written(&versions, &fleet.versions().await?) == 0,
    );

    let swept = operator.swept();
    bench_cluster.sim.reset_calls();
    fleet.meddle(DRIFTED)?;
    until("all were put right", async || Ok(fleet.meddled() == 0)).await?;
    // One sweep finds them, and the next one finds nothing left.
    operator.sweeps(swept + 3).await?;
    let calls = bench_cluster.sim.calls();
    let rounds = u64::try_from(operator.swept() - swept)?;
    let pages = calls.of(OperationName::SearchUsers) + calls.of(OperationName::ListUsers);
    let others = calls.total() - pages - reads(&calls) - calls.writes();
    let per_sweep = (pages + others).div_ceil(rounds);
    table.add(
        format!("Connect calls per full sweep of {FLEET} users, all fields, {DRIFTED} of them drifted (reads of each; repairs)"),
        "≤ 40 + one Describe per drifted user",
        format!(
            "{per_sweep} + {} DescribeUser, {} ListUserProficiencies (and {} repairs)",
            calls.of(OperationName::DescribeUser),
            calls.of(OperationName::ListUserProficiencies),
            calls.writes()
        ),
        per_sweep <= 40 && calls.of(OperationName::DescribeUser) <= DRIFTED as u64 && calls.writes() == DRIFTED as u64,
    );

    let interval = Duration::from_secs(40);
    let mut longest = Duration::ZERO;
    for round in 0..drifts {
        // At a different point between two sweeps each time.
        let fifth = interval / u32::try_from(drifts)?;
        tokio::time::sleep(Duration::from_secs(15) + fifth * u32::try_from(round)?).await;
        fleet.meddle(1)?;
        let start = Instant::now();
        until("it was put right", async || Ok(fleet.meddled() == 0)).await?;
        longest = longest.max(start.elapsed());
    }
    table.add(
        format!("a field changed in Connect → corrected, of {FLEET}, the longest of {drifts}, at an interval of 40 s"),
        "≤ one interval + 2 s",
        format!("{:.1} s", longest.as_secs_f64()),
        longest <= interval + Duration::from_secs(2),
    );
    Ok(())
}
