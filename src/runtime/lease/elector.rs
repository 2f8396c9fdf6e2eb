//! Acquires, renews and releases the Lease at the API server.

use std::{future::Future, sync::Arc, time::Duration};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::{
    Api, Client, ResourceExt,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;
use tokio::sync::oneshot;

use super::candidate::{Candidate, Decision, Lost};
use crate::{
    api::FIELD_MANAGER,
    reconcile::{Clock, ClusterError},
    runtime::{
        health::{Health, Readiness},
        kubernetes::call_within,
    },
};

/// A candidate for a Lease.
pub struct Elector {
    leases: Api<Lease>,
    name: String,
    /// The Lease's name in messages.
    lease: String,
    candidate: Candidate,
    clock: Arc<dyn Clock>,
}

/// The process held the Lease and lost it.
#[derive(Debug, thiserror::Error)]
#[error("the {lease} is lost: {why}")]
pub struct LostLease {
    lease: String,
    why: Lost,
}

impl Elector {
    /// Uses the Lease with this name in this namespace. Operators that should work at the same time need different Leases.
    pub fn new(client: Client, namespace: &str, name: &str, candidate: Candidate, clock: Arc<dyn Clock>) -> Self {
        let (leases, name) = (Api::namespaced(client, namespace), name.to_owned());
        Self { leases, lease: format!("Lease {namespace}/{name}"), name, candidate, clock }
    }

    /// Waits for the Lease, runs `work` while the process holds it, and releases it after the work. `stop` ends the wait for the
    /// Lease; the work itself must also end on it.
    ///
    /// # Errors
    /// The Lease was lost, or the work has stopped. The work was dropped at an await point.
    pub async fn lead(
        mut self,
        work: impl Future<Output = ()>,
        health: &Arc<Health>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), LostLease> {
        health.set(Readiness::Electing);
        let elected = tokio::select! {
            () = self.acquire(|| health.set(Readiness::StandingBy)) => true,
            () = stop => false,
        };
        if elected {
            health.set(Readiness::Listing);
            let (work_ends, work_ended) = oneshot::channel::<()>();
            let (lease, progress) = (self.lease.clone(), health.clone());
            // A separate task: the work may compute for a while, and must not delay a renewal.
            let mut renewal = tokio::spawn(async move {
                tokio::select! {
                    why = self.renew_until_lost(&progress) => Err(why),
                    _ = work_ended => Ok(self),
                }
            });
            let kept = tokio::select! {
                biased;
                kept = &mut renewal => kept,
                () = work => {
                    drop(work_ends);
                    renewal.await
                }
            };
            self = match kept {
                Ok(Ok(elector)) => elector,
                Ok(Err(why)) => return Err(LostLease { lease, why }),
                Err(error) => return Err(LostLease { lease, why: Lost::RenewalEnded(error.to_string()) }),
            };
        }
        // Even if the process was not elected: a claim may have been in progress.
        self.release().await;
        Ok(())
    }

    /// Waits until the process holds the Lease. Calls `standing_by` when another process holds it.
    async fn acquire(&mut self, standing_by: impl Fn()) {
        let (mut logged_holder, mut logged_error) = (None, None);
        loop {
            let decision = self.attempt().await;
            if self.candidate.was_elected() {
                tracing::info!(lease = self.lease, identity = self.candidate.name(), "this replica is the leader");
                return;
            }
            if let Ok(Decision::Wait { holder, .. }) = &decision {
                standing_by();
                if logged_holder.as_ref() != Some(holder) {
                    tracing::info!(lease = self.lease, identity = self.candidate.name(), holder, "standing by");
                    logged_holder = Some(holder.clone());
                }
            }
            // Log an error once, not at every attempt.
            let message = decision.as_ref().err().map(|error| error.message.clone());
            if let Some(message) = message.as_ref().filter(|_| message != logged_error) {
                tracing::warn!("{message}");
            }
            logged_error = message;
            let rest = self.candidate.rest(decision.ok().as_ref(), self.clock.uptime());
            tokio::time::sleep(rest).await;
        }
    }

    /// Renews the Lease until it is lost, or the work has stopped.
    async fn renew_until_lost(&mut self, health: &Health) -> Lost {
        loop {
            tokio::time::sleep(self.candidate.rest(None, self.clock.uptime())).await;
            if let Some(why) = health.stalled() {
                return Lost::Stalled(why);
            }
            // By the clock and not by a timer, which does not count the time during which the machine was suspended.
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

    /// Releases the Lease if the process holds it, so that another can take over immediately. If this fails, the other has to
    /// wait.
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
            Ok(true) => tracing::info!(lease = self.lease, "released the lease"),
            Ok(false) => {}
            Err(ClusterError { message, .. }) => {
                tracing::warn!("{message}: the lease was not released, so another replica has to wait until it expires");
            }
        }
    }

    /// Reads the Lease and acts on the decision. After a write that is late or whose reply is lost, the next read shows whether
    /// it succeeded.
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
        self.call("read", self.leases.get_opt(&self.name)).await
    }

    /// Writes the Lease, provided that it has not changed since it was read.
    async fn write(&self, found: Option<&Lease>, spec: LeaseSpec) -> Result<(), ClusterError> {
        let field_manager = Some(FIELD_MANAGER.to_owned());
        match found {
            None => {
                let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
                let lease = Lease { metadata, spec: Some(spec) };
                let params = PostParams { field_manager, ..PostParams::default() };
                self.call("create", self.leases.create(&params, &lease)).await?;
            }
            Some(found) => {
                let guard = json!({ "uid": found.uid(), "resourceVersion": found.resource_version() });
                let patch = Patch::Merge(json!({ "metadata": guard, "spec": spec }));
                let params = PatchParams { field_manager, ..PatchParams::default() };
                self.call("patch", self.leases.patch(&self.name, &params, &patch)).await?;
            }
        }
        Ok(())
    }

    /// Makes a call that takes at most half of the time for a renewal: another attempt may reach another API server.
    async fn call<T>(&self, what: &str, request: impl Future<Output = kube::Result<T>>) -> Result<T, ClusterError> {
        let timeout: Duration = self.candidate.timing().renew_deadline() / 2;
        call_within(timeout, what, &self.lease, request).await
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        future::{Ready, pending, ready},
        task::{Context, Poll},
    };

    use http::{Method, Request, Response};
    use kube::client::Body;
    use tower::Service;

    use super::*;
    use crate::{reconcile::SystemClock, runtime::Timing};

    /// An API server without a Lease, which accepts all that are written.
    struct ApiServer;

    impl Service<Request<Body>> for ApiServer {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = Ready<Result<Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<Body>) -> Self::Future {
            let mut reply = match *request.method() {
                Method::GET => Response::new(json!({ "status": "Failure", "reason": "NotFound", "code": 404 })),
                _ => Response::new(json!({ "metadata": { "name": "lease" } })),
            };
            if *request.method() == Method::GET {
                *reply.status_mut() = http::StatusCode::NOT_FOUND;
            }
            ready(Ok(reply.map(|json| json.to_string().into_bytes().into())))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn leader_whose_work_has_stopped_gives_up_the_lease() {
        let seconds = Duration::from_secs;
        let candidate = Candidate::new("me".into(), Timing::new(seconds(15), seconds(10), seconds(2)).unwrap());
        let elector = Elector::new(Client::new(ApiServer, "ops"), "ops", "lease", candidate, Arc::new(SystemClock));
        let health = Arc::new(Health::default());
        let work = async {
            health.begin_work(8);
            pending().await
        };
        let lost = elector.lead(work, &health, pending()).await.unwrap_err().to_string();
        assert!(lost.starts_with("the Lease ops/lease is lost: the watch of ConnectUsers has done nothing for "), "{lost}");
    }
}
