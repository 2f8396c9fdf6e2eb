//! Where the pods run: a node on this machine or a given test cluster, with a simulated Connect in this process.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use connect_api::InstanceId;
use connect_sim::{Config, InstanceConfig, Rate, Server, Sim, Throttling, serve};
use control_plane::{Binaries, Kubectl, Node, Options};
use kube::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::installation;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::image;
use super::steps::Steps;
use crate::repository;

/// The operator's namespace.
pub(super) const HOME: &str = "connect-operator-system";
/// The routing profiles of the instance.
pub(super) const PROFILES: [&str; 2] = ["Basic Routing Profile", "Sales"];
/// Connect's rate in calls per second and operation, and the burst: enough to be quick, and little enough for bulk work to be under
/// way when a pod ends.
pub(super) const RATE: u32 = 50;

/// Everything that runs. The fields are dropped in this order: the cluster last.
pub(super) struct Cluster {
    pub sim: Sim,
    pub instance: InstanceId,
    pub instance_arn: String,
    /// Two names of the image, as `repository:tag`. In a given cluster, they are the same.
    pub images: [String; 2],
    /// The address of the simulated Connect for pods.
    pub connect_url: String,
    pub client: Client,
    pub kubectl: Kubectl,
    pub kubeconfig: PathBuf,
    _server: Server,
    pub runtime: Runtime,
    pub directory: TempDir,
    pub node: Option<Node>,
    /// The namespaces of a given cluster, which stay.
    namespaces: Vec<String>,
}

impl Cluster {
    /// Starts a node.
    pub(super) fn start_node(steps: &mut Steps) -> Result<Node> {
        let binaries = Binaries::ensure(|line| eprintln!("{line}"))?;
        // Built before the time of the start is taken.
        for program in ["kubelet", "helm", "helm3"] {
            control_plane::tool(program)?;
        }
        steps.required("the node is ready", || Node::start(Options::new(binaries)))
    }

    /// Uses a node that was started, with this image.
    pub(super) fn on(node: Node, archive: &Path, steps: &mut Steps) -> Result<Self> {
        let images = steps.required("the image is on the node", || import(&node, archive))?;
        let (kubectl, kubeconfig) = (node.plane().kubectl().clone(), node.plane().admin_kubeconfig());
        // Within the node's directory, which is removed even if this process is killed.
        let directory = tempfile::tempdir_in(node.directory())?;
        let cluster = Self::new(kubectl, &kubeconfig, images, node.host(), directory)?;
        Ok(Self { node: Some(node), ..cluster })
    }

    /// Uses a given cluster.
    pub(super) fn given(kubeconfig: &Path, image: &str, address: Ipv4Addr) -> Result<Self> {
        let binaries = Binaries::ensure_api_server(|line| eprintln!("{line}"))?;
        let directory = tempfile::tempdir()?;
        let cache = directory.path().join("kubectl-cache");
        let kubectl = Kubectl::new(binaries.program("kubectl"), kubeconfig.to_owned(), cache);
        for found in ["crd/connectusers.connect-operator.dev", &format!("namespace/{HOME}"), "namespace/argocd"] {
            if kubectl.run(&["get", found]).is_ok() {
                bail!("the cluster has {found}, which this command would delete in the end: use a cluster that is empty");
            }
        }
        let namespaces = namespaces(&kubectl)?;
        let cluster = Self::new(kubectl, kubeconfig, [image.to_owned(), image.to_owned()], address, directory)?;
        Ok(Self { namespaces, ..cluster })
    }

    fn new(kubectl: Kubectl, kubeconfig: &Path, images: [String; 2], address: Ipv4Addr, directory: TempDir) -> Result<Self> {
        let rate = Rate { per_second: f64::from(RATE), burst: RATE };
        // The examples of the documentation name the sample's instance.
        let sample = Config::from_yaml(&fs::read_to_string(repository::root().join("dev/sample/instance.yaml"))?)?;
        let own = InstanceConfig {
            routing_profiles: PROFILES.map(Into::into).into(),
            users_quota: 1_000_000,
            ..InstanceConfig::default()
        };
        let config = Config {
            throttling: Throttling { default: rate, ..Throttling::default() },
            instances: sample.instances.into_iter().chain([own]).collect(),
            ..Config::default()
        };
        let runtime = Runtime::new()?;
        let sim = Sim::new(config)?;
        let listener = runtime.block_on(TcpListener::bind(SocketAddr::from((address, 0))));
        let (server, client) = {
            let _entered = runtime.enter();
            let server = serve(sim.clone(), listener.with_context(|| format!("cannot listen on {address}"))?)?;
            (server, runtime.block_on(installation::client(kubeconfig))?)
        };
        let instance = sim.instances().pop().context("the simulator holds no instance")?;
        Ok(Self {
            instance: instance.id,
            instance_arn: instance.arn,
            sim,
            images,
            connect_url: server.url(),
            client,
            kubectl,
            kubeconfig: kubeconfig.to_owned(),
            _server: server,
            runtime,
            node: None,
            namespaces: Vec::new(),
            directory,
        })
    }

