//! What the ConnectUsers of a namespace may do in an instance, as the configuration file bounds it.
//!
//! Bounds name profiles and groups by patterns of names, but they hold for ids: each id that a user is given, or has, is looked up in
//! the instance's own names. So neither the words of a spec nor an old name decides what is allowed.

use connect_api::{Arn, Resource};

use super::{
    live::Live,
    name_index::{NameIndex, ReferenceKind},
    parts::Parts,
    references::Referent,
};
use crate::api::Reason;

/// A pattern of names or paths, or of ARNs if it begins with `arn:`. A `*` stands for any characters, also for none; everything else
/// stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Creates a pattern.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let Some((head, rest)) = self.0.split_once('*') else { return self.0 == text };
        let (inner, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
        let Some(mut text) = text.strip_prefix(head).and_then(|text| text.strip_suffix(tail)) else { return false };
        inner.split('*').all(|part| match text.split_once(part) {
            Some((_, after)) => {
                text = after;
                true
            }
            None => false,
        })
    }

    /// Returns whether it is compared with ARNs: a pattern of names must not match the end of an ARN.
    fn is_of_arns(&self) -> bool {
        self.0.starts_with("arn:")
    }

    /// Returns whether it matches everything.
    pub fn is_open(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|byte| byte == b'*')
    }
}

/// What an observer may see of users that are not its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OthersUsers {
    /// Nothing.
    Hidden,
    /// All but e-mail addresses and mobile numbers.
    #[default]
    WithoutAddresses,
    /// Everything.
    Shown,
}

/// What the ConnectUsers of a namespace may do in an instance. By default, as without a configuration file, all but see the e-mail
/// addresses of other owners' users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The security profiles that users may have; None: all.
    pub security_profiles: Option<Vec<Pattern>>,
    /// The routing profiles that users may be given; None: all.
    pub routing_profiles: Option<Vec<Pattern>>,
    /// The hierarchy groups that users may be given; None: all.
    pub hierarchy_groups: Option<Vec<Pattern>>,
    /// Whether users without an owner may be taken over.
    pub adoption: bool,
    /// What an observer may see of users that are not its own.
    pub others_users: OthersUsers,
    /// The key of the configuration file that sets these bounds.
    pub key: String,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            security_profiles: None,
            routing_profiles: None,
            hierarchy_groups: None,
            adoption: true,
            others_users: OthersUsers::default(),
            key: String::new(),
        }
    }
}

/// A profile or group that exceeds the bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excess {
    /// The spec asks for it.
    Given(ReferenceKind, String),
    /// The spec asks for it, and the instance does not have it.
    Unknown(ReferenceKind, String),
    /// The user has this security profile.
    Has(String),
}

impl Excess {
    /// Returns the reason of the condition that reports it.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Given(..) | Self::Has(_) => Reason::ProfileNotAllowed,
            Self::Unknown(..) => Reason::DependencyNotFound,
        }
    }
}

impl Bounds {
    /// Returns the patterns for a kind; None if everything of that kind is allowed.
    pub fn of(&self, kind: ReferenceKind) -> Option<&[Pattern]> {
        match kind {
            ReferenceKind::SecurityProfile => self.security_profiles.as_deref(),
            ReferenceKind::RoutingProfile => self.routing_profiles.as_deref(),
            ReferenceKind::HierarchyGroup => self.hierarchy_groups.as_deref(),
        }
    }

    /// Returns the key of the configuration file for a kind.
    pub fn key_of(&self, kind: ReferenceKind) -> String {
        let member = match kind {
            ReferenceKind::SecurityProfile => "securityProfiles",
            ReferenceKind::RoutingProfile => "routingProfiles",
            ReferenceKind::HierarchyGroup => "hierarchyGroups",
        };
        format!("{}.{member}", self.key)
    }

