//! What a report says, from users and ConnectUsers as they were read.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

use connect_api::SecurityProfileId;
use jiff::Timestamp;
use serde::Serialize;
use serde_with::skip_serializing_none;

use super::operator::OperatorReport;
use crate::{
    api::{ConditionType, ConnectUser},
    cli::users::{
        read::Instance,
        row::{ManagedBy, Row},
    },
    reconcile::NamespacedName,
};

/// A report.
#[skip_serializing_none]
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) made_at: Timestamp,
    pub(super) instances: Vec<InstanceReport>,
    /// The ConnectUsers of the cluster, if they were read.
    pub(super) connect_users: Option<ClusterReport>,
    /// The operator of the cluster, if its metrics were read.
    pub(super) operator: Option<OperatorReport>,
    /// Why they were not read.
    pub(super) operator_fault: Option<String>,
}

/// What there is to say about the users of an instance.
#[skip_serializing_none]
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstanceReport {
    pub(super) instance_arn: String,
    pub(super) users: usize,
    /// The quota of users, if it is known.
    pub(super) users_quota: Option<NonZeroU32>,
    /// Why the quota is not known.
    pub(super) users_quota_fault: Option<String>,
    /// The number of users that ConnectUsers of each cluster manage.
    pub(super) managed_by_cluster: BTreeMap<String, usize>,
    /// The users that no operator manages.
    pub(super) unmanaged: Vec<Person>,
    /// The users that may change what users may do. None: the permissions could not be read.
    pub(super) administrators: Option<Vec<Person>>,
    /// Users that may be one person.
    pub(super) alike: Vec<Alike>,
    pub(super) by_routing_profile: BTreeMap<String, usize>,
    pub(super) by_security_profile: BTreeMap<String, usize>,
}

/// A user.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Person {
    pub(super) username: String,
    pub(super) name: String,
    pub(super) security_profiles: Vec<String>,
    /// The ConnectUser, as NAMESPACE/NAME.
    pub(super) managed_by: Option<String>,
}

/// Users with the same e-mail address or the same name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alike {
    /// `email` or `name`.
    pub(super) by: &'static str,
    pub(super) value: String,
    pub(super) usernames: Vec<String>,
}

/// The state of the ConnectUsers of a cluster.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClusterReport {
    pub(super) all: usize,
    pub(super) ready: usize,
    pub(super) in_sync: usize,
    /// The ConnectUsers that are not Ready, by reason.
    pub(super) not_ready: BTreeMap<String, Vec<String>>,
    /// How many users differ in a field.
    pub(super) drift_by_field: BTreeMap<String, usize>,
    /// The time of the oldest and of the newest sync.
    pub(super) synced_between: Option<(Timestamp, Timestamp)>,
}

impl InstanceReport {
    pub(super) fn of(
        instance: &Instance,
        administrating: Option<&BTreeSet<SecurityProfileId>>,
        users_quota: Result<NonZeroU32, String>,
    ) -> Self {
        let rows: Vec<Row> = instance.users.iter().map(|live| Row::of(&instance.arn, live, &instance.names)).collect();
        let mut report = Self {
            instance_arn: instance.arn.to_string(),
            users: rows.len(),
            users_quota: users_quota.as_ref().ok().copied(),
            users_quota_fault: users_quota.err(),
            managed_by_cluster: BTreeMap::new(),
            unmanaged: Vec::new(),
            administrators: administrating.map(|_| Vec::new()),
            alike: alike(&rows),
            by_routing_profile: BTreeMap::new(),
            by_security_profile: BTreeMap::new(),
        };
        for (row, live) in rows.iter().zip(&instance.users) {
            match &row.managed_by {
                Some(owner) => *report.managed_by_cluster.entry(owner.cluster.clone().unwrap_or_default()).or_default() += 1,
                None => report.unmanaged.push(Person::of(row)),
            }
            if let Some(name) = &row.routing_profile_name {
                *report.by_routing_profile.entry(name.clone()).or_default() += 1;
            }
            for name in &row.security_profile_names {
                *report.by_security_profile.entry(name.clone()).or_default() += 1;
            }
            if administrating.is_some_and(|administrating| !administrating.is_disjoint(&live.user.security_profile_ids)) {
                report.administrators.get_or_insert_default().push(Person::of(row));
            }
        }
        report
    }
}

