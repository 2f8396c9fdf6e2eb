//! The verdicts of GitOps tools on a ConnectUser, by their own code.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use control_plane::tool;
use serde::Deserialize;
use serde_json::Value;

use crate::support::repository;

/// The health check for Argo CD, as it is shipped.
pub const HEALTH_CHECK: &str = "deploy/argocd/resource_customizations/connect-operator.dev/ConnectUser/health.lua";

/// The verdict of a tool.
#[derive(Debug, Deserialize)]
pub struct Verdict {
    pub status: String,
    pub message: String,
}

/// The verdicts of all tools.
#[derive(Debug, Deserialize)]
pub struct Verdicts {
    /// kstatus: Flux and Helm 4.
    pub kstatus: Verdict,
    /// Argo CD, with our health check.
    pub argo: Verdict,
}

/// Returns the verdicts on an object as the API server returns it.
pub fn judge(object: &Value) -> Verdicts {
    judge_by(HEALTH_CHECK, object)
}

/// Returns the verdicts with another health check for Argo CD.
pub fn judge_by(check: &str, object: &Value) -> Verdicts {
    serde_json::from_slice(&run(&[], check, object)).unwrap()
}

/// Runs the script of a resource action of Argo CD and returns the changed object.
pub fn act(script: &str, object: &Value) -> Value {
    serde_json::from_slice(&run(&["run"], script, object)).unwrap()
}

fn run(mode: &[&str], script: &str, object: &Value) -> Vec<u8> {
    let mut command = Command::new(tool("judge").unwrap());
    let mut judge = command.args(mode).arg(repository(script)).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // The tool reads its input to the end before it writes; an object fits into a pipe.
    judge.stdin.take().unwrap().write_all(object.to_string().as_bytes()).unwrap();
    let output = judge.wait_with_output().unwrap();
    assert!(output.status.success(), "{object:#}");
    output.stdout
}
