//! The operator as its users install it: its own program, with the rights of `deploy/`, between a real API server and a simulated
//! Connect over HTTP. The tests of `tests/it`, the demo and the benchmark run it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use connect_sim::{Config, Server, Sim, serve};
use control_plane::{ControlPlane, Supervised};
use kube::{
    Client,
    config::{KubeConfigOptions, Kubeconfig},
};
use tokio::net::TcpListener;

/// The namespace and the name of the operator's service account.
pub const SERVICE_ACCOUNT: [&str; 2] = ["connect-operator-system", "connect-operator"];

/// Far more than an answer takes.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Applies manifests, and waits until the API server serves ConnectUsers if they define them.
pub fn install(plane: &ControlPlane, manifests: &str) -> Result<()> {
    plane.kubectl().run_with_input(&["apply", "--server-side", "--filename=-"], manifests)?;
    if manifests.contains("kind: CustomResourceDefinition") {
        let definition = "crd/connectusers.connect-operator.dev";
        plane.kubectl().run(&["wait", "--for=condition=Established", "--timeout=180s", definition])?;
    }
    Ok(())
}

/// Writes the kubeconfig of the operator's service account and returns its path.
pub fn operators_kubeconfig(plane: &ControlPlane) -> Result<PathBuf> {
    let [namespace, name] = SERVICE_ACCOUNT;
    plane.service_account_kubeconfig(namespace, name)
}

/// Creates a client with a kubeconfig. It belongs to the runtime in which it is created.
pub async fn client(kubeconfig: &Path) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

/// Creates a simulated Connect and serves it over HTTP on a free port of loopback.
pub async fn connect(config: Config) -> Result<(Sim, Server)> {
    let sim = Sim::new(config)?;
    let server = serve(sim.clone(), TcpListener::bind("127.0.0.1:0").await?)?;
    Ok((sim, server))
}

/// Returns AWS credentials that the simulator accepts, with all other sources disabled.
pub fn credentials() -> [(String, String); 3] {
    [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "an-example-and-no-secret"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// Returns [`credentials`] and the variables that the image sets, which decide how much memory the operator uses.
pub fn environment() -> Vec<(String, String)> {
    let lines = include_str!("../../../Dockerfile").lines();
    let of_image = lines.filter_map(|line| line.strip_prefix("ENV ")).flat_map(str::split_whitespace);
    let of_image = of_image.filter_map(|variable| variable.split_once('='));
    credentials().into_iter().chain(of_image.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

/// How to start the operator.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The kubeconfig.
    pub kubeconfig: PathBuf,
    /// The whole environment except for the kubeconfig: the configuration of the calling user does not reach the operator.
    pub environment: Vec<(String, String)>,
}

impl Launch {
    /// Starts the operator with these flags and in the [`environment`] of the image. It listens on ports that the system chooses.
    pub fn new(program: &Path, kubeconfig: &Path, flags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let listen = ["run", "--health-address=127.0.0.1:0", "--metrics-address=127.0.0.1:0"].map(str::to_owned);
        let arguments = listen.into_iter().chain(flags.into_iter().map(Into::into)).collect();
        let kubeconfig = kubeconfig.to_owned();
        Self { program: program.to_owned(), arguments, kubeconfig, environment: environment() }
    }

    /// Starts the program, which appends its output to this log.
    pub fn start(&self, log: &Path) -> Result<Supervised> {
        Supervised::spawn(&self.program, &self.arguments, log, |command| {
            command.env_clear().envs(self.environment.iter().cloned()).env("KUBECONFIG", &self.kubeconfig);
        })
    }
}

/// Returns the address of a server of the operator, `health` or `metrics`, once the log names it.
pub fn address(operator: &Supervised, server: &str) -> Option<String> {
    let output = operator.output();
    // The last line may not be complete.
    let (complete, _) = output.rsplit_once('\n')?;
    let line = complete.lines().find(|line| line.contains("listening"))?;
    // Either as JSON or as text.
    let marks = [format!("\"{server}\":\""), format!("{server}=")];
    let rest = marks.iter().find_map(|mark| Some(line.split_once(mark)?.1))?;
    Some(rest.chars().take_while(|c| c.is_ascii_digit() || ['.', ':'].contains(c)).collect())
}

/// Returns whether the operator reports to be ready. It may not listen yet, or no longer.
pub fn is_ready(operator: &Supervised) -> bool {
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).timeout_global(Some(TIMEOUT)).build().into();
    address(operator, "health").is_some_and(|address| agent.get(format!("http://{address}/readyz")).call().is_ok())
}
