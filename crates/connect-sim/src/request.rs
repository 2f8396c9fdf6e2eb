//! Calls, independent of the surface: what a call is about, and its effect as a function.
//!
//! Ids are as sent, bare or as ARNs.

use std::collections::BTreeMap;

use connect_api::{OperationName, PhoneType};

use crate::{paginator::Paginator, refusal::Refusal, rules::Context, state::Instance};

/// One call with an answer of type `T`.
pub(crate) struct Request<'a, T> {
    pub operation: &'static str,
    pub target: Target,
    /// The username of a CreateUser request.
    pub username: Option<String>,
    pub effect: Effect<'a, T>,
}

/// The target of a call, as named in the request.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// The account.
    Account,
    /// An instance, by id or ARN.
    Instance(String),
    /// A user of an instance, each by id or ARN.
    User { instance: String, user: String },
    /// Any resource, by ARN.
    Resource(String),
}

/// The effect of a call, with its answer. It gets what the call is about, if the caller may see that.
pub(crate) enum Effect<'a, T> {
    OnAccount(Box<OnAccount<'a, T>>),
    OnInstance(Box<OnInstance<'a, T>>),
}

type OnAccount<'a, T> = dyn FnOnce(Paginator, &[&Instance]) -> Result<T, Refusal> + 'a;
type OnInstance<'a, T> = dyn FnOnce(&mut Context<'_>) -> Result<T, Refusal> + 'a;

impl<'a, T> Request<'a, T> {
    pub fn on_account(operation: &'static str, effect: impl FnOnce(Paginator, &[&Instance]) -> Result<T, Refusal> + 'a) -> Self {
        Self { operation, target: Target::Account, username: None, effect: Effect::OnAccount(Box::new(effect)) }
    }

    pub fn on_instance(
        operation: &'static str,
        instance: &str,
        effect: impl FnOnce(&mut Context<'_>) -> Result<T, Refusal> + 'a,
    ) -> Self {
        let target = Target::Instance(instance.to_owned());
        Self { operation, target, username: None, effect: Effect::OnInstance(Box::new(effect)) }
    }
}

/// `UserPhoneConfig` as sent: unlike the typed one, it distinguishes an absent member from zero.
#[derive(Clone, Debug, Default)]
pub(crate) struct PhoneSettings {
    pub phone_type: Option<PhoneType>,
    pub auto_accept: Option<bool>,
    pub after_contact_work_time_limit: Option<i32>,
    pub desk_phone_number: Option<String>,
    pub persistent_connection: Option<bool>,
}

/// The simulated operations of Connect besides those that the operator calls.
const OTHER_OPERATIONS: [&str; 22] = [
    "CreatePredefinedAttribute",
    "CreateQuickConnect",
    "CreateRoutingProfile",
    "CreateSecurityProfile",
    "CreateUserHierarchyGroup",
    "DeletePredefinedAttribute",
    "DeleteRoutingProfile",
    "DeleteSecurityProfile",
    "DeleteUserHierarchyGroup",
    "DescribePredefinedAttribute",
    "DescribeRoutingProfile",
    "DescribeSecurityProfile",
    "ListPredefinedAttributes",
    "SearchPredefinedAttributes",
    "SearchRoutingProfiles",
    "SearchSecurityProfiles",
    "SearchUserHierarchyGroups",
    "UpdatePredefinedAttribute",
    "UpdateQuickConnectConfig",
    "UpdateRoutingProfileName",
    "UpdateSecurityProfile",
    "UpdateUserHierarchyGroupName",
];

/// The simulated operations of STS.
const STS_OPERATIONS: [&str; 2] = ["AssumeRole", "GetCallerIdentity"];

/// The simulated operation of Service Quotas.
pub(crate) const GET_SERVICE_QUOTA: &str = "GetServiceQuota";

/// Returns whether an operation is one of another service than Connect.
pub(crate) fn is_elsewhere(operation: &str) -> bool {
    operation == GET_SERVICE_QUOTA || STS_OPERATIONS.contains(&operation)
}

/// Returns the simulated operations.
pub(crate) fn operations() -> impl Iterator<Item = &'static str> {
    OperationName::ALL
        .iter()
        .map(|operation| operation.as_str())
        .chain(OTHER_OPERATIONS)
        .chain([GET_SERVICE_QUOTA])
        .chain(STS_OPERATIONS)
}

/// One call to STS.
#[derive(Clone, Debug)]
pub(crate) enum StsRequest {
    AssumeRole(AssumeRole),
    GetCallerIdentity,
}

/// AssumeRole's parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct AssumeRole {
    pub role_arn: Option<String>,
    pub session_name: Option<String>,
    pub external_id: Option<String>,
    pub duration_seconds: Option<String>,
    pub tags: BTreeMap<String, String>,
}

impl StsRequest {
    pub fn name(&self) -> &'static str {
        match self {
            Self::AssumeRole(_) => STS_OPERATIONS[0],
            Self::GetCallerIdentity => STS_OPERATIONS[1],
        }
    }
}
