//! How fast tokens come: the quota, and how much of it throttles from AWS leave us.

use std::time::Duration;

use super::Quota;

/// How far throttles may lower the pace, as a part of the quota.
const SLOWEST: f64 = 0.1;
/// What a throttle leaves of the pace. Others that take from the same bucket are seen in throttles only.
const AFTER_A_THROTTLE: f64 = 0.7;
/// How fast the pace recovers: the part of the quota that each second gives back. Faster, and throttles become many while another
/// tool takes its part (each costs a call and a look at what became of it); slower, and the operator crawls on when it is over.
const RECOVERY_PER_SECOND: f64 = 0.005;
/// No wait is longer: what is further off is asked for again, and times can be added up.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The speed at which a bucket fills.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    rate: f64,
    /// Part of the rate in use: throttles lower it, time gives it back.
    share: f64,
}

impl Pace {
    pub(super) fn new(quota: Quota) -> Self {
        Self { rate: quota.rate, share: 1.0 }
    }

    /// Tokens that come within `elapsed` seconds, in which the pace recovers.
    pub(super) fn pass(&mut self, elapsed: f64) -> f64 {
        let recovering = elapsed.min(self.until_recovered());
        let tokens = self.while_recovering(recovering) + self.rate * (elapsed - recovering);
        self.share = (self.share + elapsed * RECOVERY_PER_SECOND).min(1.0);
        tokens
    }

    /// How long so many tokens take to come, recovery counted in: a promise that leaves it out is kept too late by all, and
    /// tokens are lost meanwhile.
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

    pub(super) fn throttled(&mut self) {
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
    fn throttles_slow_down_to_a_tenth_and_time_heals_it() {
        let mut pace = Pace::new(QUOTA);
        pace.throttled();
        assert!(pace.time_for(1.0) > Duration::from_millis(700));
        for _ in 0..50 {
            pace.throttled();
        }
        assert!(pace.time_for(1.0) < Duration::from_secs(5), "never slower than a tenth");
        pace.pass(180.0);
        assert_eq!(pace.time_for(1.0), Duration::from_millis(500));
    }

    #[test]
    fn no_rate_is_too_low_to_be_told_a_time() {
        assert_eq!(Pace::new(Quota { rate: 1e-300, burst: 1.0 }).time_for(1e9), LONGEST);
    }

    proptest! {
        #[test]
        fn after_the_time_that_was_told_the_tokens_are_there(throttles in 0..8, tokens in 0.01_f64..1000.0, rest in 0.0_f64..1.0) {
            let mut pace = Pace::new(QUOTA);
            for _ in 0..throttles {
                pace.throttled();
            }
            let told = pace.time_for(tokens).as_secs_f64();
            let came = pace.pass(told * rest) + pace.pass(told * (1.0 - rest));
            prop_assert!((came - tokens).abs() < 1e-5, "{} of {}", came, tokens);
        }
    }
}
