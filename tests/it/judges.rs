//! What GitOps tools make of a ConnectUser, by their own code.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use control_plane::Binaries;
use serde::Deserialize;
use serde_json::Value;

/// The health check for Argo CD, which the tests run as it is.
pub const HEALTH_CHECK: &str = "deploy/argocd/health.lua";

/// What a tool says.
#[derive(Debug, Deserialize)]
pub struct Verdict {
    pub status: String,
    pub message: String,
}

/// What they all say.
#[derive(Debug, Deserialize)]
pub struct Verdicts {
    /// kstatus: Flux and Helm 4.
    pub kstatus: Verdict,
    /// Argo CD, with our health check.
    pub argo: Verdict,
}

/// The program of a GitOps tool.
pub fn tool(name: &str) -> PathBuf {
    static TOOLS: OnceLock<Binaries> = OnceLock::new();
    // Written past the test harness, since a first build takes minutes.
    TOOLS.get_or_init(|| Binaries::ensure_gitops(|line| drop(writeln!(io::stderr(), "{line}"))).unwrap()).program(name)
}

/// Has an object judged, as the API server gives it.
pub fn judge(object: &Value) -> Verdicts {
    let check = Path::new(env!("CARGO_MANIFEST_DIR")).join(HEALTH_CHECK);
    let mut judge = Command::new(tool("judge")).arg(check).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It reads to the end before it can be waited for; an object fits into a pipe.
    judge.stdin.take().unwrap().write_all(object.to_string().as_bytes()).unwrap();
    let output = judge.wait_with_output().unwrap();
    assert!(output.status.success(), "{object:#}");
    serde_json::from_slice(&output.stdout).unwrap()
}
