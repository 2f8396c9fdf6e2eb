//! A node that runs pods: kubelet and containerd on this machine, with the scheduler and all controllers beside them. Only for
//! Linux, and only for root.
//!
//! The kubelet and containerd run in PID, mount and network namespaces of their own. When the first process in there ends, the
//! kernel ends all others, the containers included, and removes the mounts and the network. So nothing stays on the machine, even
//! if this process is killed, and neither its own containers nor its firewall rules are in the way.

mod config;
mod namespaces;
mod pause_image;
mod requirements;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use self::namespaces::Namespaces;
pub use self::requirements::Missing;
use crate::binaries::tool;
use crate::plane::{API_SERVER, ControlPlane, Options, SERVICES};
use crate::programs::{run, succeeds, wait_for};
use crate::scratch::Scratch;
use crate::supervised::Supervised;

/// The node's end of the link. The other end is [`API_SERVER`].
const NODE: Ipv4Addr = Ipv4Addr::new(198, 18, 1, 1);
const PODS: &str = "198.18.2.0/24";

const NAME: &str = "node";

/// A control plane with one node. Dropping it, or the end of this process, ends its pods and removes its files.
///
/// The fields are dropped in this order: the programs, then the namespaces with all that still runs in them, then the API server.
#[derive(Debug)]
pub struct Node {
    kubelet: Supervised,
    _scheduler: Supervised,
    _containerd: Supervised,
    namespaces: Namespaces,
    plane: ControlPlane,
    _scratch: Scratch,
}

/// Something that enforces NetworkPolicies.
#[derive(Debug)]
pub struct NetworkPolicies(Supervised);

impl NetworkPolicies {
    /// Fails with the last lines of its log if it has ended.
    ///
    /// # Errors
    /// It has ended.
    pub fn check(&mut self) -> Result<()> {
        self.0.check()
    }
}

impl Node {
    /// The image of a container that does nothing. The node has it.
    pub const IDLE_IMAGE: &str = config::PAUSE_IMAGE;

    /// Returns what this machine lacks to run a node. Installs the packages of containerd and its parts if this is permitted.
    ///
    /// # Errors
    /// A package manager cannot be run.
    pub fn missing(progress: impl Fn(&str)) -> Result<Option<Missing>> {
        requirements::missing(&progress)
    }

    /// Starts a control plane with these options and a node, and waits until the node is ready.
    ///
    /// # Errors
    /// A program does not start: the error holds the last lines of its log. Or another node runs on this machine.
    pub fn start(options: Options) -> Result<Self> {
        let [kubelet, scheduler, pause] = [tool("kubelet")?, tool("kube-scheduler")?, tool("pause")?];
        let scratch = Scratch::create()?;
        let directory = scratch.path();
        let namespaces = Namespaces::create(directory)?;
        let plane = ControlPlane::start(Options { node: true, ..options })?;

        let containerd_config = directory.join("containerd.toml");
        let network = directory.join("network");
        fs::create_dir_all(&network)?;
        fs::write(network.join("pods.conflist"), config::cni())?;
        fs::write(&containerd_config, config::containerd(&requirements::cni_plugins()?, &network))?;
        let mut containerd = namespaces.spawn(
            Path::new("containerd"),
            &[format!("--config={}", containerd_config.display())],
            &directory.join("containerd.log"),
        )?;

        let kubelet_config = directory.join("kubelet.json");
        fs::write(&kubelet_config, config::kubelet(&plane.authority_file()))?;
        let credentials = plane.program_kubeconfig("kubelet", &format!("system:node:{NAME}"), Some("system:nodes"))?;
        let kubelet_flags = [
            format!("--config={}", kubelet_config.display()),
            format!("--kubeconfig={}", credentials.display()),
            format!("--hostname-override={NAME}"),
            format!("--node-ip={NODE}"),
        ];
        let credentials = plane.program_kubeconfig("kube-scheduler", "system:kube-scheduler", None)?;
        let scheduler_flags = [
            format!("--kubeconfig={}", credentials.display()),
            format!("--authentication-kubeconfig={}", credentials.display()),
            format!("--authorization-kubeconfig={}", credentials.display()),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
        ];
        let scheduler = run(&scheduler, directory, scheduler_flags.into())?;

        wait_for(&mut containerd, || Ok(namespaces.run(&["ctr", "version"]).is_ok()))?;
        pause_image::write(&pause, &directory.join("pause.tar"))?;
        import(&namespaces, &directory.join("pause.tar"), None)?;
        let mut kubelet = namespaces.spawn(&kubelet, &kubelet_flags, &directory.join("kubelet.log"))?;
        let ready = ["wait", "--for=condition=Ready", "--timeout=1s", "node/node"];
        wait_for(&mut kubelet, || succeeds(plane.kubectl(), &ready))?;
        Ok(Self { kubelet, _scheduler: scheduler, _containerd: containerd, namespaces, plane, _scratch: scratch })
    }

    /// Returns what this machine lacks for [`enforce_network_policies`](Self::enforce_network_policies). Installs its packages if this
    /// is permitted.
    ///
    /// # Errors
    /// A package manager cannot be run.
    pub fn missing_firewall(progress: impl Fn(&str)) -> Result<Option<Missing>> {
        requirements::missing_firewall(&progress)
    }

