//! The image as it is released.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::steps::Steps;
use crate::repository;

/// The image's name in the chart.
pub(super) const NAME: &str = "ghcr.io/connect-operator/connect-operator";

/// Builds the image and returns its OCI archive, or None if this machine has no tool for it. The program in it is kept for the next
/// time.
pub(crate) fn build(steps: &mut Steps) -> Result<Option<PathBuf>> {
    let has = |tool: &str| Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !has("buildah") || !has("musl-gcc") {
        return Ok(None);
    }
    let path = repository::target()?.join("e2e-image.tar");
    let programs = control_plane::cache()?.join("programs");
    steps.required("the image is built", || {
        let mut command = Command::new(repository::root().join("dev/image/build.sh"));
        command.arg(repository::architecture()?).arg(&path).env("CONNECT_OPERATOR_PROGRAMS", programs).stdout(Stdio::null());
        match command.status().context("cannot run dev/image/build.sh")? {
            status if status.success() => Ok(()),
            status => bail!("dev/image/build.sh: {status}"),
        }
    })?;
    Ok(Some(path))
}
