//! The calls that change a user, each with the differences that it removes.

use std::fmt;

use connect_api::{
    AssociateUserProficiencies, Call, DisassociateUserProficiencies, Operation, OperationName, TagResource, UntagResource,
    UpdateUserConfig, UpdateUserHierarchy, UpdateUserIdentityInfo, UpdateUserPhoneConfig, UpdateUserProficiencies,
    UpdateUserRoutingProfile, UpdateUserSecurityProfiles,
};

/// One difference, in the words of the spec.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// The field's path below `spec`.
    pub field: String,
    /// What Connect shows; None for nothing.
    pub from: Option<String>,
    /// What the spec asks for; None for nothing.
    pub to: Option<String>,
}

impl Change {
    pub(super) fn new(field: impl Into<String>, from: Option<impl ToString>, to: Option<impl ToString>) -> Self {
        Self { field: field.into(), from: from.map(|v| v.to_string()), to: to.map(|v| v.to_string()) }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |v: &Option<String>| v.as_deref().map_or_else(|| "(none)".to_owned(), |v| format!("{v:?}"));
        write!(f, "{}: {} → {}", self.field, show(&self.from), show(&self.to))
    }
}

/// Defines [`UserUpdate`] with these requests.
macro_rules! user_updates {
    ($($request:ident,)*) => {
        /// A request that changes a user that exists.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "each is the request of that name")]
        pub enum UserUpdate {
            $($request($request),)*
        }

        impl UserUpdate {
            /// The name of the operation.
            pub fn name(&self) -> OperationName {
                match self { $(Self::$request(_) => $request::NAME,)* }
            }
        }

        impl From<UserUpdate> for Call {
            fn from(update: UserUpdate) -> Self {
                match update { $(UserUpdate::$request(request) => request.into(),)* }
            }
        }
    };
}

user_updates! {
    UpdateUserIdentityInfo,
    UpdateUserPhoneConfig,
    UpdateUserConfig,
    UpdateUserRoutingProfile,
    UpdateUserSecurityProfiles,
    UpdateUserHierarchy,
    AssociateUserProficiencies,
    UpdateUserProficiencies,
    DisassociateUserProficiencies,
    TagResource,
    UntagResource,
}

/// A call to make, and why.
#[derive(Clone, Debug)]
pub struct Action {
    /// The request, complete.
    pub update: UserUpdate,
    /// The differences that it removes.
    pub changes: Vec<Change>,
    /// The request replaces a whole structure and includes members that the spec does not manage, as they were last read. If that
    /// read is old, sending the request would undo changes that others have made since.
    pub carries: bool,
    /// The call makes room for this one, which is not made if that one fails.
    pub after: Option<OperationName>,
}

impl Action {
    /// Returns an action if there are differences to remove.
    pub(super) fn unless_equal(update: UserUpdate, changes: Vec<Change>) -> Option<Self> {
        Self::carrying(false, update, changes)
    }

    /// Returns the same for a request that includes unmanaged members, or may.
    pub(super) fn carrying(carries: bool, update: UserUpdate, changes: Vec<Change>) -> Option<Self> {
        if changes.is_empty() { None } else { Some(Self { update, changes, carries, after: None }) }
    }

    /// Returns the same for a call that needs the room that another call makes.
    pub(super) fn after(self, operation: OperationName) -> Self {
        Self { after: Some(operation), ..self }
    }

    /// Returns the fields of the spec that the call is about.
    pub fn fields(&self) -> String {
        self.changes.iter().map(|c| c.field.as_str()).collect::<Vec<_>>().join(", ")
    }
}
