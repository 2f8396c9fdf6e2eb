//! The Helm chart: what it renders, what it refuses, and a release's life on a real control plane, with Helm 3 and Helm 4.

mod admission;
mod cluster;
mod helm;
mod kubelet;
mod life;
mod notes;
mod refusals;
mod rendering;
mod reuse;

pub use helm::{CHART, Helm, documents};
