//! When to ask Service Quotas for the quota of users of an instance.

use std::{num::NonZeroU32, time::Duration};

/// How long a quota is kept: it changes seldom.
const LASTS: Duration = Duration::from_secs(24 * 3600);
/// How long after a failure the next attempt waits.
const AFTER_FAILURE: Duration = Duration::from_secs(3600);

/// What is known of the quota of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QuotaLookup {
    /// The last quota that was read.
    pub(super) quota: Option<NonZeroU32>,
    pub(super) failed: bool,
    /// The uptime of the next lookup.
    pub(super) due: Duration,
}

impl QuotaLookup {
    /// Returns what is known after a lookup. A failure does not make an earlier quota unknown.
    pub(super) fn after(before: Option<Self>, read: Option<NonZeroU32>, now: Duration) -> Self {
        match read {
            Some(quota) => Self { quota: Some(quota), failed: false, due: now + LASTS },
            None => Self { quota: before.and_then(|before| before.quota), failed: true, due: now + AFTER_FAILURE },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(users: u32) -> NonZeroU32 {
        NonZeroU32::new(users).unwrap()
    }

    #[test]
    fn quota_is_read_once_a_day_and_hourly_after_a_failure() {
        let (hour, now) = (Duration::from_secs(3600), Duration::from_secs(7));
        let first = QuotaLookup::after(None, None, now);
        assert_eq!((first.quota, first.due), (None, now + hour));
        let second = QuotaLookup::after(Some(first), Some(quota(500)), now);
        assert_eq!((second.quota, second.due), (Some(quota(500)), now + 24 * hour));
        let third = QuotaLookup::after(Some(second), None, now);
        assert_eq!((third.quota, third.due), (Some(quota(500)), now + hour), "the quota stays known");
    }
}
