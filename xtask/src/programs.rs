//! The programs that the demo and the benchmark run.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::repository;

/// Builds the operator if it is not up to date, and returns its path. Cargo shows its progress on standard error.
pub(crate) fn build_operator() -> Result<PathBuf> {
    let mut command = repository::cargo();
    command.args(BUILD).arg("--message-format=json-render-diagnostics");
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    executable(&messages(&mut command)?, "connect-operator")
}

/// Builds the image's program: the operator as it is released.
pub(crate) fn build_released_operator() -> Result<PathBuf> {
    let arch = repository::architecture()?;
    let rootfs = repository::root().join("target/rootfs");
    let built = Command::new(repository::root().join("dev/image/rootfs.sh")).arg(arch).arg(&rootfs).status();
    if !built.context("cannot run dev/image/rootfs.sh")?.success() {
        bail!("the image's program was not built: see above");
    }
    Ok(rootfs.join("usr/bin/connect-operator"))
}

/// The arguments of cargo for the demo's program. The whole workspace is selected, so that the features of dependencies are the same
/// as in `cargo run --package xtask` and in `cargo test --workspace`, and nothing is compiled again.
pub(crate) const BUILD: [&str; 4] = ["build", "--workspace", "--bin", "connect-operator"];

/// Runs cargo and returns its messages, a line of JSON each.
pub(crate) fn messages(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the build failed ({})", output.status);
    }
    String::from_utf8(output.stdout).context("cargo printed what is not UTF-8")
}

/// A file that cargo has built, as a message names it.
#[derive(Deserialize)]
pub(crate) struct Artifact {
    pub package_id: String,
    pub target: Target,
    pub filenames: Vec<String>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
pub(crate) struct Target {
    name: String,
    pub kind: Vec<String>,
}

/// Returns the built files in cargo's messages.
pub(crate) fn artifacts(messages: &str) -> impl Iterator<Item = Artifact> {
    messages.lines().filter_map(|line| serde_json::from_str(line).ok())
}

/// Returns the path of a program that cargo has built.
fn executable(messages: &str, name: &str) -> Result<PathBuf> {
    let mut built = artifacts(messages).filter(|artifact| artifact.target.name == name);
    built.find_map(|artifact| artifact.executable).with_context(|| format!("cargo built no {name}"))
}
