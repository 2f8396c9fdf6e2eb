//! The owner of a Connect user, as its tags name it.

use std::{fmt, sync::Arc};

use connect_api::Tags;

use crate::api::PREFIX;

/// The tag `uid` of a user that stays whatever happens to its resource. A sweep never deletes such a user as an orphan.
pub const RETAINED: &str = "retained";

/// The names of a cluster in ownership tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterNames {
    /// The name that is written.
    pub present: String,
    /// The names that it had before, or that a cluster had whose users it takes over: users that carry one of them are its own too.
    pub former: Arc<[String]>,
}

impl From<&str> for ClusterNames {
    fn from(name: &str) -> Self {
        name.to_owned().into()
    }
}

impl From<String> for ClusterNames {
    fn from(present: String) -> Self {
        Self { present, former: [].into() }
    }
}

impl ClusterNames {
    /// Returns whether ConnectUsers manage a user with these tags: `here`, `elsewhere` or `no`.
    pub fn manage(&self, tags: &Tags) -> &'static str {
        match tags.get(&tag_key("cluster")) {
            Some(name) if self.contain(name) => "here",
            Some(_) => "elsewhere",
            None if tags.keys().any(|key| key.starts_with(PREFIX)) => "elsewhere",
            None => "no",
        }
    }

    /// Returns whether a tag names this cluster, by its present or a former name.
    pub fn contain(&self, name: &str) -> bool {
        self.present == name || self.former.iter().any(|former| former == name)
    }
}

/// The resource that a user belongs to, as its tags name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The ConnectUser's `metadata.uid`, or `retained` if the user stays whatever happens to its resource.
    pub uid: String,
    /// The names of the cluster that it lives in.
    pub cluster: ClusterNames,
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
    Theirs(OtherOwner),
    /// No operator claims it: a person or another tool made it.
    Unowned,
}

/// The ConnectUser that another owner's user belongs to, as far as the tags name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherOwner {
    /// The name of its cluster.
    pub cluster: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

impl fmt::Display for OtherOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [cluster, namespace, name] = [&self.cluster, &self.namespace, &self.name].map(|part| part.as_deref().unwrap_or("?"));
        write!(f, "ConnectUser {namespace}/{name} of cluster {cluster}")
    }
}

/// Returns the key of the ownership tag of this name.
pub fn tag_key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

impl Owner {
    /// Returns the tags that prove ownership.
    pub fn tags(&self) -> Tags {
        let Self { uid, cluster, namespace, name } = self;
        [("uid", uid), ("cluster", &cluster.present), ("namespace", namespace), ("name", name)]
            .into_iter()
            .map(|(k, v)| (tag_key(k), v.clone()))
            .collect()
    }

    /// Returns the owner that a user's tags name.
    ///
    /// The same cluster, namespace and name prove ownership: a resource that was restored from a backup or created again owns its
    /// user, and two such resources cannot exist at once, since the finalizer of the first holds the name. A former name of the
    /// cluster proves the same. The UID proves nothing: a clone of a cluster has the same ones.
    pub fn of(&self, tags: &Tags) -> Ownership {
        let tag = |name: &str| tags.get(&tag_key(name)).cloned();
        let other = OtherOwner { cluster: tag("cluster"), namespace: tag("namespace"), name: tag("name") };
        if other.cluster.as_deref().is_some_and(|cluster| self.cluster.contain(cluster)) && self.has_the_name_of(&other) {
            return Ownership::Ours;
        }
        if tags.keys().any(|k| k.starts_with(PREFIX)) {
            return Ownership::Theirs(other);
        }
        Ownership::Unowned
    }

    /// Returns whether the other has the same namespace and name.
    pub fn has_the_name_of(&self, other: &OtherOwner) -> bool {
        (&other.namespace, &other.name) == (&Some(self.namespace.clone()), &Some(self.name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_namespace_and_name_prove_ownership() {
        let owner = Owner { uid: "u-1".into(), cluster: "blue".into(), namespace: "sales".into(), name: "jane".into() };
        let other = Owner { uid: "u-2".into(), ..owner.clone() };
        let theirs = |cluster: Option<&str>, namespace: &str, name: &str| {
            let (cluster, namespace, name) = (cluster.map(Into::into), Some(namespace.into()), Some(name.into()));
            Ownership::Theirs(OtherOwner { cluster, namespace, name })
        };
        let mut partial = owner.tags();
        partial.retain(|tag, _| tag.ends_with("/namespace") || tag.ends_with("/name"));
        let table = [
            ("its own tags", owner.tags(), Ownership::Ours),
            ("those of before a restore", other.tags(), Ownership::Ours),
            (
                "another cluster",
                Owner { cluster: "green".into(), ..other.clone() }.tags(),
                theirs(Some("green"), "sales", "jane"),
            ),
            (
                "another namespace",
                Owner { namespace: "care".into(), ..other.clone() }.tags(),
                theirs(Some("blue"), "care", "jane"),
            ),
            ("another name", Owner { name: "joe".into(), ..other }.tags(), theirs(Some("blue"), "sales", "joe")),
            ("a part of the proof", partial, theirs(None, "sales", "jane")),
            ("other tags", Tags::from([("team".into(), "sales".into())]), Ownership::Unowned),
        ];
        for (case, tags, expected) in table {
            assert_eq!(owner.of(&tags), expected, "{case}");
        }
    }

    #[test]
    fn former_name_of_the_cluster_proves_ownership() {
        let green = Owner { uid: "u-1".into(), cluster: "green".into(), namespace: "sales".into(), name: "jane".into() };
        let cluster = ClusterNames { present: "blue".into(), former: ["red".into(), "green".into()].into() };
        let owner = Owner { cluster, ..green.clone() };
        assert_eq!(owner.of(&green.tags()), Ownership::Ours);
        assert_eq!(owner.tags()[&tag_key("cluster")], "blue");
        assert!(matches!(owner.of(&Owner { name: "joe".into(), ..green }.tags()), Ownership::Theirs(_)));
    }
}
