//! The owner of a Connect user, as its tags name it.

use connect_api::Tags;

use crate::api::PREFIX;

/// The tag `uid` of a user that stays whatever happens to its resource. A sweep never deletes such a user as an orphan.
pub const RETAINED: &str = "retained";

/// The resource that a user belongs to, as its tags name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The ConnectUser's `metadata.uid`, or [`RETAINED`] if the user stays whatever happens to its resource.
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
    /// The same cluster, namespace and name prove ownership: a resource that was restored from a backup or created again owns its
    /// user, and two such resources cannot exist at once, since the finalizer of the first holds the name. The UID proves nothing:
    /// a clone of a cluster has the same ones.
    pub fn of(&self, tags: &Tags) -> Ownership {
        let tag = |name: &str| tags.get(&key(name)).map(String::as_str);
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

    #[test]
    fn uid_or_place_proves_ownership() {
        let owner = Owner { uid: "u-1".into(), cluster: "blue".into(), namespace: "sales".into(), name: "jane".into() };
        let other = Owner { uid: "u-2".into(), ..owner.clone() };
        let theirs = |owner: &str| Ownership::Theirs { owner: format!("ConnectUser {owner}") };
        let mut partial = owner.tags();
        partial.retain(|tag, _| tag.ends_with("/namespace") || tag.ends_with("/name"));
        let table = [
            ("its own tags", owner.tags(), Ownership::Ours),
            ("those of before a restore", other.tags(), Ownership::Ours),
            ("another cluster", Owner { cluster: "green".into(), ..other.clone() }.tags(), theirs("sales/jane of cluster green")),
            (
                "another namespace",
                Owner { namespace: "care".into(), ..other.clone() }.tags(),
                theirs("care/jane of cluster blue"),
            ),
            ("another name", Owner { name: "joe".into(), ..other }.tags(), theirs("sales/joe of cluster blue")),
            ("a part of the proof", partial, theirs("sales/jane of cluster ?")),
            ("other tags", Tags::from([("team".into(), "sales".into())]), Ownership::Unowned),
        ];
        for (case, tags, expected) in table {
            assert_eq!(owner.of(&tags), expected, "{case}");
        }
    }
}
