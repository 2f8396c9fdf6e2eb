//! The programs that the demo and the benchmark run.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::repository;

/// The paths of the built programs.
pub(crate) struct Programs {
    pub operator: PathBuf,
    pub simulator: PathBuf,
}

/// Builds the programs if they are not up to date. Cargo shows its progress on standard error.
pub(crate) fn build() -> Result<Programs> {
    let mut command = repository::cargo();
    command.args(BUILD).arg("--message-format=json-render-diagnostics");
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let messages = messages(&mut command)?;
    Ok(Programs { operator: executable(&messages, "connect-operator")?, simulator: executable(&messages, "connect-sim")? })
}

/// Builds the image's program: the operator as it is released.
pub(crate) fn build_released_operator() -> Result<PathBuf> {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => bail!("there is no image for {other}"),
    };
    let rootfs = repository::root().join("target/rootfs");
    let built = Command::new(repository::root().join("dev/image/rootfs.sh")).arg(arch).arg(&rootfs).status();
    if !built.context("cannot run dev/image/rootfs.sh")?.success() {
        bail!("the image's program was not built: see above");
    }
    Ok(rootfs.join("usr/bin/connect-operator"))
}

/// Returns the environment variables that the image sets.
pub(crate) fn environment_of_image() -> Result<Vec<(String, String)>> {
    let file = fs::read_to_string(repository::root().join("Dockerfile")).context("cannot read the Dockerfile")?;
    let set = file.lines().filter_map(|line| line.strip_prefix("ENV ")).flat_map(str::split_whitespace);
    Ok(set.filter_map(|variable| variable.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The arguments of cargo for the demo's programs. The whole workspace is selected, so that the features of dependencies are the same
/// as in `cargo run --package xtask` and in `cargo test --workspace`, and nothing is compiled again.
pub(crate) const BUILD: [&str; 6] = ["build", "--workspace", "--bin", "connect-operator", "--bin", "connect-sim"];

/// Runs cargo and returns its messages, a line of JSON each.
pub(crate) fn messages(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the build failed ({})", output.status);
    }
    String::from_utf8(output.stdout).context("cargo printed what is not UTF-8")
}

/// Returns the path of a program that cargo has built.
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
