//! Resources whose namespace may not use their instance: the operator does nothing for them, and nothing blocks their deletion.

use kube::ResourceExt;

use super::{
    conditions::condition,
    context::Context,
    failure::{Failure, Kind},
    outcome::{Flow, Verdict},
    pass::Pass,
    schedule::still_held,
};
use crate::{
    api::{ConditionType, ConnectUser},
    plan::Desired,
};

/// Returns why the operator may do nothing for a resource; None: its namespace may use its instance.
pub(super) fn refusal(ctx: &Context, resource: &ConnectUser) -> Option<String> {
    let instance = Desired::instance_of(resource).ok()?;
    ctx.connections.refusal(&instance, &resource.namespace().unwrap_or_default())
}

/// Reports the refusal on the resource, without a call to Connect. A resource that is being deleted and has nothing in Connect is
/// released. One that may have something there gets an ordinary pass (None), which deletes only what is proven to be its own.
pub(super) async fn refuse(ctx: &Context, cached: &ConnectUser, refusal: String) -> Option<Verdict> {
    let ready = cached.status.as_ref().and_then(|status| condition(status, ConditionType::Ready));
    if ready.is_some_and(|c| c.reason == Kind::NotAllowed.reason().as_str() && c.message == refusal)
        && let Some(left) = still_held(ctx, cached, &cached.uid().unwrap_or_default())
    {
        return Some(Verdict::ended(Some(left), "held"));
    }
    let (Ok(mut pass) | Err((mut pass, _))) = Pass::begin(ctx, cached.clone());
    if !pass.is_deleting() {
        let failure = Failure::new(Kind::NotAllowed, pass.phase(), refusal);
        return Some(pass.finish(failure.into()).await);
    }
    // A cache does not decide that there is nothing in Connect.
    let end = match pass.refresh().await {
        Flow::Break(end) => end,
        Flow::Continue(()) if pass.may_have_user() => return None,
        Flow::Continue(()) => pass.end_without_user().await,
    };
    Some(pass.finish(end).await)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use connect_api::{Arn, Connect};
    use futures::executor::block_on;
    use serde_json::json;

    use crate::{
        api::fixtures,
        reconcile::{Connections, fixtures::reconciler},
    };

    /// Every namespace is refused, so no client may be made.
    struct NoClient;

    impl Connections for NoClient {
        fn client_for(&self, instance: &Arn) -> Arc<dyn Connect> {
            panic!("a client was made for {instance}")
        }

        fn cancel(&self, _: &Arn, _: &str) {}

        fn refusal(&self, _: &Arn, _: &str) -> Option<String> {
            Some("not here".into())
        }
    }

    #[test]
    fn refused_resource_makes_no_client() {
        let reconciler = reconciler(NoClient);
        let pass = |metadata, spec| {
            let changes = json!({ "metadata": metadata, "spec": spec });
            block_on(reconciler.reconcile(&fixtures::resource(changes))).result
        };
        let named = |uid: &str| json!({ "uid": uid, "generation": 1 });
        assert_eq!(pass(named("u-1"), json!({})), "InstanceNotAllowed");
        assert_eq!(pass(named("u-2"), json!({ "instanceArn": "torn" })), "InvalidSpec");
        let paused = json!({ "uid": "u-3", "generation": 1, "annotations": { "connect-operator.dev/paused": "true" } });
        assert_eq!(pass(paused, json!({})), "paused");
        let gone = json!({ "uid": "u-4", "deletionTimestamp": "2026-01-01T00:00:00Z" });
        assert_eq!(pass(gone, json!({})), "released");
    }
}
