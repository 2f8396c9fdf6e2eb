//! The repository's paths, and [`cargo`], which must run in the repository to read its configuration.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// Returns the repository's directory.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package is a directory of the repository")
}

/// Returns the name of this machine's architecture in images.
pub(crate) fn architecture() -> Result<&'static str> {
    match env::consts::ARCH {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        other => bail!("there is no image for {other}"),
    }
}

/// Returns a command for the cargo that built this program, to run in the repository.
///
/// `cargo run` sets variables that describe the program's package. They are removed, since some build scripts (ring's) run again when
/// they change, and everything that depends on these would be compiled again.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    command
}

/// Returns Cargo's target directory, which depends on configuration and environment.
pub(crate) fn target() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let output =
        cargo().args(["metadata", "--format-version=1", "--no-deps", "--offline"]).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cargo metadata printed something else")?;
    Ok(metadata.target_directory)
}
