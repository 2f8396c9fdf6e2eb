//! One sweep over an instance and the deletion of one orphan, repeated until the rate limit admits their calls.

use std::time::Duration;

use connect_api::{Arn, Class, Error};
use tokio::time::Instant;

use crate::reconcile::{Cached, Orphan, OrphanError, OrphanOutcome, Reconciler, ScanReport};

/// The number of failures in a row after which a sweep is given up until the next one is due.
const MAX_FAILURES: u32 = 8;
/// The wait after the first failure. It doubles with each failure, up to the longest wait.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Sweeps an instance once, to the end or to the call that failed too often. `resources` returns all ConnectUsers.
pub(crate) async fn sweep<R: Iterator<Item = impl Cached>>(
    reconciler: &Reconciler,
    instance: &Arn,
    resources: &impl Fn() -> R,
) -> Result<ScanReport, Error> {
    let mut scan = reconciler.begin_sweep(instance, resources());
    let (mut failures, mut furthest) = (0, 0);
    loop {
        match reconciler.resume_sweep(&mut scan, resources()).await {
            Err(Error { class: Class::Deferred, retry_after, .. }) => {
                tokio::time::sleep(retry_after.unwrap_or(FIRST_WAIT)).await;
            }
            Err(error) if matches!(error.class, Class::Throttled | Class::Transient) => {
                // If another client uses much of the quota, every few pages are throttled. Progress resets the count.
                if scan.calls() > furthest {
                    (failures, furthest) = (0, scan.calls());
                }
                if failures == MAX_FAILURES {
                    return Err(error);
                }
                let wait = FIRST_WAIT.saturating_mul(1 << failures).min(LONGEST_WAIT);
                failures += 1;
                tokio::time::sleep(error.retry_after.unwrap_or(wait)).await;
            }
            ended => return ended,
        }
    }
}

/// Deletes an orphan, waiting for the rate limit until `until`, or without a limit if it is None.
///
/// # Errors
/// The call that failed. It was deferred or throttled if there was not enough time left.
pub(crate) async fn delete_orphan(
    reconciler: &Reconciler,
    orphan: &Orphan,
    until: Option<Instant>,
) -> Result<OrphanOutcome, OrphanError> {
    loop {
        let ended = reconciler.delete_orphan(orphan).await;
        let Err(OrphanError::Connect(Error { class: Class::Deferred | Class::Throttled, retry_after, .. })) = &ended else {
            return ended;
        };
        let retry_at = Instant::now() + retry_after.unwrap_or(FIRST_WAIT);
        if until.is_some_and(|until| retry_at > until) {
            return ended;
        }
        tokio::time::sleep_until(retry_at).await;
    }
}
