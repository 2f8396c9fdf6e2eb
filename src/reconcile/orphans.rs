//! Users that carry this cluster's tags and whose ConnectUser does not exist: who they are, and how they are parted with where
//! somebody asks for that. A list alone, complete or not, never deletes anybody.

use connect_api::{Arn, Caller, Class, ConnectExt, DeleteUser, Error, Priority, Resource, Tags};
use kube::ResourceExt;

use super::{Cluster, ClusterError, ClusterErrorKind, NamespacedName, lookup, reconciler::Reconciler};
use crate::api::{ConnectUser, PREFIX};

/// A user that carries this cluster's tags, and whose ConnectUser does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Its ARN.
    pub arn: String,
    /// The name it signs in with.
    pub username: String,
    /// The ConnectUser that its tags name.
    pub place: NamespacedName,
    /// That ConnectUser's UID.
    pub uid: String,
}

/// What became of an orphan that was to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrphanOutcome {
    /// It was deleted.
    Deleted,
    /// It was gone already.
    Gone,
    /// Its ConnectUser is there by now.
    Owned,
    /// Its tags are others by now: it may be somebody else's.
    Changed,
}

/// An orphan that could not be deleted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OrphanError {
    /// A call to Connect.
    #[error(transparent)]
    Connect(#[from] Error),
    /// A call to the API server.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// An ARN that is none of a user's.
    #[error("{0:?} is not the ARN of a user")]
    Arn(String),
}

impl Orphan {
    /// The user as an orphan of this cluster, if its tags say that it is the cluster's, and whose there.
    pub(super) fn of(cluster: &str, arn: &str, username: &str, tags: &Tags) -> Option<Self> {
        let tag = |name: &str| tags.get(&format!("{PREFIX}{name}")).cloned().unwrap_or_default();
        let whole = ["namespace", "name", "uid"].iter().all(|name| !tag(name).is_empty());
        (tag("cluster") == cluster && whole).then(|| Self {
            arn: arn.to_owned(),
            username: username.to_owned(),
            place: NamespacedName { namespace: tag("namespace"), name: tag("name") },
            uid: tag("uid"),
        })
    }

    /// Whether its ConnectUser was in one of these namespaces, of which none stands for all. Of others nothing is known: another
    /// operator may have them.
    pub fn is_of(&self, namespaces: &[String]) -> bool {
        namespaces.is_empty() || namespaces.contains(&self.place.namespace)
    }

    /// Whether a ConnectUser has this user, or may take it up: the one that its tags name, one that records it, or one that came in
    /// its place and asks for the same user. One that asks for another username or instance never looks for this one.
    pub(super) fn belongs_to(&self, resource: &ConnectUser) -> bool {
        let recorded = || resource.status.as_ref().is_some_and(|status| status.user_arn.as_ref() == Some(&self.arn));
        let same_name = || resource.spec.username.to_lowercase() == self.username.to_lowercase();
        let same_instance = || match (self.arn.parse::<Arn>(), resource.spec.instance_arn.parse::<Arn>()) {
            (Ok(user), Ok(instance)) => user.instance.as_str().eq_ignore_ascii_case(instance.instance.as_str()),
            // What cannot be told apart may be the same.
            _ => true,
        };
        resource.uid().as_ref() == Some(&self.uid)
            || recorded()
            || (NamespacedName::of(resource) == self.place && same_name() && same_instance())
    }
}

/// Whether the API server has a ConnectUser that the user belongs to. None where the operator may not ask.
async fn belongs_to_somebody(cluster: &dyn Cluster, orphan: &Orphan) -> Result<Option<bool>, ClusterError> {
    match cluster.get(&orphan.place.namespace, &orphan.place.name).await {
        Ok(found) => Ok(Some(found.is_some_and(|resource| orphan.belongs_to(&resource)))),
        Err(error) if error.kind == ClusterErrorKind::Forbidden => Ok(None),
        Err(error) => Err(error),
    }
}

