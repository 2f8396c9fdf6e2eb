//! Repeats calls until the rate limit admits them, and calls that fail in passing.

use std::time::Duration;

use connect_api::{Class, Error};

/// The number of failures in a row after which a read is given up.
const MAX_FAILURES: u32 = 8;
/// The wait after the first failure. It doubles with each failure, up to the longest wait.
pub(super) const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How often a read has failed, and how far it has come.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    failures: u32,
    furthest: u32,
}

impl Retry {
    /// Waits until a failed call may be repeated. `calls` is the number of calls that have succeeded: if another client uses much of the
    /// quota, every few calls are throttled, and progress resets the count of failures.
    ///
    /// # Errors
    /// The error itself, if it lasts or too many have followed each other.
    pub(crate) async fn wait(&mut self, error: Error, calls: u32) -> Result<(), Error> {
        let wait = match error.class {
            Class::Deferred => error.retry_after.unwrap_or(FIRST_WAIT),
            Class::Throttled | Class::Transient => {
                if calls > self.furthest {
                    (self.failures, self.furthest) = (0, calls);
                }
                if self.failures == MAX_FAILURES {
                    return Err(error);
                }
                self.failures += 1;
                let wait = FIRST_WAIT.saturating_mul(1 << (self.failures - 1)).min(LONGEST_WAIT);
                error.retry_after.unwrap_or(wait)
            }
            _ => return Err(error),
        };
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Repeats one call until it succeeds.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub(crate) async fn call<T>(call: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
        let mut retry = Self::default();
        loop {
            match call().await {
                Ok(value) => return Ok(value),
                Err(error) => retry.wait(error, 0).await?,
            }
        }
    }
}
