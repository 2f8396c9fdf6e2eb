//! The operator as a process: started with the environment that it has in a cluster, ended when it is dropped.

use std::{path::Path, process::ExitStatus, time::Duration};

use control_plane::Supervised;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use testbed::installation::{self, Launch};

use crate::support::{eventually, operator_under_test};

#[derive(Debug)]
pub struct Operator {
    process: Supervised,
    launch: Launch,
    directory: TempDir,
}

impl Operator {
    /// Starts the operator with these flags and variables and those that every test needs, and waits until it listens.
    pub fn start(kubeconfig: &Path, flags: Vec<String>, environment: Vec<(String, String)>) -> Self {
        let flags = ["--log-format=json".to_owned()].into_iter().chain(flags);
        let mut launch = Launch::new(operator_under_test(), kubeconfig, flags);
        launch.environment.extend(environment);
        Self::listening(launch)
    }

    /// Starts the program with exactly these arguments and this environment.
    pub fn launch(kubeconfig: &Path, arguments: Vec<String>, environment: Vec<(String, String)>) -> Self {
        Self::launched(Launch {
            program: operator_under_test().to_owned(),
            arguments,
            kubeconfig: kubeconfig.to_owned(),
            environment,
        })
    }

    fn launched(launch: Launch) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let process = launch.start(&directory.path().join("log")).unwrap();
        Self { process, launch, directory }
    }

    fn listening(launch: Launch) -> Self {
        let operator = Self::launched(launch);
        operator.wait_until_it_listens();
        operator
    }

    /// Starts another replica of it.
    pub fn another(&self) -> Self {
        Self::listening(self.launch.clone())
    }

    /// Starts another replica of it, with its own kubeconfig.
    pub fn another_with(&self, kubeconfig: &Path) -> Self {
        Self::listening(Launch { kubeconfig: kubeconfig.to_owned(), ..self.launch.clone() })
    }

    /// Starts another process after this one has ended.
    pub fn start_again(&mut self) {
        self.ended();
        self.process = self.launch.start(&self.directory.path().join("log")).unwrap();
        self.wait_until_it_listens();
    }

    /// Starts another process like [`start_again`](Self::start_again), with further flags, which override earlier ones.
    pub fn start_again_with(&mut self, flags: &[&str]) {
        for flag in flags {
            let name = flag.split('=').next();
            self.launch.arguments.retain(|earlier| earlier.split('=').next() != name);
            self.launch.arguments.push((*flag).to_owned());
        }
        self.start_again();
    }

    fn wait_until_it_listens(&self) {
        eventually("the operator listens", || installation::address(&self.process, "health").is_some());
    }

    pub fn id(&self) -> Pid {
        Pid::from_raw(self.process.id().try_into().unwrap()).unwrap()
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

    /// Asks it to stop, and waits until it has ended.
    pub fn stop(&mut self) -> ExitStatus {
        self.terminate();
        self.ended()
    }

    pub fn runs(&mut self) -> bool {
        self.process.exited().unwrap().is_none()
    }

    /// Returns whether it reports to be ready.
    pub fn is_ready(&self) -> bool {
        installation::is_ready(&self.process)
    }

    /// Returns the memory that it uses, in bytes.
    pub fn memory(&self) -> usize {
        self.memory_by("VmRSS:")
    }

    /// Returns the most memory that this process has used so far, in bytes.
    pub fn peak_memory(&self) -> usize {
        self.memory_by("VmHWM:")
    }

    fn memory_by(&self, measure: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(measure)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }

    /// Returns the path of the log.
    pub fn log_file(&self) -> &Path {
        self.process.log()
    }

    /// Returns the last lines of this process's log.
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }

    /// Returns the whole log, including that of the processes before it.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap()
    }

    /// Requests `/healthz`, `/readyz` or `/metrics` and returns the HTTP status and text.
    pub fn get(&self, page: &str) -> (u16, String) {
        if page == "/metrics" {
            // The operator reuses the text of the last request for this long.
            std::thread::sleep(Duration::from_millis(200));
        }
        let server = if page == "/metrics" { "metrics" } else { "health" };
        let url = format!("http://{}{page}", installation::address(&self.process, server).unwrap());
        let mut response = ureq::get(url).config().http_status_as_error(false).build().call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// Returns a sample of its metrics, named with its labels; 0 if there is none.
    pub fn metric(&self, sample: &str) -> f64 {
        let (_, text) = self.get("/metrics");
        // An exemplar may follow.
        let of = |line: &str| line.strip_prefix(sample)?.strip_prefix(' ')?.split(' ').next()?.parse().ok();
        let value = text.lines().find_map(of);
        value.unwrap_or_default()
    }

    /// Returns the sum of a metric's samples with such labels, as the page writes them.
    pub fn sum(&self, metric: &str, wanted: impl Fn(&str) -> bool) -> f64 {
        let (_, text) = self.get("/metrics");
        let samples = text.lines().filter_map(|line| line.strip_prefix(metric)?.strip_prefix('{')?.split_once("} "));
        let of_wanted = samples.filter(|(labels, _)| wanted(labels));
        // An exemplar may follow.
        of_wanted.map(|(_, rest)| rest.split(' ').next().unwrap().parse::<f64>().unwrap()).sum()
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
