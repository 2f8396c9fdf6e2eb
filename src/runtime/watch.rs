//! The watch and the queue: kube's controller over packed objects.

use std::{
    collections::HashSet,
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
    controller::{self, Action},
    reflector::{self, ObjectRef, Store},
    watcher::{self, Event, watcher},
};
use parking_lot::Mutex;
use tracing::Instrument;

use super::{
    config::Config,
    deletion_counts::StoreCounter,
    health::{Health, Readiness},
    kubernetes,
    namespaces::{Unlisted, is_refused, listing_after_refusals, merge},
    packed::{Guarded, PackedConnectUser, known, readable, strip_unreadable, used},
    resync::Sweeper,
    slots::{self, Slots},
};
use crate::{
    reconcile::{NamespacedName, Reconciler},
    telemetry::{self, Counted, Metrics, Personal},
};

/// The page size of the list. A page is in memory as text and parsed at the same time, before it is packed.
const PAGE: u32 = 50;

/// Options of the watch.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// The namespaces to watch, without duplicates. Empty: all.
    pub namespaces: Vec<String>,
    /// How often each instance is swept for changes made outside of Kubernetes. None: never.
    pub sweep_interval: Option<Duration>,
    /// Whether to delete users without a ConnectUser that two sweeps in a row have found.
    pub delete_orphans: bool,
    /// The configuration of accounts and instances, and its changes.
    pub config: tokio::sync::watch::Receiver<Arc<Config>>,
    /// The number of concurrent passes of each account and Region. A few suffice: the rate limit of Connect bounds the throughput.
    pub concurrency: NonZeroU16,
}

/// How long a resource waits for a slot that it is not woken for: the one that was woken in its place may be gone.
const UNTIL_FREE: Duration = Duration::from_secs(60);

/// How long a resource that could not be read waits for the next attempt.
const UNTIL_READ: Duration = Duration::from_secs(15);

