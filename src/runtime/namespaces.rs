//! One watch of several namespaces: what the API server tells of each becomes what it would tell of all of them at once.
//!
//! A store takes a list for all that there is, so the lists of single namespaces must not reach it as they are. The first ones
//! are held back until there is one of each; one that is made anew later is told as the changes that it came to. A namespace that
//! may not be listed, as one that is gone with its Role, keeps nobody waiting: it counts as empty until it can be listed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use futures::{Stream, StreamExt, stream};
use kube::{Resource, ResourceExt};
use kube_runtime::{
    reflector::Store,
    watcher::{self, Event, Result},
};

/// Merges watches of single namespaces, given with the namespace's name, for a store that `known` reads.
pub(super) fn merge<K, S>(watches: Vec<(String, S)>, known: Store<K>) -> impl Stream<Item = Result<Event<K>>> + Send
where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    S: Stream<Item = Result<Event<K>>> + Send + 'static,
{
    let mut merging = Merging::new(watches.iter().map(|(namespace, _)| namespace.clone()));
    let told = watches.into_iter().map(|(namespace, watch)| watch.map(move |event| (namespace.clone(), event)).boxed());
    stream::select_all(told).flat_map(move |(namespace, event)| {
        stream::iter(match event {
            Ok(event) => merging.take(&namespace, event, || known.state()).into_iter().map(Ok).collect(),
            Err(error) => {
                let begun = if is_refused(&error) { merging.refused(&namespace) } else { Vec::new() };
                [Err(error)].into_iter().chain(begun.into_iter().map(Ok)).collect::<Vec<_>>()
            }
        })
    })
}

/// Whether the API server does not let the operator list or watch.
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

/// The objects of a namespace as far as they are not told yet, by name.
struct NamespaceList<K> {
    held_back: HashMap<String, K>,
    listed: bool,
    refused: bool,
}

struct Merging<K> {
    parts: BTreeMap<String, NamespaceList<K>>,
    /// Whether all namespaces were listed that may be, and the store was told of all their objects.
    began: bool,
}

impl<K: Resource<DynamicType = ()> + Clone> Merging<K> {
    fn new(namespaces: impl Iterator<Item = String>) -> Self {
        let part = || NamespaceList { held_back: HashMap::new(), listed: false, refused: false };
        Self { parts: namespaces.map(|namespace| (namespace, part())).collect(), began: false }
    }

    /// What the store is told, now that this was told of a namespace.
    fn take(&mut self, namespace: &str, event: Event<K>, known: impl FnOnce() -> Vec<Arc<K>>) -> Vec<Event<K>> {
        let Some(part) = self.parts.get_mut(namespace) else { return Vec::new() };
        match event {
            Event::Init => {
                part.held_back.clear();
                part.listed = false;
            }
            Event::InitApply(object) => _ = part.held_back.insert(object.name_any(), object),
            Event::InitDone => {
                (part.listed, part.refused) = (true, false);
                if self.began {
                    return part.changes(namespace, &known());
                }
                return self.begin();
            }
            Event::Apply(object) if !self.began => _ = part.held_back.insert(object.name_any(), object),
            Event::Delete(object) if !self.began => _ = part.held_back.remove(&object.name_any()),
            Event::Apply(_) | Event::Delete(_) => return vec![event],
        }
        Vec::new()
    }

    /// What the store is told, now that a namespace may not be listed.
    fn refused(&mut self, namespace: &str) -> Vec<Event<K>> {
        if let Some(part) = self.parts.get_mut(namespace) {
            part.refused = !part.listed;
            if part.refused {
                // The half of a list is none.
                part.held_back.clear();
            }
        }
        if self.began { Vec::new() } else { self.begin() }
    }

    /// The list of all namespaces, once there is one of each that may be listed. Where none may, there is nothing to work on.
    fn begin(&mut self) -> Vec<Event<K>> {
        let mut parts = self.parts.values();
        if !parts.clone().any(|part| part.listed) || !parts.all(|part| part.listed || part.refused) {
            return Vec::new();
        }
        self.began = true;
        let objects = self.parts.values_mut().flat_map(|part| part.held_back.drain().map(|(_, object)| Event::InitApply(object)));
        std::iter::once(Event::Init).chain(objects).chain([Event::InitDone]).collect()
    }
}

impl<K: Resource<DynamicType = ()> + Clone> NamespaceList<K> {
    /// What a list of the namespace that was made anew comes to.
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
    use kube_runtime::reflector::store;

    use super::*;