    /// Enforces NetworkPolicies until what it returns is dropped. The rules of that moment stay in force.
    ///
    /// # Errors
    /// kube-router cannot be built or started, or the kernel does not filter what crosses a bridge.
    pub fn enforce_network_policies(&self) -> Result<NetworkPolicies> {
        let program = tool("kube-router")?;
        // Pods of one node are on one bridge. Its frames are not filtered by default.
        let filter = "echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables";
        self.namespaces.run(&["/bin/sh", "-ec", filter]).context("this kernel does not filter what crosses a bridge")?;
        let credentials = self.plane.program_kubeconfig("kube-router", "kube-router", Some("system:masters"))?;
        let flags = [
            format!("--kubeconfig={}", credentials.display()),
            format!("--hostname-override={NAME}"),
            format!("--service-cluster-ip-range={SERVICES}"),
            "--run-firewall=true".to_owned(),
            "--run-router=false".to_owned(),
            "--run-service-proxy=false".to_owned(),
            "--health-port=0".to_owned(),
        ];
        let mut program = self.namespaces.spawn(&program, &flags, &self.directory().join("kube-router.log"))?;
        let chain = ["iptables", "--list", "KUBE-ROUTER-FORWARD"];
        wait_for(&mut program, || Ok(self.namespaces.run(&chain).is_ok()))?;
        Ok(NetworkPolicies(program))
    }

    /// Returns whether a server accepts a connection from the network of a pod that has this container.
    ///
    /// # Errors
    /// The pod has no such container.
    pub fn connects(&self, pod_uid: &str, container_id: &str, server: SocketAddr) -> Result<bool> {
        let processes = self.processes(pod_uid, container_id)?;
        let process = processes.first().context("the container has no process")?;
        let connect = format!("exec 3<>/dev/tcp/{}/{}", server.ip(), server.port());
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{process}/ns/net")).args(["timeout", "3", "bash", "-c", &connect]);
        Ok(command.output().context("cannot run nsenter")?.status.success())
    }

    /// Returns the control plane.
    pub fn plane(&self) -> &ControlPlane {
        &self.plane
    }

    /// Returns the address of this machine for pods. Servers that pods use listen on it.
    pub fn host(&self) -> Ipv4Addr {
        *API_SERVER.ip()
    }

    /// Imports the image of an OCI archive, with this name and the tag that the archive names.
    ///
    /// # Errors
    /// It is not such an archive.
    pub fn import(&self, archive: &Path, name: &str) -> Result<()> {
        import(&self.namespaces, archive, Some(name))
    }

    /// Gives an image another name. Pods that name either run the same image.
    ///
    /// # Errors
    /// There is no such image.
    pub fn tag(&self, image: &str, other: &str) -> Result<()> {
        self.namespaces.run(&["ctr", "--namespace=k8s.io", "images", "tag", "--force", image, other]).map(drop)
    }

    /// Returns the names of the images.
    ///
    /// # Errors
    /// containerd does not answer.
    pub fn images(&self) -> Result<Vec<String>> {
        let listed = self.namespaces.run(&["ctr", "--namespace=k8s.io", "images", "list", "--quiet"])?;
        Ok(listed.lines().map(str::to_owned).collect())
    }

    /// Kills all processes of a pod's container, as the kernel does when memory runs out.
    ///
    /// # Errors
    /// The pod has no such container.
    pub fn kill(&self, pod_uid: &str, container_id: &str) -> Result<()> {
        let processes = self.processes(pod_uid, container_id)?;
        let killed = Command::new("kill").arg("-KILL").args(&processes).status().context("cannot run kill")?;
        if processes.is_empty() || !killed.success() {
            bail!("the processes {processes:?} cannot be killed");
        }
        Ok(())
    }

    /// Returns the most memory that a pod's container has used, and its limit, in bytes, as its cgroup counts them.
    ///
    /// # Errors
    /// The pod has no such container, or this kernel does not count the peak.
    pub fn memory(&self, pod_uid: &str, container_id: &str) -> Result<(u64, Option<u64>)> {
        let container = self.container("memory", pod_uid, container_id)?;
        let read = |names: [&str; 2]| {
            let file = names.into_iter().map(|name| container.join(name)).find(|file| file.is_file());
            let file = file.with_context(|| format!("this kernel has neither of {names:?}"))?;
            Ok::<_, anyhow::Error>(fs::read_to_string(file)?.trim().to_owned())
        };
        let peak = read(["memory.peak", "memory.max_usage_in_bytes"])?.parse()?;
        Ok((peak, read(["memory.max", "memory.limit_in_bytes"])?.parse().ok()))
    }

    /// Returns the ids of a container's processes.
    fn processes(&self, pod_uid: &str, container_id: &str) -> Result<Vec<String>> {
        let listed = fs::read_to_string(self.container("pids", pod_uid, container_id)?.join("cgroup.procs"))?;
        Ok(listed.lines().map(str::to_owned).collect())
    }

    fn container(&self, controller: &str, pod_uid: &str, container_id: &str) -> Result<PathBuf> {
        // It is written as containerd://ID.
        let id = container_id.rsplit('/').next().unwrap_or_default();
        self.namespaces.cgroup(controller, &format!("pod{pod_uid}/{id}"))
    }

    /// Fails with the last lines of its log if the kubelet has ended.
    ///
    /// # Errors
    /// It has ended.
    pub fn check(&mut self) -> Result<()> {
        self.kubelet.check()
    }

    /// Returns the directory of the logs.
    pub fn directory(&self) -> PathBuf {
        self.kubelet.log().parent().map(Path::to_owned).unwrap_or_default()
    }
}

fn import(namespaces: &Namespaces, archive: &Path, name: Option<&str>) -> Result<()> {
    let name = name.map(|name| format!("--base-name={name}"));
    let archive = archive.display().to_string();
    let command = ["ctr", "--namespace=k8s.io", "images", "import"].into_iter().chain(name.as_deref()).chain([&*archive]);
    namespaces.run(&command.collect::<Vec<_>>()).map(drop)
}
