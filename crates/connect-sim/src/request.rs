//! A call in the simulator's own terms: what the typed client and HTTP both are turned into.
//!
//! Ids are still as they were sent here, bare or as ARNs, and what Connect tells absent from zero is an Option.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::{ChannelConfigs, IdentityInfo, Password, PhoneType, Proficiency, ProficiencyKey, Tags};

use crate::{
    QuickConnectTarget,
    refusal::Refusal,
    search::{Criteria, TagFilter},
};

/// One call.
#[derive(Debug)]
pub(crate) struct Request {
    pub target: Target,
    pub action: Action,
}

/// What a call is about, as it was named.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// The account.
    Account,
    /// An instance, by id or ARN.
    Instance(String),
    /// A user of an instance, each by id or ARN.
    User { instance: String, user: String },
    /// Anything, by ARN.
    Resource(String),
}

/// Which page of a listing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paging {
    pub max_results: Option<i32>,
    pub next_token: Option<String>,
}

/// CreateUser's body.
#[derive(Debug)]
pub(crate) struct NewUser {
    pub username: String,
    pub password: Option<Password>,
    pub identity_info: Option<IdentityInfo>,
    pub phone_config: Option<PhoneSettings>,
    pub channel_configs: ChannelConfigs,
    pub directory_user_id: Option<String>,
    pub security_profile_ids: BTreeSet<String>,
    pub routing_profile_id: String,
    pub hierarchy_group_id: Option<String>,
    pub tags: Tags,
}

/// CreateQuickConnect's body.
#[derive(Debug)]
pub(crate) struct NewQuickConnect {
    pub name: String,
    pub target: QuickConnectTarget,
    /// The flow that a transfer to a user or queue goes through.
    pub contact_flow_id: Option<String>,
    pub tags: Tags,
}

/// `UserPhoneConfig` as it was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct PhoneSettings {
    pub phone_type: Option<PhoneType>,
    pub auto_accept: Option<bool>,
    pub after_contact_work_time_limit: Option<i32>,
    pub desk_phone_number: Option<String>,
    pub persistent_connection: Option<bool>,
}

macro_rules! actions {
    ($($variant:ident $(($($type:ty),*))?,)*) => {
        /// What is asked for.
        #[derive(Debug)]
        pub(crate) enum Action {
            $($variant $(($($type),*))?,)*
            /// A body that cannot be read, or lacks what is required.
            Malformed { operation: &'static str, refusal: Refusal },
        }

        /// Every operation that is simulated.
        pub(crate) const OPERATIONS: &[&str] = &[$(stringify!($variant)),*];

        impl Action {
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($variant),)*
                    Self::Malformed { operation, .. } => operation,
                }
            }
        }
    };
}

actions! {
    CreateUser(Box<NewUser>),
    DescribeUser,
    DeleteUser,
    ListUsers(Paging),
    SearchUsers(Paging, Option<Criteria>, Option<TagFilter>),
    UpdateUserIdentityInfo(IdentityInfo),
    UpdateUserPhoneConfig(PhoneSettings),
    UpdateUserConfig(ChannelConfigs),
    UpdateUserRoutingProfile(String),
    UpdateUserSecurityProfiles(BTreeSet<String>),
    UpdateUserHierarchy(Option<String>),
    AssociateUserProficiencies(Vec<Proficiency>),
    DisassociateUserProficiencies(Vec<ProficiencyKey>),
    UpdateUserProficiencies(Vec<Proficiency>),
    ListUserProficiencies(Paging),
    TagResource(Tags),
    UntagResource(BTreeSet<String>),
    ListTagsForResource,
    DescribeInstance,
    ListInstances(Paging),
    ListRoutingProfiles(Paging),
    CreateRoutingProfile(String, Tags),
    UpdateRoutingProfileName(String, Option<String>),
    DeleteRoutingProfile(String),
    ListSecurityProfiles(Paging),
    CreateSecurityProfile(String, Tags),
    DeleteSecurityProfile(String),
    ListUserHierarchyGroups(Paging),
    DescribeUserHierarchyGroup(String),
    CreateUserHierarchyGroup(String, Option<String>, Tags),
    UpdateUserHierarchyGroupName(String, String),
    DeleteUserHierarchyGroup(String),
    ListPredefinedAttributes(Paging),
    DescribePredefinedAttribute(String),
    CreatePredefinedAttribute(String, Vec<String>),
    UpdatePredefinedAttribute(String, Vec<String>),
    DeletePredefinedAttribute(String),
    SearchQuickConnects(Paging),
    DescribeQuickConnect(String),
    CreateQuickConnect(NewQuickConnect),
    UpdateQuickConnectConfig(String, QuickConnectTarget, Option<String>),
    DeleteQuickConnect(String),
}

impl Request {
    pub fn name(&self) -> &'static str {
        self.action.name()
    }

    /// The username that a create asks for.
    pub fn username(&self) -> Option<&str> {
        match &self.action {
            Action::CreateUser(new) => Some(&new.username),
            _ => None,
        }
    }
}

/// The operations of STS that are simulated.
pub(crate) const STS_OPERATIONS: [&str; 2] = ["AssumeRole", "GetCallerIdentity"];

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
