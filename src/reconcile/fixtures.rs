//! A reconciler without an API server, for unit tests.

use std::{sync::Arc, time::Duration};

use connect_api::{Arn, Connect, Password};
use futures::{FutureExt, future::BoxFuture};

use super::{
    Cluster, ClusterError, ClusterErrorKind, ClusterFuture, Connections, DeletionGuard, Event, Reconciler, SecretValue, Settings,
    SystemClock,
};
use crate::{
    api::{ConnectUser, ConnectUserStatus},
    plan::QuickConnects,
};

/// No instance may be called.
pub(super) struct Unused;

impl Connections for Unused {
    fn client_for(&self, instance: &Arn) -> Arc<dyn Connect> {
        panic!("{instance} is not called")
    }
}

/// Returns a reconciler with these connections and with default settings.
pub(super) fn reconciler(connections: impl Connections + 'static) -> Reconciler {
    Reconciler::new(Arc::new(Empty), Arc::new(connections), Arc::new(SystemClock), settings(), Arc::default())
}

fn settings() -> Settings {
    Settings {
        cluster: "blue".into(),
        call_timeout: Duration::from_secs(10),
        settle_window: Duration::from_secs(600),
        longest_stall: Duration::from_secs(20),
        sweep_interval: None,
        drift_interval: Duration::from_secs(600),
        deletion_policy: Default::default(),
        quick_connects: QuickConnects::Stay,
        deletion_guard: DeletionGuard::default(),
    }
}

/// Takes every write, and shows no object.
struct Empty;

fn unavailable<'a, T: Send + 'a>() -> ClusterFuture<'a, T> {
    async { Err(ClusterError { kind: ClusterErrorKind::Unavailable, message: String::new() }) }.boxed()
}

impl Cluster for Empty {
    fn get<'a>(&'a self, _: &'a str, _: &'a str) -> ClusterFuture<'a, Option<ConnectUser>> {
        async { Ok(None) }.boxed()
    }

    fn secret<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> ClusterFuture<'a, SecretValue> {
        unavailable()
    }

    fn secret_version<'a>(&'a self, _: &'a str, _: &'a str) -> ClusterFuture<'a, Option<String>> {
        unavailable()
    }

    fn create_secret<'a>(&'a self, _: &'a ConnectUser, _: &'a str, _: &'a str, _: &'a Password) -> ClusterFuture<'a, ()> {
        unavailable()
    }

    fn namespace_annotation<'a>(&'a self, _: &'a str, _: &'a str) -> ClusterFuture<'a, Option<String>> {
        unavailable()
    }

    fn add_finalizer<'a>(&'a self, _: &'a ConnectUser) -> ClusterFuture<'a, ConnectUser> {
        unavailable()
    }

    fn remove_finalizer<'a>(&'a self, _: &'a ConnectUser) -> ClusterFuture<'a, ()> {
        unavailable()
    }

    fn write_status<'a>(&'a self, resource: &'a ConnectUser, status: &'a ConnectUserStatus) -> ClusterFuture<'a, ConnectUser> {
        let mut written = resource.clone();
        written.status = Some(status.clone());
        async { Ok(written) }.boxed()
    }

    fn publish<'a>(&'a self, _: &'a ConnectUser, _: Event) -> BoxFuture<'a, ()> {
        async {}.boxed()
    }
}
