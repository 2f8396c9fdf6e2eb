//! The names of the profiles and hierarchy groups of an instance: from names to ids, and back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a spec may give by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceKind {
    RoutingProfile,
    SecurityProfile,
    /// By its path: a group's name is not unique without the names of the groups above it.
    HierarchyGroup,
}

impl ReferenceKind {
    pub const ALL: [Self; 3] = [Self::RoutingProfile, Self::SecurityProfile, Self::HierarchyGroup];

    /// Returns the spec's fields for its name and its ARN, and the plural for messages.
    fn words(self) -> [&'static str; 3] {
        match self {
            Self::RoutingProfile => ["routingProfileName", "routingProfileArn", "routing profiles"],
            Self::SecurityProfile => ["securityProfileNames", "securityProfileArns", "security profiles"],
            Self::HierarchyGroup => ["hierarchyGroupPath", "hierarchyGroupArn", "hierarchy groups"],
        }
    }

    pub fn name_field(self) -> &'static str {
        self.words()[0]
    }

    pub fn arn_field(self) -> &'static str {
        self.words()[1]
    }

    pub fn plural(self) -> &'static str {
        self.words()[2]
    }

    pub fn singular(self) -> &'static str {
        self.plural().trim_end_matches('s')
    }
}

/// All profiles of one kind that an instance has, or all of its hierarchy groups, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    names: BTreeMap<String, String>,
    /// The places of the hierarchy groups that were looked up: the names from the top level down to the group.
    places: BTreeMap<String, Vec<String>>,
}

impl FromIterator<(String, String)> for Catalog {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(named: I) -> Self {
        Self { names: named.into_iter().collect(), places: BTreeMap::new() }
    }
}

impl Catalog {
    pub fn place(&mut self, id: &str, path: Vec<String>) {
        self.places.insert(id.to_owned(), path);
    }

    /// Takes over the places of an earlier catalog that still hold: a place changes only if a group in it is renamed or gone. Returns
    /// the ids whose places were taken over.
    pub fn keep_places(&mut self, earlier: &Self, is_recent: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let changed = earlier.names.iter().filter(|(id, name)| self.names.get(*id) != Some(name));
        let lost: BTreeSet<&str> = changed.map(|(_, name)| name.as_str()).collect();
        let known: BTreeSet<&str> = self.names.values().map(String::as_str).collect();
        // A description may lag behind the list: then it has a name that the list does not show.
        let holds = |place: &[String]| place.iter().all(|name| known.contains(name.as_str()) && !lost.contains(name.as_str()));
        let kept = earlier.places.iter().filter(|(id, place)| self.names.contains_key(*id) && is_recent(id) && holds(place));
        self.places = kept.map(|(id, place)| (id.clone(), place.clone())).collect();
        self.places.keys().cloned().collect()
    }

    /// Removes an id that turned out to be gone.
    pub fn remove(&mut self, id: &str) {
        self.names.remove(id);
        self.places.remove(id);
    }

    /// Returns the groups that may be the one with this path or id and whose place was not looked up.
    pub fn unplaced(&self, path: &str) -> Vec<String> {
        let with_id = self.names.get_key_value(path).map(|(id, _)| id.as_str());
        self.named(own_name(path)).chain(with_id).filter(|id| !self.places.contains_key(*id)).map(str::to_owned).collect()
    }

    /// Returns the groups whose place must be looked up to say which groups are near a path, once it is known not to exist.
    pub fn unplaced_near(&self, path: &str) -> Vec<String> {
        if self.at(path).next().is_some() || self.names.contains_key(path) || !self.unplaced(path).is_empty() {
            return vec![];
        }
        let groups = self.names.iter().filter(|(_, name)| !name.contains('/'));
        let mut near: Vec<_> =
            groups.map(|(id, name)| (alike(name, own_name(path)), id)).filter(|(score, _)| *score >= NEAR).collect();
        near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        near.truncate(NEAR_NAMES);
        near.into_iter().map(|(_, id)| id.clone()).filter(|id| !self.places.contains_key(id)).collect()
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.names.iter().filter(move |(_, n)| *n == name).map(|(id, _)| id.as_str())
    }

    fn at<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        let here = move |place: &Vec<String>| place.iter().map(String::as_str).eq(segments(path));
        self.places.iter().filter(move |(_, place)| here(place)).map(|(id, _)| id.as_str())
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// Returns the name of the group itself.
fn own_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn path(place: &[String]) -> String {
    place.iter().map(|name| format!("/{name}")).collect()
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    One(String),
    Several(Vec<String>),
    Nothing,
    Unread,
}

/// How many near names a message lists.
const NEAR_NAMES: usize = 3;
/// How similar names have to be to count as near: from 0, nothing in common, to 1.
const NEAR: f64 = 0.75;

/// The names of an instance, as far as they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameIndex(BTreeMap<ReferenceKind, Arc<Catalog>>);

impl NameIndex {
    pub(crate) fn insert(&mut self, kind: ReferenceKind, catalog: Arc<Catalog>) {
        self.0.insert(kind, catalog);
    }

