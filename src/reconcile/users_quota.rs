//! The quota of users of an instance, as Service Quotas knows it.

use std::num::NonZeroU32;

use connect_api::Arn;

use super::{quota_lookup::QuotaLookup, reconciler::Reconciler};

impl Reconciler {
    /// Returns the quota of users of an instance if Service Quotas has answered, which is asked once a day, and once an hour after a
    /// failure. The first of several failures is logged.
    pub async fn users_quota(&self, instance: &Arn) -> Option<NonZeroU32> {
        let (ctx, key) = (&self.ctx, instance.to_string());
        let before = ctx.users_quotas.get(&key);
        if let Some(known) = before.filter(|known| ctx.clock.uptime() < known.due) {
            return known.quota;
        }
        let result = ctx.connections.users_quota(instance).await;
        if let Err(error) = &result
            && !before.is_some_and(|before| before.failed)
        {
            tracing::warn!(instance = %instance, error, "could not read the quota of users; the next attempt is in an hour");
        }
        let known = QuotaLookup::after(before, result.ok(), ctx.clock.uptime());
        ctx.users_quotas.record(key, known);
        known.quota
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use connect_api::Connect;
    use futures::{
        FutureExt,
        executor::block_on,
        future::{BoxFuture, ready},
    };
    use parking_lot::Mutex;

    use super::*;
    use crate::reconcile::{Connections, fixtures::reconciler};

    /// Service Quotas, with its next answers.
    #[derive(Clone, Default)]
    struct Answers(Arc<Mutex<Vec<Result<NonZeroU32, String>>>>);

    impl Connections for Answers {
        fn client_for(&self, instance: &Arn) -> Arc<dyn Connect> {
            panic!("{instance} is not called")
        }

        fn users_quota<'a>(&'a self, _: &'a Arn) -> BoxFuture<'a, Result<NonZeroU32, String>> {
            ready(self.0.lock().pop().expect("no more calls than answers")).boxed()
        }
    }

    #[test]
    fn answer_is_kept_for_the_next_sweeps() {
        let instance = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001".parse().unwrap();
        for (answer, known) in [(Ok(NonZeroU32::MIN), Some(NonZeroU32::MIN)), (Err("denied".to_owned()), None)] {
            let answers = Answers::default();
            answers.0.lock().push(answer);
            let reconciler = reconciler(answers.clone());
            for _ in 0..3 {
                assert_eq!(block_on(reconciler.users_quota(&instance)), known);
            }
            assert!(answers.0.lock().is_empty());
        }
    }
}
