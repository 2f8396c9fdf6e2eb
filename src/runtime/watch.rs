//! The watch and the queue: kube's controller, fed with objects that are stripped of what no pass needs.

use std::{
    convert::Infallible,
    future::Future,
    num::NonZeroU16,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{
    FutureExt, Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use kube::{Api, Client, ResourceExt};
use kube_runtime::{
    Controller, WatchStreamExt,
    controller::{Action, Config},
    reflector::{self, ObjectRef, Store},
    watcher::{self, Event, watcher},
};
use tracing::Instrument;

use super::{
    Health, config,
    deletion_counts::StoreCounter,
    namespaces::{is_refused, merge},
    packed::{Guarded, readable, uids},
    resync::Sweeper,
};
use crate::{
    reconcile::{NamespacedName, Reconciler},
    telemetry::{self, Metrics},
};

/// ConnectUsers that are listed at a time. A page is in memory as text and as it was parsed, and only then packed.
const PAGE: u32 = 100;

/// What to watch, and how many passes may run at once.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Only these namespaces, each once; none: all.
    pub namespaces: Vec<String>,
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
    reconciler.start();
    let stop = stop.shared();
    // Who has listed nothing yet has nothing under way, and the controller would wait for the list before it stops.
    let stopped_early = {
        let (stop, health) = (stop.clone(), health.clone());
        async move {
            stop.await;
            if health.is_listed() {
                std::future::pending().await
            }
        }
    };
    let (reader, writer) = reflector::store::<Guarded>();
    let store = reader.clone();
    metrics.resources(move |visit| {
        readable(&store)
            .filter_map(|object| object.0.as_ref().ok().map(|resource| resource.condition_summary))
            .for_each(|s| visit(&s));
    });
    let on_event = {
        let (reconciler, health, store) = (reconciler.clone(), health.clone(), reader.clone());
        move |event: &Event<Guarded>| match event {
            Event::InitDone => {
                health.set_listed();
                // Of those who went while nobody watched, no event tells. The first list is no time for it: it takes the most memory.
                if reconciler.remembered() > 0 {
                    reconciler.forget_all_but(&uids(&store));
                }
            }
            Event::Delete(object) => {
                let instance = object.0.as_ref().map(|resource| &*resource.instance).unwrap_or_default();
                reconciler.forget(&object.uid().unwrap_or_default(), instance);
            }
            Event::Init | Event::InitApply(_) | Event::Apply(_) => {}
        }
    };
    let objects = events(client, &options.namespaces, reader.clone(), &health, &metrics)
        .reflect(writer)
        .inspect_ok(on_event)
        .applied_objects();
    reconciler.set_user_counter(StoreCounter::new(reader.clone()));
    let woken = reconciler.woken().map(|place| ObjectRef::new_with(&place.name, ()).within(&place.namespace));
    let sweeping = match options.sweep_interval {
        None => std::future::pending().boxed(),
        Some(interval) => {
            let (store, reconciler, metrics) = (reader.clone(), reconciler.clone(), metrics.clone());
            let delete_orphans = options.delete_orphans;
            let namespaces = options.namespaces;
            async move { Sweeper { store, namespaces, reconciler, metrics, interval, delete_orphans }.run(&health).await }.boxed()
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
        () = stopped_early => {}
        () = sweeping => {}
        () = reconfigured => {}
    }
}

/// Has resources looked at that fare otherwise since the configuration has changed. Does not end.
async fn follow(
    mut config: tokio::sync::watch::Receiver<Arc<config::Config>>,
    store: Store<Guarded>,
    reconciler: Arc<Reconciler>,
) {
    let mut before = config.borrow_and_update().clone();
    while config.changed().await.is_ok() {
        let now = config.borrow_and_update().clone();
        for object in readable(&store) {
            let Ok(resource) = &object.0 else { continue };
            let Ok(instance) = resource.instance.parse() else { continue };
            let place = NamespacedName { namespace: resource.namespace().unwrap_or_default(), name: resource.name_any() };
            if !now.treats_alike(&before, &instance, &place.namespace) {
                reconciler.requeue(&resource.uid().unwrap_or_default(), place);
            }
        }
        before = now;
    }
    std::future::pending().await
}

/// What the API server tells of the ConnectUsers.
fn events(
    client: Client,
    namespaces: &[String],
    known: Store<Guarded>,
    health: &Arc<Health>,
    metrics: &Arc<Metrics>,
) -> BoxStream<'static, watcher::Result<Event<Guarded>>> {
    let of = |api: Api<Guarded>, place: String| {
        let (health, metrics) = (health.clone(), metrics.clone());
        let events = begun_with_a_page(watcher(api, watcher::Config::default().page_size(PAGE))).default_backoff();
        events.inspect_err(move |error| {
            let advice = advice(error);
            tracing::warn!(%error, "the watch of {place} failed{advice}; it starts again by itself");
            health.trouble(format!("{place}: {error}{advice}"));
            metrics.watch_failed();
        })
    };
    match namespaces {
        [] => of(Api::all(client), "all namespaces".to_owned()).boxed(),
        [namespace] => of(Api::namespaced(client, namespace), format!("namespace {namespace}")).boxed(),
        several => {
            let one = |name: &String| {
                let events = of(Api::namespaced(client.clone(), name), format!("namespace {name}"));
                (name.clone(), telling(events, format!("connectusers of namespace {name}"), health.clone()))
            };
            merge(several.iter().map(one).collect(), known).boxed()
        }
    }
}

/// Holds back that a list begins until there is a page of it. Else the attempt alone would count as a success, and one that fails
/// again and again would be made every second.
fn begun_with_a_page(
    events: impl Stream<Item = watcher::Result<Event<Guarded>>> + Send + 'static,
) -> impl Stream<Item = watcher::Result<Event<Guarded>>> + Send + 'static {
    let mut begun = false;
    events.flat_map(move |event| {
        let told: Vec<_> = match event {
            Ok(Event::Init) => {
                begun = true;
                Vec::new()
            }
            Ok(event) => std::mem::take(&mut begun).then_some(Event::Init).into_iter().chain([event]).map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        stream::iter(told)
    })
}

/// One of several watches, of which it is told while it may not be listed: the others go on without it. As for one watch alone, that
/// is a matter of the start: who was ready and is refused later says so in the log and the metrics, and stays ready.
fn telling(
    events: impl Stream<Item = watcher::Result<Event<Guarded>>> + Send + 'static,
    part: String,
    health: Arc<Health>,
) -> impl Stream<Item = watcher::Result<Event<Guarded>>> + Send + 'static {
    let mut listed = false;
    events.inspect(move |event| match event {
        Ok(Event::InitDone) => {
            listed = true;
            health.lacks(&part, None);
        }
        Err(error) if !listed && is_refused(error) => {
            let advice = advice(error);
            health.lacks(&part, Some(format!("{error}{advice}, or do not name it any more if it is gone")));
        }
        Ok(_) | Err(_) => {}
    })
}

