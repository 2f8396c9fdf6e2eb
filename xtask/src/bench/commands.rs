//! The measures of the commands `list`, `export`, `plan` and `report`.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use connect_api::OperationName;
use connect_sim::{Config, InstanceConfig, Server, Sim};
use testbed::{at_console, create_by_hand, installation};

use super::{
    cluster::{POLL, Usage, usage},
    table::Table,
};

const USERS: usize = 10_000;
const MANY: usize = 44_000;
/// As many as the quota allows to read one by one in some minutes.
const IN_FULL: usize = 500;
const CLUSTER: &str = "--cluster-name=bench";

/// An instance whose users were made by hand, and the program that reads them.
struct Bench<'a> {
    program: &'a Path,
    sim: Sim,
    server: Server,
    arn: String,
    directory: tempfile::TempDir,
}

/// What a command cost.
struct Cost {
    /// Pages of users.
    pages: u64,
    /// Other calls.
    others: u64,
    throttled: u64,
    took: Duration,
    usage: Usage,
    status: ExitStatus,
    output: PathBuf,
}

impl<'a> Bench<'a> {
    async fn new(program: &'a Path, users: usize) -> Result<Self> {
        let profile = "Basic Routing Profile";
        let instance =
            InstanceConfig { routing_profiles: [profile.into()].into(), users_quota: 1_000_000, ..InstanceConfig::default() };
        let (sim, server) = installation::connect(Config { instances: vec![instance], ..Config::default() }).await?;
        let instance = sim.instances().remove(0);
        for number in 0..users {
            at_console(&sim, create_by_hand(&sim, &instance.id, &format!("agent.{number:05}"), profile, "Agent"))?;
        }
        // SearchUsers returns new users with a delay.
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(Self { program, sim, server, arn: instance.arn, directory: tempfile::tempdir()? })
    }

    /// Runs a command to its end.
    fn run(&self, name: &str, arguments: &[&str]) -> Result<Cost> {
        self.sim.reset_calls();
        let output = self.directory.path().join(name);
        let mut command = Command::new(self.program);
        command.arg(name).args(arguments).arg(format!("--aws-endpoint-url={}", self.server.url()));
        command.env_clear().envs(installation::environment());
        command.stdin(Stdio::null()).stdout(File::create(&output)?);
        let began = Instant::now();
        let mut child = command.spawn().with_context(|| format!("cannot run {}", self.program.display()))?;
        let mut last = Usage::default();
        let status = loop {
            // Just before its end, it may have no memory any more.
            last = usage(child.id()).unwrap_or(last);
            match child.try_wait()? {
                Some(status) => break status,
                None => std::thread::sleep(POLL),
            }
        };
        let (took, calls) = (began.elapsed(), self.sim.calls());
        let throttled = calls.operations.values().map(|calls| calls.failed).sum();
        let pages = calls.of(OperationName::SearchUsers) + calls.of(OperationName::ListUsers);
        Ok(Cost { pages, others: calls.total() - pages, throttled, took, usage: last, status, output })
    }

    fn of_instance(&self, command: &str, more: &[&str]) -> Result<Cost> {
        let instance = format!("--instance={}", self.arn);
        let cost = self.run(command, &[&[instance.as_str()], more].concat())?;
        ensure!(cost.status.success(), "{command} failed");
        Ok(cost)
    }
}

impl Cost {
    fn text(&self) -> String {
        let Usage { cpu, peak, .. } = self.usage;
        let took = self.took.as_secs_f64();
        format!("{} + {} calls, {took:.1} s; {cpu:.2} CPU seconds, {peak:.0} MiB", self.pages, self.others)
    }
}

pub(super) async fn measure(program: &Path, table: &mut Table) -> Result<()> {
    let bench = Bench::new(program, USERS).await?;
    let limit = |cost: &Cost| cost.pages <= 30 && cost.took <= Duration::from_secs(20) && cost.throttled == 0;
    for (command, more) in [("list", &[][..]), ("export", &[]), ("report", &["-o", "json"])] {
        let cost = bench.of_instance(command, more)?;
        table.add(format!("`{command}` of {USERS} users"), "≤ 30 pages of users, ≤ 20 s", cost.text(), limit(&cost));
        if command == "export" {
            plan(&bench, &cost.output, table)?;
        }
    }
    drop(bench);

    let bench = Bench::new(program, MANY).await?;
    let cost = bench.of_instance("list", &[])?;
    let pages = u64::try_from(MANY / 500 + 1 + MANY / 1000 + 1)?;
    table.add(
        format!("`list` of {MANY} users"),
        "a page for each 500 and each 1,000",
        cost.text(),
        cost.pages <= pages && cost.throttled == 0,
    );
    drop(bench);

    let bench = Bench::new(program, IN_FULL).await?;
    let cost = bench.of_instance("export", &["--full"])?;
    // Two calls a second, after a burst of five.
    let quota = Duration::from_millis(500) * u32::try_from(IN_FULL - 5)?;
    table.add(
        format!("`export --full` of {IN_FULL} users, which the quota allows in {:.1} s", quota.as_secs_f64()),
        "not 2 % more",
        cost.text(),
        cost.took <= quota.mul_f64(1.02) && cost.throttled == 0,
    );
    Ok(())
}

fn plan(bench: &Bench<'_>, manifests: &Path, table: &mut Table) -> Result<()> {
    let cost = bench.run("plan", &[CLUSTER, "-f", &manifests.display().to_string()])?;
    // All of them would be tagged.
    ensure!(cost.status.code() == Some(2), "plan failed");
    table.add(
        format!("`plan` of {USERS} manifests"),
        "≤ 40 calls, ≤ 2 CPU seconds, ≤ 150 MiB",
        cost.text(),
        cost.pages + cost.others <= 40 && cost.usage.cpu <= 2.0 && cost.usage.peak <= 150.0 && cost.throttled == 0,
    );
    Ok(())
}