struct Context {
    slots: Slots,
    reconciler: Arc<Reconciler>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

/// Watches and reconciles until `stop`, then finishes the running passes.
pub async fn watch(
    client: Client,
    options: WatchOptions,
    reconciler: Arc<Reconciler>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    reconciler.start();
    health.begin_work(options.concurrency.get().into());
    let stop = stop.shared();
    // Before the list, no pass is running, but the controller would wait for the list before it stops.
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
    let unlisted = Unlisted::default();
    let (store, gone, config) = (reader.clone(), unlisted.clone(), options.config.clone());
    metrics.set_resources(move |visit| {
        let objects = store.state();
        let listed: Vec<String> = config.borrow().listed_instances().map(ToString::to_string).collect();
        let in_use: HashSet<&str> = used(&objects).chain(listed.iter().map(String::as_str)).collect();
        for object in gone.without(objects.clone()) {
            let counted = |resource: &PackedConnectUser| in_use.contains(&*resource.instance);
            visit(object.0.as_ref().ok().map(|one| Counted { conditions: &one.condition_summary, in_use: counted(one) }));
        }
    });
    let on_event = {
        let (reconciler, health, store) = (reconciler.clone(), health.clone(), reader.clone());
        move |event: &Event<Guarded>| match event {
            Event::InitDone => {
                health.set(Readiness::Listed);
                // There is no event for resources that were deleted while the watch was interrupted. Not after the first list,
                // when memory use is at its peak and nothing is remembered.
                if reconciler.remembered() > 0 {
                    let (uids, instances) = known(&store);
                    reconciler.forget_all_but(&uids, &instances);
                }
            }
            Event::Delete(object) => {
                let instance = object.0.as_ref().map(|resource| &*resource.instance).unwrap_or_default();
                reconciler.forget(&object.uid().unwrap_or_default(), instance);
            }
            Event::Init | Event::InitApply(_) | Event::Apply(_) => {}
        }
    };
    let objects = events(client, &options.namespaces, reader.clone(), unlisted.clone(), &health, &metrics)
        .reflect(writer)
        .inspect_ok(on_event)
        .applied_objects();
    reconciler.set_user_counter(StoreCounter::new(reader.clone(), unlisted));
    let requested = reconciler.woken().map(|name| ObjectRef::new_with(&name.name, ()).within(&name.namespace));
    let sweeping = match options.sweep_interval {
        None => std::future::pending().boxed(),
        Some(interval) => {
            let (store, reconciler, metrics) = (reader.clone(), reconciler.clone(), metrics.clone());
            let delete_orphans = options.delete_orphans;
            let (namespaces, config, swept) = (options.namespaces, options.config.clone(), Mutex::default());
            let sweeper = Sweeper { store, namespaces, reconciler, metrics, interval, delete_orphans, config, swept };
            let health = health.clone();
            async move { sweeper.run(&health).await }.boxed()
        }
    };
    let reconfigured = requeue_on_config_change(options.config, reader.clone(), reconciler.clone());
    let (slots, free) = Slots::new(options.concurrency);
    let passes = Controller::for_stream(objects, reader)
        .reconcile_on(requested)
        .reconcile_on(free)
        .with_config(controller::Config::default().concurrency(slots::in_all(options.concurrency)))
        .graceful_shutdown_on(stop)
        .run(pass, |_, never: &Infallible, _| match *never {}, Arc::new(Context { slots, reconciler, metrics, health }))
        // An item is a finished pass, or an object that was deleted while it was queued. Neither needs handling.
        .for_each(|_| std::future::ready(()));
    tokio::select! {
        () = passes => {}
        () = stopped_early => {}
        () = sweeping => {}
        () = reconfigured => {}
    }
}

/// Requeues the resources that a change of the configuration affects. Does not end.
async fn requeue_on_config_change(
    mut config: tokio::sync::watch::Receiver<Arc<Config>>,
    store: Store<Guarded>,
    reconciler: Arc<Reconciler>,
) {
    let mut before = config.borrow_and_update().clone();
    while config.changed().await.is_ok() {
        let now = config.borrow_and_update().clone();
        for object in readable(&store) {
            let Ok(resource) = &object.0 else { continue };
            let Ok(instance) = resource.instance.parse() else { continue };
            let name = NamespacedName { namespace: resource.namespace().unwrap_or_default(), name: resource.name_any() };
            let uid = resource.uid().unwrap_or_default();
            if now.bounds(&instance, &name.namespace) != before.bounds(&instance, &name.namespace) {
                reconciler.reconsider(&uid, name);
            } else if !now.treats_alike(&before, &instance, &name.namespace) {
                reconciler.requeue(&uid, name);
            }
        }
        before = now;
    }
    std::future::pending().await
}

/// Returns the watch events of the ConnectUsers.
fn events(
    client: Client,
    namespaces: &[String],
    known: Store<Guarded>,
    unlisted: Unlisted,
    health: &Arc<Health>,
    metrics: &Arc<Metrics>,
) -> BoxStream<'static, watcher::Result<Event<Guarded>>> {
    let watch = |api: Api<Guarded>| watcher(api, watcher::Config::default().page_size(PAGE));
    let prepared = |events: BoxStream<'static, watcher::Result<Event<Guarded>>>, scope: String| {
        let (health, metrics) = (health.clone(), metrics.clone());
        let events = init_with_first_page(events).default_backoff().modify(strip_unreadable);
        events.inspect_err(move |error| {
            let advice = advice(error);
            let error = text_of(error);
            tracing::warn!(error, "the watch of {scope} failed{advice}; it restarts automatically");
            health.set_last_error(format!("{scope}: {error}{advice}"));
            metrics.watch_failed();
        })
    };
    match namespaces {
        [] => prepared(watch(Api::all(client)).boxed(), "all namespaces".to_owned()).boxed(),
        [namespace] => prepared(watch(Api::namespaced(client, namespace)).boxed(), format!("namespace {namespace}")).boxed(),
        several => {
            let one = |name: &String| {
                let api = Api::namespaced(client.clone(), name);
                let events = listing_after_refusals(move || watch(api.clone())).boxed();
                let events = prepared(events, format!("namespace {name}"));
                (name.clone(), reporting_refusals(events, format!("connectusers of namespace {name}"), health.clone()))
            };
            merge(several.iter().map(one).collect(), known, unlisted).boxed()
        }
    }
}