    /// Returns what exceeds the bounds: of what the spec asks for, and of the security profiles that the user has. `names` are the
    /// instance's own names of the bounded kinds, with the places of the groups that the spec asks for.
    pub(crate) fn excess(&self, parts: &Parts, live: Option<&Live>, names: &NameIndex, instance: &Arn) -> Option<Excess> {
        let given = given(parts).find_map(|(kind, id, resource)| {
            let patterns = self.of(kind)?;
            match (names.has(kind, &id), is_allowed(patterns, names, kind, &id, &instance.sibling(resource))) {
                (false, _) => Some(Excess::Unknown(kind, id)),
                (true, false) => Some(Excess::Given(kind, id)),
                (true, true) => None,
            }
        });
        let has = || {
            let (patterns, kind) = (self.security_profiles.as_ref()?, ReferenceKind::SecurityProfile);
            let mut profiles = live?.user.security_profile_ids.iter();
            let exceeds = |arn: &Arn, id: &str| !is_allowed(patterns, names, kind, id, arn);
            profiles.find(|id| exceeds(&instance.sibling(id.resource()), id.as_str())).map(|id| Excess::Has(id.to_string()))
        };
        given.or_else(has)
    }
}

/// Returns what the spec asks for: kind, id, and the resource that an ARN names.
pub(crate) fn given(parts: &Parts) -> impl Iterator<Item = (ReferenceKind, String, Resource)> {
    let Parts { security_profiles, routing_profile, hierarchy_group, identity: _, channels: _, proficiencies: _, tags: _ } =
        parts;
    let security = security_profiles.iter().flatten().map(of_kind);
    security.chain(routing_profile.iter().map(of_kind)).chain(hierarchy_group.iter().flatten().map(of_kind))
}

fn of_kind<T: Referent + ToString>(id: &T) -> (ReferenceKind, String, Resource) {
    (T::KIND, id.to_string(), id.resource())
}

