//! What would happen to one ConnectUser, as it is printed.

use std::collections::BTreeMap;

use connect_api::{Arn, OperationName};
use serde::Serialize;
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::source::Manifest;
use crate::{
    api::{ConnectUserSpec, ManagementPolicy, Reason},
    cli::users::read::Instance,
    plan::{Bounds, Change, Desired, Live, Preview, RETAINED, Step, refusals, tag_key},
    reconcile::NamespacedName,
};

/// What would happen, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Action {
    /// Nothing.
    None,
    /// The user differs, and is only observed.
    Report,
    /// The user is created.
    Create,
    /// A user without an owner is taken over, and changed where it differs.
    Adopt,
    /// The user is changed.
    Update,
    /// The user stays in Connect, and is not managed any more.
    Release,
    /// The user is deleted.
    Delete,
    /// Something is wrong with the ConnectUser: its Ready condition would say so.
    Refuse,
}

/// What would happen to one ConnectUser and its user.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) action: Action,
    #[serde(flatten)]
    pub(super) place: NamespacedName,
    pub(super) instance_arn: String,
    pub(super) username: String,
    pub(super) user_arn: Option<String>,
    /// The reason of the condition that would say it.
    pub(super) reason: Option<&'static str>,
    pub(super) message: Option<String>,
    pub(super) changes: Vec<Field>,
    /// How often each operation would be called.
    pub(super) calls: BTreeMap<String, usize>,
    /// E-mail addresses, mobile number and proficiencies were not compared.
    #[serde(skip)]
    pub(super) is_unread: bool,
}

/// A difference of one field.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(super) struct Field {
    pub(super) field: String,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

impl From<Change> for Field {
    fn from(change: Change) -> Self {
        Self { field: change.field, from: change.from, to: change.to }
    }
}

impl Row {
    fn new(manifest: &Manifest) -> Self {
        let spec = &manifest.resource.spec;
        Self::at(manifest.place(), spec.instance_arn.clone(), spec.username.clone())
    }

    fn at(place: NamespacedName, instance_arn: String, username: String) -> Self {
        Self {
            action: Action::None,
            place,
            instance_arn,
            username,
            user_arn: None,
            reason: None,
            message: None,
            changes: Vec::new(),
            calls: BTreeMap::new(),
            is_unread: false,
        }
    }

    pub(super) fn refused(manifest: &Manifest, reason: Reason, message: String) -> Self {
        let mut row = Self::new(manifest);
        row.refuse(reason, message);
        row
    }

    fn refuse(&mut self, reason: Reason, message: String) {
        (self.action, self.reason, self.message) = (Action::Refuse, Some(reason.as_str()), Some(message));
        (self.changes, self.calls) = (Vec::new(), BTreeMap::new());
    }

    /// Returns the row of a user whose ConnectUser is not among the manifests.
    pub(super) fn pruned(instance: &Arn, live: &Live, place: NamespacedName) -> Self {
        let stays = live.user.tags.get(&tag_key("uid")).is_some_and(|uid| uid == RETAINED);
        let (action, calls) = match stays {
            true => (Action::Release, vec![OperationName::DescribeUser, OperationName::UntagResource]),
            false => (Action::Delete, vec![OperationName::DescribeUser, OperationName::DeleteUser]),
        };
        let at = Self::at(place, instance.to_string(), live.user.username.clone());
        let mut row = Self { action, user_arn: Some(live.user.arn.clone()), ..at };
        row.call(calls);
        row
    }

