//! Calls, independent of the surface: typed calls and HTTP requests are both converted to them.
//!
//! Ids are as sent, bare or as ARNs. A member is an Option if Connect distinguishes absent from zero.

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

/// The requested page of a listing.
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
    /// The flow of a transfer to a user or queue.
    pub contact_flow_id: Option<String>,
    pub tags: Tags,
}

/// `UserPhoneConfig` as sent.
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
        /// The requested action.
        #[derive(Debug)]
        pub(crate) enum Action {
            $($variant $(($($type),*))?,)*
            /// A request with an unreadable body or without a required member.
            Malformed { operation: &'static str, refusal: Refusal },
        }

        /// The simulated operations.
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

    /// Returns the username of a CreateUser request.
    pub fn username(&self) -> Option<&str> {
        match &self.action {
            Action::CreateUser(new) => Some(&new.username),
            _ => None,
        }
    }
}

/// The simulated operations of STS.
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