impl Reconciler {
    /// Of users without a ConnectUser as the cache shows it, those without one as the API server has it. Of a namespace that the
    /// operator may not look into, nothing is said.
    ///
    /// # Errors
    /// An API server that does not answer: nothing is said of any of them.
    pub async fn confirm(&self, orphans: Vec<Orphan>) -> Result<Vec<Orphan>, ClusterError> {
        let mut confirmed = Vec::new();
        for orphan in orphans {
            match belongs_to_somebody(&*self.cluster, &orphan).await {
                Ok(Some(false)) => confirmed.push(orphan),
                Ok(_) => {}
                Err(error) if error.kind == ClusterErrorKind::Unavailable => return Err(error),
                // A ConnectUser that cannot be read, for one: nothing is said of this user, and the others are seen to.
                Err(error) => tracing::warn!(user = orphan.arn, %error, "whether this user has a ConnectUser is not known"),
            }
        }
        Ok(confirmed)
    }

    /// Deletes an orphan, if it still is one: by the user's own tags as DescribeUser shows them, and the API server's word.
    ///
    /// # Errors
    /// A call that failed. One that is [`Deferred`](Class::Deferred) was not made, and may be tried again when it says.
    pub async fn delete_orphan(&self, orphan: &Orphan) -> Result<OrphanOutcome, OrphanError> {
        let arn: Arn = orphan.arn.parse().map_err(|_| OrphanError::Arn(orphan.arn.clone()))?;
        let Resource::User(user) = arn.resource.clone() else { return Err(OrphanError::Arn(orphan.arn.clone())) };
        let connect = self.connections.client_for(&arn);
        let caller = Caller::new(format!("orphan {user}"), Priority::Repair);
        let Some(live) = lookup::by_id(&*connect, &caller, &arn.instance, &user).await? else { return Ok(OrphanOutcome::Gone) };
        if Orphan::of(&self.settings.cluster, &live.arn, &live.username, &live.tags).as_ref() != Some(orphan) {
            return Ok(OrphanOutcome::Changed);
        }
        // The last question before the deletion: who applies the resource anew takes the user up by these very tags.
        if belongs_to_somebody(&*self.cluster, orphan).await? != Some(false) {
            return Ok(OrphanOutcome::Owned);
        }
        match connect.call(&caller, DeleteUser { instance: arn.instance, user }).await {
            Ok(()) => Ok(OrphanOutcome::Deleted),
            Err(error) if error.class == Class::NotFound => Ok(OrphanOutcome::Gone),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/i-1";

    #[test]
    fn who_is_asked_for_in_its_place_or_recorded_anywhere_is_no_orphan() {
        let arn = format!("{INSTANCE}/agent/u-1");
        let orphan = Orphan {
            arn: arn.clone(),
            username: "Jane".into(),
            place: NamespacedName { namespace: "sales".into(), name: "jane".into() },
            uid: "uid-1".into(),
        };
        let belongs = |place: &str, uid: &str, username: &str, instance: &str, recorded: Option<&str>| {
            let (namespace, name) = place.split_once('/').unwrap();
            let resource = json!({
                "apiVersion": "connect-operator.dev/v1alpha1", "kind": "ConnectUser",
                "metadata": { "namespace": namespace, "name": name, "uid": uid },
                "spec": { "instanceArn": instance, "username": username, "routingProfileArn": "", "securityProfileArns": [] },
                "status": { "userArn": recorded },
            });
            orphan.belongs_to(&serde_json::from_value(resource).unwrap())
        };
        assert!(belongs("sales/jane", "uid-2", "jane", INSTANCE, None), "its resource came back");
        assert!(belongs("other/other", "uid-1", "other", INSTANCE, None), "its resource is there");
        assert!(belongs("other/other", "uid-2", "jane", INSTANCE, Some(&arn)), "another one has it");
        assert!(belongs("sales/jane", "uid-2", "jane", "torn", None), "of which instance is not known");
        assert!(!belongs("sales/jane", "uid-2", "newcomer", INSTANCE, None), "its place has somebody else's resource");
        assert!(!belongs("sales/jane", "uid-2", "jane", &INSTANCE.replace("i-1", "i-2"), None), "or one of another instance");
        assert!(!belongs("other/jane", "uid-2", "jane", INSTANCE, None));
    }
}
