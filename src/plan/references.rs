//! What a spec refers to, by ARN or by name, and what the names mean in its instance.
//!
//! All of it or nothing: a user that got only those of its profiles whose names were found would have other rights than asked for.

use std::collections::BTreeSet;

use connect_api::{Arn, HierarchyGroupId, InstanceId, Resource, RoutingProfileId, SecurityProfileId};

use super::{NameIndex, ReferenceKind, SpecError, desired::part, name_index::Meaning};
use crate::api::ConnectUserSpec;

/// By id, or by a name that means one only in an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reference<T> {
    Id(T),
    Name(String),
}

/// The references of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct References {
    routing_profile: Reference<RoutingProfileId>,
    security_profiles: Vec<Reference<SecurityProfileId>>,
    hierarchy_group: Option<Option<Reference<HierarchyGroupId>>>,
}

/// The references of a spec by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    pub routing_profile: RoutingProfileId,
    pub security_profiles: BTreeSet<SecurityProfileId>,
    pub hierarchy_group: Option<Option<HierarchyGroupId>>,
    /// The names of the kinds that the spec gives by name.
    pub names: NameIndex,
}

/// Why a name is no id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnresolvedReason {
    /// Nobody has looked.
    Unread,
    /// The instance has nothing of that name, but these.
    Unknown {
        /// The most alike first.
        near: Vec<String>,
    },
    /// Several things have that name.
    Ambiguous {
        /// Their ids.
        ids: Vec<String>,
    },
}

/// A name in a spec that is no id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// What it should name.
    pub kind: ReferenceKind,
    /// The name, or the path of a group.
    pub name: String,
    /// Why it is none.
    pub why: UnresolvedReason,
}

impl Unresolved {
    fn describe(&self, instance: &InstanceId) -> String {
        let Self { kind, name, why } = self;
        let field = kind.name_field();
        match why {
            UnresolvedReason::Unread => format!("{field} {name:?} was not looked up yet"),
            UnresolvedReason::Unknown { near } if near.is_empty() => format!(
                "{field} {name:?} does not exist in instance {instance}, and nothing there has a name like it: create it in Connect, or correct the name"
            ),
            UnresolvedReason::Unknown { near } => {
                let near: Vec<_> = near.iter().map(|name| format!("{name:?}")).collect();
                format!("{field} {name:?} does not exist in instance {instance}. Near names: {}", near.join(", "))
            }
            UnresolvedReason::Ambiguous { ids } => {
                let (count, what, ids) = (ids.len(), kind.plural(), ids.join(", "));
                let instead = kind.arn_field();
                format!("{field} {name:?} is ambiguous: {count} {what} have this name ({ids}). Use {instead} instead")
            }
        }
    }
}

/// What is wrong with these names, and what to do, for a condition.
pub fn explain(unresolved: &[Unresolved], instance: &InstanceId) -> String {
    unresolved.iter().map(|name| name.describe(instance)).collect::<Vec<_>>().join("; ")
}

fn one_of(kind: ReferenceKind) -> SpecError {
    let (field, other) = (kind.arn_field(), kind.name_field());
    SpecError { field, message: format!("set either {field} or {other}, and not both") }
}

