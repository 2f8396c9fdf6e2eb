//! The environment of the real measures: the control plane, the simulator in this process (over HTTP), and the operator's program.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use connect_sim::{Config, InstanceConfig, Server, Sim, serve};
use control_plane::{Binaries, ControlPlane, Options, Supervised};
use kube::{
    Client,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{programs, repository};

/// Far more than any step takes.
const PATIENCE: Duration = Duration::from_secs(900);
/// The interval of polling, which is the error of measured times.
const POLL: Duration = Duration::from_millis(10);
/// Clock ticks a second in `/proc`, on every Linux that Rust's standard library knows.
const TICKS: f64 = 100.0;
/// Writes the process id to a file, then replaces the shell by the program.
const NOTE_ID: &str = r#"echo "$$" >"$0"; exec "$@""#;

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

/// A running operator.
pub(super) struct Operator {
    process: Supervised,
    id: u32,
    health: String,
    pub started: Instant,
}

/// The resources that a process has used so far.
#[derive(Clone, Copy, Debug)]
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
        let file = repository::root().join("deploy/install.yaml").display().to_string();
        plane.kubectl().run(&["apply", "--server-side", "--filename", &file])?;
        let crd = "crd/connectusers.connect-operator.dev";
        plane.kubectl().run(&["wait", "--for=condition=Established", crd, "--timeout=60s"])?;
        let kubeconfig = plane.service_account_kubeconfig("connect-operator-system", "connect-operator")?;
        let instance = InstanceConfig {
            routing_profiles: ["Basic Routing Profile", "Sales"].map(Into::into).into(),
            hierarchy_groups: ["/North/Hamburg"].map(Into::into).into(),
            predefined_attributes: [("Language".to_owned(), ["Danish", "German"].map(str::to_owned).into())].into(),
            users_quota: 1_000_000,
            ..InstanceConfig::default()
        };
        let sim = Sim::new(Config { instances: vec![instance], ..Config::default() })?;
        let server = serve(sim.clone(), TcpListener::bind("127.0.0.1:0").await?)?;
        let admin = Kubeconfig::read_from(plane.admin_kubeconfig())?;
        let config = kube::Config::from_custom_kubeconfig(admin, &KubeConfigOptions::default()).await?;
        let client = Client::try_from(config)?;
        let directory = tempfile::tempdir()?;
        Ok(Self { sim, client, server, program: program.to_owned(), kubeconfig, directory, _plane: plane })
    }

    /// Starts the operator with these flags, and waits until it is ready.
    pub(super) async fn operator(&self, flags: &[&str]) -> Result<Operator> {
        let id_file = self.directory.path().join("id");
        let mut arguments = ["-c", NOTE_ID].map(str::to_owned).to_vec();
        arguments.extend([id_file.display().to_string(), self.program.display().to_string()]);
        arguments.extend(["run", "--log-format=json"].map(str::to_owned));
        arguments.extend(["--health-address=127.0.0.1:0", "--metrics-address=127.0.0.1:0"].map(str::to_owned));
        arguments.push(format!("--aws-endpoint-url={}", self.server.url()));
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let environment = programs::environment_of_image()?;
        let started = Instant::now();
        let log = self.directory.path().join("operator.log");
        let process = Supervised::spawn("/bin/sh".as_ref(), &arguments, &log, |command| {
            command
                .env_clear()
                .envs(environment.clone())
                .env("KUBECONFIG", &self.kubeconfig)
                .env("AWS_ACCESS_KEY_ID", "bench")
                .env("AWS_SECRET_ACCESS_KEY", "bench")
                .env("AWS_EC2_METADATA_DISABLED", "true");
        })?;
        let mut operator = Operator { process, id: 0, health: String::new(), started };
        let listening = until("the operator listens", || Ok(listening(&operator.process.output()))).await?;
        operator.health = listening["health"].as_str().context("no address of health")?.to_owned();
        operator.id = fs::read_to_string(&id_file)?.trim().parse().context("no process id")?;
        until("the operator is ready", || {
            if let Some(status) = operator.process.exited()? {
                bail!("the operator ended ({status})\n{}", operator.process.log_tail());
            }
            let asked = ureq::get(format!("http://{}/readyz", operator.health)).call();
            Ok(asked.is_ok().then_some(()))
        })
        .await?;
        Ok(operator)
    }
}

impl Operator {
    /// Returns the resources it has used so far.
    pub(super) fn usage(&self) -> Result<Usage> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let mib = |key: &str| -> Option<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
        };
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        // Fields are counted from the end of the program's name, which may contain anything: utime and stime are the 12th and 13th.
        let after_name = stat.rsplit_once(')').context("an unknown form of /proc/PID/stat")?.1;
        let ticks: f64 = after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
        Ok(Usage { rss: mib("VmRSS:").context("no VmRSS")?, peak: mib("VmHWM:").context("no VmHWM")?, cpu: ticks / TICKS })
    }

    /// Waits until it has completed this many sweeps.
    pub(super) async fn sweeps(&self, at_least: usize) -> Result<()> {
        until("a sweep", || {
            let swept = self.process.output().lines().filter(|line| line.contains("swept the instance")).count();
            Ok((swept >= at_least).then_some(()))
        })
        .await
    }

    /// Returns the number of completed sweeps.
    pub(super) fn swept(&self) -> usize {
        self.process.output().lines().filter(|line| line.contains("swept the instance")).count()
    }
}

/// Returns the log line with the operator's addresses.
fn listening(log: &str) -> Option<Value> {
    log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|line| line["message"] == "listening")
}

/// Polls until the condition yields a value.
pub(super) async fn until<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if start.elapsed() > PATIENCE {
            bail!("not within {} s: {what}", PATIENCE.as_secs());
        }
        tokio::time::sleep(POLL).await;
    }
}
