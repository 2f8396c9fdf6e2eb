//! Merges the watches of several namespaces into the events of a single watch over all of them.
//!
//! A store treats a list as complete, so it must not receive the lists of single namespaces. The first lists are held back until
//! every namespace is listed; a later list of one namespace becomes the changes since the previous one. A namespace that may not
//! be listed, such as one that was deleted together with its Role, does not block the others: it counts as empty until it can be
//! listed. If it could be listed before, the store keeps its objects, and [`Unlisted`] names it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use futures::{Stream, StreamExt, stream};
use kube::{Resource, ResourceExt};
use kube_runtime::{
    reflector::Store,
    watcher::{self, Event, Result},
};
use parking_lot::Mutex;

/// The namespaces that the operator may not list or watch at present: the store may show what no longer exists. Clones are handles
/// to the same set.
#[derive(Clone, Debug, Default)]
pub(super) struct Unlisted(Arc<Mutex<BTreeSet<String>>>);

impl Unlisted {
    pub(super) fn add(&self, namespace: &str) {
        self.0.lock().insert(namespace.to_owned());
    }

    fn remove(&self, namespace: &str) {
        self.0.lock().remove(namespace);
    }

    /// Returns the objects of the other namespaces.
    pub(super) fn without<K: Resource>(&self, mut objects: Vec<Arc<K>>) -> Vec<Arc<K>> {
        let unlisted = self.0.lock();
        if !unlisted.is_empty() {
            objects.retain(|object| object.meta().namespace.as_ref().is_none_or(|namespace| !unlisted.contains(namespace)));
        }
        objects
    }

    pub(super) fn contains(&self, namespace: &str) -> bool {
        self.0.lock().contains(namespace)
    }
}

/// Merges the watches of single namespaces, each with the name of its namespace. `known` reads the store that receives the
/// result.
pub(super) fn merge<K, S>(
    watches: Vec<(String, S)>,
    known: Store<K>,
    unlisted: Unlisted,
) -> impl Stream<Item = Result<Event<K>>> + Send
where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    S: Stream<Item = Result<Event<K>>> + Send + 'static,
{
    let mut merging = Merging::new(watches.iter().map(|(namespace, _)| namespace.clone()), unlisted);
    let watches = watches.into_iter().map(|(namespace, watch)| watch.map(move |event| (namespace.clone(), event)).boxed());
    stream::select_all(watches).flat_map(move |(namespace, event)| {
        stream::iter(match event {
            Ok(event) => merging.apply(&namespace, event, || known.state()).into_iter().map(Ok).collect(),
            Err(error) => {
                let started = if is_refused(&error) { merging.refused(&namespace) } else { Vec::new() };
                [Err(error)].into_iter().chain(started.into_iter().map(Ok)).collect::<Vec<_>>()
            }
        })
    })
}

