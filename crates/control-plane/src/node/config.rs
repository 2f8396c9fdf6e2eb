//! The configuration of containerd, of its network and of the kubelet. Paths are the usual ones, which the namespaces hide.

use std::path::Path;

use serde_json::json;

use super::namespaces::cgroup_root;
use super::{NODE, PODS};

/// The image of each pod's first container.
pub(super) const PAUSE_IMAGE: &str = "connect-operator.dev/pause:1";
const SOCKET: &str = "/run/containerd/containerd.sock";

/// Returns the configuration of containerd, with the directories of the plugins and of the network's configuration.
pub(super) fn containerd(cni_plugins: &Path, network: &Path) -> String {
    format!(
        r#"version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
address = "{SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
# Where root lacks CAP_SYS_RESOURCE, no process may be made less likely to be killed for memory.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{}"
conf_dir = "{}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"#,
        cni_plugins.display(),
        network.display()
    )
}

/// Returns the configuration of the pods' network: a bridge whose address is their gateway.
pub(super) fn cni() -> String {
    let address_management = json!({
        "type": "host-local",
        "ranges": [[{ "subnet": PODS }]],
        "routes": [{ "dst": "0.0.0.0/0" }],
    });
    let bridge = json!({ "type": "bridge", "bridge": "pods", "isGateway": true, "ipam": address_management });
    json!({ "cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, { "type": "loopback" }] }).to_string()
}

/// Returns the configuration of the kubelet.
pub(super) fn kubelet(authority: &Path) -> String {
    json!({
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "address": NODE,
        "authentication": {
            "anonymous": { "enabled": false },
            "webhook": { "enabled": true },
            "x509": { "clientCAFile": authority },
        },
        "authorization": { "mode": "Webhook" },
        "containerRuntimeEndpoint": format!("unix://{SOCKET}"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroup_root(),
        "enforceNodeAllocatable": [],
        "failCgroupV1": false,
        "failSwapOn": false,
        // Pods have no DNS: nothing that they reach here has a name.
        "resolvConf": "",
        "makeIPTablesUtilChains": false,
        // A full disk should not evict the pods of a test.
        "evictionHard": { "nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%", "imagefs.inodesFree": "0%" },
        "imageGCHighThresholdPercent": 100,
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
    })
    .to_string()
}
