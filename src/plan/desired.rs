//! What a ConnectUser asks for, parsed once: inside, every id is an id.

use std::collections::BTreeSet;

use connect_api::{Arn, CreateUser, InstanceId, Resource, Tags};
use kube::ResourceExt;
use serde_json::Value;

use super::{
    action::{Action, Change},
    live::Live,
    name_index::NameIndex,
    ownership::{ClusterNames, Owner, RETAINED},
    parts::{self, Parsed, Parts, tags},
    references::Unresolved,
    spec_error::{SpecError, arn},
};
use crate::api::{ConnectUser, ConnectUserSpec, ConnectUserStatus, DeletionPolicy, IgnoredField, ManagementPolicy};

/// What a ConnectUser asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// The instance, with its account and Region.
    pub instance: Arn,
    /// The name to sign in with.
    pub username: String,
    /// The id in the directory.
    pub directory_user_id: Option<String>,
    /// What the spec manages of the user.
    pub parts: Parts,
    /// The names of the kinds that the spec gives by name, so that messages use the spec's words.
    pub names: NameIndex,
    /// Names that do not resolve to one id, in fields listed in `ignoreDrift`: `parts` does not manage these fields.
    pub unresolved: Vec<Unresolved>,
    /// The resource itself.
    pub owner: Owner,
}

/// Why it is not known yet what a spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecIssue {
    Spec(SpecError),
    /// Names in it that do not resolve to one id, or that were not looked up yet.
    Names(Vec<Unresolved>),
}

impl From<SpecError> for SpecIssue {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

impl From<Vec<Unresolved>> for SpecIssue {
    fn from(names: Vec<Unresolved>) -> Self {
        Self::Names(names)
    }
}

/// The path of the field that Connect takes only at creation.
pub(crate) const DIRECTORY_USER_ID: &str = "directoryUserId";

impl Desired {
    /// Returns the instance that a resource names: all that a deletion needs of the spec.
    pub fn instance_of(resource: &ConnectUser) -> Result<Arn, SpecError> {
        let instance = arn("instanceArn", &resource.spec.instance_arn)?;
        if instance.resource != Resource::Instance {
            return Err(SpecError { field: "instanceArn", message: format!("{instance} is not the ARN of an instance") });
        }
        Ok(instance)
    }

    /// Returns the owner that the tags of a resource's user name.
    pub fn owner_of(resource: &ConnectUser, cluster: &ClusterNames) -> Owner {
        let spec = &resource.spec;
        let stays = spec.deletion_policy == Some(DeletionPolicy::Retain) || spec.management_policy == ManagementPolicy::Observe;
        Owner {
            uid: if stays { RETAINED.to_owned() } else { resource.uid().unwrap_or_default() },
            cluster: cluster.clone(),
            namespace: resource.namespace().unwrap_or_default(),
            name: resource.name_any(),
        }
    }

    /// Reads a spec, with ids in the place of names. The errors are those of the parts.
    pub fn parse(resource: &ConnectUser, cluster: &ClusterNames, names: &NameIndex) -> Result<Self, SpecIssue> {
        let instance = Self::instance_of(resource)?;
        let Parsed { parts, names, unresolved } =
            parts::parse::<SpecIssue>(&resource.spec, &instance, names, &not_managed(resource))?;
        Ok(Self {
            instance,
            username: resource.spec.username.clone(),
            directory_user_id: resource.spec.directory_user_id.clone(),
            parts,
            names,
            unresolved,
            owner: Self::owner_of(resource, cluster),
        })
    }

    /// Returns the id of the instance, as calls name it.
    pub fn instance_id(&self) -> InstanceId {
        self.instance.instance.clone()
    }

    /// Returns all tags that the user should carry because of this resource: the spec's and the proof of ownership.
    pub fn all_tags(&self) -> Tags {
        tags::with_proof(&self.parts.tags, &self.owner.tags())
    }

