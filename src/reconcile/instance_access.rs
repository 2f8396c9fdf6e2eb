//! Resources whose namespace may not use their instance: nothing is done for them, and nothing keeps them from going.

use std::ops::ControlFlow;

use connect_api::Arn;
use kube::ResourceExt;

use super::{
    Failure, Kind,
    conditions::condition,
    pass::{End, Pass},
    reconciler::{Reconciler, Verdict},
    username_waiters::NamespacedName,
};
use crate::{
    api::{ConditionType, ConnectUser},
    plan::{CreateAttempts, Desired},
};

impl Reconciler {
    /// Why nothing may be done for a resource; None: its namespace may use its instance.
    pub(super) fn refusal(&self, resource: &ConnectUser) -> Option<String> {
        let instance = Desired::instance_of(resource).ok()?;
        self.connections.refusal(&instance, &resource.namespace().unwrap_or_default())
    }

    /// Whether the resources of a namespace may use an instance.
    pub fn is_allowed(&self, instance: &Arn, namespace: &str) -> bool {
        self.connections.refusal(instance, namespace).is_none()
    }

    /// Has a resource looked at again, whatever it has to wait for, since it may fare otherwise now.
    pub fn requeue(&self, uid: &str, place: NamespacedName) {
        self.memory.end_hold(uid);
        self.waiting.wake(place);
    }

    /// Tells a resource of its refusal, without a call. One that is to go and has nothing in Connect, goes; one that may have
    /// something there gets an ordinary pass (None), which deletes nothing but what is proven to be its own.
    pub(super) async fn refuse(&self, cached: &ConnectUser, refusal: String) -> Option<Verdict> {
        let told = cached.status.as_ref().and_then(|status| condition(status, ConditionType::Ready));
        if told.is_some_and(|c| c.reason == Kind::NotAllowed.reason().as_str() && c.message == refusal)
            && let Some(left) = self.still_held(cached, &cached.uid().unwrap_or_default())
        {
            return Some(Verdict::ended(Some(left), "held"));
        }
        let (Ok(mut pass) | Err((mut pass, _))) = Pass::begin(self, cached.clone());
        if !pass.known.deleting {
            let failure = Failure::new(Kind::NotAllowed, pass.phase(), refusal);
            return Some(pass.finish(End::Failed(failure)).await);
        }
        // Whether there is nothing in Connect is not left to a cache.
        let end = match pass.refresh().await {
            ControlFlow::Break(end) => end,
            ControlFlow::Continue(()) if pass.known.mark != CreateAttempts::None || pass.known.recorded.is_some() => return None,
            ControlFlow::Continue(()) => match pass.release(None).await {
                ControlFlow::Break(end) => end,
                ControlFlow::Continue(()) => End::Gone,
            },
        };
        Some(pass.finish(end).await)
    }
}