    /// Returns the row of a ConnectUser for which the plan says this.
    pub(super) fn of(
        manifest: &Manifest,
        instance: &Instance,
        desired: &Desired,
        bounds: &Bounds,
        live: Option<&Live>,
        preview: Preview,
        is_unread: bool,
    ) -> Self {
        let mut row = Self { user_arn: live.map(|live| live.user.arn.clone()), is_unread, ..Self::new(manifest) };
        let (place, username) = (row.place.clone(), row.username.clone());
        for step in preview.steps {
            if matches!(step, Step::Claim(_)) && !bounds.adoption {
                row.refuse(Reason::AdoptionNotAllowed, refusals::not_adopted(&username, &place.namespace, bounds));
                return row;
            }
            row.take(step, &manifest.resource.spec);
        }
        let spec = &manifest.resource.spec;
        let is_managed =
            spec.management_policy == ManagementPolicy::Full && manifest.resource.metadata.deletion_timestamp.is_none();
        let names = &instance.names;
        if is_managed && let Some(excess) = bounds.excess(&desired.parts, live, names, &instance.arn) {
            row.refuse(excess.reason(), refusals::excess(desired, names, &place.namespace, bounds, live, &excess));
            return row;
        }
        match preview.end {
            Step::InSync(_) | Step::Release { .. } => {}
            Step::Immutable(_, change) => row.refuse(Reason::NotKept, format!("Connect takes it at creation alone: {change}")),
            Step::Drifted(_, changes) => {
                (row.action, row.reason) = (Action::Report, Some(Reason::Drifted.as_str()));
                row.changes = changes.into_iter().map(Field::from).collect();
            }
            Step::Conflict(owner) => {
                row.refuse(Reason::Conflict, refusals::conflict(&desired.owner, &username, &owner, bounds.adoption));
            }
            Step::Hidden => row.refuse(Reason::ObservationNotAllowed, refusals::hidden(&username, &place.namespace, bounds)),
            Step::Missing => row.refuse(Reason::DependencyNotFound, refusals::missing(&username, spec.management_policy)),
            Step::Unresolved => {
                let message = crate::plan::explain(&desired.unresolved, &instance.arn.instance);
                row.refuse(Reason::DependencyNotFound, message);
            }
            step => row.refuse(Reason::Transient, format!("the plan ends with: {step}")),
        }
        row
    }

    fn take(&mut self, step: Step, spec: &ConnectUserSpec) {
        use OperationName::{
            CreateUser, DeleteUser, DescribeUser, ListTagsForResource, ListUserProficiencies, TagResource, UntagResource,
        };
        match step {
            Step::Create(_) => {
                self.action = Action::Create;
                self.changes = asked(spec);
                self.call([CreateUser]);
            }
            Step::Claim(_) => {
                self.action = Action::Adopt;
                self.call([DescribeUser, TagResource, ListTagsForResource]);
                if spec.user_proficiencies.is_some() {
                    self.call([ListUserProficiencies]);
                }
            }
            Step::Keep(_) => {
                self.action = Action::Update;
                self.call([TagResource]);
            }
            Step::Update(_, actions) => {
                if self.action == Action::None && actions.iter().any(|action| action.carries) {
                    self.call([DescribeUser]);
                }
                self.call(actions.iter().map(|action| action.update.name()));
                if self.action == Action::None {
                    self.action = Action::Update;
                }
                // What a new user gets is shown as the spec has it.
                if self.action != Action::Create {
                    self.changes.extend(actions.into_iter().flat_map(|action| action.changes).map(Field::from));
                }
            }
            Step::Delete(_) => {
                self.action = Action::Delete;
                self.call([DescribeUser, DeleteUser]);
            }
            Step::Disown(_) => {
                self.action = Action::Release;
                self.call([DescribeUser, UntagResource]);
            }
            _ => {}
        }
    }

    fn call(&mut self, operations: impl IntoIterator<Item = OperationName>) {
        for operation in operations {
            *self.calls.entry(operation.as_str().to_owned()).or_default() += 1;
        }
    }
}

/// Returns what a spec asks for of a user, field by field.
fn asked(spec: &ConnectUserSpec) -> Vec<Field> {
    /// These say which user, or how it is managed.
    const NOT_OF_THE_USER: [&str; 10] = [
        "instanceArn",
        "username",
        "region",
        "adoptionPolicy",
        "deletionPolicy",
        "managementPolicy",
        "driftInterval",
        "ignoreDrift",
        "passwordSecretRef",
        "generatePassword",
    ];
    let mut fields = Vec::new();
    if let Ok(Value::Object(spec)) = serde_json::to_value(spec) {
        for (member, value) in spec {
            if !NOT_OF_THE_USER.contains(&member.as_str()) {
                leaves(&member, &value, &mut fields);
            }
        }
    }
    fields
}

fn leaves(path: &str, value: &Value, fields: &mut Vec<Field>) {
    let text = match value {
        Value::Object(members) => {
            return members.iter().for_each(|(member, value)| leaves(&format!("{path}.{member}"), value, fields));
        }
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        value => value.to_string(),
    };
    fields.push(Field { field: path.to_owned(), from: None, to: Some(text) });
}