/// Lists again after a refusal. A watch that continues has no event that shows that the namespace may be watched again.
pub(super) fn listing_after_refusals<K, S>(watch: impl Fn() -> S + Send + 'static) -> impl Stream<Item = Result<Event<K>>> + Send
where
    K: Send + 'static,
    S: Stream<Item = Result<Event<K>>> + Send + 'static,
{
    let first = watch().boxed();
    stream::unfold((watch, first), |(watch, mut events)| async move {
        let event = events.next().await?;
        if event.as_ref().is_err_and(is_refused) {
            events = watch().boxed();
        }
        Some((event, (watch, events)))
    })
}

/// Returns whether the API server forbids the operator to list or watch.
pub(super) fn is_refused(error: &watcher::Error) -> bool {
    use watcher::Error::{InitialListFailed, WatchError, WatchFailed, WatchStartFailed};
    match error {
        InitialListFailed(kube::Error::Api(status))
        | WatchStartFailed(kube::Error::Api(status))
        | WatchFailed(kube::Error::Api(status))
        | WatchError(status) => status.code == 403,
        _ => false,
    }
}

/// The objects of a namespace that are held back, by name.
struct NamespaceList<K> {
    held_back: HashMap<String, K>,
    listed: bool,
    refused: bool,
}

struct Merging<K> {
    namespaces: BTreeMap<String, NamespaceList<K>>,
    /// Whether every namespace that may be listed was listed, and the store has received all objects.
    started: bool,
    unlisted: Unlisted,
}

impl<K: Resource<DynamicType = ()> + Clone> Merging<K> {
    fn new(namespaces: impl Iterator<Item = String>, unlisted: Unlisted) -> Self {
        let list = || NamespaceList { held_back: HashMap::new(), listed: false, refused: false };
        Self { namespaces: namespaces.map(|namespace| (namespace, list())).collect(), started: false, unlisted }
    }

    /// Returns the events for the store that follow from an event of a namespace.
    fn apply(&mut self, namespace: &str, event: Event<K>, known: impl FnOnce() -> Vec<Arc<K>>) -> Vec<Event<K>> {
        let Some(list) = self.namespaces.get_mut(namespace) else { return Vec::new() };
        match event {
            Event::Init => {
                list.held_back.clear();
                list.listed = false;
            }
            Event::InitApply(object) => _ = list.held_back.insert(object.name_any(), object),
            Event::InitDone => {
                (list.listed, list.refused) = (true, false);
                self.unlisted.remove(namespace);
                if self.started {
                    return list.changes(namespace, &known());
                }
                return self.start();
            }
            Event::Apply(object) if !self.started => _ = list.held_back.insert(object.name_any(), object),
            Event::Delete(object) if !self.started => _ = list.held_back.remove(&object.name_any()),
            Event::Apply(_) | Event::Delete(_) => return vec![event],
        }
        Vec::new()
    }

    /// Returns the events for the store that follow from a refusal to list a namespace.
    fn refused(&mut self, namespace: &str) -> Vec<Event<K>> {
        if let Some(list) = self.namespaces.get_mut(namespace) {
            self.unlisted.add(namespace);
            list.refused = !list.listed;
            if list.refused {
                // Discard a partial list.
                list.held_back.clear();
            }
        }
        if self.started { Vec::new() } else { self.start() }
    }

    /// Returns the list of all namespaces once each that may be listed was listed. If none may be listed, returns nothing.
    fn start(&mut self) -> Vec<Event<K>> {
        let mut lists = self.namespaces.values();
        if !lists.clone().any(|list| list.listed) || !lists.all(|list| list.listed || list.refused) {
            return Vec::new();
        }
        self.started = true;
        let objects =
            self.namespaces.values_mut().flat_map(|list| list.held_back.drain().map(|(_, object)| Event::InitApply(object)));
        std::iter::once(Event::Init).chain(objects).chain([Event::InitDone]).collect()
    }
}

impl<K: Resource<DynamicType = ()> + Clone> NamespaceList<K> {
    /// Returns the changes between the known objects and a new list of the namespace.
    fn changes(&mut self, namespace: &str, known: &[Arc<K>]) -> Vec<Event<K>> {
        let here = known.iter().filter(|object| object.namespace().as_deref() == Some(namespace));
        let gone = here.filter(|object| !self.held_back.contains_key(&object.name_any()));
        let deleted: Vec<_> = gone.map(|object| Event::Delete(K::clone(object))).collect();
        deleted.into_iter().chain(self.held_back.drain().map(|(_, object)| Event::Apply(object))).collect()
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::core::Status;
    use kube_runtime::reflector::store;

    use super::*;

    fn object(namespace: &str, name: &str) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.namespace = Some(namespace.to_owned());
        object.metadata.name = Some(name.to_owned());
        object
    }

    /// What the watch of a namespace returns. None: the API server refuses to list it.
    type Watched = (&'static str, Option<Event<ConfigMap>>);

    /// Applies events of the namespaces `north` and `south`. Returns the objects in the store, and the events that it received.
    fn merged(events: Vec<Watched>) -> (Vec<String>, Vec<String>) {
        let (reader, mut writer) = store();
        let mut merging = Merging::new(["north", "south"].map(str::to_owned).into_iter(), Unlisted::default());
        let mut received = Vec::new();
        for (namespace, event) in events {
            let events = match event {
                Some(event) => merging.apply(namespace, event, || reader.state()),
                None => merging.refused(namespace),
            };
            for event in events {
                writer.apply_watcher_event(&event);
                received.push(event.to_string());
            }
        }
        let name = |object: &Arc<ConfigMap>| format!("{}/{}", object.namespace().unwrap(), object.name_any());
        let mut names: Vec<_> = reader.state().iter().map(name).collect();
        names.sort();
        (names, received)
    }

    fn applied(namespace: &'static str, name: &str, event: fn(ConfigMap) -> Event<ConfigMap>) -> Watched {
        (namespace, Some(event(object(namespace, name))))
    }

    fn listed(namespace: &'static str, names: &[&str]) -> Vec<Watched> {
        let objects = names.iter().map(|name| Event::InitApply(object(namespace, name)));
        std::iter::once(Event::Init).chain(objects).chain([Event::InitDone]).map(|event| (namespace, Some(event))).collect()
    }

    #[test]
    fn store_receives_nothing_until_every_namespace_is_listed() {
        let (known, events) = merged(listed("north", &["jane"]));
        assert!(known.is_empty() && events.is_empty(), "{known:?} {events:?}");
        let (known, events) = merged([listed("north", &["jane"]), listed("south", &["jane"])].concat());
        assert_eq!(known, ["north/jane", "south/jane"]);
        assert_eq!((&*events[0], &*events[events.len() - 1]), ("Init", "InitDone"));
    }

    #[test]
    fn changes_during_the_list_of_another_namespace_are_kept() {
        let meanwhile = vec![
            applied("north", "omar", Event::Apply),
            applied("north", "jane", Event::Delete),
            applied("north", "mei", Event::Apply),
        ];
        let (known, _) = merged([listed("north", &["jane", "ravi"]), meanwhile, listed("south", &[])].concat());
        assert_eq!(known, ["north/mei", "north/omar", "north/ravi"]);
    }

    #[test]
    fn forbidden_namespace_does_not_block_the_others() {
        let refused = || vec![("north", None)];
        assert_eq!(merged(refused()).1, [""; 0], "the other namespace is not listed yet");
        let before = [refused(), listed("south", &["jane"]), refused()].concat();
        let (known, events) = merged(before.clone());
        assert_eq!(known, ["south/jane"]);
        assert_eq!(events, ["Init", "InitApply(jane)", "InitDone"]);
        let (known, events) = merged([before, listed("north", &["omar"])].concat());
        assert_eq!(known, ["north/omar", "south/jane"]);
        assert_eq!(events[3..], ["Apply(omar)"]);
    }

    #[test]
    fn namespace_is_unlisted_from_a_refusal_to_its_next_list() {
        let unlisted = Unlisted::default();
        let mut merging = Merging::new(["north".to_owned()].into_iter(), unlisted.clone());
        let mut apply = |event: Option<Event<ConfigMap>>| {
            let _ = match event {
                Some(event) => merging.apply("north", event, Vec::new),
                None => merging.refused("north"),
            };
            unlisted.contains("north")
        };
        assert!(apply(None));
        assert!(apply(Some(Event::Init)));
        assert!(!apply(Some(Event::InitDone)));
        assert!(apply(None), "it was listed before");
        assert!(apply(Some(Event::Init)));
        assert!(!apply(Some(Event::InitDone)));
    }

    #[tokio::test]
    async fn refused_watch_begins_again_with_a_list() {
        let failed = |code| Err(watcher::Error::WatchStartFailed(kube::Error::Api(Status { code, ..Status::default() }.boxed())));
        let watch = move || stream::iter([Ok(Event::InitDone), failed(500), Ok(Event::Init), failed(403), Ok(Event::Init)]);
        let events = listing_after_refusals::<ConfigMap, _>(watch).take(6);
        let seen = events.map(|event| event.map_or_else(|error| is_refused(&error).to_string(), |event| event.to_string()));
        assert_eq!(seen.collect::<Vec<_>>().await, ["InitDone", "false", "Init", "true", "InitDone", "false"]);
    }

    #[test]
    fn list_refused_halfway_is_discarded() {
        let halfway = vec![("south", Some(Event::Init)), applied("south", "jane", Event::InitApply), ("south", None)];
        assert_eq!(merged([halfway, listed("north", &["omar"])].concat()).0, ["north/omar"]);
    }

    #[test]
    fn store_receives_nothing_if_every_namespace_is_forbidden() {
        assert_eq!(merged(vec![("north", None), ("south", None)]).1, [""; 0]);
    }

    #[test]
    fn repeated_list_changes_only_its_own_namespace() {
        let again = listed("north", &["omar"]);
        let (known, events) = merged([listed("north", &["jane"]), listed("south", &["jane"]), again].concat());
        assert_eq!(known, ["north/omar", "south/jane"]);
        assert_eq!(events[events.len() - 2..], ["Delete(jane)", "Apply(omar)"]);
    }

    #[test]
    fn interrupted_first_list_is_replaced_by_the_next() {
        let broken = vec![("north", Some(Event::Init)), applied("north", "gone", Event::InitApply)];
        let (known, _) = merged([broken, listed("north", &["jane"]), listed("south", &[])].concat());
        assert_eq!(known, ["north/jane"]);
    }

    #[test]
    fn later_changes_pass_through() {
        let later = vec![applied("south", "mei", Event::Apply), applied("north", "jane", Event::Delete)];
        let (known, events) = merged([listed("north", &["jane"]), listed("south", &[]), later].concat());
        assert_eq!(known, ["south/mei"]);
        assert_eq!(events[events.len() - 2..], ["Apply(mei)", "Delete(jane)"]);
    }
}
