//! Argo CD's programs: they run beside the cluster and reach it as an administrator.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use control_plane::{Supervised, free_ports, tool};
use serde_json::{Value, json};

use super::super::cluster::Cluster;
use super::super::steps::until;
use crate::repository;

/// The namespace of the Applications.
pub(super) const NAMESPACE: &str = "argocd";

/// Lines of the controller's log are long.
const MOST_OF_A_LINE: usize = 400;

/// Its presence requests a comparison, and Argo CD removes it.
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// A running Argo CD, without its API server. Dropping it stops it.
pub(super) struct ArgoCd {
    controller: Supervised,
    repo_server: Supervised,
    _redis: Supervised,
    pub program: Program,
    /// The flags of a program that uses the other two.
    pub flags: Vec<String>,
}

/// Argo CD's one program, whose name at run time selects its part, and where it runs.
pub(super) struct Program {
    path: PathBuf,
    directory: PathBuf,
    environment: Vec<(&'static str, OsString)>,
}

impl Program {
    fn new(cluster: &Cluster) -> Result<Self> {
        let path = tool("argocd")?;
        let directory = cluster.directory.path().join("argocd");
        fs::create_dir_all(&directory)?;
        let environment = vec![
            ("PATH", search_path(path.parent().context("a program is in a directory")?, &directory)?.into()),
            // The cluster is reached with the kubeconfig, under the name that Applications use.
            ("ARGOCD_FAKE_IN_CLUSTER", "true".into()),
            ("ARGOCD_GPG_ENABLED", "false".into()),
            // The repositories belong to the user of this run.
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("HOME", directory.clone().into()),
            ("TMPDIR", directory.clone().into()),
            ("KUBECONFIG", cluster.kubeconfig.clone().into()),
        ];
        Ok(Self { path, directory, environment })
    }

    /// Starts one of Argo CD's parts.
    pub(super) fn spawn(&self, name: &str, arguments: &[String]) -> Result<Supervised> {
        self.spawn_other(name, &self.path, arguments)
    }

    fn spawn_other(&self, name: &str, program: &Path, arguments: &[String]) -> Result<Supervised> {
        Supervised::spawn(program, arguments, &self.directory.join(format!("{name}.log")), |command| {
            self.surround(name, command);
        })
    }

    /// Runs a command of Argo CD's client, and returns its output.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.path);
        self.surround("argocd", &mut command);
        let output = command.args(arguments).output().context("cannot run argocd")?;
        if !output.status.success() {
            bail!("argocd {}: {}", arguments[0], String::from_utf8_lossy(&output.stderr).trim());
        }
        String::from_utf8(output.stdout).context("argocd printed what is not UTF-8")
    }

    fn surround(&self, name: &str, command: &mut Command) {
        command.current_dir(&self.directory).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.env("ARGOCD_BINARY_NAME", name);
    }
}

