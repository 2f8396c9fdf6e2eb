//! Every operation that the operator may call, as a typed request with a typed output.
//!
//! All requests are variants of one [`Call`], so that decorators of a client (limiter, meter, faults) are written once and not
//! once per operation, and so that a plan can hold a call as a value.

use std::{collections::BTreeSet, fmt};

use crate::{
    ChannelConfigs, CreatedUser, FoundUser, HierarchyGroup, HierarchyGroupId, IdentityInfo, Instance, InstanceId, Named, Page,
    Password, PhoneConfig, Proficiency, ProficiencyKey, QuickConnect, QuickConnectId, RoutingProfileId, SecurityProfileId, Tags,
    User, UserId, UserSummary,
};

/// A request of one operation, with the type of its output.
pub trait Operation: Into<Call> {
    /// The output of a successful call.
    type Output: fmt::Debug + Send;
    /// The operation's name.
    const NAME: OperationName;
    /// Returns the output of a reply to this operation, or None for a reply to another one.
    fn output(reply: Reply) -> Option<Self::Output>;
}

macro_rules! operations {
    (@writes read) => { false };
    (@writes write) => { true };
    ($(
        $(#[$doc:meta])*
        $effect:ident $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? } -> $output:ty;
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug)]
            #[allow(clippy::empty_docs, reason = "some fields have obvious names")]
            pub struct $name {
                $($(#[$field_doc])* #[doc = ""] pub $field: $type,)*
            }

            impl Operation for $name {
                type Output = $output;
                const NAME: OperationName = OperationName::$name;
                fn output(reply: Reply) -> Option<$output> {
                    match reply { Reply::$name(output) => Some(output), _ => None }
                }
            }

            impl From<$name> for Call {
                fn from(request: $name) -> Self { Call::$name(request) }
            }
        )*

        /// A call of any operation.
        #[expect(clippy::large_enum_variant, reason = "a plan holds a handful at a time")]
        #[derive(Clone, Debug)]
        pub enum Call { $(#[doc = concat!("[`", stringify!($name), "`]")] $name($name),)* }

        /// The answer to a [`Call`], of the same name.
        #[expect(clippy::large_enum_variant, reason = "one lives at a time, on its way to its caller")]
        #[derive(Clone, Debug)]
        pub enum Reply { $(#[doc = concat!("Answers [`", stringify!($name), "`]")] $name($output),)* }

        /// An operation's name, as the API reference, IAM (`connect:<name>`) and CloudTrail write it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum OperationName { $(#[doc = concat!("See [`struct@", stringify!($name), "`]")] $name,)* }

        impl OperationName {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the name as AWS writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Returns whether a call changes something in Connect.
            pub fn is_write(self) -> bool {
                match self { $(Self::$name => operations!(@writes $effect),)* }
            }
        }

        impl Call {
            /// Returns the operation that it calls.
            pub fn name(&self) -> OperationName {
                match self { $(Self::$name(_) => OperationName::$name,)* }
            }
        }

        impl Reply {
            /// Returns the operation that it answers.
            pub fn name(&self) -> OperationName {
                match self { $(Self::$name(_) => OperationName::$name,)* }
            }
        }
    };
}

operations! {
    /// Creates a user. The API has no client token: a second request may create another user or be refused as a duplicate.
    write CreateUser {
        instance: InstanceId,
        /// The name that the user signs in with.
        username: String,
        /// Required where Connect manages users, an error elsewhere.
        password: Option<Password>,
        identity_info: Option<IdentityInfo>,
        phone_config: Option<PhoneConfig>,
        /// Settings by channel; a family that `phone_config` sets too is refused.
        channel_configs: ChannelConfigs,
        /// The id in the directory (EXISTING_DIRECTORY only).
        directory_user_id: Option<String>,
        /// 1 to 10.
        security_profile_ids: BTreeSet<SecurityProfileId>,
        routing_profile_id: RoutingProfileId,
        hierarchy_group_id: Option<HierarchyGroupId>,
        /// At most 50.
        tags: Tags,
    } -> CreatedUser;

    /// Reads a user.
    read DescribeUser { instance: InstanceId, user: UserId } -> User;

    /// Deletes a user. This cannot be undone.
    write DeleteUser { instance: InstanceId, user: UserId } -> ();

    /// Lists users, 1,000 a page at most.
    read ListUsers { instance: InstanceId, max_results: i32, next_token: Option<String> } -> Page<UserSummary>;

    /// Searches users, 500 a page at most. See [`FoundUser`] for what it lacks. The index lags: absence proves nothing.
    read SearchUsers {
        instance: InstanceId,
        max_results: i32,
        next_token: Option<String>,
        /// Only users with this username. The index folds case: compare the names of the result. None: all users.
        username: Option<String>,
    } -> Page<FoundUser>;

    /// Sets names, e-mail and mobile. AWS does not document whether members that are left out are kept, so send all of them.
    write UpdateUserIdentityInfo { instance: InstanceId, user: UserId, identity_info: IdentityInfo } -> ();

    /// Replaces the phone configuration of all channels.
    write UpdateUserPhoneConfig { instance: InstanceId, user: UserId, phone_config: PhoneConfig } -> ();

    /// Sets the configuration by channel (added in 2026-02 to replace UpdateUserPhoneConfig).
    write UpdateUserConfig { instance: InstanceId, user: UserId, channel_configs: ChannelConfigs } -> ();

    /// Sets the routing profile.
    write UpdateUserRoutingProfile { instance: InstanceId, user: UserId, routing_profile_id: RoutingProfileId } -> ();

    /// Replaces the set of security profiles.
    write UpdateUserSecurityProfiles {
        instance: InstanceId,
        user: UserId,
        /// The whole set, 1 to 10.
        security_profile_ids: BTreeSet<SecurityProfileId>,
    } -> ();

    /// Sets the hierarchy group, or clears it if it is None.
    write UpdateUserHierarchy { instance: InstanceId, user: UserId, hierarchy_group_id: Option<HierarchyGroupId> } -> ();

    /// Adds proficiencies that the user does not have yet.
    write AssociateUserProficiencies { instance: InstanceId, user: UserId, proficiencies: Vec<Proficiency> } -> ();

    /// Removes proficiencies from the user.
    write DisassociateUserProficiencies { instance: InstanceId, user: UserId, proficiencies: Vec<ProficiencyKey> } -> ();

    /// Changes proficiencies that the user has to these levels.
    write UpdateUserProficiencies { instance: InstanceId, user: UserId, proficiencies: Vec<Proficiency> } -> ();

    /// Lists a user's proficiencies, 100 a page at most.
    read ListUserProficiencies {
        instance: InstanceId,
        user: UserId,
        max_results: i32,
        next_token: Option<String>,
    } -> Page<Proficiency>;

    /// Sets 1 to 50 tags. Tags with other keys stay.
    write TagResource { arn: String, tags: Tags } -> ();

    /// Removes 1 to 50 tags by key.
    write UntagResource { arn: String, keys: BTreeSet<String> } -> ();

    /// Reads the tags of a resource.
    read ListTagsForResource { arn: String } -> Tags;

    /// Lists the instances of the account in the Region, 10 a page at most.
    read ListInstances { max_results: i32, next_token: Option<String> } -> Page<Instance>;

    /// Reads an instance.
    read DescribeInstance { instance: InstanceId } -> Instance;

    /// Lists routing profiles, 1,000 a page at most.
    read ListRoutingProfiles { instance: InstanceId, max_results: i32, next_token: Option<String> } -> Page<Named>;

    /// Lists security profiles, 1,000 a page at most.
    read ListSecurityProfiles { instance: InstanceId, max_results: i32, next_token: Option<String> } -> Page<Named>;

    /// Lists what a security profile permits, such as `Users.Create`, 1,000 a page at most.
    read ListSecurityProfilePermissions {
        instance: InstanceId,
        security_profile: SecurityProfileId,
        max_results: i32,
        next_token: Option<String>,
    } -> Page<String>;

    /// Lists hierarchy groups by name, without their place in the tree, 1,000 a page at most.
    read ListUserHierarchyGroups { instance: InstanceId, max_results: i32, next_token: Option<String> } -> Page<Named>;

    /// Reads a hierarchy group with the names of the groups above it.
    read DescribeUserHierarchyGroup { instance: InstanceId, group: HierarchyGroupId } -> HierarchyGroup;

    /// Searches quick connects of all types, 100 a page at most. The index lags: absence proves nothing.
    read SearchQuickConnects { instance: InstanceId, max_results: i32, next_token: Option<String> } -> Page<QuickConnect>;

    /// Reads a quick connect.
    read DescribeQuickConnect { instance: InstanceId, quick_connect: QuickConnectId } -> QuickConnect;

    /// Deletes a quick connect.
    write DeleteQuickConnect { instance: InstanceId, quick_connect: QuickConnectId } -> ();
}

impl CreateUser {
    /// A request with the members that every instance requires, and no others.
    pub fn new(
        instance: impl Into<InstanceId>,
        username: impl Into<String>,
        routing_profile_id: impl Into<RoutingProfileId>,
        security_profile_ids: impl IntoIterator<Item = impl Into<SecurityProfileId>>,
    ) -> Self {
        Self {
            instance: instance.into(),
            username: username.into(),
            password: None,
            identity_info: None,
            phone_config: None,
            channel_configs: ChannelConfigs::default(),
            directory_user_id: None,
            security_profile_ids: security_profile_ids.into_iter().map(Into::into).collect(),
            routing_profile_id: routing_profile_id.into(),
            hierarchy_group_id: None,
            tags: Tags::new(),
        }
    }
}

impl OperationName {
    /// Returns the IAM action that allows the operation.
    pub fn iam_action(self) -> String {
        format!("connect:{self}")
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