    /// Returns the request that creates the user, without its password; None if a name in the spec does not resolve.
    pub(super) fn create_request(&self) -> Option<CreateUser> {
        let Self { instance: _, username, directory_user_id, parts, names: _, unresolved, owner } = self;
        if !unresolved.is_empty() {
            return None;
        }
        parts::at_creation(parts, &owner.tags(), self.instance_id(), username.clone(), directory_user_id.clone())
    }

    /// Returns how the user's directory id differs from the spec's. Connect takes it only at creation.
    pub(super) fn immutable_difference(&self, live: &Live) -> Option<Change> {
        let (want, is) = (self.directory_user_id.as_ref()?, live.user.directory_user_id.as_ref()?);
        (want != is).then(|| Change::new(DIRECTORY_USER_ID, Some(is), Some(want)))
    }

    /// Returns whether a name has to resolve before the user can equal the spec.
    pub(super) fn awaits_names(&self, ignored: &BTreeSet<IgnoredField>) -> bool {
        self.unresolved.iter().any(|name| !ignored.iter().any(|field| field.path() == name.kind.name_field()))
    }

    /// Returns the same without what no list of users shows; None if it asks for nothing of the kind.
    pub fn of_lists(&self) -> Option<Self> {
        let parts = parts::of_lists(&self.parts);
        (parts != self.parts).then(|| Self { parts, ..self.clone() })
    }

