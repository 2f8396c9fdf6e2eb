//! References of a spec, by ARN or by name, and the ids of the names in its instance.
//!
//! All names must resolve: a user that got only the profiles whose names were found would have other rights than the spec asks for.
//! A name in a field that `ignoreDrift` lists need not: then the field of a user in place stays as it is.

use connect_api::{Arn, HierarchyGroupId, InstanceId, Resource, RoutingProfileId, SecurityProfileId};

use super::{
    name_index::{Meaning, NameIndex, ReferenceKind},
    spec_error::{SpecError, arn},
};

/// An id, or a name that has to be looked up in the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference<T> {
    Id(T),
    Name(String),
}

impl<T: Referent> Reference<T> {
    /// Reads a reference that a spec gives by ARN or by name, if it does.
    pub(super) fn parse(arn: Option<&str>, name: Option<&str>, instance: &Arn) -> Result<Option<Self>, SpecError> {
        match (arn, name) {
            (None, None) => Ok(None),
            (Some(arn), None) => Self::by_arn(arn, instance).map(Some),
            (None, Some(name)) => Ok(Some(Self::Name(name.to_owned()))),
            (Some(_), Some(_)) => Err(T::one_of()),
        }
    }

    pub(super) fn by_arn(arn: &str, instance: &Arn) -> Result<Self, SpecError> {
        T::of_arn(arn, instance).map(Self::Id)
    }
}

/// The id of something in an instance that a spec refers to.
pub(super) trait Referent: for<'a> From<&'a str> {
    const KIND: ReferenceKind;

    /// Returns the id in an ARN's resource, if it is one of this kind.
    fn of(resource: Resource) -> Option<Self>;
    /// Returns the resource as an ARN names it.
    fn resource(&self) -> Resource;
    /// Returns the name of the id, if it is known.
    fn label(&self, names: &NameIndex) -> String;

    /// Returns the spec's field: the one for names if the names are known.
    fn field(names: &NameIndex) -> &'static str {
        names.field(Self::KIND)
    }

    /// Reads the id from an ARN.
    fn of_arn(text: &str, instance: &Arn) -> Result<Self, SpecError> {
        let field = Self::KIND.arn_field();
        let arn = arn(field, text)?;
        if arn.sibling(Resource::Instance) != *instance {
            return Err(SpecError { field, message: format!("{text:?} lies in another instance than instanceArn, {instance}") });
        }
        Self::of(arn.resource).ok_or_else(|| SpecError { field, message: format!("{text:?} is the ARN of something else") })
    }

    fn arn(&self, instance: &Arn) -> String {
        instance.sibling(self.resource()).to_string()
    }

    /// Returns the error of a spec that gives neither the ARN nor the name, or both.
    fn one_of() -> SpecError {
        let (field, other) = (Self::KIND.arn_field(), Self::KIND.name_field());
        SpecError { field, message: format!("set either {field} or {other}, and not both") }
    }
}

macro_rules! referents {
    ($($id:ident: $kind:ident,)*) => {$(
        impl Referent for $id {
            const KIND: ReferenceKind = ReferenceKind::$kind;

            fn of(resource: Resource) -> Option<Self> {
                match resource { Resource::$kind(id) => Some(id), _ => None }
            }

            fn resource(&self) -> Resource {
                Resource::$kind(self.clone())
            }

            fn label(&self, names: &NameIndex) -> String {
                names.label(Self::KIND, self.as_str())
            }
        }
    )*};
}

referents! {
    RoutingProfileId: RoutingProfile,
    SecurityProfileId: SecurityProfile,
    HierarchyGroupId: HierarchyGroup,
}

/// Why a name does not resolve to one id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnresolvedReason {
    /// It was not looked up yet.
    Unread,
    /// The instance has nothing of that name, but these.
    Unknown {
        /// The most similar first.
        near: Vec<String>,
    },
    /// It seems to mean this group, whose name contains a slash, so that no path names it.
    Slash {
        group: String,
        id: String,
    },
    Ambiguous {
        ids: Vec<String>,
    },
}

/// A name in a spec that does not resolve to one id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    pub kind: ReferenceKind,
    /// The name, or the path of a group.
    pub name: String,
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
            UnresolvedReason::Slash { group, id } => {
                let instead = kind.arn_field();
                format!(
                    "{field} {name:?} does not exist in instance {instance}. If it means the group {group:?} ({id}): a path cannot name a \
                     group with a slash in its name. Use {instead} instead, or rename the group in Connect"
                )
            }
            UnresolvedReason::Ambiguous { ids } => {
                let (count, what, ids) = (ids.len(), kind.plural(), ids.join(", "));
                let instead = kind.arn_field();
                format!("{field} {name:?} is ambiguous: {count} {what} have this name ({ids}). Use {instead} instead")
            }
        }
    }
}

/// Describes what is wrong with these names, and what to do, for a condition.
pub fn explain(unresolved: &[Unresolved], instance: &InstanceId) -> String {
    unresolved.iter().map(|name| name.describe(instance)).collect::<Vec<_>>().join("; ")
}

/// Puts ids in the place of names, and collects the names that have none.
pub(super) struct Search<'a> {
    names: &'a NameIndex,
    /// The kinds that the spec gives by name.
    kinds: Vec<ReferenceKind>,
    unresolved: Vec<Unresolved>,
}

impl<'a> Search<'a> {
    pub(super) fn new(names: &'a NameIndex) -> Self {
        Self { names, kinds: Vec::new(), unresolved: Vec::new() }
    }

    /// Returns the names of the kinds that were searched by name, and all that have no id.
    pub(super) fn finish(self) -> (NameIndex, Vec<Unresolved>) {
        (self.names.only(&self.kinds), self.unresolved)
    }

    /// Returns all ids, or none if one is missing.
    pub(super) fn all<T: Referent, C: FromIterator<T>>(&mut self, references: Vec<Reference<T>>) -> Option<C> {
        // All are searched, so that all that have no id are reported at once.
        let ids: Vec<_> = references.into_iter().map(|reference| self.id(reference)).collect();
        ids.into_iter().collect()
    }

    pub(super) fn id<T: Referent>(&mut self, reference: Reference<T>) -> Option<T> {
        let (kind, name) = match reference {
            Reference::Id(id) => return Some(id),
            Reference::Name(name) => (T::KIND, name),
        };
        self.kinds.push(kind);
        let why = match self.names.meaning(kind, &name) {
            Meaning::One(id) => return Some(T::from(&id)),
            Meaning::Several(ids) => UnresolvedReason::Ambiguous { ids },
            Meaning::Nothing => match self.names.with_slash(kind, &name) {
                Some((id, group)) => UnresolvedReason::Slash { group, id },
                None => UnresolvedReason::Unknown { near: self.names.near(kind, &name) },
            },
            Meaning::Unread => UnresolvedReason::Unread,
        };
        self.unresolved.push(Unresolved { kind, name, why });
        None
    }
}
