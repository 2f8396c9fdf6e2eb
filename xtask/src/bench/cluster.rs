//! The environment of the real measures: the control plane, the simulator in this process (over HTTP), and the operator's program.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use connect_sim::{Config, InstanceConfig, Server, Sim};
use control_plane::{Binaries, ControlPlane, Options, Supervised};
use kube::Client;
use testbed::installation::{self, Launch};

use crate::repository;

/// Far more than any step takes.
const PATIENCE: Duration = Duration::from_secs(900);
/// The interval of polling, which is the error of measured times.
pub(super) const POLL: Duration = Duration::from_millis(10);
/// Clock ticks a second in `/proc`, on every Linux that Rust's standard library knows.
const TICKS: f64 = 100.0;

/// A cluster with a simulated Connect.
pub(super) struct Cluster {
    pub sim: Sim,
    pub client: Client,
    server: Server,
    program: PathBuf,
    kubeconfig: PathBuf,
    directory: tempfile::TempDir,
    /// Dropped last.
    _plane: ControlPlane,
}

pub(super) struct Operator {
    process: Supervised,
    pub started: Instant,
}

/// The resources that a process has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Resident memory in MiB.
    pub rss: f64,
    /// Peak resident memory in MiB.
    pub peak: f64,
    /// CPU seconds, of user and system.
    pub cpu: f64,
}

impl Cluster {
    /// Starts everything but the operator, and installs the operator's manifests.
    pub(super) async fn start(program: &Path) -> Result<Self> {
        let plane = ControlPlane::start(Options::new(Binaries::ensure(|line| eprintln!("{line}"))?))?;
        installation::install(&plane, &fs::read_to_string(repository::root().join("deploy/install.yaml"))?)?;
        let kubeconfig = installation::operators_kubeconfig(&plane)?;
        let instance = InstanceConfig {
            routing_profiles: ["Basic Routing Profile", "Sales"].map(Into::into).into(),
            hierarchy_groups: ["/North/Hamburg"].map(Into::into).into(),
            predefined_attributes: [("Language".to_owned(), ["Danish", "German"].map(str::to_owned).into())].into(),
            users_quota: 1_000_000,
            ..InstanceConfig::default()
        };
        let (sim, server) = installation::connect(Config { instances: vec![instance], ..Config::default() }).await?;
        let client = installation::client(&plane.admin_kubeconfig()).await?;
        let directory = tempfile::tempdir()?;
        Ok(Self { sim, client, server, program: program.to_owned(), kubeconfig, directory, _plane: plane })
    }

    /// Starts the operator with these flags, and waits until it is ready.
    pub(super) async fn operator(&self, flags: &[&str]) -> Result<Operator> {
        let always = ["--log-format=json".to_owned(), format!("--aws-endpoint-url={}", self.server.url())];
        let flags = always.into_iter().chain(flags.iter().map(|flag| (*flag).to_owned()));
        let launch = Launch::new(&self.program, &self.kubeconfig, flags);
        let started = Instant::now();
        let mut process = launch.start(&self.directory.path().join("operator.log"))?;
        until("the operator is ready", async || {
            process.check()?;
            Ok(installation::is_ready(&process))
        })
        .await?;
        Ok(Operator { process, started })
    }
}

impl Operator {
    /// Returns the resources it has used so far.
    pub(super) fn usage(&self) -> Result<Usage> {
        usage(self.process.id())
    }

    /// Waits until it has completed this many sweeps.
    pub(super) async fn sweeps(&self, at_least: usize) -> Result<()> {
        until("a sweep", async || Ok(self.swept() >= at_least)).await
    }

    /// Returns the number of completed sweeps.
    pub(super) fn swept(&self) -> usize {
        self.process.output().lines().filter(|line| line.contains("swept the instance")).count()
    }
}

/// Returns the resources that a process has used so far.
pub(super) fn usage(process: u32) -> Result<Usage> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let mib = |key: &str| -> Option<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
    };
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Fields are counted from the end of the program's name, which may contain anything: utime and stime are the 12th and 13th.
    let after_name = stat.rsplit_once(')').context("an unknown form of /proc/PID/stat")?.1;
    let ticks: f64 = after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    Ok(Usage { rss: mib("VmRSS:").context("no VmRSS")?, peak: mib("VmHWM:").context("no VmHWM")?, cpu: ticks / TICKS })
}

/// Polls until the condition holds.
pub(super) async fn until(what: &str, mut holds: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !holds().await? {
        if start.elapsed() > PATIENCE {
            bail!("not within {} s: {what}", PATIENCE.as_secs());
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
