//! A real Kubernetes control plane for development and tests: etcd, kube-apiserver and kube-controller-manager as plain
//! processes on loopback, with RBAC on, and no container engine.
//!
//! [`Binaries::ensure`] finds the programs, downloads them, or builds them from published Go modules; [`ControlPlane::start`] runs
//! them; [`shared`] is one control plane for all tests of a process, each in its own [`Namespace`]. There is no kubelet, so no pod
//! runs, except on a [`Node`].
//!
//! Everything ends with the process that started it, however that process ends (see `supervised.rs`). That is also why
//! sharing stops at the process: a control plane that outlived its starter would need a daemon that counts its users, and
//! starting one costs a few seconds. So tests that want one control plane live in one test binary.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! let plane = control_plane::shared();
//! let namespace = control_plane::Namespace::create(plane, "orders")?;
//! plane.kubectl().run(&["create", "serviceaccount", "reader", "-n", namespace.name()])?;
//! let kubeconfig = plane.service_account_kubeconfig(namespace.name(), "reader")?;
//! assert!(plane.kubectl().with_kubeconfig(&kubeconfig).run(&["get", "secrets", "-n", namespace.name()]).is_err());
//! # Ok(())
//! # }
//! ```

mod binaries;
mod download;
mod go;
mod kubeconfig;
mod kubectl;
mod namespace;
mod node;
mod pki;
mod plane;
mod ports;
mod programs;
mod recipe;
mod scratch;
mod shared;
mod supervised;

pub use binaries::{Binaries, cache, tool};
pub use kubectl::Kubectl;
pub use namespace::Namespace;
pub use node::{Missing, NetworkPolicies, Node};
pub use plane::{ControlPlane, Options};
pub use ports::free as free_ports;
pub use shared::shared;
pub use supervised::Supervised;
