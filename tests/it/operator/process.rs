//! The operator as a process: started with the environment that it has in a cluster, ended when it is dropped.

use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
};

use control_plane::Supervised;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::eventually;

/// Writes the program's process id down before it becomes the program.
const NOTE_ID: &str = r#"echo "$$" >"$0"; exec "$@""#;

/// A running operator.
#[derive(Debug)]
pub struct Operator {
    process: Supervised,
    directory: TempDir,
    kubeconfig: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

/// The pages that it serves over HTTP.
#[derive(Clone, Copy, Debug)]
pub enum Page {
    /// `/healthz`
    Alive,
    /// `/readyz`
    Ready,
    /// `/metrics`
    Metrics,
}

impl Operator {
    /// Starts the operator with these flags and variables and those that every test needs, and waits until it listens.
    pub fn start(kubeconfig: &Path, flags: Vec<String>, environment: Vec<(String, String)>) -> Self {
        let mut arguments: Vec<String> = ["run", "--log-format=json"].map(str::to_owned).into();
        // The system chooses ports, and the log names them.
        arguments.extend(["--health-address=127.0.0.1:0", "--metrics-address=127.0.0.1:0"].map(str::to_owned));
        arguments.extend(flags);
        let environment = credentials().into_iter().chain(environment).collect();
        let operator = Self::launch(kubeconfig, arguments, environment);
        operator.wait_until_it_listens();
        operator
    }

    /// Starts the program with exactly these arguments and this environment.
    pub fn launch(kubeconfig: &Path, arguments: Vec<String>, environment: Vec<(String, String)>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let process = spawn(directory.path(), kubeconfig, &arguments, &environment);
        Self { process, directory, kubeconfig: kubeconfig.to_owned(), arguments, environment }
    }

    /// Starts another replica of it.
    pub fn another(&self) -> Self {
        self.another_with(&self.kubeconfig)
    }

    /// Starts another replica of it, with its own kubeconfig.
    pub fn another_with(&self, kubeconfig: &Path) -> Self {
        let operator = Self::launch(kubeconfig, self.arguments.clone(), self.environment.clone());
        operator.wait_until_it_listens();
        operator
    }

    /// Starts another process after this one has ended.
    pub fn start_again(&mut self) {
        self.ended();
        self.process = spawn(self.directory.path(), &self.kubeconfig, &self.arguments, &self.environment);
        self.wait_until_it_listens();
    }

    /// Starts another process like [`start_again`](Self::start_again), with further flags, which override earlier ones.
    pub fn start_again_with(&mut self, flags: &[&str]) {
        for flag in flags {
            let name = flag.split('=').next();
            self.arguments.retain(|earlier| earlier.split('=').next() != name);
            self.arguments.push((*flag).to_owned());
        }
        self.start_again();
    }

    fn wait_until_it_listens(&self) {
        eventually("the operator listens", || self.listening().is_some());
    }

    /// Returns the line of the log that names the addresses it listens on.
    fn listening(&self) -> Option<Value> {
        let log = self.process.output();
        log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|line| line["message"] == "listening")
    }

    /// Returns its process id.
    pub fn id(&self) -> Pid {
        let id = std::fs::read_to_string(id_file(self.directory.path())).unwrap();
        Pid::from_raw(id.trim().parse().unwrap()).unwrap()
    }

    /// Asks it to stop, as Kubernetes does.
    pub fn terminate(&self) {
        kill_process(self.id(), Signal::TERM).unwrap();
    }

    /// Waits until it has ended.
    pub fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the operator ended", || {
            status = self.process.exited().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Returns whether it is still running.
    pub fn runs(&mut self) -> bool {
        self.process.exited().unwrap().is_none()
    }

    /// Returns whether it reports to be ready. It may not listen yet, or no longer.
    pub fn is_ready(&self) -> bool {
        let ready = |server: &str| ureq::get(format!("http://{server}/readyz")).call().is_ok();
        self.listening().is_some_and(|line| line["health"].as_str().is_some_and(ready))
    }

    /// Returns the whole log, including that of the processes before it.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.process.log()).unwrap()
    }

    /// Returns the path of its log.
    pub fn log_file(&self) -> PathBuf {
        self.process.log().to_owned()
    }

    /// Returns the last lines of the log.
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }

    /// Requests a page and returns the HTTP status and text.
    pub fn get(&self, page: Page) -> (u16, String) {
        let listening = self.listening().unwrap();
        let (server, path) = match page {
            Page::Alive => (&listening["health"], "/healthz"),
            Page::Ready => (&listening["health"], "/readyz"),
            Page::Metrics => (&listening["metrics"], "/metrics"),
        };
        let url = format!("http://{}{path}", server.as_str().unwrap());
        let mut response = ureq::get(url).config().http_status_as_error(false).build().call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// Returns a sample of its metrics, named with its labels; 0 if there is none.
    pub fn metric(&self, sample: &str) -> f64 {
        let (_, text) = self.get(Page::Metrics);
        // An exemplar may follow.
        let of = |line: &str| line.strip_prefix(sample)?.strip_prefix(' ')?.split(' ').next()?.parse().ok();
        let value = text.lines().find_map(of);
        value.unwrap_or_default()
    }
}

/// Kills a process, as a crash of the node would. It may have ended already.
pub fn kill(process: Pid) {
    let _ = kill_process(process, Signal::KILL);
}

/// Freezes a process, as if its machine were suspended.
pub fn freeze(process: Pid) {
    kill_process(process, Signal::STOP).unwrap();
}

/// Lets a frozen process continue.
pub fn thaw(process: Pid) {
    kill_process(process, Signal::CONT).unwrap();
}

fn id_file(directory: &Path) -> PathBuf {
    directory.join("id")
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

fn spawn(directory: &Path, kubeconfig: &Path, arguments: &[String], environment: &[(String, String)]) -> Supervised {
    let id_file = id_file(directory).display().to_string();
    let program = env!("CARGO_BIN_EXE_operator-under-test");
    let mut line: Vec<String> = ["-c", NOTE_ID, &id_file, program].map(str::to_owned).into();
    line.extend(arguments.iter().cloned());
    Supervised::spawn(Path::new("/bin/sh"), &line, &directory.join("log"), |command| {
        // The caller's own AWS and Kubernetes configuration must not reach it.
        command.env_clear().env("KUBECONFIG", kubeconfig).envs(environment.iter().cloned());
    })
    .unwrap()
}
