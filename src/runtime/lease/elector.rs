//! The Lease at the API server: read, claimed, kept, released.

use std::{future::Future, sync::Arc, time::Duration};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::{
    Api, Client, ResourceExt,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;
use tokio::sync::oneshot;

use super::{Candidate, Decision, Lost};
use crate::{
    api::FIELD_MANAGER,
    reconcile::{Clock, ClusterError},
    runtime::{Health, Stage, kubernetes::limited},
};

/// A candidate, and the Lease that it wants.
pub struct Elector {
    leases: Api<Lease>,
    /// The Lease's name.
    name: String,
    /// How messages name the Lease.
    lease: String,
    candidate: Candidate,
    clock: Arc<dyn Clock>,
}

/// The Lease was ours and is no more.
#[derive(Debug, thiserror::Error)]
#[error("the {lease} is lost: {why}")]
pub struct LostLease {
    lease: String,
    why: Lost,
}

impl std::fmt::Debug for Elector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Elector").field("lease", &self.lease).field("candidate", &self.candidate).finish_non_exhaustive()
    }
}

impl Elector {
    /// One for the Lease of this name in this namespace. Operators that are not to keep each other from work have one each.
    pub fn new(client: Client, namespace: &str, name: &str, candidate: Candidate, clock: Arc<dyn Clock>) -> Self {
        let (leases, name) = (Api::namespaced(client, namespace), name.to_owned());
        Self { leases, lease: format!("Lease {namespace}/{name}"), name, candidate, clock }
    }

    /// Waits for the Lease, works while it is ours, and lets it go when the work has ended. `stop` ends the waiting; to end on it
    /// is the work's own part.
    ///
    /// # Errors
    /// The Lease was lost. The work was dropped where it stood.
    pub async fn lead(
        mut self,
        work: impl Future<Output = ()>,
        health: &Health,
        stop: impl Future<Output = ()>,
    ) -> Result<(), LostLease> {
        health.set(Stage::Electing);
        let elected = tokio::select! {
            () = self.acquire(|| health.set(Stage::StandingBy)) => true,
            () = stop => false,
        };
        if elected {
            health.set(Stage::Listing);
            let (work_ends, work_ended) = oneshot::channel::<()>();
            let lease = self.lease.clone();
            // A task of its own: the work may count over all resources for a while, and must not lose the lease by it.
            let mut keeper = tokio::spawn(async move {
                tokio::select! {
                    why = self.keep() => Err(why),
                    _ = work_ended => Ok(self),
                }
            });
            let kept = tokio::select! {
                biased;
                kept = &mut keeper => kept,
                () = work => {
                    drop(work_ends);
                    keeper.await
                }
            };
            self = match kept {
                Ok(Ok(elector)) => elector,
                Ok(Err(why)) => return Err(LostLease { lease, why }),
                Err(died) => return Err(LostLease { lease, why: Lost::Unkept(died.to_string()) }),
            };
        }
        // Also if it was only waited for: a claim may have been under way.
        self.release().await;
        Ok(())
    }

    /// Waits until the Lease is ours. Calls `standing_by` when it was seen that somebody else has it.
    async fn acquire(&mut self, standing_by: impl Fn()) {
        let (mut told, mut trouble) = (None, None);
        loop {
            let decision = self.attempt().await;
            if self.candidate.was_elected() {
                tracing::info!(lease = self.lease, identity = self.candidate.name(), "this replica leads");
                return;
            }
            if let Ok(Decision::Wait { holder, .. }) = &decision {
                standing_by();
                if told.as_ref() != Some(holder) {
                    tracing::info!(lease = self.lease, identity = self.candidate.name(), holder, "standing by");
                    told = Some(holder.clone());
                }
            }
            // A stand-by that cannot reach the API server says so once, not at every attempt.
            let message = decision.as_ref().err().map(|error| error.message.clone());
            if let Some(message) = message.as_ref().filter(|_| message != trouble) {
                tracing::warn!("{message}");
            }
            trouble = message;
            let rest = self.candidate.rest(decision.ok().as_ref(), self.clock.uptime());
            tokio::time::sleep(rest).await;
        }
    }

    /// Renews the Lease for as long as that works.
    async fn keep(&mut self) -> Lost {
        loop {
            tokio::time::sleep(self.candidate.rest(None, self.clock.uptime())).await;
            // The clock is asked and not the timer, which does not count the time in which the machine was suspended.
            let left = self.candidate.left(self.clock.uptime());
            if left.is_zero() {
                return Lost::Expired(self.candidate.timing().renew_deadline());
            }
            match tokio::time::timeout(left, self.attempt()).await {
                Ok(Ok(Decision::Lost(lost))) => return lost,
                Ok(Err(error)) => tracing::warn!("{}", error.message),
                Ok(Ok(_)) | Err(_) => {}
            }
        }
    }

    /// Lets the Lease go, if it is ours, so that another takes over at once. That may fail: then the other has to wait.
    async fn release(self) {
        let released = async {
            let found = self.read().await?;
            let spec = found.as_ref().and_then(|lease| lease.spec.as_ref());
            match self.candidate.released(spec, self.clock.now()) {
                Some(released) => self.write(found.as_ref(), released).await.map(|()| true),
                None => Ok(false),
            }
        };
        match released.await {
            Ok(true) => tracing::info!(lease = self.lease, "the lease is released"),
            Ok(false) => {}
            Err(ClusterError { message, .. }) => {
                tracing::warn!("{message}: the lease was not released, and another replica has to wait for its end");
            }
        }
    }

    /// Reads the Lease, and writes what was decided about it. A write that comes too late, or whose reply is lost, is told from
    /// one that stands when the Lease is read again.
    async fn attempt(&mut self) -> Result<Decision, ClusterError> {
        let found = self.read().await?;
        let spec = found.as_ref().and_then(|lease| lease.spec.as_ref());
        let decision = self.candidate.decide(spec, self.clock.uptime());
        if matches!(decision, Decision::Acquire | Decision::Renew) {
            let claim = self.candidate.claim(spec, self.clock.now());
            let sent = self.clock.uptime();
            self.write(found.as_ref(), claim).await?;
            self.candidate.claimed(sent, self.clock.uptime());
        }
        Ok(decision)
    }

    async fn read(&self) -> Result<Option<Lease>, ClusterError> {
        self.limited("read", self.leases.get_opt(&self.name)).await
    }

    /// Writes a Lease in place of the very one that was found.
    async fn write(&self, found: Option<&Lease>, spec: LeaseSpec) -> Result<(), ClusterError> {
        let field_manager = Some(FIELD_MANAGER.to_owned());
        match found {
            None => {
                let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
                let lease = Lease { metadata, spec: Some(spec) };
                let params = PostParams { field_manager, ..PostParams::default() };
                self.limited("create", self.leases.create(&params, &lease)).await?;
            }
            Some(found) => {
                let guard = json!({ "uid": found.uid(), "resourceVersion": found.resource_version() });
                let patch = Patch::Merge(json!({ "metadata": guard, "spec": spec }));
                let params = PatchParams { field_manager, ..PatchParams::default() };
                self.limited("patch", self.leases.patch(&self.name, &params, &patch)).await?;
            }
        }
        Ok(())
    }

    /// No call may eat up all the time that there is to renew: the next one may meet another API server.
    async fn limited<T>(&self, what: &str, request: impl Future<Output = kube::Result<T>>) -> Result<T, ClusterError> {
        let patience: Duration = self.candidate.timing().renew_deadline() / 2;
        limited(patience, what, &self.lease, request).await
    }
}
