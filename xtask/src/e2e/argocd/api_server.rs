//! Argo CD's API server, and an account that may do no more than docs/gitops.md permits a supervisor.

use std::fs;

use anyhow::{Context, Result, ensure};
use control_plane::{Supervised, free_ports};

use super::super::cluster::Cluster;
use super::super::steps::until;
use super::server::{ArgoCd, NAMESPACE, Program, set};
use crate::repository;

/// The name of the account, and of its role in docs/gitops.md.
const ACCOUNT: &str = "supervisor";
const ROLE: &str = "role:supervisors";
const ADMIN_PASSWORD: &str = "argocd-initial-admin-secret";

/// A running API server. Dropping it stops it.
pub(super) struct ApiServer<'a> {
    _server: Supervised,
    program: &'a Program,
    /// The flags of the client, with the account's token.
    flags: [String; 3],
}

impl<'a> ApiServer<'a> {
    /// Starts the server, and creates the account.
    pub(super) fn start(cluster: &Cluster, argo: &'a ArgoCd) -> Result<Self> {
        configure(cluster)?;
        let [port, metrics] = free_ports()?;
        let own_flags = [
            "--address=127.0.0.1".to_owned(),
            "--metrics-address=127.0.0.1".to_owned(),
            format!("--port={port}"),
            format!("--metrics-port={metrics}"),
            "--insecure".to_owned(),
        ];
        let mut server = argo.program.spawn("argocd-server", &[&argo.flags[..], &own_flags].concat())?;
        let address = format!("127.0.0.1:{port}");
        // It generates the password of its administrator when it starts for the first time.
        let (password, _) = until("Argo CD's API server listens", || {
            server.check()?;
            let ready = std::net::TcpStream::connect(&address).context("it does not listen");
            let password = ready.and_then(|_| {
                let template = "--output=go-template={{.data.password | base64decode}}";
                cluster.kubectl(&["get", "secret", ADMIN_PASSWORD, "--namespace", NAMESPACE, template])
            });
            Ok(password.map_err(|error| format!("{error:#}\n{}", server.log_tail())))
        })?;
        let program = &argo.program;
        program.run(&["login", &address, "--plaintext", "--username=admin", &format!("--password={password}")])?;
        let token = program.run(&["account", "generate-token", "--account", ACCOUNT])?;
        let flags = [format!("--server={address}"), "--plaintext".to_owned(), format!("--auth-token={}", token.trim())];
        Ok(Self { _server: server, program, flags })
    }

    /// Runs a command of Argo CD's client with the account's rights, and returns its output.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<String> {
        let flags = self.flags.iter().map(String::as_str);
        self.program.run(&arguments.iter().copied().chain(flags).collect::<Vec<_>>())
    }
}

/// Adds the account, with the rules of the documentation.
fn configure(cluster: &Cluster) -> Result<()> {
    let page = fs::read_to_string(repository::root().join("docs/gitops.md"))?;
    let rules: Vec<_> = page.lines().filter(|line| line.starts_with(&format!("p, {ROLE},"))).collect();
    ensure!(!rules.is_empty(), "docs/gitops.md has no rules");
    let policy = format!("{}\ng, {ACCOUNT}, {ROLE}\n", rules.join("\n"));
    set(cluster, "argocd-cm", &[(&format!("accounts.{ACCOUNT}"), "apiKey")])?;
    set(cluster, "argocd-rbac-cm", &[("policy.csv", &policy)])
}
