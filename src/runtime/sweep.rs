//! One sweep over an instance and the deletion of one orphan, repeated until the rate limit admits their calls.

use connect_api::{Arn, Class, Error};
use tokio::time::Instant;

use super::retry::{FIRST_WAIT, Retry};
use crate::reconcile::{Cached, Orphan, OrphanError, OrphanOutcome, Reconciler, ScanReport};

/// Sweeps an instance once, to the end or to the call that failed too often. `resources` returns all ConnectUsers.
pub(crate) async fn sweep<R: Iterator<Item = impl Cached>>(
    reconciler: &Reconciler,
    instance: &Arn,
    resources: &impl Fn() -> R,
) -> Result<ScanReport, Error> {
    let mut scan = reconciler.begin_sweep(instance, resources());
    let mut retry = Retry::default();
    loop {
        match reconciler.resume_sweep(&mut scan, resources()).await {
            Ok(report) => return Ok(report),
            Err(error) => retry.wait(error, scan.calls()).await?,
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