    /// Runs kubectl and returns its output.
    pub(super) fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.kubectl.run(arguments)
    }

    /// Returns an object, or a list of objects.
    pub(super) fn get(&self, arguments: &[&str]) -> Result<Value> {
        let text = self.kubectl(&[&["get", "--output=json"], arguments].concat())?;
        serde_json::from_str(&text).context("kubectl printed no JSON")
    }

    /// Applies an object, or a list of objects.
    pub(super) fn apply(&self, object: &Value) -> Result<()> {
        self.kubectl
            .run_with_input(&["apply", "--server-side", "--force-conflicts", "--filename=-"], &object.to_string())
            .map(drop)
    }

    /// Creates a namespace in which pods must meet the Pod Security standard `restricted`.
    pub(super) fn restricted_namespace(&self, name: &str) -> Result<()> {
        let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
        self.apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } }))
    }

    /// Writes a file for a program to read, and returns its path.
    pub(super) fn file(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.directory.path().join(name);
        fs::write(&path, content)?;
        Ok(path)
    }

    /// Returns the last lines of the operator's logs, for a failure.
    pub(super) fn logs(&self) -> String {
        let selector = "--selector=app.kubernetes.io/name=connect-operator";
        let arguments = ["logs", "--namespace", HOME, selector, "--prefix", "--tail=15", "--ignore-errors"];
        let events = ["get", "events", "--namespace", HOME, "--sort-by=.lastTimestamp"];
        let events = self.kubectl(&events).unwrap_or_else(|error| error.to_string());
        let events: Vec<_> = events.lines().rev().take(15).collect();
        let logs = self.kubectl(&arguments).unwrap_or_else(|error| error.to_string());
        format!("\nThe operator's last lines:\n{logs}\nThe last Events, the newest first:\n{}", events.join("\n"))
    }

    /// Removes what was installed in a given cluster. A node of this run goes with everything in it.
    pub(super) fn clean(&self) {
        if self.node.is_some() {
            return;
        }
        // In this order, since users go only while an operator runs. What is not there cannot be removed.
        let run = |arguments: &[&str]| {
            if let Err(error) = self.kubectl(arguments) {
                eprintln!("not removed: {error:#}");
            }
        };
        run(&["delete", "connectusers", "--all", "--all-namespaces", "--timeout=300s"]);
        let mut made = namespaces(&self.kubectl).unwrap_or_default();
        made.retain(|namespace| !self.namespaces.contains(namespace));
        if !made.is_empty() {
            let made = made.iter().map(String::as_str);
            run(&["delete", "--ignore-not-found"].into_iter().chain(made).collect::<Vec<_>>());
        }
        run(&["delete", "crd", "connectusers.connect-operator.dev", "--ignore-not-found"]);
        run(&["delete", "crd", "--selector=app.kubernetes.io/part-of=argocd", "--ignore-not-found"]);
        run(&["delete", "clusterrole,clusterrolebinding", "--selector=app.kubernetes.io/name=connect-operator"]);
    }
}

/// Returns the namespaces, each as `namespace/NAME`.
fn namespaces(kubectl: &Kubectl) -> Result<Vec<String>> {
    Ok(kubectl.run(&["get", "namespaces", "--output=name"])?.lines().map(str::to_owned).collect())
}

/// Imports the image under the name that the chart has for it, and gives it two other tags, which it returns.
fn import(node: &Node, archive: &Path) -> Result<[String; 2]> {
    node.import(archive, image::NAME)?;
    let imported = node.images()?.into_iter().find(|name| name.starts_with(&format!("{}:", image::NAME)));
    let imported = imported.context("the archive has no image with a tag")?;
    let names = ["first", "second"].map(|tag| format!("{}:e2e-{tag}", image::NAME));
    let released = format!("{}:v{}", image::NAME, env!("CARGO_PKG_VERSION"));
    for name in names.iter().chain([&released]) {
        node.tag(&imported, name)?;
    }
    Ok(names)
}
