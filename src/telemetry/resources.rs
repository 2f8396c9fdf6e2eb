//! Counts the conditions of the resources when metrics are scraped, so that no second copy has to follow the watch. No label
//! names a single resource.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{
        MetricType,
        family::Family,
        gauge::{ConstGauge, Gauge},
    },
    registry::Unit,
};

use super::recent::Recent;
use crate::api::{ConditionType, ConnectUser, ManagementPolicy, Reason};

/// How long the counts are reused, so that no client makes the operator count a hundred thousand resources all the time.
const LASTS: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ConditionLabels {
    ready: &'static str,
    synced: &'static str,
}

/// A resource that is counted.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// Its conditions.
    pub conditions: &'a ConditionSummary,
    /// Whether its instance is in use: a ConnectUser has a user there, or the configuration lists it. Any other may not exist, and a
    /// resource that names it cannot become Ready.
    pub in_use: bool,
}

/// Calls a visitor with each resource, or with None for an object that cannot be parsed.
type Visit = dyn Fn(&mut dyn FnMut(Option<Counted<'_>>)) + Send + Sync;

/// The resources of the watch, once it has started, and their last counts.
#[derive(Clone, Default)]
pub(super) struct Resources(Arc<Shared>);

struct Shared {
    visit: OnceLock<Box<Visit>>,
    last: Recent<Counts>,
}

impl Default for Shared {
    fn default() -> Self {
        Self { visit: OnceLock::new(), last: Recent::new(LASTS) }
    }
}

/// What the metrics say about the resources.
#[derive(Clone, Default)]
struct Counts {
    users: Family<ConditionLabels, Gauge>,
    unready: Option<Timestamp>,
    unsynced: Option<Timestamp>,
    denied: i64,
    unreadable: i64,
}

impl Resources {
    /// Sets the resources to count. Only the first call has an effect.
    pub(super) fn set(&self, visit: impl Fn(&mut dyn FnMut(Option<Counted<'_>>)) + Send + Sync + 'static) {
        drop(self.0.visit.set(Box::new(visit)));
    }

    fn counts(&self) -> Counts {
        let Some(visit) = self.0.visit.get() else { return Counts::default() };
        self.0.last.get(|| {
            let mut counts = Counts::default();
            visit(&mut |resource| counts.add(resource));
            counts
        })
    }
}

impl Counts {
    fn add(&mut self, resource: Option<Counted<'_>>) {
        let Some(Counted { conditions, in_use }) = resource else {
            self.unreadable += 1;
            return;
        };
        self.users.get_or_create(&ConditionLabels { ready: conditions.ready, synced: conditions.synced }).inc();
        if in_use {
            self.unready = earlier(self.unready, conditions.unready_since);
            self.unsynced = earlier(self.unsynced, conditions.unsynced_since);
            self.denied += i64::from(conditions.denied);
        }
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resources").finish_non_exhaustive()
    }
}

impl Collector for Resources {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Counts { users, unready, unsynced, denied, unreadable } = self.counts();
        users.encode(encoder.encode_descriptor(
            "managed_users",
            "ConnectUsers, by the status of their conditions Ready and Synced",
            None,
            MetricType::Gauge,
        )?)?;
        for (name, help, value) in [
            ("unreadable_objects", "ConnectUser objects that cannot be parsed and are skipped", unreadable),
            (
                "denied_users",
                "ConnectUsers for which AWS refuses the credentials or an action, in instances that are in use",
                denied,
            ),
        ] {
            ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let since = [
            (
                "oldest_unready_timestamp",
                "Since when the ConnectUser that has waited longest is not Ready, among those that the operator can help, in instances \
                 that are in use; no sample if there is none",
                unready,
            ),
            (
                "oldest_unsynced_timestamp",
                "Since when the Ready ConnectUser that has differed longest is not Synced, among those that the operator can help; no \
                 sample if there is none. Observed ConnectUsers are not counted",
                unsynced,
            ),
        ];
        for (name, help, since) in since {
            let metric = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?;
            if let Some(since) = since {
                ConstGauge::new(since.as_second()).encode(metric)?;
            }
        }
        Ok(())
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

/// The parts of a resource's conditions that the metrics count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConditionSummary {
    ready: &'static str,
    synced: &'static str,
    /// None too if only its owner can help.
    unready_since: Option<Timestamp>,
    unsynced_since: Option<Timestamp>,
    /// AWS refuses the credentials or an action.
    denied: bool,
}

impl ConditionSummary {
    /// Summarizes the conditions of a resource.
    pub fn of(resource: &ConnectUser) -> Self {
        let status = resource.status.as_ref();
        let condition = |wanted: ConditionType| {
            status.and_then(|status| status.conditions.iter().find(|condition| condition.type_ == wanted.as_str()))
        };
        let (ready, synced) = (condition(ConditionType::Ready), condition(ConditionType::Synced));
        let created = resource.creation_timestamp().map(|time| time.0);
        // A condition that describes an earlier spec says nothing about the current one.
        let is_current = status.is_some_and(|status| Some(status.observed_generation) == resource.metadata.generation);
        let reason = |condition: Option<&Condition>| {
            condition.and_then(|condition| Reason::ALL.iter().find(|reason| reason.as_str() == condition.reason)).copied()
        };
        let is_for_owner = |condition| reason(condition).is_some_and(Reason::is_for_owner);
        let paused = reason(synced) == Some(Reason::Paused);
        let observed = resource.spec.management_policy == ManagementPolicy::Observe;
        let since = |condition: Option<&Condition>| match condition {
            Some(condition) if condition.status == "True" => None,
            Some(condition) => Some(condition.last_transition_time.0),
            None => created,
        };
        Self {
            ready: label(ready),
            synced: if is_current { label(synced) } else { "Unknown" },
            unready_since: since(ready).filter(|_| !paused && !is_for_owner(ready)),
            unsynced_since: since(synced).filter(|_| label(ready) == "True" && !is_for_owner(synced) && !observed),
            denied: [ready, synced].into_iter().any(|condition| reason(condition) == Some(Reason::AccessDenied)),
        }
    }
}

/// Returns the status of a condition as one of three label values.
fn label(condition: Option<&Condition>) -> &'static str {
    match condition.map(|condition| condition.status.as_str()) {
        Some("True") => "True",
        Some("False") => "False",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use serde_json::{Value, json};

    use super::*;
    use crate::api::fixtures;

    fn resource(management: &str, conditions: &[(&str, &str, &str, &str)]) -> ConnectUser {
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|(kind, status, reason, since)| {
                json!({ "type": kind, "status": status, "reason": reason, "message": "", "lastTransitionTime": since })
            })
            .collect();
        fixtures::resource(json!({
            "metadata": { "generation": 2, "creationTimestamp": "2026-01-01T00:00:00Z" },
            "spec": { "managementPolicy": management },
            "status": { "observedGeneration": 2, "conditions": conditions },
        }))
    }

    fn describe(resource: &ConnectUser) -> (String, [Option<String>; 2]) {
        let ConditionSummary { ready, synced, unready_since, unsynced_since, denied: _ } = ConditionSummary::of(resource);
        (format!("{ready}/{synced}"), [unready_since, unsynced_since].map(|since| since.map(|since| since.to_string())))
    }

    #[test]
    fn summary_reflects_the_conditions() {
        const EARLY: &str = "2026-01-02T00:00:00Z";
        const LATE: &str = "2026-01-03T00:00:00Z";
        let at = |time: &str| Some(time.to_owned());
        let available = ("Ready", "True", "Available", EARLY);
        for (management, conditions, labels, since) in [
            ("Full", vec![available, ("Synced", "True", "InSync", EARLY)], "True/True", [None, None]),
            ("Full", vec![], "Unknown/Unknown", [at("2026-01-01T00:00:00Z"), None]),
            ("Full", vec![available, ("Synced", "Unknown", "Throttled", LATE)], "True/Unknown", [None, at(LATE)]),
            (
                "Full",
                vec![("Ready", "False", "AccessDenied", EARLY), ("Synced", "False", "AccessDenied", LATE)],
                "False/False",
                [at(EARLY), None],
            ),
            ("Observe", vec![available, ("Synced", "False", "Drifted", LATE)], "True/False", [None, None]),
            (
                "Full",
                vec![("Ready", "Unknown", "Paused", EARLY), ("Synced", "False", "Paused", LATE)],
                "Unknown/False",
                [None, None],
            ),
        ] {
            let resource = resource(management, &conditions);
            assert_eq!(describe(&resource), (labels.to_owned(), since), "{conditions:?}");
        }
    }

    #[test]
    fn what_only_its_owner_can_mend_raises_no_alert() {
        const SINCE: &str = "2026-01-02T00:00:00Z";
        let counts = |ready: &str, reason: &str, in_use: bool| {
            let conditions = [("Ready", ready, reason, SINCE), ("Synced", "False", reason, SINCE)];
            let mut counts = Counts::default();
            counts.add(Some(Counted { conditions: &ConditionSummary::of(&resource("Full", &conditions)), in_use }));
            (counts.unready.is_some(), counts.unsynced.is_some(), counts.denied)
        };
        for reason in ["InvalidSpec", "SecretNotFound", "ProfileNotAllowed", "Conflict", "NotKept"] {
            for ready in ["False", "True"] {
                assert_eq!(counts(ready, reason, true), (false, false, 0), "{ready} {reason}");
            }
        }
        assert_eq!(counts("False", "QuotaExceeded", true), (true, false, 0));
        assert_eq!(counts("True", "Transient", true), (false, true, 0));
        assert_eq!(counts("False", "AccessDenied", true), (true, false, 1));
        // The account or the Region may have been invented.
        assert_eq!(counts("False", "AccessDenied", false), (false, false, 0));
        assert_eq!(counts("Unknown", "Transient", false), (false, false, 0));
    }

    #[test]
    fn resources_are_not_counted_at_every_scrape() {
        let (resources, visits) = (Resources::default(), Arc::new(AtomicU32::new(0)));
        let counted = visits.clone();
        resources.set(move |visit| {
            counted.fetch_add(1, Ordering::Relaxed);
            visit(None);
        });
        for _ in 0..100 {
            assert_eq!(resources.counts().unreadable, 1);
        }
        // One, unless the machine was very slow.
        assert!(visits.load(Ordering::Relaxed) < 100);
    }

    #[test]
    fn synced_condition_of_an_earlier_spec_counts_as_unknown() {
        let mut resource = resource(
            "Full",
            &[("Ready", "True", "Available", ""), ("Synced", "True", "InSync", "")]
                .map(|(k, s, r, _)| (k, s, r, "2026-01-02T00:00:00Z")),
        );
        resource.metadata.generation = Some(3);
        assert_eq!(describe(&resource).0, "True/Unknown");
    }
}
