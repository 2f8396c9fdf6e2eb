//! Token buckets by account, Region and operation.

use std::collections::HashMap;

use jiff::Timestamp;
use rand::{RngExt, rngs::StdRng};

use crate::{Rate, Throttling, refusal::Refusal};

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Timestamp,
}

/// The buckets of all accounts.
#[derive(Debug)]
pub(crate) struct Throttle {
    config: Throttling,
    buckets: HashMap<(String, String, &'static str), Bucket>,
}

impl Throttle {
    pub fn new(config: Throttling) -> Self {
        Self { config, buckets: HashMap::new() }
    }

    /// Returns the rate of an operation, unless it is unlimited.
    pub fn rate(&self, operation: &str) -> Option<Rate> {
        self.config.enabled.then(|| *self.config.operations.get(operation).unwrap_or(&self.config.default))
    }

    /// Takes a token, or returns Connect's error if there is none.
    pub fn take(
        &mut self,
        account: &str,
        region: &str,
        operation: &'static str,
        now: Timestamp,
        rng: &mut StdRng,
    ) -> Result<(), Refusal> {
        let Some(Rate { per_second, burst }) = self.rate(operation) else { return Ok(()) };
        let burst = f64::from(burst);
        let key = (account.to_owned(), region.to_owned(), operation);
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: burst, filled: now });
        let elapsed = now.duration_since(bucket.filled).as_secs_f64().max(0.0);
        bucket.filled = bucket.filled.max(now);
        bucket.tokens = (bucket.tokens + elapsed * per_second).min(burst);
        // Allow for rounding: a call that comes exactly on time passes.
        if bucket.tokens >= 1.0 - 1e-6 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let share = self.config.too_many_requests_share;
        Err(if share > 0.0 && rng.random_bool(share) {
            Refusal::new(429, "TooManyRequestsException", "Too Many Requests")
        } else {
            Refusal::new(429, "ThrottlingException", "Rate exceeded")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::SeedableRng;

    use super::*;

    fn passes(throttle: &mut Throttle, account: &str, region: &str, operation: &'static str, now: Timestamp) -> u32 {
        let mut rng = StdRng::seed_from_u64(0);
        (0..20).map(|_| u32::from(throttle.take(account, region, operation, now, &mut rng).is_ok())).sum()
    }

    #[test]
    fn a_burst_of_five_passes_and_then_two_per_second() {
        let mut throttle = Throttle::new(Throttling::default());
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!(passes(&mut throttle, "1", "r", "CreateUser", start), 5);
        assert_eq!(passes(&mut throttle, "1", "r", "CreateUser", start + Duration::from_millis(499)), 0);
        assert_eq!(passes(&mut throttle, "1", "r", "CreateUser", start + Duration::from_secs(1)), 2);
        assert_eq!(passes(&mut throttle, "1", "r", "CreateUser", start + Duration::from_secs(60)), 5, "no more than the burst");
    }

    #[test]
    fn accounts_regions_and_operations_have_separate_buckets() {
        let mut throttle = Throttle::new(Throttling::default());
        let now = Timestamp::UNIX_EPOCH;
        for (account, region, operation) in
            [("1", "r", "CreateUser"), ("2", "r", "CreateUser"), ("1", "s", "CreateUser"), ("1", "r", "DeleteUser")]
        {
            assert_eq!(passes(&mut throttle, account, region, operation, now), 5, "{account} {region} {operation}");
        }
    }

    #[test]
    fn an_operation_may_have_its_own_rate() {
        let mut config = Throttling::default();
        config.operations.insert("DescribeUser".into(), Rate { per_second: 10.0, burst: 7 });
        let mut throttle = Throttle::new(config);
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!(passes(&mut throttle, "1", "r", "DescribeUser", start), 7);
        assert_eq!(passes(&mut throttle, "1", "r", "DescribeUser", start + Duration::from_millis(300)), 3);
    }
}