fn is_allowed(patterns: &[Pattern], names: &NameIndex, kind: ReferenceKind, id: &str, arn: &Arn) -> bool {
    let (name, arn) = (names.name(kind, id), arn.to_string());
    patterns.iter().any(|pattern| match pattern.is_of_arns() {
        true => pattern.matches(&arn),
        false => name.as_ref().is_some_and(|name| pattern.matches(name)),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::plan::{
        Catalog,
        fixtures::{full, live},
    };

    #[test]
    fn star_stands_for_any_characters() {
        let table = [
            ("Agent", "Agent", true),
            ("Agent", "Agents", false),
            ("Agent", "agent", false),
            ("Agent*", "Agent", true),
            ("Agent*", "Agent Lead", true),
            ("Agent*", "Team Agent", false),
            ("*Agent", "Team Agent", true),
            ("*Agent", "Agent Lead", false),
            ("T*m*Agent", "Team Agent", true),
            ("a*a", "a", false),
            ("a*b*a", "aba", true),
            ("a*b*a", "ab", false),
            ("a*bc*bc", "abc", false),
            ("*a*b*", "xbxa", false),
            ("*", "", true),
            ("**", "any", true),
            ("", "", true),
            ("", "x", false),
            ("a.c", "abc", false),
            ("/North/*", "/North/Hamburg/Port", true),
            ("/North/*", "/Northern", false),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(Pattern::new(pattern).matches(text), expected, "{pattern:?} {text:?}");
        }
        let open = ["*", "**", "", "a*"].map(|pattern| Pattern::new(pattern).is_open());
        assert_eq!(open, [true, true, false, false]);
    }

    fn patterns(patterns: &[&str]) -> Option<Vec<Pattern>> {
        Some(patterns.iter().copied().map(Pattern::new).collect())
    }

    fn named(names: &[(&str, &str)]) -> Arc<Catalog> {
        Arc::new(names.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect())
    }

    /// Returns the excess of the full spec with these security profiles, of a user with those.
    fn excess(allowed: &[&str], asks: &[&str], has: Option<&[&str]>, catalog: &[(&str, &str)]) -> Option<Excess> {
        let (mut desired, mut user) = (full(), live());
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).into()).collect();
        desired.parts.security_profiles = Some(ids(asks));
        user.user.security_profile_ids = ids(has.unwrap_or_default());
        let mut names = NameIndex::default();
        names.insert(ReferenceKind::SecurityProfile, named(catalog));
        let bounds = Bounds { security_profiles: patterns(allowed), ..Bounds::default() };
        bounds.excess(&desired.parts, has.map(|_| &user), &names, &desired.instance)
    }

    #[test]
    fn live_name_of_each_id_decides() {
        let catalog = [("s-1", "Agent"), ("s-2", "Admin"), ("s-3", "Agent Lead")];
        let given = |id: &str| Some(Excess::Given(ReferenceKind::SecurityProfile, id.to_owned()));
        assert_eq!(excess(&["Agent*"], &["s-1", "s-3"], Some(&["s-1"]), &catalog), None);
        assert_eq!(excess(&["Agent"], &["s-1", "s-3"], None, &catalog), given("s-3"));
        assert_eq!(excess(&[], &["s-1"], None, &catalog), given("s-1"), "nothing is allowed");
        assert_eq!(excess(&["Agent"], &["s-1"], Some(&["s-1", "s-2"]), &catalog), Some(Excess::Has("s-2".into())));
        // It has another name now.
        assert_eq!(excess(&["Agent"], &["s-1"], None, &[("s-1", "Admin"), ("s-9", "Agent")]), given("s-1"));
        let gone = Some(Excess::Unknown(ReferenceKind::SecurityProfile, "s-7".into()));
        assert_eq!(excess(&["Agent"], &["s-7"], None, &catalog), gone);
        assert_eq!(excess(&["Agent"], &["s-1"], Some(&["s-7"]), &catalog), Some(Excess::Has("s-7".into())), "not in the list");
    }

    #[test]
    fn pattern_may_be_an_arn() {
        let profile = |id: &str| full().instance.sibling(Resource::SecurityProfile(id.into())).to_string();
        let catalog = [("s-1", "Agent"), ("s-2", "Admin")];
        assert_eq!(excess(&[&profile("s-1")], &["s-1"], Some(&["s-1"]), &catalog), None);
        assert!(excess(&[&profile("s-1")], &["s-2"], None, &catalog).is_some());
        assert!(excess(&["*-2"], &["s-2"], None, &catalog).is_some(), "a name does not match the end of an ARN");
    }

    #[test]
    fn routing_profiles_and_groups_are_bounded_by_name_and_path() {
        let mut desired = full();
        desired.parts.routing_profile = Some("r-1".into());
        desired.parts.hierarchy_group = Some(Some("g-1".into()));
        let mut groups = Catalog::from_iter([("g-1".to_owned(), "Hamburg".to_owned())]);
        groups.place("g-1", ["North".to_owned(), "Hamburg".to_owned()].into());
        let mut names = NameIndex::default();
        names.insert(ReferenceKind::RoutingProfile, named(&[("r-1", "Sales")]));
        names.insert(ReferenceKind::HierarchyGroup, Arc::new(groups));
        let excess = |routing: &str, group: &str| {
            let bounds =
                Bounds { routing_profiles: patterns(&[routing]), hierarchy_groups: patterns(&[group]), ..Bounds::default() };
            bounds.excess(&desired.parts, Some(&live()), &names, &desired.instance)
        };
        assert_eq!(excess("Sales", "/North/*"), None);
        assert_eq!(excess("Basic", "/North/*"), Some(Excess::Given(ReferenceKind::RoutingProfile, "r-1".into())));
        assert_eq!(excess("Sales", "/South/*"), Some(Excess::Given(ReferenceKind::HierarchyGroup, "g-1".into())));
    }

    #[test]
    fn without_bounds_nothing_exceeds_them() {
        let desired = full();
        assert_eq!(Bounds::default().excess(&desired.parts, Some(&live()), &NameIndex::default(), &desired.instance), None);
    }
}
