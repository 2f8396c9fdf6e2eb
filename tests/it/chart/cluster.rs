//! A cluster to release the chart to: a control plane with the controllers of workloads, a stand-in for the kubelet, and a
//! Connect.

use std::{path::PathBuf, sync::Arc};

use connect_sim::{Config, InstanceConfig, Server, Sim, Throttling};
use control_plane::{Binaries, ControlPlane, Options};
use serde_json::{Value, json};
use testbed::installation;
use tokio::task::block_in_place;

use super::{Helm, kubelet::Kubelet};
use crate::operator::harness::{PASSWORD, manifest};

/// The operator's namespace.
pub const HOME: &str = "connect-operator-system";
/// The namespace of the ConnectUsers.
pub const CENTER: &str = "contact-center";

pub struct Cluster {
    pub sim: Sim,
    server: Server,
    kubelet: Kubelet,
    plane: Arc<ControlPlane>,
}

impl Cluster {
    pub async fn start() -> Self {
        let plane = block_in_place(|| {
            let mut options = Options::new(Binaries::ensure(|_| ()).unwrap());
            options.controllers = vec!["deployment-controller", "replicaset-controller", "disruption-controller"];
            Arc::new(ControlPlane::start(options).unwrap())
        });
        let client = installation::client(&plane.admin_kubeconfig()).await.unwrap();
        let config = Config {
            throttling: Throttling::off(),
            instances: vec![InstanceConfig {
                routing_profiles: ["Basic Routing Profile", "Sales"].map(Into::into).into(),
                ..InstanceConfig::default()
            }],
            ..Config::default()
        };
        let (sim, server) = installation::connect(config).await.unwrap();
        let mut node: Vec<_> = installation::credentials().into();
        node.push(("AWS_ENDPOINT_URL_CONNECT".to_owned(), server.url()));
        let kubelet = Kubelet::start(plane.clone(), client, HOME, node);
        let cluster = Self { sim, server, kubelet, plane };
        cluster.kubectl(&["create", "namespace", CENTER]);
        let password = format!("--from-literal=password={PASSWORD}");
        cluster.kubectl(&["create", "secret", "generic", "initial", "-n", CENTER, &password]);
        cluster
    }

    /// Runs kubectl as the administrator.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments).unwrap()
    }

    /// Runs kubectl like [`Cluster::kubectl`], but may fail.
    pub fn try_kubectl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        block_in_place(|| self.plane.kubectl().run(arguments))
    }

    pub fn helm(&self, helm: Helm, arguments: &[&str]) -> Result<String, String> {
        let kubeconfig: PathBuf = self.plane.admin_kubeconfig();
        let arguments = [arguments, &["--namespace", HOME]].concat();
        block_in_place(|| helm.run(&arguments, Some(&kubeconfig)))
    }

    /// Returns the flags that a release of the chart needs here.
    pub fn here(&self) -> Vec<String> {
        [
            format!("--set=aws.endpointUrl={}", self.server.url()),
            "--set=quotas.callsPerSecond=1000,quotas.callBurst=1000".into(),
            // The calls of sweeps would be among those that tests count.
            "--set-string=sweepInterval=0".into(),
            "--set=clusterName=blue,leaderElection.retryPeriod=300ms".into(),
        ]
        .into()
    }

    pub fn apply(&self, name: &str, routing_profile: &str) {
        let instance = self.sim.instances().remove(0).id;
        let other = json!({ "routingProfileArn": self.sim.routing_profile_arn(&instance, routing_profile) });
        let manifest = manifest(&self.sim, CENTER, name, &other);
        let arguments = ["apply", "--server-side", "--filename=-"];
        block_in_place(|| self.plane.kubectl().run_with_input(&arguments, &manifest.to_string())).unwrap();
    }

    /// Applies a ConnectUser and waits until the user is as it asks.
    pub fn applied(&self, name: &str, routing_profile: &str) {
        self.apply(name, routing_profile);
        let user = format!("cuser/{name}");
        let seen = format!("--for=jsonpath={{.status.observedGeneration}}={}", self.user(name)["metadata"]["generation"]);
        for state in [&*seen, "--for=condition=Synced", "--for=condition=Ready"] {
            self.wait(&[state, &user]);
        }
    }

    pub fn wait(&self, arguments: &[&str]) {
        let waited = self.try_kubectl(&[&["wait", "--namespace", CENTER, "--timeout=60s"], arguments].concat());
        waited.unwrap_or_else(|error| panic!("{error}\nThe pods' logs end with:\n{}", self.kubelet.logs()));
    }

    pub fn user(&self, name: &str) -> Value {
        let text = self.kubectl(&["get", "cuser", name, "--namespace", CENTER, "--output=json"]);
        serde_json::from_str(&text).unwrap()
    }

    /// Returns the usernames in Connect, sorted. Asserts that none was created twice.
    pub fn usernames(&self) -> Vec<String> {
        let creates = self.sim.calls().creates;
        assert!(creates.values().all(|creates| creates.created <= 1), "{creates:?}");
        let instance = self.sim.instances().remove(0).id;
        let mut names: Vec<_> = self.sim.users(&instance).into_iter().map(|user| user.user.username).collect();
        names.sort();
        names
    }

    /// Returns the arguments and variables of each pod that is ready.
    pub fn settings_of_ready_pods(&self) -> Vec<Vec<String>> {
        let text = self.kubectl(&["get", "pods", "--namespace", HOME, "--output=json"]);
        let list: Value = serde_json::from_str(&text).unwrap();
        let ready = list["items"].as_array().unwrap().iter().filter(|pod| {
            let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
            conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        });
        let texts = |pod: &Value| {
            let container = &pod["spec"]["containers"][0];
            let arguments: Vec<String> = serde_json::from_value(container["args"].clone()).unwrap();
            let variables = container["env"].as_array().into_iter().flatten().map(|variable| {
                format!("{}={}", variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap_or_default())
            });
            arguments.into_iter().chain(variables).collect()
        };
        ready.map(texts).collect()
    }
}
