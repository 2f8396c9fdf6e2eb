//! Deletes orphans on request. A list alone, complete or not, never leads to a deletion.

use connect_api::{Arn, Caller, DeleteUser, Error, Priority, Resource, UserId};

use super::{
    cluster::{Cluster, ClusterError, ClusterErrorKind},
    deletion_guard::Deletion,
    instance_client::{InstanceClient, unless_gone},
    lookup,
    orphans::{Orphan, OrphanError, OrphanOutcome},
    quick_connect_cleanup::Cleanup,
    reconciler::Reconciler,
    username_waiters::Username,
};
use crate::{
    api::{DELETION_POLICY, DeletionPolicy},
    plan::QuickConnects,
    telemetry::Personal,
};

impl Reconciler {
    /// Returns those of the orphans, found by a cache, that have no ConnectUser in the API server either. Orphans of a namespace
    /// that the operator may not read are left out.
    ///
    /// # Errors
    /// The API server does not answer: nothing is known of any of them.
    pub async fn confirm(&self, orphans: Vec<Orphan>) -> Result<Vec<Orphan>, ClusterError> {
        let mut confirmed = Vec::new();
        for orphan in orphans {
            match has_owner(&*self.ctx.cluster, &orphan).await {
                Ok(Some(false)) => confirmed.push(orphan),
                Ok(_) => {}
                Err(error) if error.kind == ClusterErrorKind::Unavailable => return Err(error),
                // For example a ConnectUser that cannot be read: this user is left out, and the others are checked.
                Err(error) => {
                    tracing::warn!(user = orphan.arn, error = %Personal(error), "whether this user has a ConnectUser is not known")
                }
            }
        }
        Ok(confirmed)
    }

    /// Returns whether the deletion guard admits the deletion of an orphan beside all other deletions within its window, and counts it
    /// from now on.
    pub fn admit_orphan(&self, instance: &Arn, orphan: &Orphan) -> bool {
        let (ctx, guard) = (&self.ctx, &self.ctx.settings.deletion_guard);
        let Some(counts) = ctx.instance_counts(instance).filter(|_| guard.share < 1.0) else { return true };
        // It has no ConnectUser, so its own ARN stands for the UID.
        let asks = Deletion { instance, namespace: &orphan.name.namespace, uid: &orphan.arn, requested: ctx.clock.now() };
        ctx.deletions.admit(guard, asks, &counts, ctx.clock.uptime()).is_ok()
    }

    /// Deletes a user if it still is an orphan, by its own tags as DescribeUser shows them and by the API server.
    ///
    /// # Errors
    /// The call that failed. One that is [`Deferred`](connect_api::Class::Deferred) was not made, and may be retried after its time.
    pub async fn delete_orphan(&self, orphan: &Orphan) -> Result<OrphanOutcome, OrphanError> {
        let arn: Arn = orphan.arn.parse().map_err(|_| OrphanError::Arn(orphan.arn.clone()))?;
        let Resource::User(user) = arn.resource.clone() else { return Err(OrphanError::Arn(orphan.arn.clone())) };
        let connect = self.ctx.connections.client_for(&arn);
        let caller =
            Caller::new(format!("orphan {user}"), Priority::Repair).in_group(arn.sibling(Resource::Instance).to_string());
        let client = InstanceClient { connect: &*connect, caller: &caller, instance: &arn.instance };
        let Some(live) = lookup::by_id(client, &user).await? else {
            // An earlier attempt may have deleted it, and was interrupted after that.
            self.delete_quick_connects(client, &user).await?;
            return Ok(OrphanOutcome::Gone);
        };
        if Orphan::of(&self.ctx.settings.cluster, &live.arn, &live.username, &live.tags).as_ref() != Some(orphan) {
            return Ok(OrphanOutcome::Changed);
        }
        // The resource's own policy is gone with it, or its tags say that the user stays.
        let policy = match self.ctx.cluster.namespace_annotation(&orphan.name.namespace, DELETION_POLICY).await {
            Ok(annotation) => annotation.as_deref().map_or(self.ctx.settings.deletion_policy, DeletionPolicy::of_annotation),
            Err(error) if error.kind == ClusterErrorKind::Gone => return Ok(OrphanOutcome::NamespaceGone),
            Err(error) => return Err(error.into()),
        };
        if policy == DeletionPolicy::Retain {
            return Ok(OrphanOutcome::Retained);
        }
        // The last check before the deletion: a resource that is applied again adopts the user by these tags.
        if has_owner(&*self.ctx.cluster, orphan).await? != Some(false) {
            return Ok(OrphanOutcome::Owned);
        }
        let request = DeleteUser { instance: client.instance(), user: user.clone() };
        let deleted = unless_gone(client.call(request).await)?;
        self.ctx.wake_waiters(&Username::new(&arn.sibling(Resource::Instance), &orphan.username));
        self.delete_quick_connects(client, &user).await?;
        Ok(deleted.map_or(OrphanOutcome::Gone, |()| OrphanOutcome::Deleted))
    }

    /// Deletes the quick connects of a user that is gone, if the operator does that.
    async fn delete_quick_connects(&self, client: InstanceClient<'_>, user: &UserId) -> Result<(), Error> {
        match self.ctx.settings.quick_connects {
            QuickConnects::Go => Cleanup::new(user.clone()).resume(client).await,
            QuickConnects::Stay => Ok(()),
        }
    }
}

/// Returns whether the API server has a ConnectUser that the user belongs to; None if the operator may not read it.
async fn has_owner(cluster: &dyn Cluster, orphan: &Orphan) -> Result<Option<bool>, ClusterError> {
    match cluster.get(&orphan.name.namespace, &orphan.name.name).await {
        Ok(found) => Ok(Some(found.is_some_and(|resource| orphan.belongs_to(&resource)))),
        Err(error) if error.kind == ClusterErrorKind::Forbidden => Ok(None),
        Err(error) => Err(error),
    }
}
