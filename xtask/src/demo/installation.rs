//! What runs during the demo: a Kubernetes API server, the simulator (in this process) and the operator.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use connect_sim::{Config, InstanceView, Server, Sim, UserView};
use control_plane::{Binaries, ControlPlane, Kubectl, Options, Supervised};
use testbed::installation::{self, Launch, SERVICE_ACCOUNT};
use tokio::runtime::Runtime;

use super::directory::{Directory, quoted};
use super::interrupt::Interrupt;
use crate::repository;
use crate::screen;

/// The interval of polling.
pub(super) const POLL: Duration = Duration::from_millis(200);
/// Far more than any step takes, for busy machines.
const PATIENCE: Duration = Duration::from_secs(90);
/// Short, so that a change made in Connect is soon corrected.
const DRIFT_INTERVAL: &str = "--drift-interval=5s";

const NAMESPACE: &str = "contact-center";
const REGION: &str = "us-west-2";
/// The simulator accepts any key.
const ACCESS_KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "demo"), ("AWS_SECRET_ACCESS_KEY", "demo")];

/// The numbers of writing calls, by operation. Failed calls are counted apart.
pub(super) type Writes = BTreeMap<String, u64>;

/// Everything that runs. The fields are dropped in this order: the operator first, then its servers.
pub(super) struct Installation<'a> {
    pub(super) operator: Supervised,
    pub(super) sim: Sim,
    pub(super) instance: InstanceView,
    /// The names of profiles and groups, by id.
    names: BTreeMap<String, String>,
    _server: Server,
    _runtime: Runtime,
    plane: ControlPlane,
    kubectl: Kubectl,
    directory: &'a Directory,
    interrupt: &'a Interrupt,
}

impl<'a> Installation<'a> {
    /// Starts everything, and installs the operator's manifests in the cluster.
    pub(super) fn start(directory: &'a Directory, interrupt: &'a Interrupt, program: &Path, binaries: Binaries) -> Result<Self> {
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", binaries.directory().display());

        let plane = ControlPlane::start(Options { controller_manager: false, ..Options::new(binaries) })?;
        screen::tick(&format!("a Kubernetes API server: {}", plane.url()));

        let config = Config::from_yaml(&read("dev/sample/instance.yaml")?)?;
        let named = config.instances.iter().flat_map(|i| {
            let named = i.routing_profiles.iter().chain(&i.hierarchy_groups).map(|n| (&n.id, &n.name));
            named.chain(i.security_profiles.iter().map(|p| (&p.id, &p.name)))
        });
        let names = named.filter_map(|(id, name)| Some((id.clone()?, name.clone()))).collect();
        let runtime = Runtime::new()?;
        let (sim, server) = runtime.block_on(installation::connect(config))?;
        let instance = sim.instances().pop().context("the simulator holds no instance")?;
        let url = server.url();
        screen::tick(&format!("Amazon Connect, simulated, with one instance: {url}"));

        // A copy, in which the namespace of the sample's users is the default.
        let kubeconfig = directory.file(Directory::KUBECONFIG);
        fs::copy(plane.admin_kubeconfig(), &kubeconfig).context("cannot copy the kubeconfig")?;
        let kubectl = plane.kubectl().with_kubeconfig(&kubeconfig);
        kubectl.run(&["config", "set-context", "--current", "--namespace", NAMESPACE])?;
        for manifest in ["deploy/install.yaml", "dev/sample/namespace.yaml"] {
            installation::install(&plane, &read(manifest)?)?;
        }
        screen::tick("installed: deploy/install.yaml, dev/sample/namespace.yaml");

        let mut launch = Launch::new(program, &installation::operators_kubeconfig(&plane)?, [DRIFT_INTERVAL]);
        let variables = [("AWS_ENDPOINT_URL_CONNECT", url.as_str()), ("AWS_REGION", REGION), ("NO_COLOR", "1")];
        launch.environment.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let operator = launch.start(&directory.file(Directory::LOG))?;

        let mut environment = vec![
            ("PATH", quoted(path)),
            ("KUBECONFIG", quoted(kubeconfig.display())),
            ("CONNECT_SIM_URL", quoted(&url)),
            ("CONNECT_INSTANCE_ID", quoted(&instance.id)),
            ("AWS_ENDPOINT_URL_CONNECT", quoted(&url)),
            ("AWS_REGION", quoted(REGION)),
            // Version 1 of the aws CLI reads only this name.
            ("AWS_DEFAULT_REGION", quoted(REGION)),
        ];
        environment.extend(ACCESS_KEY.map(|(name, value)| (name, quoted(value))));
        directory.write_environment(&environment)?;
        let (_server, _runtime) = (server, runtime);
        let mut started = Self { operator, sim, instance, names, _server, _runtime, plane, kubectl, directory, interrupt };
        started.until("the operator is ready", |started| {
            Ok(if installation::is_ready(&started.operator) { Ok(()) } else { Err(started.operator.log_tail()) })
        })?;
        screen::tick(&format!("connect-operator, as the service account {}: ready", SERVICE_ACCOUNT.join("/")));
        Ok(started)
    }

