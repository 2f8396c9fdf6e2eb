//! Flags for AWS' rate limits and the share of them that the operator uses.

use clap::Args;
use connect_api::{OperationName, Quota, Quotas};

use crate::runtime::config::Operation;

#[derive(Debug, Args)]
pub(super) struct QuotaFlags {
    /// AWS' rate limit: calls per second of each operation, per account and Region.
    #[arg(long, env = "CONNECT_OPERATOR_CALLS_PER_SECOND", default_value_t = 2.0, value_parser = positive)]
    calls_per_second: f64,

    /// AWS' rate limit: the burst of each operation.
    #[arg(long, env = "CONNECT_OPERATOR_CALL_BURST", default_value_t = 5.0, value_parser = positive)]
    call_burst: f64,

    /// AWS' rate limit of an operation that has its own, such as DescribeUser=10 or SearchUsers=5:8: calls per second, and the
    /// burst. May be given more than once.
    #[arg(
        long,
        env = "CONNECT_OPERATOR_OPERATION_QUOTA",
        value_name = "NAME=RATE[:BURST]",
        value_delimiter = ',',
        value_parser = operation_quota
    )]
    operation_quota: Vec<OperationQuota>,

    /// The share of AWS' rate limits that this operator uses. At 1, it uses what other clients leave, and slows down when AWS
    /// throttles it. A smaller share prevents other clients in the account from being throttled.
    #[arg(long, env = "CONNECT_OPERATOR_QUOTA_SHARE", default_value_t = 1.0, value_parser = share)]
    quota_share: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct OperationQuota {
    operation: OperationName,
    rate: f64,
    burst: Option<f64>,
}

impl QuotaFlags {
    pub(super) fn quotas(&self) -> Quotas {
        let by_operation = self.operation_quota.iter().map(|OperationQuota { operation, rate, burst }| {
            (*operation, Quota { rate: *rate, burst: burst.unwrap_or(self.call_burst) })
        });
        Quotas {
            default: Quota { rate: self.calls_per_second, burst: self.call_burst },
            by_operation: by_operation.collect(),
            share: self.quota_share,
        }
    }
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "must be a number".to_owned())?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err("must be greater than 0".to_owned()) }
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    positive(text).and_then(|share| if share <= 1.0 { Ok(share) } else { Err("must be at most 1".to_owned()) })
}

fn operation_quota(text: &str) -> Result<OperationQuota, String> {
    let (name, quota) = text.split_once('=').ok_or("write it like DescribeUser=10 or DescribeUser=10:20")?;
    let operation = Operation::try_from(name.to_owned())?.name();
    let (rate, burst) = quota.split_once(':').map_or((quota, None), |(rate, burst)| (rate, Some(burst)));
    let rate = positive(rate).map_err(|e| format!("the rate {rate:?} {e}"))?;
    let burst = burst.map(|burst| positive(burst).map_err(|e| format!("the burst {burst:?} {e}"))).transpose()?;
    Ok(OperationQuota { operation, rate, burst })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        flags: QuotaFlags,
    }

    fn quotas(flags: &[&str]) -> Result<Quotas, String> {
        let arguments = ["program"].iter().chain(flags);
        Program::try_parse_from(arguments).map(|program| program.flags.quotas()).map_err(|e| e.to_string())
    }

    #[test]
    fn defaults_are_the_documented_limits() {
        assert_eq!(quotas(&[]).unwrap(), Quotas::default());
    }

    #[test]
    fn operation_quota_without_a_burst_uses_the_common_one() {
        let flags = ["--call-burst=7", "--operation-quota=DescribeUser=10,ListUsers=4:6", "--operation-quota=SearchUsers=0.5:1"];
        let quotas = quotas(&flags).unwrap();
        let parsed: Vec<(&str, f64, f64)> =
            quotas.by_operation.iter().map(|(operation, quota)| (operation.as_str(), quota.rate, quota.burst)).collect();
        let mut expected = vec![("DescribeUser", 10.0, 7.0), ("ListUsers", 4.0, 6.0), ("SearchUsers", 0.5, 1.0)];
        expected.sort_by_key(|(name, ..)| parsed.iter().position(|(other, ..)| other == name));
        assert_eq!(parsed, expected);
        assert_eq!(quotas.default, Quota { rate: 2.0, burst: 7.0 });
    }

    #[test]
    fn invalid_values_are_rejected_with_advice() {
        for (flag, why) in [
            ("--quota-share=1.5", "must be at most 1"),
            ("--quota-share=0", "must be greater than 0"),
            ("--calls-per-second=fast", "must be a number"),
            ("--operation-quota=DescribeUser", "write it like DescribeUser=10"),
            ("--operation-quota=DescribeUser=-1", "the rate \"-1\" must be greater than 0"),
            ("--operation-quota=DescribeUser=1:none", "the burst \"none\" must be a number"),
            ("--operation-quota=DescribeUsers=1", "these are: CreateUser, "),
        ] {
            let error = quotas(&[flag]).unwrap_err();
            assert!(error.contains(why), "{flag}: {error}");
        }
    }
}
