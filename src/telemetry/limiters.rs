//! The state of the rate limiters, read when metrics are scraped, so that it adds no cost to calls.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Weak, atomic::AtomicU64},
};

use connect_api::LimiterStatus;
use parking_lot::Mutex;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{MetricType, family::Family, gauge::Gauge},
    registry::Unit,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BucketLabels {
    account: String,
    region: String,
    operation: &'static str,
}

type Gauges = Family<BucketLabels, Gauge<f64, AtomicU64>>;
type LimitersByRegion = BTreeMap<(String, String), Weak<dyn LimiterStatus>>;

/// The limiters. Those that are no longer in use are skipped, and dropped when another one is added.
#[derive(Clone, Default)]
pub(super) struct Limiters(Arc<Mutex<LimitersByRegion>>);

impl Limiters {
    /// Adds a limiter, replacing an earlier one for the same account and Region.
    pub(super) fn insert(&self, account: &str, region: &str, limiter: Weak<dyn LimiterStatus>) {
        let mut limiters = self.0.lock();
        limiters.retain(|_, limiter| limiter.strong_count() > 0);
        limiters.insert((account.to_owned(), region.to_owned()), limiter);
    }

    fn in_use(&self) -> Vec<(String, String, Arc<dyn LimiterStatus>)> {
        let limiters = self.0.lock();
        let in_use = limiters
            .iter()
            .filter_map(|((account, region), limiter)| Some((account.clone(), region.clone(), limiter.upgrade()?)));
        in_use.collect()
    }
}

impl fmt::Debug for Limiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiters").finish_non_exhaustive()
    }
}

impl Collector for Limiters {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let (tokens, waiting, time) = (Gauges::default(), Family::<BucketLabels, Gauge>::default(), Gauges::default());
        for (account, region, limiter) in self.in_use() {
            for (operation, bucket) in limiter.statuses() {
                let labels = BucketLabels { account: account.clone(), region: region.clone(), operation: operation.as_str() };
                tokens.get_or_create(&labels).set(bucket.tokens);
                waiting.get_or_create(&labels).set(i64::try_from(bucket.waiting).unwrap_or(i64::MAX));
                time.get_or_create(&labels).set(bucket.time.as_secs_f64());
            }
        }
        tokens.encode(encoder.encode_descriptor(
            "rate_limit_tokens",
            "Calls that the operator's limiter would admit immediately, by operation, account and Region, of \
             Regions that have answered",
            None,
            MetricType::Gauge,
        )?)?;
        waiting.encode(encoder.encode_descriptor(
            "queue_depth",
            "Calls that wait in the operator's limiter, by operation, account and Region, of Regions that have answered",
            None,
            MetricType::Gauge,
        )?)?;
        time.encode(encoder.encode_descriptor(
            "queue_time",
            "How long the calls that wait in the operator's limiter will take, by operation, account and Region, of Regions that have answered",
            Some(&Unit::Seconds),
            MetricType::Gauge,
        )?)
    }
}