impl References {
    /// Reads them.
    pub(super) fn parse(spec: &ConnectUserSpec, instance: &Arn) -> Result<Self, SpecError> {
        let routing_profile = match (&spec.routing_profile_arn, &spec.routing_profile_name) {
            (Some(arn), None) => Reference::Id(part("routingProfileArn", arn, instance, |r| match r {
                Resource::RoutingProfile(id) => Some(id),
                _ => None,
            })?),
            (None, Some(name)) => Reference::Name(name.clone()),
            (None, None) | (Some(_), Some(_)) => return Err(one_of(ReferenceKind::RoutingProfile)),
        };
        let security_profile = |arn: &String| {
            part("securityProfileArns", arn, instance, |r| match r {
                Resource::SecurityProfile(id) => Some(id),
                _ => None,
            })
        };
        let security_profiles = match (&spec.security_profile_arns, &spec.security_profile_names) {
            (Some(arns), None) => arns.iter().map(|a| security_profile(a).map(Reference::Id)).collect::<Result<Vec<_>, _>>()?,
            (None, Some(names)) => names.iter().cloned().map(Reference::Name).collect(),
            (None, None) | (Some(_), Some(_)) => return Err(one_of(ReferenceKind::SecurityProfile)),
        };
        if security_profiles.is_empty() {
            let message = "a user needs at least one security profile".to_owned();
            return Err(SpecError { field: "securityProfileArns", message });
        }
        let hierarchy_group = match (spec.hierarchy_group_arn.as_deref(), spec.hierarchy_group_path.as_deref()) {
            (None, None) => None,
            (Some(""), None) | (None, Some("")) => Some(None),
            (Some(arn), None) => Some(Some(Reference::Id(part("hierarchyGroupArn", arn, instance, |r| match r {
                Resource::HierarchyGroup(id) => Some(id),
                _ => None,
            })?))),
            (None, Some(path)) => Some(Some(Reference::Name(path.to_owned()))),
            (Some(_), Some(_)) => return Err(one_of(ReferenceKind::HierarchyGroup)),
        };
        Ok(Self { routing_profile, security_profiles, hierarchy_group })
    }

    /// Puts ids in the places of names. Fails with every name that is none.
    pub(super) fn resolve(self, directory: &NameIndex) -> Result<Resolved, Vec<Unresolved>> {
        let mut search = Search { directory, kinds: Vec::new(), unresolved: Vec::new() };
        let routing_profile = search.id(ReferenceKind::RoutingProfile, self.routing_profile);
        let security_profiles =
            self.security_profiles.into_iter().filter_map(|p| search.id(ReferenceKind::SecurityProfile, p)).collect();
        let hierarchy_group = self.hierarchy_group.map(|g| g.and_then(|g| search.id(ReferenceKind::HierarchyGroup, g)));
        match routing_profile {
            Some(routing_profile) if search.unresolved.is_empty() => {
                Ok(Resolved { routing_profile, security_profiles, hierarchy_group, names: directory.only(&search.kinds) })
            }
            _ => Err(search.unresolved),
        }
    }
}

struct Search<'a> {
    directory: &'a NameIndex,
    /// What the spec gives by name.
    kinds: Vec<ReferenceKind>,
    unresolved: Vec<Unresolved>,
}