/// Delays the event that a list begins until its first page arrives. Otherwise, the attempt alone would reset the back-off, and a
/// list that fails repeatedly would be retried every second.
fn init_with_first_page(
    events: impl Stream<Item = watcher::Result<Event<Guarded>>> + Send + 'static,
) -> impl Stream<Item = watcher::Result<Event<Guarded>>> + Send + 'static {
    let mut init_pending = false;
    events.flat_map(move |event| {
        let events: Vec<_> = match event {
            Ok(Event::Init) => {
                init_pending = true;
                Vec::new()
            }
            Ok(event) => std::mem::take(&mut init_pending).then_some(Event::Init).into_iter().chain([event]).map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        stream::iter(events)
    })
}

/// Reports to `health` while one of several namespaces may not be listed; the other watches continue without it. As with a single
/// watch, this concerns the start: if the API server refuses a namespace that was already listed, the log and the metrics show
/// it, and the process stays ready.
fn reporting_refusals(
    events: impl Stream<Item = watcher::Result<Event<Guarded>>> + Send + 'static,
    part: String,
    health: Arc<Health>,
) -> impl Stream<Item = watcher::Result<Event<Guarded>>> + Send + 'static {
    let mut listed = false;
    events.inspect(move |event| match event {
        Ok(Event::InitDone) => {
            listed = true;
            health.set_lacking(&part, None);
        }
        Err(error) if !listed && is_refused(error) => {
            let advice = advice(error);
            let error = text_of(error);
            health.set_lacking(&part, Some(format!("{error}{advice}, or stop watching it if it no longer exists")));
        }
        Ok(_) | Err(_) => {}
    })
}

/// Returns what the API server says about a failed watch, or else the error.
fn text_of(error: &watcher::Error) -> String {
    use watcher::Error::{InitialListFailed, WatchError, WatchFailed, WatchStartFailed};
    match error {
        InitialListFailed(error) | WatchStartFailed(error) | WatchFailed(error) => kubernetes::text_of(error),
        WatchError(status) => status.message.clone(),
        other => other.to_string(),
    }
}

/// Returns advice on a failed watch, as the end of a sentence.
fn advice(error: &watcher::Error) -> &'static str {
    use watcher::Error::{InitialListFailed, WatchFailed, WatchStartFailed};
    let (InitialListFailed(error) | WatchStartFailed(error) | WatchFailed(error)) = error else { return "" };
    match error {
        kube::Error::Api(status) => match status.code {
            404 => ": install the CRD of this version (kubectl apply --server-side -f crds/connectusers.yaml)",
            401 => ": check that the token or certificate of the operator's service account or kubeconfig is valid",
            403 => ": allow the operator's service account to list and watch connectusers (the chart's rbac.create)",
            _ => "",
        },
        _ => ": is the API server reachable from here?",
    }
}

async fn pass(object: Arc<Guarded>, context: Arc<Context>) -> Result<Action, Infallible> {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    // Not "name": in JSON, that is the name of the span.
    let uid = object.uid().unwrap_or_default();
    let span = tracing::info_span!("reconcile", namespace, resource = telemetry::name_or_uid(&name, &uid));
    let instance = object.0.as_ref().map(|resource| &*resource.instance).unwrap_or_default();
    let Some(_slot) = context.slots.take(&object, instance) else { return Ok(Action::requeue(UNTIL_FREE)) };
    let resource = match &object.0 {
        Ok(packed) => match packed.resource() {
            Some(resource) => resource,
            None => match context.reconciler.read(&NamespacedName { namespace, name }).await {
                Ok(Some(resource)) => resource,
                Ok(None) => return Ok(Action::await_change()),
                Err(error) => {
                    tracing::warn!(parent: &span, %error, "this ConnectUser is too large for the cache and could not be read");
                    return Ok(Action::requeue(UNTIL_READ));
                }
            },
        },
        Err(error) => {
            tracing::error!(
                parent: &span,
                error = %Personal(error),
                "this ConnectUser cannot be read and is skipped: apply the CRD of this version and correct the resource"
            );
            return Ok(Action::await_change());
        }
    };
    let start = Instant::now();
    let _running = context.health.pass();
    telemetry::set_attribute(&span, "uid", uid);
    let verdict = context.reconciler.reconcile(&resource).instrument(span.clone()).await;
    telemetry::set_attribute(&span, "result", verdict.result);
    context.metrics.pass(verdict.result, start.elapsed());
    Ok(verdict.after.map_or_else(Action::await_change, Action::requeue))
}
