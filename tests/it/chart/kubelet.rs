//! A stand-in for a kubelet, as far as the operator's pods need one: a process for each pod, with the arguments, the environment
//! and the service account of the pod, and the result of its readiness probe.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use control_plane::ControlPlane;
use k8s_openapi::api::core::v1::{ConfigMap, Container, Pod};
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::{JoinHandle, block_in_place};

use crate::operator::process::Operator;

const POLL: Duration = Duration::from_millis(100);

/// Runs the pods of a namespace until it is dropped.
#[derive(Debug)]
pub struct Kubelet {
    work: JoinHandle<()>,
    logs: Logs,
}

/// The log of each pod that was started, by name.
type Logs = Arc<Mutex<BTreeMap<String, PathBuf>>>;

impl Kubelet {
    /// Starts. Each process also gets the variables in `node`.
    pub fn start(plane: Arc<ControlPlane>, client: Client, namespace: &str, node: Vec<(String, String)>) -> Self {
        let (pods, logs) = (Api::namespaced(client.clone(), namespace), Logs::default());
        let work = Work { pods, client, plane, node, logs: logs.clone(), running: HashMap::new() };
        Self { work: tokio::spawn(work.run()), logs }
    }

    /// Returns the ends of the logs of the running pods, for the message of a failed test.
    pub fn logs(&self) -> String {
        let tail = |text: String| text.lines().rev().take(8).map(|line| format!("{line}\n")).collect::<Vec<_>>();
        let logs = self.logs.lock().unwrap();
        let ends = logs.iter().filter_map(|(pod, file)| {
            let lines = tail(std::fs::read_to_string(file).ok()?);
            Some(format!("{pod}:\n{}", lines.into_iter().rev().collect::<String>()))
        });
        ends.collect()
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// A pod's process.
struct Running {
    operator: Operator,
    /// The pod was reported as ready to the API server.
    ready: Option<bool>,
    _files: TempDir,
}

struct Work {
    plane: Arc<ControlPlane>,
    client: Client,
    pods: Api<Pod>,
    node: Vec<(String, String)>,
    logs: Logs,
    running: HashMap<String, Running>,
}

impl Work {
    async fn run(mut self) {
        let mut ending: Vec<Running> = Vec::new();
        loop {
            let pods = self.pods.list(&ListParams::default()).await.unwrap().items;
            // These pods are not bound to a node, so they are gone as soon as they are deleted.
            let gone = |uid: &String| !pods.iter().any(|pod| pod.uid().as_ref() == Some(uid));
            let ended: Vec<_> = self.running.keys().filter(|uid| gone(uid)).cloned().collect();
            for mut running in ended.iter().filter_map(|uid| self.running.remove(uid)) {
                if running.operator.runs() {
                    running.operator.terminate();
                }
                ending.push(running);
            }
            ending.retain_mut(|running| running.operator.runs());
            for pod in &pods {
                self.look_after(pod).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn look_after(&mut self, pod: &Pod) {
        let uid = pod.uid().unwrap();
        if !self.running.contains_key(&uid) {
            let running = self.started(pod).await;
            self.running.insert(uid.clone(), running);
        }
        let running = self.running.get_mut(&uid).unwrap();
        let ready = block_in_place(|| running.operator.runs() && running.operator.is_ready());
        if running.ready != Some(ready) {
            running.ready = Some(ready);
            let says = if ready { "True" } else { "False" };
            let conditions = ["Ready", "ContainersReady"].map(|kind| json!({ "type": kind, "status": says }));
            let status = json!({
                "phase": "Running",
                "conditions": conditions,
                "containerStatuses": [{
                    "name": "operator",
                    "image": "operator",
                    "imageID": "operator",
                    "ready": ready,
                    "restartCount": 0,
                }],
            });
            let patch = Patch::Merge(json!({ "status": status }));
            // The pod may have been deleted meanwhile.
            let _ = self.pods.patch_status(&pod.name_any(), &PatchParams::default(), &patch).await;
        }
    }

    async fn started(&self, pod: &Pod) -> Running {
        let spec = pod.spec.as_ref().unwrap();
        let [container] = &*spec.containers else { panic!("{:?}", spec.containers) };
        let environment = environment(container, pod);
        let expanded = |argument: &String| {
            environment.iter().fold(argument.clone(), |text, (name, value)| text.replace(&format!("$({name})"), value))
        };
        let files = TempDir::new().unwrap();
        let mounts = self.mounted(pod, container, files.path()).await;
        let placed = |text: String| mounts.iter().fold(text, |text, (mount, place)| text.replace(mount, place));
        let arguments: Vec<String> = container.args.iter().flatten().map(expanded).map(placed).collect();
        let environment: Vec<_> = environment.iter().map(|(name, value)| (name.clone(), placed(value.clone()))).collect();

        let namespace = pod.namespace().unwrap();
        let account = spec.service_account_name.as_deref().unwrap();
        let kubeconfig = block_in_place(|| self.plane.service_account_kubeconfig(&namespace, account)).unwrap();
        let mut given = self.node.clone();
        // All pods have one address here, so the system chooses ports.
        given.extend(["HEALTH", "METRICS"].map(|what| (format!("CONNECT_OPERATOR_{what}_ADDRESS"), "127.0.0.1:0".to_owned())));
        given.extend(environment);
        let operator = block_in_place(|| Operator::launch(&kubeconfig, arguments, given));
        self.logs.lock().unwrap().insert(pod.name_any(), operator.log_file().to_owned());
        Running { operator, ready: None, _files: files }
    }

    /// Writes the ConfigMaps of a container to files. Returns their mount paths and the paths here.
    async fn mounted(&self, pod: &Pod, container: &Container, files: &Path) -> Vec<(String, String)> {
        let mut mounted = Vec::new();
        for mount in container.volume_mounts.iter().flatten() {
            let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
            let Some(source) = volumes.filter(|volume| volume.name == mount.name).find_map(|volume| volume.config_map.as_ref())
            else {
                continue;
            };
            let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), &pod.namespace().unwrap());
            let directory = files.join(&mount.name);
            std::fs::create_dir(&directory).unwrap();
            for (name, content) in maps.get(&source.name).await.unwrap().data.unwrap_or_default() {
                std::fs::write(directory.join(name), content).unwrap();
            }
            mounted.push((mount.mount_path.clone(), directory.display().to_string()));
        }
        mounted
    }
}

/// Returns the container's environment.
fn environment(container: &Container, pod: &Pod) -> Vec<(String, String)> {
    let variables = container.env.iter().flatten().map(|variable| {
        let field = variable.value_from.as_ref().and_then(|from| from.field_ref.as_ref()).map(|field| &*field.field_path);
        let value = match field {
            Some("metadata.name") => pod.name_any(),
            Some("metadata.namespace") => pod.namespace().unwrap(),
            Some(other) => panic!("{other}"),
            None => variable.value.clone().unwrap_or_default(),
        };
        (variable.name.clone(), value)
    });
    variables.collect()
}