    /// Returns the same without the fields that are ignored: for those it asks for nothing, or for what the user has.
    #[must_use]
    pub fn without_ignored(&self, fields: &BTreeSet<IgnoredField>, live: &Live) -> Self {
        Self { parts: parts::ignore(&self.parts, fields, live), ..self.clone() }
    }
}

/// Returns the calls that make `live` equal `desired`; none if it does.
///
/// `applied_tag_keys` are the keys that this resource has set before: those that left the spec are removed, all other keys on the
/// user belong to others and stay.
pub fn diff(desired: &Desired, live: &Live, applied_tag_keys: &BTreeSet<String>) -> Vec<Action> {
    let instance = &desired.instance.instance;
    parts::diff(&desired.parts, &desired.names, &desired.owner.tags(), instance, live, applied_tag_keys)
}

/// Returns which of these fields of a user equal the spec. `desired` is the spec with nothing ignored.
pub fn equal_fields(
    desired: &Desired,
    live: &Live,
    applied_tag_keys: &BTreeSet<String>,
    fields: impl IntoIterator<Item = IgnoredField>,
) -> BTreeSet<IgnoredField> {
    let changes = diff(desired, live, applied_tag_keys).into_iter().flat_map(|action| action.changes);
    let mut different: Vec<_> = changes.map(|change| change.field).collect();
    different.extend(desired.unresolved.iter().map(|name| name.kind.name_field().to_owned()));
    fields.into_iter().filter(|field| !different.iter().any(|path| path.starts_with(field.path()))).collect()
}

/// Returns how `live` differs from what the spec itself asks for: the proof of ownership is not the spec's.
pub fn differences(desired: &Desired, live: &Live, applied_tag_keys: &BTreeSet<String>) -> Vec<Change> {
    let proof = desired.owner.tags();
    let is_proof = |change: &Change| proof.keys().any(|key| change.field == tags::field(key));
    diff(desired, live, applied_tag_keys).into_iter().flat_map(|action| action.changes).filter(|c| !is_proof(c)).collect()
}

/// Returns the fields whose drift a pass ignores: those in `ignoreDrift` whose value in the spec was applied before.
///
/// If no value of a field was applied yet, as for an adopted user or a field that has just entered the list, it is not known that
/// the spec has changed: Connect's value stays. But a user that the operator created gets each value once.
pub fn ignored_drift(spec: &ConnectUserSpec, status: &ConnectUserStatus) -> BTreeSet<IgnoredField> {
    let complete = status.create_attempt.is_none_or(|attempt| {
        // The time of a sync is written to the second.
        status.last_sync_time.is_some_and(|synced| synced.as_second() >= attempt.at.as_second())
    });
    // A field that the spec leaves out is not managed, or its twin is (the name for the ARN).
    let is_ignored = |field: &IgnoredField| match (spec.text_of(*field), status.applied_values.get(field.path())) {
        (Some(wanted), Some(applied)) => is_same_value(&wanted, applied),
        (Some(_), None) => complete,
        (None, _) => false,
    };
    spec.ignore_drift.iter().flatten().filter(|field| is_ignored(field)).copied().collect()
}

/// Returns whether two values of a field, as JSON, ask for the same: the order of a list has no meaning.
fn is_same_value(one: &str, other: &str) -> bool {
    let set = |text: &str| match serde_json::from_str(text) {
        Ok(Value::Array(elements)) => Some(elements.iter().map(Value::to_string).collect::<BTreeSet<_>>()),
        _ => None,
    };
    one == other || set(one).is_some_and(|one| Some(one) == set(other))
}

/// Returns the fields of a user in place that are left as they are, whatever the spec says: their names need not resolve.
fn not_managed(resource: &ConnectUser) -> BTreeSet<IgnoredField> {
    match &resource.status {
        Some(status) if status.user_id.is_some() => ignored_drift(&resource.spec, status),
        _ => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use connect_api::PhoneType;
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::{
        api::{CreateAttempt, fixtures},
        plan::{
            UserUpdate,
            fixtures::{by_channel, full, live, proficiency},
        },
    };

    fn spec(last_name: &str) -> ConnectUserSpec {
        fixtures::spec(json!({ "identityInfo": { "lastName": last_name }, "ignoreDrift": ["identityInfo.lastName"] }))
    }

    fn is_ignored(spec: &ConnectUserSpec, status: &ConnectUserStatus) -> bool {
        ignored_drift(spec, status).contains(&IgnoredField::LastName)
    }

    fn at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn applied_field_is_ignored_until_the_spec_changes() {
        let applied = |value: &str| ConnectUserStatus {
            applied_values: [("identityInfo.lastName".to_owned(), value.to_owned())].into(),
            ..Default::default()
        };
        assert!(is_ignored(&spec("Doe"), &applied("\"Doe\"")));
        assert!(!is_ignored(&spec("Roe"), &applied("\"Doe\"")));
    }

    #[test]
    fn nothing_is_ignored_before_the_created_user_was_in_sync() {
        let created = CreateAttempt { at: Timestamp::from_millisecond(7_900).unwrap(), clean: true };
        let status = |last_sync_time| ConnectUserStatus { create_attempt: Some(created), last_sync_time, ..Default::default() };
        assert!(!is_ignored(&spec("Doe"), &status(None)));
        assert!(!is_ignored(&spec("Doe"), &status(at(6))), "a sync of the user that this one replaces");
        assert!(is_ignored(&spec("Doe"), &status(at(7))));
    }

    #[test]
    fn applied_field_is_ignored_before_the_rest_is_in_sync() {
        let status = ConnectUserStatus {
            applied_values: [("identityInfo.lastName".to_owned(), "\"Doe\"".to_owned())].into(),
            create_attempt: Some(CreateAttempt { at: Timestamp::from_second(7).unwrap(), clean: true }),
            ..Default::default()
        };
        assert!(is_ignored(&spec("Doe"), &status));
        assert!(!is_ignored(&spec("Roe"), &status));
    }

    #[test]
    fn reordered_list_keeps_its_value() {
        let spec = fixtures::spec(json!({
            "securityProfileArns": null, "securityProfileNames": ["Lead", "Agent"], "ignoreDrift": ["securityProfileNames"],
        }));
        let ignored = |applied: &str| {
            let applied_values = [("securityProfileNames".to_owned(), applied.to_owned())].into();
            let status = ConnectUserStatus { applied_values, ..Default::default() };
            ignored_drift(&spec, &status).contains(&IgnoredField::SecurityProfileNames)
        };
        assert!(ignored(r#"["Agent","Lead"]"#));
        assert!(!ignored(r#"["Agent"]"#) && !ignored(r#""Agent""#));
    }

    #[test]
    fn only_fields_that_equal_the_spec_count_as_applied() {
        let fields = [IgnoredField::LastName, IgnoredField::RoutingProfileArn, IgnoredField::Tags];
        let mut other = live();
        other.user.routing_profile_id = Some("routing-9".into());
        let equal = equal_fields(&full(), &other, &BTreeSet::new(), fields);
        assert_eq!(equal, [IgnoredField::LastName, IgnoredField::Tags].into());
    }

    #[test]
    fn values_of_an_adopted_user_are_ignored() {
        assert!(is_ignored(&spec("Doe"), &ConnectUserStatus::default()));
    }

    /// A user that differs from the full spec in everything that can drift.
    fn another() -> Live {
        let mut other = live();
        let user = &mut other.user;
        user.identity_info = Default::default();
        let phone = user.phone_config.as_mut().unwrap();
        (phone.phone_type, phone.desk_phone_number) = (PhoneType::DeskPhone, Some("+4912345678".into()));
        (phone.auto_accept, phone.after_contact_work_time_limit, phone.persistent_connection) = (false, 7, Some(false));
        user.routing_profile_id = Some("routing-9".into());
        user.security_profile_ids = ["security-9".into()].into();
        user.hierarchy_group_id = None;
        user.tags.insert("team".into(), "south".into());
        user.tags.remove("cost");
        other.proficiencies = Some([(proficiency("language", "de"), 1.0)].into());
        other
    }

    #[test]
    fn all_fields_ignored_needs_no_call() {
        let applied = full().parts.tags.into_keys().collect();
        let all = IgnoredField::ALL.iter().copied().collect();
        let calls = |fields: &BTreeSet<IgnoredField>| diff(&full().without_ignored(fields, &another()), &another(), &applied);
        assert_eq!(format!("{:?}", calls(&all)), "[]");
        assert_eq!(calls(&BTreeSet::new()).len(), 8);
    }

    #[test]
    fn only_named_fields_are_ignored() {
        for (spec, field) in [full(), by_channel()].iter().flat_map(|spec| IgnoredField::ALL.iter().map(move |f| (spec, f))) {
            let shows = |fields: &[IgnoredField]| -> BTreeSet<String> {
                let desired = spec.without_ignored(&fields.iter().copied().collect(), &another());
                diff(&desired, &another(), &BTreeSet::new()).into_iter().flat_map(|a| a.changes).map(|c| c.field).collect()
            };
            // The spec gives ARNs.
            let written = match field {
                IgnoredField::RoutingProfileName => IgnoredField::RoutingProfileArn,
                IgnoredField::SecurityProfileNames => IgnoredField::SecurityProfileArns,
                IgnoredField::HierarchyGroupPath => IgnoredField::HierarchyGroupArn,
                field => *field,
            };
            let below = |path: &String| path.starts_with(written.path());
            let expected: BTreeSet<_> = shows(&[]).into_iter().filter(|path| !below(path)).collect();
            assert_eq!(shows(&[*field]), expected, "{field:?}");
        }
    }

    #[test]
    fn desk_phone_without_a_number_gets_the_specs_number() {
        let mut other = live();
        other.user.phone_config = None;
        let desired = full().without_ignored(&[IgnoredField::DeskPhoneNumber].into(), &other);
        let actions = diff(&desired, &other, &BTreeSet::new());
        let [UserUpdate::UpdateUserPhoneConfig(call)] = &actions.iter().map(|a| a.update.clone()).collect::<Vec<_>>()[..] else {
            panic!("{actions:?}")
        };
        assert_eq!(call.phone_config.desk_phone_number, full().parts.channels.phone.desk_phone_number);
    }
}
