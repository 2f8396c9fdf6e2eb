//! kubectl of the control plane's version, isolated from the user's configuration.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

/// kubectl with a kubeconfig.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    cache: PathBuf,
}

impl Kubectl {
    /// Returns kubectl with a kubeconfig and a directory for what it keeps between its runs.
    pub fn new(program: PathBuf, kubeconfig: PathBuf, cache: PathBuf) -> Self {
        Self { program, kubeconfig, cache }
    }

    /// Returns kubectl with another kubeconfig.
    pub fn with_kubeconfig(&self, kubeconfig: &Path) -> Self {
        Self { kubeconfig: kubeconfig.to_owned(), ..self.clone() }
    }

    /// Returns a command to add arguments to, for uses beyond the other methods, such as a watch.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("KUBECONFIG", &self.kubeconfig).env("KUBECACHEDIR", &self.cache).env("KUBERC", "off");
        // It ends before the collection of garbage pays.
        command.env("GOGC", "400");
        command
    }

    /// Runs kubectl and returns its output and status, even if it failed.
    ///
    /// # Errors
    /// kubectl cannot be run.
    pub fn output(&self, arguments: &[&str]) -> Result<Output> {
        self.output_with_input(arguments, "")
    }

    /// Like [`Kubectl::output`], with `input` on standard input.
    ///
    /// # Errors
    /// kubectl cannot be run.
    pub fn output_with_input(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot run kubectl")?;
        let pipe = child.stdin.take();
        thread::scope(|scope| {
            // In a thread, since both pipes are finite. If kubectl stops reading half-way, its status shows the failure.
            scope.spawn(move || pipe.map(|mut pipe| pipe.write_all(input.as_bytes())));
            child.wait_with_output().context("cannot run kubectl")
        })
    }

    /// Runs kubectl and returns its standard output.
    ///
    /// # Errors
    /// kubectl failed. The error holds the arguments and its standard error.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        checked(arguments, self.output(arguments)?)
    }

    /// Like [`Kubectl::run`], with `input` on standard input.
    ///
    /// # Errors
    /// kubectl failed. The error holds the arguments and its standard error.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Result<String> {
        checked(arguments, self.output_with_input(arguments, input)?)
    }
}

fn checked(arguments: &[&str], output: Output) -> Result<String> {
    if !output.status.success() {
        bail!("kubectl {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("kubectl's output is not UTF-8")
}
