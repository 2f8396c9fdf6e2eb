//! Resources whose username another resource has. When that one is released they are woken, and need not wait for their hourly
//! retry.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

use connect_api::Arn;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use kube::ResourceExt;
use parking_lot::Mutex;
use serde::Serialize;

use crate::api::ConnectUser;

/// The namespace and name of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct NamespacedName {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl NamespacedName {
    /// Returns the name of a resource.
    pub fn of(resource: &ConnectUser) -> Self {
        Self { namespace: resource.namespace().unwrap_or_default(), name: resource.name_any() }
    }
}

impl fmt::Display for NamespacedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A username in an instance, folded to lower case since Connect may ignore case.
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

/// The resources that wait for each username.
#[derive(Debug)]
pub(super) struct UsernameWaiters {
    tables: Mutex<Tables>,
    wake: UnboundedSender<NamespacedName>,
    woken: Mutex<Option<UnboundedReceiver<NamespacedName>>>,
}

impl Default for UsernameWaiters {
    fn default() -> Self {
        let (wake, woken) = unbounded();
        Self { tables: Mutex::default(), wake, woken: Mutex::new(Some(woken)) }
    }
}

impl UsernameWaiters {
    /// Returns the resources that are woken. Only the first call gets the receiver.
    pub(super) fn woken(&self) -> Option<UnboundedReceiver<NamespacedName>> {
        self.woken.lock().take()
    }

    /// Puts a resource into the queue. A pass over one that is held is not made: [`Context::wake`](super::context::Context::wake) ends
    /// the hold first.
    pub(super) fn enqueue(&self, name: NamespacedName) {
        // Without a receiver there is no queue to wake it in.
        let _ = self.wake.unbounded_send(name);
    }

    /// Records that a resource waits for a username.
    pub(super) fn wait(&self, uid: &str, name: NamespacedName, username: Username) {
        self.forget(uid);
        let mut tables = self.tables.lock();
        tables.by_uid.insert(uid.to_owned(), username.clone());
        tables.by_username.entry(username).or_default().insert(uid.to_owned(), name);
    }

    /// Records that a resource waits no longer.
    pub(super) fn forget(&self, uid: &str) {
        let mut tables = self.tables.lock();
        let Some(username) = tables.by_uid.remove(uid) else { return };
        let Some(waiters) = tables.by_username.get_mut(&username) else { return };
        waiters.remove(uid);
        if waiters.is_empty() {
            tables.by_username.remove(&username);
        }
    }

    /// Drops all waiters but these, by UID.
    pub(super) fn retain(&self, uids: &HashSet<String>) {
        let gone: Vec<_> = self.tables.lock().by_uid.keys().filter(|uid| !uids.contains(*uid)).cloned().collect();
        gone.iter().for_each(|uid| self.forget(uid));
    }

    /// Removes and returns the resources that wait for a username, by UID.
    pub(super) fn take(&self, username: &Username) -> BTreeMap<String, NamespacedName> {
        let mut tables = self.tables.lock();
        let waiters = tables.by_username.remove(username).unwrap_or_default();
        for uid in waiters.keys() {
            tables.by_uid.remove(uid);
        }
        waiters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> NamespacedName {
        NamespacedName { namespace: "sales".into(), name: name.into() }
    }

    fn username(name: &str) -> Username {
        Username::new(
            &"arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001".parse().unwrap(),
            name,
        )
    }

    #[test]
    fn each_waiter_of_a_username_is_taken_once() {
        let waiters = UsernameWaiters::default();
        waiters.wait("u-1", named("one"), username("jane"));
        waiters.wait("u-1", named("one"), username("jane"));
        waiters.wait("u-2", named("two"), username("Jane"));
        waiters.wait("u-3", named("three"), username("joe"));
        waiters.wait("u-4", named("four"), username("jane"));
        waiters.forget("u-4");
        assert_eq!(waiters.take(&username("JANE")), [("u-1".into(), named("one")), ("u-2".into(), named("two"))].into());
        assert_eq!(waiters.take(&username("jane")), BTreeMap::new());
    }

    #[test]
    fn waiters_that_are_gone_leave_no_entry() {
        let waiters = UsernameWaiters::default();
        waiters.wait("u-1", named("one"), username("jane"));
        waiters.forget("u-1");
        waiters.wait("u-2", named("two"), username("jane"));
        waiters.take(&username("jane"));
        waiters.wait("u-3", named("three"), username("jane"));
        waiters.retain(&["u-3".to_owned()].into());
        assert_eq!(waiters.tables.lock().by_uid.len(), 1);
        waiters.retain(&HashSet::new());
        let tables = waiters.tables.lock();
        assert!(tables.by_username.is_empty() && tables.by_uid.is_empty());
    }
}
