//! The demo's processes: a Kubernetes API server, the simulator and the operator.

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

/// The interval of polling.
pub(super) const POLL: Duration = Duration::from_millis(200);
/// Far more than any step takes, for busy machines.
const PATIENCE: Duration = Duration::from_secs(90);
/// Short, so that a change made in Connect is soon corrected.
const DRIFT_INTERVAL: &str = "5s";

const NAMESPACE: &str = "contact-center";
const SERVICE_ACCOUNT: [&str; 2] = ["connect-operator-system", "connect-operator"];
const REGION: &str = "us-west-2";
/// The simulator accepts any key.
const ACCESS_KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "demo"), ("AWS_SECRET_ACCESS_KEY", "demo")];

/// The running processes. The fields are dropped in this order: the operator first, then its servers.
pub(super) struct Installation<'a> {
    operator: Supervised,
    simulator_process: Supervised,
    plane: ControlPlane,
    pub(super) simulator: Simulator,
    kubectl: Kubectl,
    directory: &'a Directory,
    interrupt: &'a Interrupt,
}

impl<'a> Installation<'a> {
    /// Starts everything, and installs the operator's manifests in the cluster.
    pub(super) fn start(
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

        // A copy, in which the namespace of the sample's users is the default.
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
            // Version 1 of the aws CLI reads only this name.
            ("AWS_DEFAULT_REGION", quoted(REGION)),
        ];
        environment.extend(ACCESS_KEY.map(|(name, value)| (name, quoted(value))));
        directory.write_environment(&environment)?;
        Ok(Self { operator, simulator_process, plane, simulator, kubectl, directory, interrupt })
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

    /// Fails if a process has ended or the demo is interrupted.
    pub(super) fn check(&mut self) -> Result<()> {
        self.interrupt.check()?;
        alive(&mut self.operator)?;
        alive(&mut self.simulator_process)
    }

    pub(super) fn print_next_steps(&self) {
        let directory = self.directory.path().display();
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
        println!("\nLogs: {directory}/operator.log, {directory}/simulator.log, and those of the control plane in");
        println!("{}\n\nCtrl-C stops everything.", self.plane.directory().display());
    }

    /// Returns the last lines of the operator's log.
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

/// Polls a program's output until `find` finds something in it. Fails if the program ends first.
fn find_in_output<T>(process: &mut Supervised, interrupt: &Interrupt, find: impl Fn(&str) -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        interrupt.check()?;
        if let Some(found) = find(&process.output()) {
            return Ok(found);
        }
        alive(process)?;
        if Instant::now() > deadline {
            bail!("it does not log its address: {}\n{}", process.log().display(), process.log_tail());
        }
        thread::sleep(POLL);
    }
}

/// Returns the word after `before`. Incomplete lines are ignored, since a program may still be writing them.
fn word_after(output: &str, before: &str) -> Option<String> {
    let whole = &output[..output.rfind('\n')?];
    whole.split_once(before)?.1.split_whitespace().next().map(str::to_owned)
}

fn start_simulator(directory: &Directory, interrupt: &Interrupt, programs: &Programs) -> Result<(Supervised, Simulator)> {
    let config = repository::root().join("dev/sample/instance.yaml");
    let config = config.to_str().context("the repository's path is not UTF-8")?;
    let arguments = ["--listen", "127.0.0.1:0", "--config", config].map(str::to_owned);
    let mut process = Supervised::spawn(&programs.simulator, &arguments, &directory.file("simulator.log"), |_| {})?;
    let url = find_in_output(&mut process, interrupt, |output| word_after(output, "connect-sim listening on "))?;
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
        // A clean environment: the caller's AWS profile, proxy or operator settings must not matter.
        command.env_clear().env("NO_COLOR", "1");
        command.env("KUBECONFIG", kubeconfig).env("AWS_ENDPOINT_URL_CONNECT", simulator.url()).env("AWS_REGION", REGION);
        command.envs(ACCESS_KEY);
    })?;
    let health = find_in_output(&mut operator, interrupt, |output| word_after(output, "health="))?;
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
