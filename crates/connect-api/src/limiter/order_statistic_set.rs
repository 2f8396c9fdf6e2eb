//! A sorted set that can count the keys before another one: a treap whose nodes store the size of their subtrees.
//!
//! `std` has no such set, and counting a `BTreeMap`'s range takes time linear in the range.

use std::cmp::Ordering;

/// Keys in order. All operations take time logarithmic in their number.
#[derive(Debug)]
pub(super) struct OrderStatisticSet<K> {
    root: Link<K>,
    drawn: u64,
}

type Link<K> = Option<Box<Node<K>>>;

#[derive(Debug)]
struct Node<K> {
    key: K,
    /// No node below has a higher priority. Random priorities keep the tree flat, whatever the order of insertion.
    priority: u64,
    size: usize,
    less: Link<K>,
    more: Link<K>,
}

impl<K> Default for OrderStatisticSet<K> {
    fn default() -> Self {
        Self { root: None, drawn: 0 }
    }
}

impl<K: Ord> OrderStatisticSet<K> {
    pub(super) fn len(&self) -> usize {
        size(&self.root)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Inserts a key, which must not be in the set yet.
    pub(super) fn insert(&mut self, key: K) {
        self.drawn += 1;
        let (less, more) = split(self.root.take(), &key);
        let node = Node { key, priority: scattered(self.drawn), size: 1, less: None, more: None };
        self.root = merge(merge(less, Some(Box::new(node))), more);
    }

    /// Removes a key if it is in the set.
    pub(super) fn remove(&mut self, key: &K) {
        self.root = without(self.root.take(), key);
    }

    /// Returns how many keys come before this one, which need not be in the set.
    pub(super) fn rank(&self, key: &K) -> usize {
        let (mut rank, mut at) = (0, &self.root);
        while let Some(node) = at {
            if node.key < *key {
                rank += size(&node.less) + 1;
                at = &node.more;
            } else {
                at = &node.less;
            }
        }
        rank
    }
}

fn size<K>(link: &Link<K>) -> usize {
    link.as_ref().map_or(0, |node| node.size)
}

impl<K> Node<K> {
    fn counted(mut self: Box<Self>) -> Link<K> {
        self.size = size(&self.less) + 1 + size(&self.more);
        Some(self)
    }
}

/// Splits a tree into the keys before `key` and the rest.
fn split<K: Ord>(link: Link<K>, key: &K) -> (Link<K>, Link<K>) {
    let Some(mut node) = link else { return (None, None) };
    if node.key < *key {
        let (less, more) = split(node.more.take(), key);
        node.more = less;
        (node.counted(), more)
    } else {
        let (less, more) = split(node.less.take(), key);
        node.less = more;
        (less, node.counted())
    }
}

/// Joins two trees. All keys of `less` come before all keys of `more`.
fn merge<K>(less: Link<K>, more: Link<K>) -> Link<K> {
    match (less, more) {
        (None, only) | (only, None) => only,
        (Some(mut less), Some(more)) if less.priority >= more.priority => {
            less.more = merge(less.more.take(), Some(more));
            less.counted()
        }
        (less, Some(mut more)) => {
            more.less = merge(less, more.less.take());
            more.counted()
        }
    }
}

fn without<K: Ord>(link: Link<K>, key: &K) -> Link<K> {
    let mut node = link?;
    match key.cmp(&node.key) {
        Ordering::Less => node.less = without(node.less.take(), key),
        Ordering::Greater => node.more = without(node.more.take(), key),
        Ordering::Equal => return merge(node.less.take(), node.more.take()),
    }
    node.counted()
}

/// Scatters neighbouring numbers (SplitMix64). No real randomness is needed, since no caller can choose keys to do harm.
fn scattered(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn depth<K>(link: &Link<K>) -> usize {
        link.as_ref().map_or(0, |node| 1 + depth(&node.less).max(depth(&node.more)))
    }

    proptest! {
        #[test]
        fn ranks_are_the_counts_of_smaller_keys(keys in prop::collection::vec((0_u8..60, any::<bool>()), 0..200)) {
            let (mut set, mut counted) = (OrderStatisticSet::default(), BTreeSet::new());
            for (key, removed) in keys {
                if removed {
                    set.remove(&key);
                    counted.remove(&key);
                } else if counted.insert(key) {
                    set.insert(key);
                }
                prop_assert_eq!(set.len(), counted.len());
                for key in 0..60 {
                    prop_assert_eq!(set.rank(&key), counted.range(..key).count());
                }
            }
        }
    }

    #[test]
    fn a_hundred_thousand_keys_in_order_are_some_forty_steps_deep() {
        let mut set = OrderStatisticSet::default();
        for key in 0..100_000 {
            set.insert(key);
        }
        assert!(depth(&set.root) <= 50, "{}", depth(&set.root));
        for key in 0..99_000 {
            set.remove(&key);
        }
        assert!(depth(&set.root) <= 50, "{}", depth(&set.root));
        assert_eq!(set.rank(&99_500), 500);
    }
}
