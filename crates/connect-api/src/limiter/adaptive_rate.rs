//! The rate at which tokens come: the quota, lowered by AWS' throttles and restored with time.

use std::time::Duration;

use super::Quota;

/// How far throttles may lower the rate, as a share of the quota.
const SLOWEST: f64 = 0.1;
/// What a throttle leaves of the rate. Throttles are the only sign of other tools that use the same quota.
const AFTER_A_THROTTLE: f64 = 0.7;
/// The share of the quota that the rate regains in a second. A higher value means many throttles while another tool uses the
/// quota (each costs a call and a read of its effect). A lower value keeps the operator slow when the other tool is done.
const RECOVERY_PER_SECOND: f64 = 0.005;
/// The longest wait. Callers with a longer one ask again, and times can be added without overflow.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The rate at which a bucket fills.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdaptiveRate {
    rate: f64,
    /// The share of the rate in use: throttles lower it, time restores it.
    share: f64,
}

impl AdaptiveRate {
    pub(super) fn new(quota: Quota) -> Self {
        Self { rate: quota.rate, share: 1.0 }
    }

    /// Returns the tokens that come within `elapsed` seconds, in which the rate recovers.
    pub(super) fn advance(&mut self, elapsed: f64) -> f64 {
        let recovering = elapsed.min(self.until_recovered());
        let tokens = self.while_recovering(recovering) + self.rate * (elapsed - recovering);
        self.share = (self.share + elapsed * RECOVERY_PER_SECOND).min(1.0);
        tokens
    }

    /// Returns how long this number of tokens takes to come, with the recovery of the rate. A longer estimate would make all
    /// callers come too late, and tokens would be lost.
    pub(super) fn time_for(&self, tokens: f64) -> Duration {
        let recovered = self.until_recovered();
        let meanwhile = self.while_recovering(recovered);
        let seconds = if tokens < meanwhile {
            // Solves while_recovering(t) = tokens.
            ((self.share * self.share + 2.0 * RECOVERY_PER_SECOND * tokens / self.rate).sqrt() - self.share) / RECOVERY_PER_SECOND
        } else {
            recovered + (tokens - meanwhile) / self.rate
        };
        Duration::try_from_secs_f64(seconds.max(0.0)).map_or(LONGEST, |time| time.min(LONGEST))
    }

    pub(super) fn slow_down(&mut self) {
        self.share = (self.share * AFTER_A_THROTTLE).max(SLOWEST);
    }

    fn until_recovered(&self) -> f64 {
        (1.0 - self.share) / RECOVERY_PER_SECOND
    }

    fn while_recovering(&self, seconds: f64) -> f64 {
        self.rate * (self.share * seconds + RECOVERY_PER_SECOND * seconds * seconds / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUOTA: Quota = Quota { rate: 2.0, burst: 5.0 };

    #[test]
    fn throttles_slow_down_to_a_tenth_and_time_recovers() {
        let mut rate = AdaptiveRate::new(QUOTA);
        rate.slow_down();
        assert!(rate.time_for(1.0) > Duration::from_millis(700));
        for _ in 0..50 {
            rate.slow_down();
        }
        assert!(rate.time_for(1.0) < Duration::from_secs(5), "never slower than a tenth");
        rate.advance(180.0);
        assert_eq!(rate.time_for(1.0), Duration::from_millis(500));
    }

    #[test]
    fn the_lowest_rate_still_has_a_time() {
        assert_eq!(AdaptiveRate::new(Quota { rate: 1e-300, burst: 1.0 }).time_for(1e9), LONGEST);
    }

    proptest! {
        #[test]
        fn tokens_come_within_the_estimated_time(throttles in 0..8, tokens in 0.01_f64..1000.0, rest in 0.0_f64..1.0) {
            let mut rate = AdaptiveRate::new(QUOTA);
            for _ in 0..throttles {
                rate.slow_down();
            }
            let estimate = rate.time_for(tokens).as_secs_f64();
            let came = rate.advance(estimate * rest) + rate.advance(estimate * (1.0 - rest));
            prop_assert!((came - tokens).abs() < 1e-5, "{} of {}", came, tokens);
        }
    }
}
