//! A sorted set that knows how many of its keys come before another: a treap whose nodes count what hangs below them.
//!
//! `std` has no such set, and counting a `BTreeMap`'s range costs time linear in the line that is counted.

use std::cmp::Ordering;

/// Keys in their order. All operations take time logarithmic in their number.
#[derive(Debug)]
pub(super) struct Ranked<K> {
    root: Link<K>,
    drawn: u64,
}

type Link<K> = Option<Box<Node<K>>>;

#[derive(Debug)]
struct Node<K> {
    key: K,
    /// Nobody below is hotter: random heats keep the tree flat, whatever the order in which keys come.
    heat: u64,
    size: usize,
    less: Link<K>,
    more: Link<K>,
}

impl<K> Default for Ranked<K> {
    fn default() -> Self {
        Self { root: None, drawn: 0 }
    }
}

impl<K: Ord> Ranked<K> {
    pub(super) fn len(&self) -> usize {
        size(&self.root)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Puts a key in, which must not be there yet.
    pub(super) fn insert(&mut self, key: K) {
        self.drawn += 1;
        let (less, more) = split(self.root.take(), &key);
        let node = Node { key, heat: scattered(self.drawn), size: 1, less: None, more: None };
        self.root = merge(merge(less, Some(Box::new(node))), more);
    }

    /// Takes a key out, if it is there.
    pub(super) fn remove(&mut self, key: &K) {
        self.root = without(self.root.take(), key);
    }

    /// How many keys come before this one, whether it is there or not.
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

/// What comes before `key`, and the rest.
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

/// Both together. All of `less` comes before all of `more`.
fn merge<K>(less: Link<K>, more: Link<K>) -> Link<K> {
    match (less, more) {
        (None, only) | (only, None) => only,
        (Some(mut less), Some(more)) if less.heat >= more.heat => {
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

/// Neighbouring numbers, far apart (SplitMix64). No randomness is needed: nobody chooses keys to do harm.
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
        fn it_ranks_as_counting_would(keys in prop::collection::vec((0_u8..60, any::<bool>()), 0..200)) {
            let (mut ranked, mut counted) = (Ranked::default(), BTreeSet::new());
            for (key, goes) in keys {
                if goes {
                    ranked.remove(&key);
                    counted.remove(&key);
                } else if counted.insert(key) {
                    ranked.insert(key);
                }
                prop_assert_eq!(ranked.len(), counted.len());
                for key in 0..60 {
                    prop_assert_eq!(ranked.rank(&key), counted.range(..key).count());
                }
            }
        }
    }

    #[test]
    fn a_hundred_thousand_keys_in_order_are_some_forty_steps_deep() {
        let mut ranked = Ranked::default();
        for key in 0..100_000 {
            ranked.insert(key);
        }
        assert!(depth(&ranked.root) <= 50, "{}", depth(&ranked.root));
        for key in 0..99_000 {
            ranked.remove(&key);
        }
        assert!(depth(&ranked.root) <= 50, "{}", depth(&ranked.root));
        assert_eq!(ranked.rank(&99_500), 500);
    }
}
