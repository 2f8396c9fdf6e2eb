//! What runs: the control plane, the simulator and the operator, each a process (or several) of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use control_plane::{Binaries, ControlPlane, Kubectl, Options, Supervised};

use super::directory::{Directory, quoted};
use super::interrupt::Interrupt;
use super::screen;
use super::simulator::Simulator;
use crate::programs::Programs;
use crate::repository;

/// How often something is looked at that is waited for.
pub(super) const POLL: Duration = Duration::from_millis(200);
/// Far more than anything here takes, for machines that do much else.
const PATIENCE: Duration = Duration::from_secs(90);
/// Short, so that nobody has to wait long to see a change in Connect put right.
const DRIFT_INTERVAL: &str = "5s";

const NAMESPACE: &str = "contact-center";
const SERVICE_ACCOUNT: [&str; 2] = ["connect-operator-system", "connect-operator"];
const REGION: &str = "us-west-2";
/// The simulator takes any.
const ACCESS_KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "demo"), ("AWS_SECRET_ACCESS_KEY", "demo")];

/// What runs. The fields are dropped in this order: the operator first, what it talks to after it.
pub(super) struct Stage<'a> {
    operator: Supervised,
    simulator_process: Supervised,
    plane: ControlPlane,
    pub(super) simulator: Simulator,
    kubectl: Kubectl,
    directory: &'a Directory,
    interrupt: &'a Interrupt,
}

impl<'a> Stage<'a> {
    /// Starts everything, and installs what the operator needs in the cluster.
    pub(super) fn set(
        directory: &'a Directory,
        interrupt: &'a Interrupt,
        programs: &Programs,
        binaries: Binaries,
    ) -> Result<Self> {
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", binaries.directory().display());

        let plane = ControlPlane::start(Options { controller_manager: false, ..Options::new(binaries) })?;
        screen::tick(&format!("a Kubernetes API server: {}", plane.url()));

        let (simulator_process, simulator) = start_simulator(directory, interrupt, programs)?;
        screen::tick(&format!("Amazon Connect, simulated, with one instance: {}", simulator.url()));

        // A copy, so that it can name the namespace that the sample's users are in.
        let kubeconfig = directory.file(Directory::KUBECONFIG);
        std::fs::copy(plane.admin_kubeconfig(), &kubeconfig).context("cannot copy the kubeconfig")?;
        let kubectl = plane.kubectl().with_kubeconfig(&kubeconfig);
        kubectl.run(&["config", "set-context", "--current", "--namespace", NAMESPACE])?;
        for manifest in ["deploy/install.yaml", "dev/sample/namespace.yaml"] {
            let file = repository::root().join(manifest);
            let file = file.to_str().context("the repository's path is not UTF-8")?;
            kubectl.run(&["apply", "--server-side", "--field-manager=demo", "--filename", file])?;
        }
        let crd = "crd/connectusers.connect-operator.dev";
        kubectl.run(&["wait", "--for=condition=Established", crd, "--timeout=60s"])?;
        screen::tick("installed: deploy/install.yaml, dev/sample/namespace.yaml");

        let [namespace, name] = SERVICE_ACCOUNT;
        let operator =
            start_operator(directory, interrupt, programs, &simulator, &plane.service_account_kubeconfig(namespace, name)?)?;
        screen::tick(&format!("connect-operator, as the service account {namespace}/{name}: ready"));

        let mut environment = vec![
            ("PATH", quoted(path)),
            ("KUBECONFIG", quoted(kubeconfig.display())),
            ("CONNECT_SIM_URL", quoted(simulator.url())),
            ("CONNECT_INSTANCE_ID", quoted(simulator.instance())),
            ("AWS_ENDPOINT_URL_CONNECT", quoted(simulator.url())),
            ("AWS_REGION", quoted(REGION)),
            // Version 1 of the aws CLI knows this name only.
            ("AWS_DEFAULT_REGION", quoted(REGION)),
        ];
        environment.extend(ACCESS_KEY.map(|(name, value)| (name, quoted(value))));
        directory.write_environment(&environment)?;
        Ok(Self { operator, simulator_process, plane, simulator, kubectl, directory, interrupt })
    }

    /// Runs kubectl as an administrator would, in the repository, and shows it.
    pub(super) fn kubectl(&self, arguments: &str) -> Result<String> {
        screen::command(&format!("kubectl {arguments}"));
        let output = self.run(&arguments.split_whitespace().collect::<Vec<_>>())?;
        screen::output(&output);
        Ok(output)
    }

