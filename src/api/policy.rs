//! How far the operator may go with a user: lasting policy, as fields of the spec, so that it is reviewed with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of a user that exists already, without an owner, when a resource asks for its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AdoptionPolicy {
    /// It is left alone: the resource is in conflict.
    #[default]
    Never,
    /// It is taken over; where there is none, one is created.
    AdoptOrCreate,
    /// It is taken over; none is ever created.
    Adopt,
}

/// What becomes of the user when its resource is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum DeletionPolicy {
    /// It is deleted too.
    #[default]
    Delete,
    /// It stays, without the operator's tags.
    Retain,
}

impl DeletionPolicy {
    /// Reads the policy as a person wrote it in an annotation. What cannot be read keeps the user: a slip of the pen must not
    /// delete people.
    pub fn of_annotation(value: &str) -> Self {
        if value.eq_ignore_ascii_case("delete") { Self::Delete } else { Self::Retain }
    }
}

/// Whether the operator acts or only looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ManagementPolicy {
    /// It makes Connect match the spec.
    #[default]
    Full,
    /// It shows how Connect differs from the spec and writes nothing to Connect, not even when the resource is deleted.
    Observe,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_delete_in_an_annotation_deletes() {
        assert_eq!(DeletionPolicy::of_annotation("Delete"), DeletionPolicy::Delete);
        assert_eq!(DeletionPolicy::of_annotation("delete"), DeletionPolicy::Delete);
        for kept in ["Retain", "retain", "", "Deltee"] {
            assert_eq!(DeletionPolicy::of_annotation(kept), DeletionPolicy::Retain, "{kept}");
        }
    }
}
