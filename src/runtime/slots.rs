//! How many passes run at the same time.
//!
//! A pass waits for the replies to its calls, for seconds if an account does not answer. So each account and Region has its own slots, and
//! there are several times as many altogether: those that do not answer leave room for the others. A namespace has a bounded part of all
//! slots, because its ConnectUsers can name any number of Regions.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    num::NonZeroU16,
    sync::Arc,
};

use connect_api::Arn;
use futures::{
    Stream,
    channel::mpsc::{UnboundedSender, unbounded},
};
use kube::Resource;
use kube_runtime::reflector::ObjectRef;
use parking_lot::Mutex;

use super::packed::Guarded;

/// The slots of a namespace, and all slots, in multiples of those of an account and Region.
const OF_NAMESPACE: u16 = 3;
const IN_ALL: u16 = 8;

/// Returns the number of all slots, if each account and Region has this many.
pub(super) fn in_all(of_account: NonZeroU16) -> u16 {
    of_account.get().saturating_mul(IN_ALL)
}

/// What a number of slots belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Share {
    Account { id: String, region: String },
    Namespace(String),
}

#[derive(Debug, Default)]
struct Used {
    running: usize,
    /// The resources that wait for a slot, and their UIDs.
    waiting: VecDeque<Arc<Guarded>>,
    uids: HashSet<String>,
}

/// The slots in use.
#[derive(Debug)]
pub(super) struct Slots {
    of_account: usize,
    shares: Mutex<HashMap<Share, Used>>,
    wake: UnboundedSender<ObjectRef<Guarded>>,
}

/// A slot, until it is dropped. Then the resource that has waited longest is woken.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    slots: &'a Slots,
    shares: [Share; 2],
}

impl Slots {
    /// Returns slots, this many for each account and Region, and the resources to try again.
    pub(super) fn new(of_account: NonZeroU16) -> (Self, impl Stream<Item = ObjectRef<Guarded>> + Send + 'static) {
        let (wake, woken) = unbounded();
        (Self { of_account: of_account.get().into(), shares: Mutex::default(), wake }, woken)
    }

    /// Takes a slot for a pass over a resource. None: there is none, and the resource is woken when there is one.
    pub(super) fn take(&self, object: &Arc<Guarded>, instance: &str) -> Option<Slot<'_>> {
        let (id, region) = instance.parse().map(|arn: Arn| (arn.account, arn.region)).unwrap_or_default();
        let namespace = object.meta().namespace.clone().unwrap_or_default();
        let shares = [Share::Account { id, region }, Share::Namespace(namespace)];
        let mut all = self.shares.lock();
        match shares.iter().find(|share| !self.has_room(&all, share)) {
            None => {
                shares.iter().for_each(|share| all.entry(share.clone()).or_default().running += 1);
                Some(Slot { slots: self, shares })
            }
            Some(full) => {
                let used = all.entry(full.clone()).or_default();
                if object.meta().uid.as_ref().is_some_and(|uid| used.uids.insert(uid.clone())) {
                    used.waiting.push_back(object.clone());
                }
                // It may have been woken for a slot of its other share. Another resource can use that.
                shares.iter().filter(|share| *share != full).for_each(|other| self.wake_next(&mut all, other));
                None
            }
        }
    }

    fn has_room(&self, all: &HashMap<Share, Used>, share: &Share) -> bool {
        let slots = match share {
            Share::Account { .. } => self.of_account,
            Share::Namespace(_) => self.of_account * usize::from(OF_NAMESPACE),
        };
        all.get(share).is_none_or(|used| used.running < slots)
    }

    /// Wakes the resource that has waited longest for a slot of this share, if there is room.
    fn wake_next(&self, all: &mut HashMap<Share, Used>, share: &Share) {
        if !self.has_room(all, share) {
            return;
        }
        let Some(used) = all.get_mut(share) else { return };
        if let Some(next) = used.waiting.pop_front() {
            next.meta().uid.as_ref().map(|uid| used.uids.remove(uid));
            // Without a receiver there is no queue to wake it in.
            let _ = self.wake.unbounded_send(ObjectRef::from_obj(&*next));
        }
        if used.running == 0 && used.waiting.is_empty() {
            all.remove(share);
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut all = self.slots.shares.lock();
        for share in &self.shares {
            if let Some(used) = all.get_mut(share) {
                used.running -= 1;
            }
            self.slots.wake_next(&mut all, share);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, StreamExt};
    use serde_json::json;

    use super::*;
    use crate::api::fixtures;

    fn object(namespace: &str, name: &str) -> Arc<Guarded> {
        let metadata = json!({ "namespace": namespace, "name": name, "uid": name });
        Arc::new(serde_json::from_str(&fixtures::json_of(json!({ "metadata": metadata })).to_string()).unwrap())
    }

    fn instance(region: usize) -> String {
        format!("arn:aws:connect:us-west-{region}:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001")
    }

    fn slots(of_account: u16) -> (Slots, impl FnMut() -> Option<String>) {
        let (slots, mut woken) = Slots::new(NonZeroU16::new(of_account).unwrap());
        let next = move || woken.next().now_or_never().flatten().map(|object| object.name);
        (slots, next)
    }

    #[test]
    fn account_that_does_not_answer_leaves_room_for_others() {
        let (slots, mut next) = slots(2);
        let hang: Vec<_> = ["a", "b"].map(|name| slots.take(&object("sales", name), &instance(1)).unwrap()).into();
        for name in ["c", "d", "c"] {
            assert!(slots.take(&object("sales", name), &instance(1)).is_none());
        }
        let other = slots.take(&object("sales", "e"), &instance(2)).unwrap();
        drop(other);
        assert_eq!(next(), None, "the slot was of another account");
        drop(hang);
        assert_eq!([next(), next(), next()], [Some("c".into()), Some("d".into()), None]);
        assert_eq!(slots.shares.lock().len(), 0);
    }

    #[test]
    fn namespace_that_names_many_regions_leaves_room_for_others() {
        let (slots, mut next) = slots(1);
        let take = |namespace, name: usize| slots.take(&object(namespace, &name.to_string()), &instance(name));
        let mut hang: Vec<_> = (0..10).filter_map(|name| take("hostile", name)).collect();
        assert_eq!(hang.len(), 3);
        assert!(take("sales", 20).is_some());
        hang.pop();
        assert_eq!(next().as_deref(), Some("3"));
    }

    #[test]
    fn slot_that_the_woken_resource_cannot_use_goes_to_the_next() {
        let (slots, mut next) = slots(1);
        let hang = slots.take(&object("a", "hangs"), &instance(1)).unwrap();
        let mut busy: Vec<_> =
            (2..4).map(|region| slots.take(&object("a", &region.to_string()), &instance(region)).unwrap()).collect();
        // Both wait for the namespace.
        assert!(slots.take(&object("a", "same-account"), &instance(1)).is_none() && next().is_none());
        assert!(slots.take(&object("a", "blocked"), &instance(4)).is_none());
        assert!(slots.take(&object("a", "free"), &instance(5)).is_none());
        let other = slots.take(&object("b", "other"), &instance(4)).unwrap();
        busy.pop();
        assert_eq!(next().as_deref(), Some("blocked"));
        assert!(slots.take(&object("a", "blocked"), &instance(4)).is_none(), "it waits for the account now");
        assert_eq!(next().as_deref(), Some("free"));
        drop((hang, other));
        assert_eq!([next(), next()].map(Option::unwrap), ["same-account", "blocked"]);
    }
}
