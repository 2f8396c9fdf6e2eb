//! Orphans: users that carry this cluster's tags and whose ConnectUser does not exist.

use connect_api::{Arn, Error, Resource, Tags};
use kube::ResourceExt;

use super::{cluster::ClusterError, username_waiters::NamespacedName};
use crate::{
    api::{ConnectUser, PREFIX},
    plan::{ClusterNames, RETAINED},
};

/// A user that carries this cluster's tags, and whose ConnectUser does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    pub arn: String,
    pub username: String,
    /// The ConnectUser that the tags name.
    pub name: NamespacedName,
    pub uid: String,
}

/// The result of an attempt to delete an orphan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrphanOutcome {
    Deleted,
    Gone,
    /// It was kept: its ConnectUser exists now.
    Owned,
    /// It was kept: its tags have changed, so it may have another owner.
    Changed,
    /// It was kept: its namespace's deletion policy, or the operator's, is Retain.
    Retained,
    /// It was kept: its namespace does not exist any more, nor does the annotation that may have said that the user stays.
    NamespaceGone,
}

impl OrphanOutcome {
    /// Returns the outcome as a metric's label, and in words.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Deleted => ("deleted", "deleted"),
            Self::Gone => ("gone", "already deleted"),
            Self::Owned => ("owned", "kept: its ConnectUser exists again"),
            Self::Changed => ("changed", "kept: its tags have changed"),
            Self::Retained => ("retained", "kept: the deletion policy is Retain"),
            Self::NamespaceGone => (
                "namespace_gone",
                "kept: its namespace is gone, and so is the annotation that may have said that the user stays. To delete the user, \
                 create the namespace again",
            ),
        }
    }
}

/// An orphan that could not be deleted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OrphanError {
    #[error(transparent)]
    Connect(#[from] Error),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error("{0:?} is not the ARN of a user")]
    Arn(String),
}

impl Orphan {
    /// Returns the user as an orphan of this cluster, if its tags name the cluster and a resource in it.
    pub(super) fn of(cluster: &ClusterNames, arn: &str, username: &str, tags: &Tags) -> Option<Self> {
        let tag = |name: &str| tags.get(&format!("{PREFIX}{name}")).cloned().unwrap_or_default();
        let whole = ["namespace", "name", "uid"].iter().all(|name| !tag(name).is_empty());
        // Its resource has said that the user stays.
        let stays = tag("uid") == RETAINED;
        (cluster.contain(&tag("cluster")) && whole && !stays).then(|| Self {
            arn: arn.to_owned(),
            username: username.to_owned(),
            name: NamespacedName { namespace: tag("namespace"), name: tag("name") },
            uid: tag("uid"),
        })
    }

    /// Returns whether its ConnectUser was in one of these namespaces; an empty list stands for all. Other namespaces may belong
    /// to another operator.
    pub fn is_of(&self, namespaces: &[String]) -> bool {
        namespaces.is_empty() || namespaces.contains(&self.name.namespace)
    }

    /// Returns whether a ConnectUser has this user or may adopt it: the one that the tags name, one that records it, or one with
    /// the same name that wants the same user. One that wants another username or instance never looks this one up.
    pub(super) fn belongs_to(&self, resource: &ConnectUser) -> bool {
        let recorded = || resource.status.as_ref().is_some_and(|status| status.user_arn.as_ref() == Some(&self.arn));
        let same_name = || resource.spec.username.to_lowercase() == self.username.to_lowercase();
        let same_instance = || match (self.arn.parse::<Arn>(), resource.spec.instance_arn.parse::<Arn>()) {
            (Ok(user), Ok(instance)) => user.sibling(Resource::Instance) == instance,
            // An ARN that cannot be parsed may be the same.
            _ => true,
        };
        resource.uid().as_ref() == Some(&self.uid)
            || recorded()
            || (NamespacedName::of(resource) == self.name && same_name() && same_instance())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::fixtures;

    const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001";

    #[test]
    fn user_that_a_resource_wants_or_records_is_not_an_orphan() {
        let arn = format!("{INSTANCE}/agent/u-1");
        let orphan = Orphan {
            arn: arn.clone(),
            username: "Jane".into(),
            name: NamespacedName { namespace: "sales".into(), name: "jane".into() },
            uid: "uid-1".into(),
        };
        let belongs = |name: &str, uid: &str, username: &str, instance: &str, recorded: Option<&str>| {
            let (namespace, name) = name.split_once('/').unwrap();
            orphan.belongs_to(&fixtures::resource(json!({
                "metadata": { "namespace": namespace, "name": name, "uid": uid },
                "spec": { "instanceArn": instance, "username": username },
                "status": { "userArn": recorded },
            })))
        };
        assert!(belongs("sales/jane", "uid-2", "jane", INSTANCE, None), "its resource was applied again");
        assert!(belongs("other/other", "uid-1", "other", INSTANCE, None), "its resource exists");
        assert!(belongs("other/other", "uid-2", "jane", INSTANCE, Some(&arn)), "another resource records it");
        assert!(belongs("sales/jane", "uid-2", "jane", "torn", None), "the instance is not known");
        assert!(!belongs("sales/jane", "uid-2", "newcomer", INSTANCE, None), "a resource of the same name wants another user");
        assert!(
            !belongs(
                "sales/jane",
                "uid-2",
                "jane",
                &INSTANCE.replace("11111111-aaaa-4bbb-8ccc-000000000001", "11111111-aaaa-4bbb-8ccc-000000000002"),
                None
            ),
            "a resource of the same name is of another instance"
        );
        assert!(
            !belongs("sales/jane", "uid-2", "jane", &INSTANCE.replace("west", "east"), None),
            "it is of a replica of the instance"
        );
        assert!(!belongs("other/jane", "uid-2", "jane", INSTANCE, None));
    }
}
