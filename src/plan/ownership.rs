//! The owner of a Connect user, as its tags name it.

use connect_api::Tags;

use crate::api::PREFIX;

/// The resource that a user belongs to, as its tags name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The ConnectUser's `metadata.uid`.
    pub uid: String,
    /// The name of the cluster that it lives in.
    pub cluster: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The owner that a user's tags name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It is ours.
    Ours,
    /// It belongs to another ConnectUser, or to one of another cluster.
    Theirs {
        /// Cluster, namespace and name, as far as the tags name them.
        owner: String,
    },
    /// No operator claims it: a person or another tool made it.
    Unowned,
}

fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

impl Owner {
    /// Returns the tags that prove ownership.
    pub fn tags(&self) -> Tags {
        let Self { uid, cluster, namespace, name } = self;
        [("uid", uid), ("cluster", cluster), ("namespace", namespace), ("name", name)]
            .into_iter()
            .map(|(k, v)| (key(k), v.clone()))
            .collect()
    }

    /// Returns the owner that a user's tags name.
    ///
    /// The same UID proves ownership. So do the same cluster, namespace and name: a resource that was restored from a backup or
    /// created again owns its user, and two such resources cannot exist at once, since the finalizer of the first holds the name.
    pub fn of(&self, tags: &Tags) -> Ownership {
        let tag = |name: &str| tags.get(&key(name)).map(String::as_str);
        if tag("uid") == Some(&self.uid) {
            return Ownership::Ours;
        }
        let place = (tag("cluster"), tag("namespace"), tag("name"));
        if place == (Some(&self.cluster), Some(&self.namespace), Some(&self.name)) {
            return Ownership::Ours;
        }
        if tags.keys().any(|k| k.starts_with(PREFIX)) {
            let part = |p: Option<&str>| p.unwrap_or("?").to_owned();
            let owner = format!("ConnectUser {}/{} of cluster {}", part(place.1), part(place.2), part(place.0));
            return Ownership::Theirs { owner };
        }
        Ownership::Unowned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner { uid: "u-1".into(), cluster: "blue".into(), namespace: "sales".into(), name: "jane".into() }
    }

    #[test]
    fn tags_of_the_owner_prove_ownership() {
        assert_eq!(owner().of(&owner().tags()), Ownership::Ours);
    }

    #[test]
    fn restored_resource_owns_its_user() {
        let before = Owner { uid: "u-0".into(), ..owner() };
        assert_eq!(owner().of(&before.tags()), Ownership::Ours);
    }

    #[test]
    fn another_cluster_namespace_or_name_is_another_owner() {
        for (other, named) in [
            (Owner { uid: "u-2".into(), cluster: "green".into(), ..owner() }, "sales/jane of cluster green"),
            (Owner { uid: "u-2".into(), namespace: "care".into(), ..owner() }, "care/jane of cluster blue"),
            (Owner { uid: "u-2".into(), name: "joe".into(), ..owner() }, "sales/joe of cluster blue"),
        ] {
            let Ownership::Theirs { owner: named_owner } = owner().of(&other.tags()) else { panic!("{other:?}") };
            assert!(named_owner.contains(named), "{named_owner}");
        }
    }

    #[test]
    fn partial_proof_does_not_count() {
        let mut tags = owner().tags();
        tags.remove(&key("uid"));
        tags.remove(&key("cluster"));
        assert!(matches!(owner().of(&tags), Ownership::Theirs { .. }));
    }

    #[test]
    fn user_without_our_tags_has_no_owner() {
        assert_eq!(owner().of(&Tags::from([("team".into(), "sales".into())])), Ownership::Unowned);
    }
}
