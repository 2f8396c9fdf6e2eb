//! What the metrics of the operator's leader say about its queue and its sweeps.

use std::collections::BTreeMap;

use connect_api::Arn;
use jiff::Timestamp;
use serde::Serialize;
use serde_with::skip_serializing_none;

/// The operator at work.
#[skip_serializing_none]
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OperatorReport {
    /// The pod that leads.
    pub(super) leader: String,
    /// The calls that wait in the rate limiter.
    pub(super) queue: Vec<WaitingCalls>,
    /// The interval of sweeps; 0: never.
    pub(super) sweep_interval_seconds: Option<u64>,
    pub(super) sweeps: Vec<LastSweep>,
}

/// The calls of an operation that wait, in an account and Region.
#[skip_serializing_none]
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WaitingCalls {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) operation: String,
    pub(super) calls: u64,
    /// How long they wait, rounded up.
    pub(super) seconds: Option<u64>,
}

/// The last sweep of an instance.
#[skip_serializing_none]
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LastSweep {
    pub(super) instance_arn: String,
    /// None: no sweep is known.
    pub(super) completed_at: Option<Timestamp>,
}

impl OperatorReport {
    /// Reads a page of metrics.
    pub(super) fn of(leader: String, page: &str, instances: &[Arn]) -> Self {
        let of_bucket = ["account", "region", "operation"];
        let times: BTreeMap<_, _> = samples(page, "connect_operator_queue_time_seconds", of_bucket).collect();
        let queue = samples(page, "connect_operator_queue_depth", of_bucket).filter(|(_, calls)| *calls > 0.0);
        let queue = queue.map(|(bucket, calls)| {
            let seconds = times.get(&bucket).map(|seconds| seconds.ceil() as u64);
            let [account, region, operation] = bucket.map(str::to_owned);
            WaitingCalls { account, region, operation, calls: calls as u64, seconds }
        });
        let completed: BTreeMap<_, _> =
            samples(page, "connect_operator_sweep_completed_timestamp_seconds", ["connect_instance", "region"]).collect();
        let sweeps = instances.iter().map(|arn| {
            let at = completed.get(&[arn.instance.as_str(), &*arn.region]).filter(|at| **at > 0.0);
            LastSweep { instance_arn: arn.to_string(), completed_at: at.and_then(|at| Timestamp::from_second(*at as i64).ok()) }
        });
        let interval = samples(page, "connect_operator_sweep_interval_seconds", []).next();
        Self {
            leader,
            queue: queue.collect(),
            sweep_interval_seconds: interval.map(|([], seconds)| seconds as u64),
            sweeps: sweeps.collect(),
        }
    }
}

/// Returns the samples of a gauge, each with its values of these labels. None of them contains a quotation mark or a comma.
fn samples<'a, const N: usize>(page: &'a str, gauge: &'a str, labels: [&'a str; N]) -> impl Iterator<Item = ([&'a str; N], f64)> {
    page.lines().filter_map(move |line| {
        let (labelled, value) = line.strip_prefix(gauge)?.rsplit_once(' ')?;
        let named = labelled.trim_matches(['{', '}']);
        if named.is_empty() != (N == 0) {
            return None;
        }
        let value_of =
            |label: &str| named.split(',').find_map(|one| one.strip_prefix(label)?.strip_prefix("=\"")?.strip_suffix('"'));
        let mut values = [""; N];
        for (value, label) in values.iter_mut().zip(labels) {
            *value = value_of(label)?;
        }
        Some((values, value.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use connect_api::{BucketStatus, LimiterStatus, OperationName};

    use super::*;
    use crate::telemetry::Metrics;

    /// A limiter at which calls of one operation wait.
    struct BusyLimiter;

    impl LimiterStatus for BusyLimiter {
        fn statuses(&self) -> BTreeMap<OperationName, BucketStatus> {
            let bucket = |waiting, time| BucketStatus { tokens: 0.5, waiting, time: Duration::from_millis(time) };
            [(OperationName::CreateUser, bucket(7, 3_250)), (OperationName::DescribeUser, bucket(0, 0))].into()
        }
    }

    fn instance(last: char) -> Arn {
        format!("arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-00000000000{last}").parse().unwrap()
    }

    #[test]
    fn queue_and_sweeps_are_read_from_the_operators_metrics() {
        let (metrics, limiter) = (Metrics::default(), Arc::new(BusyLimiter));
        let [swept, unswept, unknown] = ['1', '2', '3'].map(instance);
        metrics.add_limiter(&swept, &limiter);
        metrics.set_swept_instances([swept.clone(), unswept.clone()].into(), Duration::from_secs(300));
        let before = Timestamp::now();
        metrics.sweep_completed(&swept, [("here", 3)], [], Duration::from_secs(2));
        let report = OperatorReport::of("pod-a".into(), &metrics.encode().unwrap(), &[swept, unswept, unknown]);
        let waiting = WaitingCalls {
            account: "123456789012".into(),
            region: "us-west-2".into(),
            operation: "CreateUser".into(),
            calls: 7,
            seconds: Some(4),
        };
        assert_eq!(report.queue, [waiting]);
        assert_eq!((report.leader.as_str(), report.sweep_interval_seconds), ("pod-a", Some(300)));
        let completed: Vec<_> = report.sweeps.iter().map(|sweep| sweep.completed_at).collect();
        assert!(matches!(completed[..], [Some(at), None, None] if at.as_second() >= before.as_second()), "{completed:?}");
    }

    #[test]
    fn page_without_these_metrics_says_nothing() {
        let page = "# EOF\nconnect_operator_queue_depth_of_another{account=\"1\"} 5\n";
        let report = OperatorReport::of("pod-a".into(), page, &[]);
        assert!(report.queue.is_empty() && report.sweep_interval_seconds.is_none());
    }
}
