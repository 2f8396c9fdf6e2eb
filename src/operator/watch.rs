//! The watch and the queue: kube's controller, fed with objects that are stripped of what no pass needs.

use std::{
    convert::Infallible,
    future::Future,
    num::NonZeroU16,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt, TryStreamExt};
use kube::{Api, Client, Resource, ResourceExt, core::DeserializeGuard};
use kube_runtime::{
    Controller, WatchStreamExt,
    controller::{Action, Config},
    reflector::{self, ObjectRef},
    watcher,
};
use tracing::Instrument;

use super::{Health, config, roll::StoreRoll, sweeper::Sweeper};
use crate::{api::ConnectUser, reconcile::Reconciler, telemetry::Metrics};

/// An object that may be unreadable: one such must not stop the watch.
type Guarded = DeserializeGuard<ConnectUser>;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What to watch, and how many passes may run at once.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Only this namespace; None: all.
    pub namespace: Option<String>,
    /// How often each instance is swept for changes made outside of Kubernetes; None: never.
    pub sweep_interval: Option<Duration>,
    /// Whether users without a ConnectUser are deleted, once two sweeps in a row have found them.
    pub delete_orphans: bool,
    /// What is configured for accounts and instances, as it is now and as it changes.
    pub config: tokio::sync::watch::Receiver<Arc<config::Config>>,
    /// Passes at once. Few: the rate limit of Connect decides, not the number of passes.
    pub concurrency: NonZeroU16,
}

struct Context {
    reconciler: Arc<Reconciler>,
    metrics: Arc<Metrics>,
}

/// Watches and makes passes until `stop`, then finishes the passes under way.
pub async fn watch(
    client: Client,
    options: WatchOptions,
    reconciler: Arc<Reconciler>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let api: Api<Guarded> = match &options.namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    };
    let (reader, writer) = reflector::store();
    let on_event = {
        let (reconciler, health) = (reconciler.clone(), health.clone());
        move |event: &watcher::Event<Guarded>| match event {
            watcher::Event::InitDone => health.set_listed(),
            watcher::Event::Delete(object) => reconciler.forget(&object.uid().unwrap_or_default()),
            watcher::Event::Init | watcher::Event::InitApply(_) | watcher::Event::Apply(_) => {}
        }
    };
    let objects = watcher(api, watcher::Config::default())
        .default_backoff()
        .modify(strip)
        .inspect_err(|error| tracing::warn!(%error, "the watch failed; it starts again by itself"))
        .reflect(writer)
        .inspect_ok(on_event)
        .applied_objects();
    reconciler.count_by(StoreRoll::new(reader.clone()));
    let woken = reconciler.woken().map(|place| ObjectRef::new_with(&place.name, ()).within(&place.namespace));
    let sweeping = match options.sweep_interval {
        None => std::future::pending().boxed(),
        Some(interval) => {
            let (store, reconciler, metrics) = (reader.clone(), reconciler.clone(), metrics.clone());
            let delete_orphans = options.delete_orphans;
            async move { Sweeper { store, reconciler, metrics, interval, delete_orphans }.run(&health).await }.boxed()
        }
    };
    let reconfigured = follow(options.config, reader.clone(), reconciler.clone());
    let passes = Controller::for_stream(objects, reader)
        .reconcile_on(woken)
        .with_config(Config::default().concurrency(options.concurrency.get()))
        .graceful_shutdown_on(stop)
        .run(pass, |_, never: &Infallible, _| match *never {}, Arc::new(Context { reconciler, metrics }))
        // What ends here is a pass that was made, or an object that went away while it was queued: both were dealt with.
        .for_each(|_| std::future::ready(()));
    tokio::select! {
        () = passes => {}
        () = sweeping => {}
        () = reconfigured => {}
    }
}

/// Has resources looked at that fare otherwise since the configuration has changed. Does not end.
async fn follow(
    mut config: tokio::sync::watch::Receiver<Arc<config::Config>>,
    store: reflector::Store<Guarded>,
    reconciler: Arc<Reconciler>,
) {
    let mut before = config.borrow_and_update().clone();
    while config.changed().await.is_ok() {
        let now = config.borrow_and_update().clone();
        for object in store.state() {
            let Ok(resource) = &object.0 else { continue };
            let Ok(instance) = resource.spec.instance_arn.parse() else { continue };
            if !now.treats_alike(&before, &instance, &resource.namespace().unwrap_or_default()) {
                reconciler.look_again(resource);
            }
        }
        before = now;
    }
    std::future::pending().await
}

/// No pass needs these, and they are most of an object's size. Objects from the cache are therefore never sent back whole.
fn strip(object: &mut Guarded) {
    object.meta_mut().managed_fields = None;
    if let Some(annotations) = &mut object.meta_mut().annotations {
        annotations.remove(LAST_APPLIED);
    }
}

async fn pass(object: Arc<Guarded>, context: Arc<Context>) -> Result<Action, Infallible> {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    // Not "name": in JSON, that is the span's own.
    let span = tracing::info_span!("reconcile", namespace, resource = name);
    let resource = match &object.0 {
        Ok(resource) => resource,
        Err(error) => {
            context.metrics.unreadable();
            tracing::error!(parent: &span, %error, "this ConnectUser cannot be read and is left alone: apply the CRD of this version and correct it");
            return Ok(Action::await_change());
        }
    };
    let start = Instant::now();
    let verdict = context.reconciler.reconcile(resource).instrument(span).await;
    context.metrics.pass(verdict.result, start.elapsed());
    Ok(verdict.after.map_or_else(Action::await_change, Action::requeue))
}
