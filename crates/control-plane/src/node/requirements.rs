//! What a machine must have to run a node.

use std::env;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::namespaces;

/// The programs that are not built from Go modules.
const PROGRAMS: [&str; 6] = ["containerd", "ctr", "runc", "ip", "nsenter", "unshare"];
/// The Debian packages that contain them.
const PACKAGES: [&str; 5] = ["containerd", "runc", "containernetworking-plugins", "iproute2", "util-linux"];
/// What kube-router calls, and the Debian packages that contain it.
const FIREWALL: [&str; 2] = ["iptables", "ipset"];
/// Where distributions put the plugins of the container network.
const CNI_PLUGINS: [&str; 3] = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];

/// The reason why no node can run on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Returns what is missing, after an attempt to install it.
pub(super) fn missing(progress: &dyn Fn(&str)) -> Result<Option<Missing>> {
    if !cfg!(target_os = "linux") {
        return Ok(Some(Missing("a node needs Linux".to_owned())));
    }
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(Some(Missing("a node needs root".to_owned())));
    }
    if !absent().is_empty() {
        install(&PACKAGES, progress)?;
    }
    Ok(match absent() {
        absent if absent.is_empty() => namespaces::probe().err().map(|error| Missing(format!("{error:#}"))),
        absent => Some(Missing(format!("{} cannot be found", absent.join(", ")))),
    })
}

/// Returns what is missing for NetworkPolicies, after an attempt to install it.
pub(super) fn missing_firewall(progress: &dyn Fn(&str)) -> Result<Option<Missing>> {
    let absent = || FIREWALL.into_iter().filter(|name| !is_on_path(name)).collect::<Vec<_>>();
    if !absent().is_empty() {
        install(&FIREWALL, progress)?;
    }
    Ok(Some(absent()).filter(|absent| !absent.is_empty()).map(|absent| Missing(format!("{} cannot be found", absent.join(", ")))))
}

/// Returns the directory of the plugins of the container network.
pub(super) fn cni_plugins() -> Result<PathBuf> {
    let found = CNI_PLUGINS.map(PathBuf::from).into_iter().find(|path| path.join("bridge").is_file());
    found.with_context(|| format!("the plugins of the container network are in none of {}", CNI_PLUGINS.join(", ")))
}

fn absent() -> Vec<&'static str> {
    let mut absent: Vec<_> = PROGRAMS.into_iter().filter(|name| !is_on_path(name)).collect();
    if cni_plugins().is_err() {
        absent.push("the CNI plugin bridge");
    }
    absent
}

fn is_on_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory: PathBuf| Path::new(&directory).join(name).is_file())
}

/// Installs the packages where this is possible. If it fails, the programs are still absent, which is what the callers check.
fn install(packages: &[&str], progress: &dyn Fn(&str)) -> Result<()> {
    if !is_on_path("apt-get") {
        return Ok(());
    }
    progress(&format!("installing {}", packages.join(", ")));
    let packages = ["install", "--yes", "--quiet=2", "--no-install-recommends"].into_iter().chain(packages.iter().copied());
    for arguments in [vec!["update", "--quiet=2"], packages.collect()] {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().context("cannot run apt-get")?;
    }
    Ok(())
}
