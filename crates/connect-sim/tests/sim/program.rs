//! The program: it says where it listens, serves, and ends when it is told to.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use crate::support::*;

/// A program that is ended with the test.
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
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn it_serves_its_configuration_and_ends_on_sigterm() {
    let mut program = Program::start(&["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/sample.yaml")]);
    let reply = raw(&program.url, "GET", "/instance", SIGNED, "").await.unwrap();
    assert_eq!(reply.json()["InstanceSummaryList"][0]["InstanceAlias"], "contact-centre");
    let signalled = Command::new("kill").arg(program.child.id().to_string()).status().unwrap();
    assert!(signalled.success());
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn a_bad_configuration_is_told_and_nothing_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.yaml");
    std::fs::write(&file, "serchLag: 3s").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_connect-sim"))
        .args(["--listen", "127.0.0.1:0", "--config"])
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(!child.wait().unwrap().success());
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(told.contains("bad.yaml") && told.contains("serchLag"), "{told}");
}