    /// Returns the name of a profile or group, or the id if it is unknown.
    pub(super) fn name_of(&self, id: &str) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// Returns Connect's users.
    pub(super) fn users(&self) -> Vec<UserView> {
        self.sim.users(&self.instance.id)
    }

    /// Returns the writes to Connect since the start, without those made at the console.
    pub(super) fn writes(&self) -> Writes {
        let is_read = |name: &str| ["Describe", "List", "Search"].iter().any(|verb| name.starts_with(verb));
        let operations = self.sim.calls().operations.into_iter().filter(|(name, _)| !is_read(name));
        operations.flat_map(|(name, calls)| [(format!("{name} (refused)"), calls.failed), (name, calls.succeeded)]).collect()
    }

    /// Prints a kubectl command, runs it in the repository as an administrator, and prints its output.
    pub(super) fn kubectl(&self, arguments: &str) -> Result<String> {
        screen::command(&format!("kubectl {arguments}"));
        let output = self.run(&arguments.split_whitespace().collect::<Vec<_>>())?;
        screen::output(&output);
        Ok(output)
    }

    /// Runs kubectl without printing anything.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command: Command = self.kubectl.command();
        command.args(arguments).current_dir(repository::root()).stdin(Stdio::null());
        let output = command.output().context("cannot run kubectl")?;
        self.interrupt.check()?;
        if !output.status.success() {
            bail!("kubectl {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        String::from_utf8(output.stdout).context("kubectl printed what is not UTF-8")
    }

    /// Polls until `look` returns a value. Until then, it returns a description of the present state for the error message.
    pub(super) fn until<T>(&mut self, what: &str, mut look: impl FnMut(&Self) -> Result<Result<T, String>>) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.check()?;
            match look(self)? {
                Ok(seen) => return Ok(seen),
                Err(instead) if Instant::now() > deadline => {
                    bail!("{what}: not within {} s\n{instead}", PATIENCE.as_secs())
                }
                Err(_) => thread::sleep(POLL),
            }
        }
    }

    /// Fails if the operator has ended or the demo is interrupted.
    pub(super) fn check(&mut self) -> Result<()> {
        self.interrupt.check()?;
        self.operator.check()
    }

    pub(super) fn print_next_steps(&self) {
        println!("\nEverything keeps running. In another terminal:\n");
        println!("  . {}", quoted(self.directory.file(Directory::ENVIRONMENT).display()));
        for line in [
            "kubectl get cuser",
            "kubectl edit cuser ravi-patel",
            "kubectl describe cuser ravi-patel",
            "aws connect list-users --instance-id $CONNECT_INSTANCE_ID    # any AWS SDK or tool, as at AWS",
            "curl $CONNECT_SIM_URL/_sim/calls                             # the numbers of calls",
            "curl $CONNECT_SIM_URL/_sim/state                             # Connect's state",
        ] {
            println!("  {line}");
        }
        println!("\nLogs: {}, and those of the control plane in", self.operator.log().display());
        println!("{}\n\nCtrl-C stops everything.", self.plane.directory().display());
    }
}

/// Reads a file of the repository.
pub(super) fn read(path: &str) -> Result<String> {
    fs::read_to_string(repository::root().join(path)).with_context(|| path.to_owned())
}
