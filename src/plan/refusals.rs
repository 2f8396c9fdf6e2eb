//! Why the operator leaves a user alone, in words for conditions and for people who ask what would happen.

use super::{
    bounds::{Bounds, Excess},
    desired::Desired,
    live::Live,
    name_index::{NameIndex, ReferenceKind},
    ownership::{Owner, Ownership},
};
use crate::api::ManagementPolicy;

/// Describes a conflict: the username belongs to another owner's user. `may_adopt`: the namespace may take users over.
pub fn conflict(ours: &Owner, username: &str, owner: &Ownership, may_adopt: bool) -> String {
    let why = match owner {
        Ownership::Theirs(other) => match other.cluster.as_deref() {
            Some(cluster) if ours.cluster.contain(cluster) => format!(
                "belongs to ConnectUser {}/{} of this cluster ({cluster}): it is left alone. Choose another username, or delete that \
                 ConnectUser with deletionPolicy: Retain and set adoptionPolicy: AdoptOrCreate here",
                other.namespace.as_deref().unwrap_or("?"),
                other.name.as_deref().unwrap_or("?"),
            ),
            cluster => {
                let flag = cluster.filter(|_| ours.has_the_name_of(other)).map_or_else(String::new, |cluster| {
                    format!("if {cluster} is a former name of this cluster, start the operator with --former-cluster-names={cluster}; ")
                });
                format!(
                    "belongs to {other}, and this cluster is {}: it is left alone. {flag}if that cluster still exists, choose \
                     another username, or delete that ConnectUser with deletionPolicy: Retain and set adoptionPolicy: AdoptOrCreate \
                     here",
                    ours.cluster.present,
                )
            }
        },
        Ownership::Unowned | Ownership::Ours => {
            let advice = if may_adopt { ", or set adoptionPolicy: AdoptOrCreate to take this user over" } else { "" };
            format!(
                "exists already and carries no ownership tags of this operator: it is left alone. Choose another username{advice}"
            )
        }
    };
    format!("the user {username:?} {why}")
}

/// Describes that there is no such user, and that the resource must not create one.
pub fn missing(username: &str, management: ManagementPolicy) -> String {
    let (policy, instead) = match management {
        ManagementPolicy::Observe => ("managementPolicy: Observe", "managementPolicy to Full"),
        ManagementPolicy::Full => ("adoptionPolicy: Adopt", "adoptionPolicy to AdoptOrCreate"),
    };
    format!(
        "there is no user {username:?} in the instance, and {policy} never creates one. Create it in Connect, or set {instead}"
    )
}

/// Describes a profile or group that exceeds the bounds of a namespace. `live` is the user if it exists.
pub fn excess(
    desired: &Desired,
    names: &NameIndex,
    namespace: &str,
    bounds: &Bounds,
    live: Option<&Live>,
    excess: &Excess,
) -> String {
    match excess {
        Excess::Given(kind, id) => {
            let (field, what, name, key) =
                (desired.names.field(*kind), kind.singular(), names.label(*kind, id), bounds.key_of(*kind));
            format!(
                "{field}: the namespace {namespace:?} may not give users the {what} {name:?} ({id}). Use another one, or have an \
                 administrator allow it in the operator's configuration, {key}"
            )
        }
        Excess::Unknown(kind, id) => {
            let (field, what) = (desired.names.field(*kind), kind.singular());
            format!("{field}: the instance {} has no {what} with the id {id}. Correct it", desired.instance.instance)
        }
        Excess::Has(id) => {
            let kind = ReferenceKind::SecurityProfile;
            let (username, name, key) = (live.map_or("", |live| &live.user.username), names.label(kind, id), bounds.key_of(kind));
            format!(
                "the user {username:?} has the security profile {name:?} ({id}), which the namespace {namespace:?} may not give: the \
                 user is left alone. Remove the profile from the user in Connect, or have an administrator allow it in the \
                 operator's configuration, {key}"
            )
        }
    }
}

/// Describes that a namespace may not take a user over.
pub fn not_adopted(username: &str, namespace: &str, bounds: &Bounds) -> String {
    format!(
        "the user {username:?} exists already, and the namespace {namespace:?} may not take users over: the user is left alone. Choose \
         another username, or have an administrator allow it in the operator's configuration, {}.adoption",
        bounds.key
    )
}

/// Describes that a namespace may not observe a user of another owner.
pub fn hidden(username: &str, namespace: &str, bounds: &Bounds) -> String {
    format!(
        "the user {username:?} does not belong to this ConnectUser, and the namespace {namespace:?} may not observe users of other \
         owners. Remove this ConnectUser, or have an administrator allow it in the operator's configuration, {}.observeOthers",
        bounds.key
    )
}
