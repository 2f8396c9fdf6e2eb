//! How far the operator may go with a user: lasting policies are fields of the spec, so that they are reviewed with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happens to an existing user without an owner when a resource asks for its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum AdoptionPolicy {
    /// It is left alone: the resource is in conflict.
    #[default]
    Never,
    /// It is taken over. If there is none, one is created.
    AdoptOrCreate,
    /// It is taken over; none is ever created.
    Adopt,
}

/// What happens to the user when its resource is deleted.
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
    /// Parses the policy in an annotation. An unreadable value keeps the user: a typing error must not delete users.
    pub fn of_annotation(value: &str) -> Self {
        if value.eq_ignore_ascii_case("delete") { Self::Delete } else { Self::Retain }
    }
}

/// Whether the operator acts or only observes.
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