impl Person {
    fn of(row: &Row) -> Self {
        Self {
            username: row.user.username.clone(),
            name: row.person(),
            security_profiles: row.security_profile_names.clone(),
            managed_by: row.managed_by.as_ref().map(ManagedBy::resource),
        }
    }
}

/// Returns users with the same e-mail address or name. A name that many have is not one person's.
fn alike(rows: &[Row]) -> Vec<Alike> {
    let mut groups: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
    for row in rows {
        let email = row.user.identity_info.email.clone().unwrap_or_default();
        for (by, value) in [("email", email), ("name", row.person())] {
            let value = value.trim().to_lowercase();
            if !value.is_empty() {
                groups.entry((by, value)).or_default().push(row.user.username.clone());
            }
        }
    }
    let several = groups.into_iter().filter(|(_, usernames)| usernames.len() > 1);
    several.map(|((by, value), usernames)| Alike { by, value, usernames }).collect()
}

impl ClusterReport {
    pub(super) fn of(resources: &[ConnectUser]) -> Self {
        let mut report = Self { all: resources.len(), ..Self::default() };
        for resource in resources {
            let status = resource.status.clone().unwrap_or_default();
            let shown = |kind: ConditionType| status.conditions.iter().find(|condition| condition.type_ == kind.as_str());
            let is_true = |kind| shown(kind).is_some_and(|condition| condition.status == "True");
            report.in_sync += usize::from(is_true(ConditionType::Synced));
            if is_true(ConditionType::Ready) {
                report.ready += 1;
            } else {
                let reason = shown(ConditionType::Ready).map_or("Unknown", |condition| condition.reason.as_str());
                let NamespacedName { namespace, name } = NamespacedName::of(resource);
                report.not_ready.entry(reason.to_owned()).or_default().push(format!("{namespace}/{name}"));
            }
            for drift in &status.drift {
                *report.drift_by_field.entry(drift.path.clone()).or_default() += 1;
            }
            if let Some(at) = status.last_sync_time {
                let (oldest, newest) = report.synced_between.unwrap_or((at, at));
                report.synced_between = Some((oldest.min(at), newest.max(at)));
            }
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixtures::{export_names, full, live};

    #[test]
    fn administrators_and_users_that_are_alike_are_named() {
        let mut other = live();
        other.user.username = "by.hand".into();
        other.user.tags.clear();
        other.user.security_profile_ids = ["security-1".into()].into();
        let instance = Instance { arn: full().instance, users: vec![live(), other], names: export_names() };
        let report = InstanceReport::of(&instance, Some(&["security-1".into()].into()), Ok(NonZeroU32::MIN));
        let names = |people: &[Person]| people.iter().map(|person| person.username.clone()).collect::<Vec<_>>();
        let has_it = live().user.security_profile_ids.contains(&"security-1".into());
        let expected: &[&str] = if has_it { &["jane.doe", "by.hand"] } else { &["by.hand"] };
        assert_eq!(names(report.administrators.as_deref().unwrap()), expected);
        assert_eq!(names(&report.unmanaged), ["by.hand"]);
        assert_eq!(report.managed_by_cluster.values().sum::<usize>(), 1);
        let alike: Vec<_> = report.alike.iter().map(|alike| (alike.by, alike.usernames.len())).collect();
        assert_eq!(alike, [("email", 2), ("name", 2)]);
        assert_eq!((report.users_quota, report.users_quota_fault), (Some(NonZeroU32::MIN), None));
        let report = InstanceReport::of(&instance, None, Err("denied".into()));
        assert!(report.administrators.is_none());
        assert_eq!((report.users_quota, report.users_quota_fault.as_deref()), (None, Some("denied")));
    }
}