/// What to do about a watch that fails, as the rest of the sentence.
fn advice(error: &watcher::Error) -> &'static str {
    use watcher::Error::{InitialListFailed, WatchFailed, WatchStartFailed};
    let (InitialListFailed(error) | WatchStartFailed(error) | WatchFailed(error)) = error else { return "" };
    match error {
        kube::Error::Api(status) => match status.code {
            404 => ": install the CRD of this version (kubectl apply --server-side -f crds/connectusers.yaml)",
            401 | 403 => ": let the operator's service account list and watch connectusers (the chart's rbac.create)",
            _ => "",
        },
        _ => ": is the API server reachable from here?",
    }
}

async fn pass(object: Arc<Guarded>, context: Arc<Context>) -> Result<Action, Infallible> {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    // Not "name": in JSON, that is the span's own.
    let span = tracing::info_span!("reconcile", namespace, resource = name);
    let unpacked = match &object.0 {
        Ok(cached) => cached.resource().ok_or_else(|| "it could not be kept".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let resource = match unpacked {
        Ok(resource) => resource,
        Err(error) => {
            context.metrics.unreadable();
            tracing::error!(parent: &span, error, "this ConnectUser cannot be read and is left alone: apply the CRD of this version and correct it");
            return Ok(Action::await_change());
        }
    };
    let start = Instant::now();
    telemetry::note(&span, "uid", resource.uid().unwrap_or_default());
    let verdict = context.reconciler.reconcile(&resource).instrument(span.clone()).await;
    telemetry::note(&span, "result", verdict.result);
    context.metrics.pass(verdict.result, start.elapsed());
    Ok(verdict.after.map_or_else(Action::await_change, Action::requeue))
}