    /// Runs kubectl and shows nothing.
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

    /// Looks until what is looked for is there. `look` gives what it sees instead as long as it is not.
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

    /// Fails if something of it has ended, or if somebody asked for the end.
    pub(super) fn check(&mut self) -> Result<()> {
        self.interrupt.check()?;
        alive(&mut self.operator)?;
        alive(&mut self.simulator_process)
    }

    pub(super) fn say_how_to_play_on(&self) {
        let directory = self.directory.path().display();
        println!("\nIt all runs on. In another terminal:\n");
        println!("  . {}", quoted(self.directory.file(Directory::ENVIRONMENT).display()));
        for line in [
            "kubectl get cuser",
            "kubectl edit cuser ravi-patel",
            "kubectl describe cuser ravi-patel",
            "aws connect list-users --instance-id $CONNECT_INSTANCE_ID    # any AWS SDK or tool, as at AWS",
            "curl $CONNECT_SIM_URL/_sim/calls                             # what was called, how often",
            "curl $CONNECT_SIM_URL/_sim/state                             # what Connect holds",
        ] {
            println!("  {line}");
        }
        println!("\nLogs: {directory}/operator.log, {directory}/simulator.log, and of the control plane in");
        println!("{}\n\nCtrl-C ends it all.", self.plane.directory().display());
    }

    /// The last lines that the operator logged.
    pub(super) fn operator_log(&self) -> String {
        self.operator.log_tail()
    }
}

fn alive(process: &mut Supervised) -> Result<()> {
    if let Some(status) = process.exited()? {
        bail!("{} ended ({status})\n{}", process.log().display(), process.log_tail());
    }
    Ok(())
}

/// Waits until a program says something, as long as it runs.
fn until_it_says<T>(process: &mut Supervised, interrupt: &Interrupt, find: impl Fn(&str) -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        interrupt.check()?;
        if let Some(found) = find(&process.output()) {
            return Ok(found);
        }
        alive(process)?;
        if Instant::now() > deadline {
            bail!("it does not say where it listens: {}\n{}", process.log().display(), process.log_tail());
        }
        thread::sleep(POLL);
    }
}

/// The word that follows `before`. Only of a whole line: a program may be in the middle of writing one.
fn word_after(output: &str, before: &str) -> Option<String> {
    let whole = &output[..output.rfind('\n')?];
    whole.split_once(before)?.1.split_whitespace().next().map(str::to_owned)
}

fn start_simulator(directory: &Directory, interrupt: &Interrupt, programs: &Programs) -> Result<(Supervised, Simulator)> {
    let config = repository::root().join("dev/sample/instance.yaml");
    let config = config.to_str().context("the repository's path is not UTF-8")?;
    let arguments = ["--listen", "127.0.0.1:0", "--config", config].map(str::to_owned);
    let mut process = Supervised::spawn(&programs.simulator, &arguments, &directory.file("simulator.log"), |_| {})?;
    let url = until_it_says(&mut process, interrupt, |output| word_after(output, "connect-sim listening on "))?;
    Ok((process, Simulator::at(url)?))
}

fn start_operator(
    directory: &Directory,
    interrupt: &Interrupt,
    programs: &Programs,
    simulator: &Simulator,
    kubeconfig: &Path,
) -> Result<Supervised> {
    let mut arguments = vec!["run", "--drift-interval", DRIFT_INTERVAL];
    for address in ["--health-address", "--metrics-address"] {
        arguments.extend([address, "127.0.0.1:0"]);
    }
    let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
    let mut operator = Supervised::spawn(&programs.operator, &arguments, &directory.file("operator.log"), |command| {
        // Nothing of the caller's: no AWS profile, no proxy, no settings of an operator.
        command.env_clear().env("NO_COLOR", "1");
        command.env("KUBECONFIG", kubeconfig).env("AWS_ENDPOINT_URL_CONNECT", simulator.url()).env("AWS_REGION", REGION);
        command.envs(ACCESS_KEY);
    })?;
    let health = until_it_says(&mut operator, interrupt, |output| word_after(output, "health="))?;
    let agent = super::simulator::agent();
    let ready = || agent.get(format!("http://{health}/readyz")).call().is_ok();
    let deadline = Instant::now() + PATIENCE;
    while !ready() {
        interrupt.check()?;
        alive(&mut operator)?;
        if Instant::now() > deadline {
            bail!("the operator is not ready after {} s\n{}", PATIENCE.as_secs(), operator.log_tail());
        }
        thread::sleep(POLL);
    }
    Ok(operator)
}