impl ArgoCd {
    /// Returns the programs that cannot be found.
    pub(super) fn missing() -> Vec<&'static str> {
        let runs = |program: &&str| Command::new(program).arg("--version").output().is_ok();
        ["git", "redis-server"].into_iter().filter(|program| !runs(program)).collect()
    }

    /// Installs Argo CD's definitions and settings in the cluster, with the samples of this repository, and starts it.
    pub(super) fn start(cluster: &Cluster) -> Result<Self> {
        let program = Program::new(cluster)?;
        let programs = program.path.parent().context("a program is in a directory")?;
        for definition in ["application-crd.yaml", "applicationset-crd.yaml", "appproject-crd.yaml"] {
            let file = format!("--filename={}", programs.join(definition).display());
            cluster.kubectl(&["apply", "--server-side", &file])?;
        }
        for kind in ["applications", "appprojects"] {
            // kubectl's own wait fails for a definition that has no condition yet.
            until(&format!("{kind} are served"), || {
                let listed = cluster.get(&[&format!("{kind}.argoproj.io"), "--all-namespaces"]);
                Ok(listed.map(drop).map_err(|error| format!("{error:#}")))
            })?;
        }
        configure(cluster)?;

        let [redis_port, repo_port, repo_metrics, controller_metrics] = free_ports()?;
        let redis_flags = format!("--port {redis_port} --bind 127.0.0.1 --appendonly no --save");
        let redis_flags: Vec<_> = redis_flags.split(' ').map(str::to_owned).chain([String::new()]).collect();
        let redis = program.spawn_other("redis", Path::new("redis-server"), &redis_flags)?;
        let repo_flags = [
            "--address=127.0.0.1".to_owned(),
            "--metrics-address=127.0.0.1".to_owned(),
            format!("--port={repo_port}"),
            format!("--metrics-port={repo_metrics}"),
            format!("--redis=127.0.0.1:{redis_port}"),
            "--disable-tls".to_owned(),
            "--client-ca-path=".to_owned(),
        ];
        let repo_server = program.spawn("argocd-repo-server", &repo_flags)?;
        let flags = vec![
            format!("--namespace={NAMESPACE}"),
            format!("--kubeconfig={}", cluster.kubeconfig.display()),
            format!("--repo-server=127.0.0.1:{repo_port}"),
            "--repo-server-plaintext".to_owned(),
            format!("--redis=127.0.0.1:{redis_port}"),
        ];
        let own_flags = [
            // Otherwise only Argo CD's API server shows it.
            "--persist-resource-health".to_owned(),
            format!("--metrics-port={controller_metrics}"),
        ];
        let controller = program.spawn("argocd-application-controller", &[&flags[..], &own_flags].concat())?;
        let mut this = Self { controller, repo_server, _redis: redis, program, flags };
        until("Argo CD's servers listen", || {
            this.check()?;
            let listens = |port: u16| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
            Ok(if listens(repo_port) && listens(controller_metrics) { Ok(()) } else { Err(this.controller.log_tail()) })
        })?;
        Ok(this)
    }

    /// Fails with the last lines of its log if a program has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        self.controller.check().and_then(|()| self.repo_server.check())
    }

    /// Returns the last lines of the controller's log, for a failure.
    pub(super) fn log(&self) -> String {
        let lines = self.controller.log_tail();
        lines.lines().map(|line| line.chars().take(MOST_OF_A_LINE).collect::<String>() + "\n").collect()
    }
}

/// Writes the settings: the samples of this repository, and what an installation of Argo CD brings with it.
fn configure(cluster: &Cluster) -> Result<()> {
    let named = |kind: &str, name: &str| {
        let labels = json!({ "app.kubernetes.io/part-of": "argocd" });
        json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name, "namespace": NAMESPACE, "labels": labels } })
    };
    cluster.apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } }))?;
    for name in ["argocd-cm", "argocd-rbac-cm"] {
        cluster.apply(&named("ConfigMap", name))?;
    }
    let mut secret = named("Secret", "argocd-secret");
    secret["stringData"] = json!({ "server.secretkey": "an-example-and-no-secret" });
    cluster.apply(&secret)?;
    cluster.apply(&json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
        "metadata": { "name": "default", "namespace": NAMESPACE },
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{ "namespace": "*", "server": "*" }],
            "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
        },
    }))?;
    let sample = format!("--filename={}", repository::root().join("deploy/argocd/argocd-cm.yaml").display());
    cluster.kubectl(&["apply", "--server-side", "--field-manager=connect-operator-health", &sample])?;
    // The optional third key, as docs/gitops.md describes it.
    let health = fs::read_to_string(repository::root().join("deploy/argocd/application-health.lua"))?;
    set(cluster, "argocd-cm", &[("resource.customizations.health.argoproj.io_Application", &health)])
}

/// Sets keys of one of Argo CD's ConfigMaps, and leaves the others alone.
pub(super) fn set(cluster: &Cluster, config_map: &str, data: &[(&str, &str)]) -> Result<()> {
    let data: serde_json::Map<_, _> = data.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let patch = json!({ "data": data }).to_string();
    cluster.kubectl(&["patch", "configmap", config_map, "--namespace", NAMESPACE, "--type=merge", "--patch", &patch]).map(drop)
}