    fn object(namespace: &str, name: &str) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.namespace = Some(namespace.to_owned());
        object.metadata.name = Some(name.to_owned());
        object
    }

    /// What a store has after it was told of these, and what it was told.
    fn told(events: Vec<(&str, Event<ConfigMap>)>) -> (Vec<String>, Vec<String>) {
        let (reader, mut writer) = store();
        let mut merging = Merging::new(["north", "south"].map(str::to_owned).into_iter());
        let mut told = Vec::new();
        for (namespace, event) in events {
            for event in merging.take(namespace, event, || reader.state()) {
                writer.apply_watcher_event(&event);
                told.push(event.to_string());
            }
        }
        let name = |object: &Arc<ConfigMap>| format!("{}/{}", object.namespace().unwrap(), object.name_any());
        let mut names: Vec<_> = reader.state().iter().map(name).collect();
        names.sort();
        (names, told)
    }

    fn listed(namespace: &'static str, names: &[&str]) -> Vec<(&'static str, Event<ConfigMap>)> {
        let objects = names.iter().map(|name| Event::InitApply(object(namespace, name)));
        std::iter::once(Event::Init).chain(objects).chain([Event::InitDone]).map(|event| (namespace, event)).collect()
    }

    #[test]
    fn nothing_is_told_until_every_namespace_was_listed() {
        let (known, events) = told(listed("north", &["jane"]));
        assert!(known.is_empty() && events.is_empty(), "{known:?} {events:?}");
        let (known, events) = told([listed("north", &["jane"]), listed("south", &["jane"])].concat());
        assert_eq!(known, ["north/jane", "south/jane"]);
        assert_eq!((&*events[0], &*events[events.len() - 1]), ("Init", "InitDone"));
    }

    #[test]
    fn what_happens_in_one_namespace_while_another_is_listed_is_not_lost() {
        let meanwhile = vec![
            ("north", Event::Apply(object("north", "omar"))),
            ("north", Event::Delete(object("north", "jane"))),
            ("north", Event::Apply(object("north", "mei"))),
        ];
        let (known, _) = told([listed("north", &["jane", "ravi"]), meanwhile, listed("south", &[])].concat());
        assert_eq!(known, ["north/mei", "north/omar", "north/ravi"]);
    }

    #[test]
    fn a_namespace_that_may_not_be_listed_keeps_nobody_waiting_and_is_told_of_once_it_may() {
        let (reader, mut writer) = store();
        let mut merging = Merging::new(["gone", "north"].map(str::to_owned).into_iter());
        let mut tell = |told: Vec<Event<ConfigMap>>| {
            told.iter().for_each(|event| writer.apply_watcher_event(event));
            told.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert!(tell(merging.refused("gone")).is_empty(), "nobody knows yet what else there is");
        for (namespace, event) in listed("north", &["jane"]) {
            tell(merging.take(namespace, event, || reader.state()));
        }
        assert_eq!(reader.len(), 1);
        assert!(tell(merging.refused("gone")).is_empty());
        let back = listed("gone", &["omar"])
            .into_iter()
            .flat_map(|(namespace, event)| merging.take(namespace, event, || reader.state()));
        assert_eq!(tell(back.collect()), ["Apply(omar)"]);
        assert_eq!(reader.len(), 2);
    }

    #[test]
    fn a_list_that_is_refused_halfway_is_none() {
        let (reader, mut writer) = store();
        let mut merging = Merging::new(["south", "north"].map(str::to_owned).into_iter());
        for event in [Event::Init, Event::InitApply(object("south", "jane"))] {
            merging.take("south", event, || reader.state());
        }
        merging.refused("south");
        let begun =
            listed("north", &["omar"]).into_iter().flat_map(|(namespace, event)| merging.take(namespace, event, Vec::new));
        begun.collect::<Vec<_>>().iter().for_each(|event| writer.apply_watcher_event(event));
        assert_eq!(reader.state().iter().map(|object| object.name_any()).collect::<Vec<_>>(), ["omar"]);
    }

    #[test]
    fn where_no_namespace_may_be_listed_nothing_is_told() {
        let mut merging = Merging::<ConfigMap>::new(["north", "south"].map(str::to_owned).into_iter());
        assert!(merging.refused("north").is_empty() && merging.refused("south").is_empty());
    }

    #[test]
    fn a_list_that_is_made_anew_tells_of_its_own_namespace_only() {
        let again = listed("north", &["omar"]);
        let (known, events) = told([listed("north", &["jane"]), listed("south", &["jane"]), again].concat());
        assert_eq!(known, ["north/omar", "south/jane"]);
        assert_eq!(events[events.len() - 2..], ["Delete(jane)", "Apply(omar)"]);
    }

    #[test]
    fn a_list_that_breaks_off_before_the_others_are_there_is_begun_again() {
        let broken = vec![("north", Event::Init), ("north", Event::InitApply(object("north", "gone")))];
        let (known, _) = told([broken, listed("north", &["jane"]), listed("south", &[])].concat());
        assert_eq!(known, ["north/jane"]);
    }

    #[test]
    fn later_changes_are_told_as_they_are() {
        let later = vec![("south", Event::Apply(object("south", "mei"))), ("north", Event::Delete(object("north", "jane")))];
        let (known, events) = told([listed("north", &["jane"]), listed("south", &[]), later].concat());
        assert_eq!(known, ["south/mei"]);
        assert_eq!(events[events.len() - 2..], ["Apply(mei)", "Delete(jane)"]);
    }
}