impl Search<'_> {
    fn id<T: for<'a> From<&'a str>>(&mut self, kind: ReferenceKind, reference: Reference<T>) -> Option<T> {
        let name = match reference {
            Reference::Id(id) => return Some(id),
            Reference::Name(name) => name,
        };
        self.kinds.push(kind);
        let why = match self.directory.meaning(kind, &name) {
            Meaning::One(id) => return Some(T::from(&id)),
            Meaning::Several(ids) => UnresolvedReason::Ambiguous { ids },
            Meaning::Nothing => UnresolvedReason::Unknown { near: self.directory.near(kind, &name) },
            Meaning::Unread => UnresolvedReason::Unread,
        };
        self.unresolved.push(Unresolved { kind, name, why });
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn catalog(named: &[(&str, &str)]) -> super::super::Catalog {
        named.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect()
    }

    fn directory() -> NameIndex {
        let mut groups =
            catalog(&[("g-1", "North"), ("g-2", "Hamburg"), ("g-3", "Hamburg"), ("g-4", "North/Hamburg"), ("g-5", "Bremen")]);
        for (id, path) in [("g-2", vec!["North", "Hamburg"]), ("g-3", vec!["South", "Hamburg"]), ("g-4", vec!["North/Hamburg"])] {
            groups.place(id, path.into_iter().map(str::to_owned).collect());
        }
        let mut directory = NameIndex::default();
        let routing = [("r-1", "Basic Routing Profile"), ("r-2", "Sales"), ("r-3", "sales"), ("r-4", "Twice"), ("r-5", "Twice")];
        directory.insert(ReferenceKind::RoutingProfile, Arc::new(catalog(&routing)));
        directory.insert(ReferenceKind::SecurityProfile, Arc::new(catalog(&[("s-1", "Agent"), ("s-2", "Admin")])));
        directory.insert(ReferenceKind::HierarchyGroup, Arc::new(groups));
        directory
    }

    const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/i-1";

    /// A spec that gives the routing profile by name, and the rest by ARN.
    fn spec() -> ConnectUserSpec {
        let spec = serde_json::json!({
            "instanceArn": INSTANCE,
            "username": "jane",
            "routingProfileName": "Sales",
            "securityProfileArns": [format!("{INSTANCE}/security-profile/s-9")],
        });
        serde_json::from_value(spec).unwrap()
    }

    fn names(routing: &str, security: &[&str], group: Option<&str>) -> ConnectUserSpec {
        ConnectUserSpec {
            routing_profile_name: Some(routing.to_owned()),
            security_profile_arns: None,
            security_profile_names: Some(security.iter().map(|name| (*name).to_owned()).collect()),
            hierarchy_group_path: group.map(str::to_owned),
            ..spec()
        }
    }

    fn resolve(spec: &ConnectUserSpec, directory: &NameIndex) -> Result<Resolved, Vec<Unresolved>> {
        References::parse(spec, &INSTANCE.parse().unwrap()).unwrap().resolve(directory)
    }

    fn why(routing: &str) -> UnresolvedReason {
        resolve(&names(routing, &["Agent"], None), &directory()).unwrap_err().remove(0).why
    }

    #[test]
    fn names_become_ids() {
        let found = resolve(&names("Sales", &["Admin", "Agent"], Some("/North/Hamburg")), &directory()).unwrap();
        assert_eq!(found.routing_profile, "r-2".into());
        assert_eq!(found.security_profiles, ["s-1".into(), "s-2".into()].into());
        assert_eq!(found.hierarchy_group, Some(Some("g-2".into())));
        assert_eq!(found.names, directory());
    }

    #[test]
    fn a_name_of_another_case_is_another_name_and_is_called_near() {
        assert_eq!(why("SALES"), UnresolvedReason::Unknown { near: vec!["Sales".into(), "sales".into()] });
    }

    #[test]
    fn near_names_are_slips_and_renamings_and_nothing_else() {
        for slip in ["Basic Routing Profle", "basic routing profile", "Basic Routing Profile 2", " Basic Routing Profile"] {
            assert_eq!(why(slip), UnresolvedReason::Unknown { near: vec!["Basic Routing Profile".into()] }, "{slip}");
        }
        assert_eq!(why("Sales EMEA"), UnresolvedReason::Unknown { near: vec!["Sales".into(), "sales".into()] });
        assert_eq!(why("Quality"), UnresolvedReason::Unknown { near: vec![] });
    }

    #[test]
    fn no_more_than_three_near_names_are_told_of() {
        let mut directory = directory();
        let alike: Vec<_> = (0..9).map(|n| (format!("r-{n}"), format!("Team {n}"))).collect();
        directory.insert(ReferenceKind::RoutingProfile, Arc::new(alike.into_iter().collect()));
        let unresolved = resolve(&names("Team", &["Agent"], None), &directory).unwrap_err();
        assert_eq!(
            unresolved[0].why,
            UnresolvedReason::Unknown { near: ["Team 0", "Team 1", "Team 2"].map(str::to_owned).into() }
        );
    }

    #[test]
    fn a_name_that_two_have_is_ambiguous() {
        assert_eq!(why("Twice"), UnresolvedReason::Ambiguous { ids: vec!["r-4".into(), "r-5".into()] });
    }

    #[test]
    fn a_group_is_found_by_its_place_and_not_by_its_name_alone() {
        let at = |path: &str| resolve(&names("Sales", &["Agent"], Some(path)), &directory());
        assert_eq!(at("/South/Hamburg").unwrap().hierarchy_group, Some(Some("g-3".into())));
        assert_eq!(at("").unwrap().hierarchy_group, Some(None));
        let near = |path: &str| at(path).unwrap_err().remove(0).why;
        assert_eq!(near("/Hamburg"), UnresolvedReason::Unknown { near: vec!["/South/Hamburg".into(), "/North/Hamburg".into()] });
        assert_eq!(
            near("/Noth/Hamburg"),
            UnresolvedReason::Unknown { near: vec!["/North/Hamburg".into(), "/South/Hamburg".into()] }
        );
        assert_eq!(near("/North/Bremn"), UnresolvedReason::Unknown { near: vec!["Bremen".into()] });
        // Its place is not known yet.
        assert_eq!(near("/North/Bremen"), UnresolvedReason::Unread);
    }

    #[test]
    fn one_name_that_means_nothing_refuses_the_whole_and_all_such_names_are_told_at_once() {
        let unresolved = resolve(&names("Twice", &["Agnet", "Admin", "Nobody"], Some("/East")), &directory()).unwrap_err();
        assert_eq!(
            explain(&unresolved, &"i-1".into()),
            "routingProfileName \"Twice\" is ambiguous: 2 routing profiles have this name (r-4, r-5). Use routingProfileArn instead; \
             securityProfileNames \"Agnet\" does not exist in instance i-1. Near names: \"Agent\"; \
             securityProfileNames \"Nobody\" does not exist in instance i-1, and nothing there has a name like it: \
             create it in Connect, or correct the name; \
             hierarchyGroupPath \"/East\" does not exist in instance i-1, and nothing there has a name like it: \
             create it in Connect, or correct the name"
        );
    }

    #[test]
    fn only_the_kinds_that_are_given_by_name_are_asked_for() {
        let unread = resolve(&spec(), &NameIndex::default()).unwrap_err();
        assert_eq!(
            unread,
            [Unresolved { kind: ReferenceKind::RoutingProfile, name: "Sales".into(), why: UnresolvedReason::Unread }]
        );
        let found = resolve(&spec(), &directory()).unwrap();
        assert_eq!(found.names.field(ReferenceKind::RoutingProfile), "routingProfileName");
        assert_eq!(found.names.field(ReferenceKind::SecurityProfile), "securityProfileArns");
    }

    #[test]
    fn a_spec_of_arns_needs_no_directory() {
        let by_arn = ConnectUserSpec {
            routing_profile_name: None,
            routing_profile_arn: Some(format!("{INSTANCE}/routing-profile/r-7")),
            ..spec()
        };
        let found = resolve(&by_arn, &NameIndex::default()).unwrap();
        assert_eq!((found.routing_profile, found.names), ("r-7".into(), NameIndex::default()));
    }

    #[test]
    fn none_or_both_of_a_pair_cannot_be_read() {
        let parse = |spec: ConnectUserSpec| References::parse(&spec, &INSTANCE.parse().unwrap()).unwrap_err().field;
        assert_eq!(parse(ConnectUserSpec { routing_profile_name: None, ..spec() }), "routingProfileArn");
        assert_eq!(parse(ConnectUserSpec { routing_profile_arn: Some(String::new()), ..spec() }), "routingProfileArn");
        assert_eq!(
            parse(ConnectUserSpec { security_profile_names: Some(vec!["Agent".into()]), ..spec() }),
            "securityProfileArns"
        );
        let both =
            ConnectUserSpec { hierarchy_group_arn: Some(String::new()), hierarchy_group_path: Some(String::new()), ..spec() };
        assert_eq!(parse(both), "hierarchyGroupArn");
    }
}
