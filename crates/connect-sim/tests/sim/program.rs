//! The program: it prints its address, serves, and stops on a signal.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use crate::support::*;

/// A program that stops with the test.
pub struct Program {
    child: Child,
    pub url: String,
}

impl Program {
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_connect-sim"))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("connect-sim listening on ").unwrap().to_owned();
        Self { child, url }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have stopped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn it_serves_its_configuration_and_stops_on_sigterm() {
    let mut program = Program::start(&["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/sample.yaml")]);
    let reply = raw(&program.url, "GET", "/instance", SIGNED, "").await.unwrap();
    assert_eq!(reply.json()["InstanceSummaryList"][0]["InstanceAlias"], "contact-centre");
    let signalled = Command::new("kill").arg(program.child.id().to_string()).status().unwrap();
    assert!(signalled.success());
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn an_invalid_configuration_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.yaml");
    std::fs::write(&file, "serchLag: 3s").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_connect-sim"))
        .args(["--listen", "127.0.0.1:0", "--config"])
        .arg(&file)
        .env("RUST_BACKTRACE", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(!child.wait().unwrap().success());
    let mut output = String::new();
    child.stderr.take().unwrap().read_to_string(&mut output).unwrap();
    assert!(output.starts_with("error: cannot use ") && output.contains("bad.yaml"), "{output}");
    assert!(output.contains("serchLag") && !output.contains("backtrace"), "{output}");
}
