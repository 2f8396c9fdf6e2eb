//! The calls that a plan costs, and how long they take.

use std::{collections::BTreeMap, time::Duration};

use connect_api::{OperationName, Quotas};
use serde::Serialize;

use super::row::Row;

/// What a plan costs in all instances.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Forecast {
    /// How many users the instances have, managed or not.
    pub(super) users_in_connect: usize,
    /// How often each operation would be called.
    pub(super) calls: BTreeMap<String, usize>,
    /// The seconds that the calls take at least, at the configured quotas and if nothing else calls Connect.
    pub(super) seconds: f64,
}

impl Forecast {
    /// Adds the rows of an instance. Instances in one account and Region share its quotas, so their times add up.
    pub(super) fn add(&mut self, quotas: &Quotas, users: usize, rows: &[Row]) {
        let mut calls: BTreeMap<String, usize> = BTreeMap::new();
        for (operation, count) in rows.iter().flat_map(|row| &row.calls) {
            *calls.entry(operation.clone()).or_default() += count;
        }
        let named = OperationName::ALL.iter().filter_map(|name| Some((*name, *calls.get(name.as_str())?)));
        self.users_in_connect += users;
        self.seconds += quotas.least_time(named).as_secs_f64();
        for (operation, count) in calls {
            *self.calls.entry(operation).or_default() += count;
        }
    }

    /// Returns the time in words; None if it is less than a second.
    pub(super) fn time(&self) -> Option<String> {
        let time = Duration::from_secs(self.seconds.ceil() as u64);
        let time = jiff::SignedDuration::try_from(time).ok().filter(|time| !time.is_zero())?;
        Some(format!("{time:#}"))
    }
}
