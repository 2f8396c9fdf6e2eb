//! Resources whose username is in another one's hands: when that one lets go, they are woken, and not left to their hourly retry.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use connect_api::Arn;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use kube::ResourceExt;

use crate::api::ConnectUser;

/// Where a resource is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespacedName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl NamespacedName {
    /// A resource's.
    pub fn of(resource: &ConnectUser) -> Self {
        Self { namespace: resource.namespace().unwrap_or_default(), name: resource.name_any() }
    }
}

/// A username in an instance, as Connect tells usernames apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Username(String, String);

impl Username {
    pub(super) fn new(instance: &Arn, username: &str) -> Self {
        Self(instance.to_string(), username.to_lowercase())
    }
}

#[derive(Debug, Default)]
struct Tables {
    by_username: HashMap<Username, BTreeMap<String, NamespacedName>>,
    by_uid: HashMap<String, Username>,
}

/// Who waits for which username.
#[derive(Debug)]
pub(super) struct Waiting {
    tables: Mutex<Tables>,
    wake: UnboundedSender<NamespacedName>,
    woken: Mutex<Option<UnboundedReceiver<NamespacedName>>>,
}

impl Default for Waiting {
    fn default() -> Self {
        let (wake, woken) = unbounded();
        Self { tables: Mutex::default(), wake, woken: Mutex::new(Some(woken)) }
    }
}

impl Waiting {
    // Nothing panics while holding a lock.
    fn tables(&self) -> std::sync::MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The resources that are to be looked at again, as they are woken. Only the first to ask is given them.
    pub(super) fn woken(&self) -> Option<UnboundedReceiver<NamespacedName>> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Has a resource looked at again.
    pub(super) fn wake(&self, place: NamespacedName) {
        // Where nobody listens, nobody is to be woken.
        let _ = self.wake.unbounded_send(place);
    }

    /// A resource waits for a username.
    pub(super) fn wait(&self, uid: &str, place: NamespacedName, username: Username) {
        self.forget(uid);
        let mut tables = self.tables();
        tables.by_uid.insert(uid.to_owned(), username.clone());
        tables.by_username.entry(username).or_default().insert(uid.to_owned(), place);
    }

    /// A resource waits no longer.
    pub(super) fn forget(&self, uid: &str) {
        let mut tables = self.tables();
        let Some(username) = tables.by_uid.remove(uid) else { return };
        let Some(waiting) = tables.by_username.get_mut(&username) else { return };
        waiting.remove(uid);
        if waiting.is_empty() {
            tables.by_username.remove(&username);
        }
    }

    /// Only these wait still, by UID.
    pub(super) fn retain(&self, uids: &HashSet<String>) {
        let gone: Vec<_> = self.tables().by_uid.keys().filter(|uid| !uids.contains(*uid)).cloned().collect();
        gone.iter().for_each(|uid| self.forget(uid));
    }

    /// Somebody let go of a username: wakes those who wait for it, and gives their UIDs.
    pub(super) fn freed(&self, username: &Username) -> Vec<String> {
        let mut tables = self.tables();
        let waiting = tables.by_username.remove(username).unwrap_or_default();
        for (uid, place) in &waiting {
            tables.by_uid.remove(uid);
            self.wake(place.clone());
        }
        waiting.into_keys().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> NamespacedName {
        NamespacedName { namespace: "sales".into(), name: name.into() }
    }

    fn username(name: &str) -> Username {
        Username::new(&"arn:aws:connect:us-west-2:123456789012:instance/i-1".parse().unwrap(), name)
    }

    #[test]
    fn those_who_wait_for_a_username_are_woken_once_when_it_is_free() {
        let waiting = Waiting::default();
        let mut woken = waiting.woken().unwrap();
        assert!(waiting.woken().is_none());
        waiting.wait("u-1", place("one"), username("jane"));
        waiting.wait("u-1", place("one"), username("jane"));
        waiting.wait("u-2", place("two"), username("Jane"));
        waiting.wait("u-3", place("three"), username("joe"));
        waiting.wait("u-4", place("four"), username("jane"));
        waiting.forget("u-4");
        assert_eq!(waiting.freed(&username("JANE")), ["u-1", "u-2"]);
        assert_eq!(waiting.freed(&username("jane")), Vec::<String>::new());
        assert_eq!([woken.try_recv().unwrap(), woken.try_recv().unwrap()], [place("one"), place("two")]);
        assert!(woken.try_recv().is_err());
    }

    #[test]
    fn nothing_is_kept_of_those_who_are_gone() {
        let waiting = Waiting::default();
        waiting.wait("u-1", place("one"), username("jane"));
        waiting.forget("u-1");
        waiting.wait("u-2", place("two"), username("jane"));
        waiting.freed(&username("jane"));
        waiting.wait("u-3", place("three"), username("jane"));
        waiting.retain(&["u-3".to_owned()].into());
        assert_eq!(waiting.tables().by_uid.len(), 1);
        waiting.retain(&HashSet::new());
        let tables = waiting.tables();
        assert!(tables.by_username.is_empty() && tables.by_uid.is_empty());
    }
}
