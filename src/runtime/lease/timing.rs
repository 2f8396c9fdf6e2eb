//! How long a Lease is valid and how often it is renewed.

use std::time::Duration;

/// The three times of a leader election, as client-go names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    duration: Duration,
    renew_deadline: Duration,
    retry_period: Duration,
}

impl Timing {
    /// Checks that the times are consistent. `duration` is how long others wait for a holder that does not renew,
    /// `renew_deadline` how long a holder that cannot renew remains the leader, `retry_period` the time between two attempts.
    ///
    /// # Errors
    /// Times with which two processes could lead at once, or with which a holder could not renew in time. The message names the
    /// flag.
    pub fn new(duration: Duration, renew_deadline: Duration, retry_period: Duration) -> Result<Self, String> {
        if duration.subsec_nanos() != 0 || i32::try_from(duration.as_secs()).is_err() {
            return Err("--lease-duration must be whole seconds: a Lease stores seconds".into());
        }
        if renew_deadline >= duration {
            return Err(
                "--lease-renew-deadline must be less than --lease-duration: otherwise two replicas could lead at once".into()
            );
        }
        if retry_period * 2 > renew_deadline {
            return Err("--lease-retry-period must be at most half of --lease-renew-deadline: \
                        otherwise one failed renewal would end the operator"
                .into());
        }
        if retry_period.is_zero() {
            return Err("--lease-retry-period must be greater than zero".into());
        }
        Ok(Self { duration, renew_deadline, retry_period })
    }

    pub fn duration(&self) -> Duration {
        self.duration
    }

    pub fn renew_deadline(&self) -> Duration {
        self.renew_deadline
    }

    pub fn retry_period(&self) -> Duration {
        self.retry_period
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(duration: u64, deadline: u64, period: u64) -> Result<Timing, String> {
        Timing::new(Duration::from_millis(duration), Duration::from_millis(deadline), Duration::from_millis(period))
    }

    #[test]
    fn inconsistent_times_are_rejected_with_the_flag_at_fault() {
        assert!(timing(15_000, 10_000, 2_000).is_ok());
        assert!(timing(2_000, 1_000, 500).is_ok());
        for (times, flag) in [
            ((2_500, 1_000, 100), "--lease-duration must"),
            ((10_000, 10_000, 2_000), "--lease-renew-deadline must"),
            ((15_000, 10_000, 5_001), "--lease-retry-period must"),
            ((15_000, 10_000, 0), "--lease-retry-period must"),
        ] {
            let refusal = timing(times.0, times.1, times.2).unwrap_err();
            assert!(refusal.starts_with(flag), "{refusal}");
        }
    }
}