/// Returns a `PATH` with the programs that Argo CD calls.
fn search_path(programs: &Path, directory: &Path) -> Result<String> {
    let links = directory.join("bin");
    fs::create_dir_all(&links)?;
    symlink(tool("helm")?, links.join("helm"))?;
    // Files of Go's module cache are not executable.
    let script = links.join("git-verify-wrapper.sh");
    fs::copy(programs.join("git-verify-wrapper.sh"), &script)?;
    fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    Ok(format!("{}:{}", links.display(), std::env::var("PATH").unwrap_or_default()))
}

/// What Argo CD says about an Application.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub sync: String,
    pub health: String,
    /// The revision that was compared with the cluster.
    pub revision: String,
    /// The phase of the last sync, its message and its end.
    pub operation: [String; 3],
    pub conditions: Vec<String>,
    /// The health of each ConnectUser, by name.
    pub users: Vec<(String, String)>,
}

impl Verdict {
    /// Returns the health of a ConnectUser.
    pub(super) fn health_of(&self, user: &str) -> Option<&str> {
        self.users.iter().find(|(name, _)| name == user).map(|(_, health)| health.as_str())
    }
}

/// Returns what Argo CD says about an Application, or None if there is no such Application.
pub(super) fn verdict(cluster: &Cluster, application: &str) -> Result<Option<Verdict>> {
    let arguments = ["get", "application", application, "--namespace", NAMESPACE, "--ignore-not-found", "--output=json"];
    let text = cluster.kubectl(&arguments)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let application: Value = serde_json::from_str(&text)?;
    let status = &application["status"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let operation = &status["operationState"];
    let resources = status["resources"].as_array().into_iter().flatten();
    let users = resources.filter(|resource| resource["kind"] == "ConnectUser");
    Ok(Some(Verdict {
        sync: text(&status["sync"]["status"]),
        health: text(&status["health"]["status"]),
        revision: text(&status["sync"]["revision"]),
        operation: ["phase", "message", "finishedAt"].map(|key| text(&operation[key])),
        conditions: status["conditions"].as_array().into_iter().flatten().map(|condition| text(&condition["message"])).collect(),
        users: users.map(|user| (text(&user["name"]), text(&user["health"]["status"]))).collect(),
    }))
}

/// Makes Argo CD compare an Application with Git at once. The end of a comparison that is under way would also end this request, so
/// it is made afterwards.
pub(super) fn refresh(cluster: &Cluster, application: &str, kind: &str) -> Result<()> {
    until("Argo CD has answered the last request to compare", || {
        // Another Application may be about to create it.
        let application = match cluster.get(&["application", application, "--namespace", NAMESPACE]) {
            Ok(application) => application,
            Err(error) => return Ok(Err(format!("{error:#}"))),
        };
        let requested = &application["metadata"]["annotations"][REFRESH];
        Ok(if requested.is_null() { Ok(()) } else { Err(requested.to_string()) })
    })?;
    let annotation = format!("{REFRESH}={kind}");
    cluster.kubectl(&["annotate", "application", application, "--namespace", NAMESPACE, &annotation]).map(drop)
}

/// Waits until an Application has this revision in the cluster, and is Synced and Healthy.
pub(super) fn until_synced(cluster: &Cluster, application: &str, revision: &str) -> Result<Verdict> {
    let what = format!("{application} is Synced and Healthy");
    refresh(cluster, application, "normal")?;
    let (verdict, _) = until(&what, || {
        let verdict = verdict(cluster, application)?;
        let is_done = verdict.as_ref().is_some_and(|verdict| {
            let done = verdict.sync == "Synced" && verdict.health == "Healthy" && verdict.operation[0] == "Succeeded";
            done && (revision.is_empty() || verdict.revision == revision)
        });
        Ok(if is_done { Ok(verdict) } else { Err(format!("{verdict:?}")) })
    })?;
    let verdict = verdict.context("an Application")?;
    ensure!(verdict.conditions.is_empty(), "{:?}", verdict.conditions);
    Ok(verdict)
}
