//! One watch of several namespaces: what the API server tells of each becomes what it would tell of all of them at once.
//!
//! A store takes a list for all that there is, so the lists of single namespaces must not reach it as they are. The first ones
//! are held back until there is one of each; one that is made anew later is told as the changes that it came to.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use futures::{Stream, StreamExt, stream};
use kube::{Resource, ResourceExt};
use kube_runtime::{
    reflector::Store,
    watcher::{Event, Result},
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
            Err(error) => vec![Err(error)],
        })
    })
}

/// The objects of a namespace as far as they are not told yet, by name.
struct Part<K> {
    held_back: HashMap<String, K>,
    listed: bool,
}

struct Merging<K> {
    parts: BTreeMap<String, Part<K>>,
    /// Whether all namespaces were listed, and the store was told of all their objects.
    began: bool,
}

impl<K: Resource<DynamicType = ()> + Clone> Merging<K> {
    fn new(namespaces: impl Iterator<Item = String>) -> Self {
        let part = || Part { held_back: HashMap::new(), listed: false };
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
                part.listed = true;
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

    /// The list of all namespaces, once there is one of each.
    fn begin(&mut self) -> Vec<Event<K>> {
        if !self.parts.values().all(|part| part.listed) {
            return Vec::new();
        }
        self.began = true;
        let objects = self.parts.values_mut().flat_map(|part| part.held_back.drain().map(|(_, object)| Event::InitApply(object)));
        std::iter::once(Event::Init).chain(objects).chain([Event::InitDone]).collect()
    }
}

impl<K: Resource<DynamicType = ()> + Clone> Part<K> {
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