    pub(super) fn only(&self, kinds: &[ReferenceKind]) -> Self {
        Self(self.0.iter().filter(|(kind, _)| kinds.contains(kind)).map(|(kind, c)| (*kind, c.clone())).collect())
    }

    /// Returns the spec's field for a kind: the one for names if its names are known.
    pub fn field(&self, kind: ReferenceKind) -> &'static str {
        if self.0.contains_key(&kind) { kind.name_field() } else { kind.arn_field() }
    }

    /// Returns whether the instance has this id.
    pub(super) fn has(&self, kind: ReferenceKind, id: &str) -> bool {
        self.0.get(&kind).is_some_and(|catalog| catalog.names.contains_key(id))
    }

    /// Returns the name or path of an id, if it is known.
    pub(super) fn name(&self, kind: ReferenceKind, id: &str) -> Option<String> {
        self.0.get(&kind).and_then(|catalog| match kind {
            ReferenceKind::RoutingProfile | ReferenceKind::SecurityProfile => catalog.names.get(id).cloned(),
            ReferenceKind::HierarchyGroup => catalog.places.get(id).map(|place| path(place)),
        })
    }

    /// Returns the name or path of an id; the id itself if that is not known.
    pub fn label(&self, kind: ReferenceKind, id: &str) -> String {
        self.name(kind, id).unwrap_or_else(|| id.to_owned())
    }

    /// Returns the meaning of a name or path. Names are compared exactly, as Connect keeps them.
    pub(super) fn meaning(&self, kind: ReferenceKind, name: &str) -> Meaning {
        let Some(catalog) = self.0.get(&kind) else { return Meaning::Unread };
        let mut ids: Vec<String> = match kind {
            ReferenceKind::RoutingProfile | ReferenceKind::SecurityProfile => catalog.named(name).map(str::to_owned).collect(),
            ReferenceKind::HierarchyGroup if !catalog.unplaced(name).is_empty() => return Meaning::Unread,
            ReferenceKind::HierarchyGroup => catalog.at(name).map(str::to_owned).collect(),
        };
        match (ids.pop(), ids.is_empty()) {
            (None, _) => Meaning::Nothing,
            (Some(id), true) => Meaning::One(id),
            (Some(id), false) => {
                ids.push(id);
                Meaning::Several(ids)
            }
        }
    }

    /// Returns the most similar names, the best first. A group whose place was not looked up is shown with an open beginning.
    pub(crate) fn near(&self, kind: ReferenceKind, name: &str) -> Vec<String> {
        let Some(catalog) = self.0.get(&kind) else { return vec![] };
        let mut near: BTreeMap<String, (f64, f64)> = BTreeMap::new();
        for (id, own) in &catalog.names {
            let (label, score) = match kind {
                ReferenceKind::RoutingProfile | ReferenceKind::SecurityProfile => (own.clone(), (alike(own, name), 0.0)),
                // A group with a slash in its name has no path.
                ReferenceKind::HierarchyGroup if own.contains('/') => continue,
                ReferenceKind::HierarchyGroup => {
                    let label = catalog.places.get(id).map_or_else(|| format!("…/{own}"), |place| path(place));
                    // The path only decides between groups of similar names: all groups in one place have similar paths.
                    let score = (alike(own, own_name(name)), alike(&label, name));
                    (label, score)
                }
            };
            if score.0 >= NEAR {
                near.insert(label, score);
            }
        }
        let mut near: Vec<_> = near.into_iter().collect();
        near.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0).then_with(|| b.1.total_cmp(&a.1)));
        near.into_iter().map(|(name, _)| name).take(NEAR_NAMES).collect()
    }

    /// Returns a group whose name contains a slash and that this path may mean. No path names such a group.
    pub(super) fn with_slash(&self, kind: ReferenceKind, path: &str) -> Option<(String, String)> {
        let catalog = self.0.get(&kind).filter(|_| kind == ReferenceKind::HierarchyGroup)?;
        let ends_with = |name: &str| path.strip_suffix(name).is_some_and(|above| above.is_empty() || above.ends_with('/'));
        let named = catalog.names.iter().find(|(_, name)| name.contains('/') && ends_with(name));
        named.map(|(id, name)| (id.clone(), name.clone()))
    }
}

/// Returns how similar two names are. A typing error or another case changes little, and neither does a word that a renaming added:
/// unlike an edit distance, this measure gives weight to an equal beginning.
fn alike(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(&a.trim().to_lowercase(), &b.trim().to_lowercase())
}
