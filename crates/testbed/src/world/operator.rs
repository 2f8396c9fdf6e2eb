//! The process of an operator in a simulation.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use connect_operator::{
    plan::ClusterNames,
    reconcile::{NamespacedName, Reconciler, Verdict},
};
use futures::stream::BoxStream;
use jiff::Timestamp;

use super::{
    gate::{Acting, Gate},
    kube::{Snapshot, Store},
};

/// The interval of sweeps.
pub(crate) const SWEEP_INTERVAL: Duration = Duration::from_secs(300);

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The passes over one resource.
pub(super) struct Turn {
    pub(super) running: Option<Running<Verdict>>,
    pub(super) due: Option<Timestamp>,
    /// The cache changed during the pass under way, so another pass follows, as in a real queue.
    pub(super) again: bool,
    pub(super) acting: Acting,
    /// When the pass under way began.
    pub(super) since: Timestamp,
}

/// The process of an operator.
pub struct Operator {
    pub(super) reconciler: Arc<Reconciler>,
    /// The names of its cluster.
    pub cluster: ClusterNames,
    /// The API server of its cluster.
    pub store: Arc<Mutex<Store>>,
    /// What its watch has brought so far.
    pub cache: Arc<Mutex<Snapshot>>,
    pub(super) gate: Gate,
    pub(super) turns: BTreeMap<NamespacedName, Turn>,
    pub(super) woken: BoxStream<'static, NamespacedName>,
    pub(super) sweep: Option<Running<()>>,
    pub(super) sweep_due: Option<Timestamp>,
    /// The process and its cache are paused.
    pub frozen: bool,
}

impl Turn {
    pub(super) fn due(now: Timestamp) -> Self {
        Self { running: None, due: Some(now), again: false, acting: Acting::default(), since: now }
    }
}
