//! References of a spec, by ARN or by name, and the ids of the names in its instance.
//!
//! All names must resolve: a user that got only the profiles whose names were found would have other rights than the spec asks for.

use connect_api::InstanceId;

use super::{
    name_index::{Meaning, NameIndex, ReferenceKind},
    spec_error::SpecError,
};

/// An id, or a name that has to be looked up in the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference<T> {
    Id(T),
    Name(String),
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
    /// Several things have that name.
    Ambiguous {
        /// Their ids.
        ids: Vec<String>,
    },
}

/// A name in a spec that does not resolve to one id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// What it should name.
    pub kind: ReferenceKind,
    /// The name, or the path of a group.
    pub name: String,
    /// Why it does not resolve.
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

/// Describes what is wrong with these names, and what to do, for a condition.
pub fn explain(unresolved: &[Unresolved], instance: &InstanceId) -> String {
    unresolved.iter().map(|name| name.describe(instance)).collect::<Vec<_>>().join("; ")
}

pub(super) fn one_of(kind: ReferenceKind) -> SpecError {
    let (field, other) = (kind.arn_field(), kind.name_field());
    SpecError { field, message: format!("set either {field} or {other}, and not both") }
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

    pub(super) fn id<T: for<'b> From<&'b str>>(&mut self, kind: ReferenceKind, reference: Reference<T>) -> Option<T> {
        let name = match reference {
            Reference::Id(id) => return Some(id),
            Reference::Name(name) => name,
        };
        self.kinds.push(kind);
        let why = match self.names.meaning(kind, &name) {
            Meaning::One(id) => return Some(T::from(&id)),
            Meaning::Several(ids) => UnresolvedReason::Ambiguous { ids },
            Meaning::Nothing => UnresolvedReason::Unknown { near: self.names.near(kind, &name) },
            Meaning::Unread => UnresolvedReason::Unread,
        };
        self.unresolved.push(Unresolved { kind, name, why });
        None
    }
}
