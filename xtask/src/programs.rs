//! The programs that the demo and the benchmark run.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::repository;

/// Where the built programs are.
pub(crate) struct Programs {
    pub operator: PathBuf,
    pub simulator: PathBuf,
}

/// Builds the programs, if they are not up to date; cargo shows on standard error how it goes on.
pub(crate) fn build() -> Result<Programs> {
    let messages = build_packages(&["connect-operator", "connect-sim"], !cfg!(debug_assertions))?;
    Ok(Programs { operator: executable(&messages, "connect-operator")?, simulator: executable(&messages, "connect-sim")? })
}

/// Builds the operator as it is released.
pub(crate) fn build_released_operator() -> Result<PathBuf> {
    executable(&build_packages(&["connect-operator"], true)?, "connect-operator")
}

/// What cargo says while it builds the programs of packages.
fn build_packages(packages: &[&str], release: bool) -> Result<String> {
    let mut command = repository::cargo();
    command.args(["build", "--bins", "--message-format=json-render-diagnostics"]);
    command.args(packages.iter().map(|package| format!("--package={package}")));
    if release {
        command.arg("--release");
    }
    let output = command.stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the build failed ({})", output.status);
    }
    String::from_utf8(output.stdout).context("cargo printed what is not UTF-8")
}

/// Cargo tells of each thing that it built in a line of JSON.
fn executable(messages: &str, name: &str) -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        target: Option<Target>,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    built
        .filter(|message| message.target.as_ref().is_some_and(|target| target.name == name))
        .find_map(|message| message.executable)
        .with_context(|| format!("cargo built no {name}"))
}
