//! The `ConnectUser` resource: the `spec` that people write, the `status` that the operator writes, and the rules of the API
//! server (schema and CEL). No I/O.
//!
//! An absent optional field means "not managed"; an explicitly empty one (`[]`, `{}`, `""`) means "cleared".

mod annotations;
mod channels;
mod conditions;
mod crd;
#[cfg(test)]
pub(crate) mod fixtures;
mod ignored;
mod parts;
mod policy;
mod rules;
mod spec;
mod status;
pub mod structure;

pub(crate) use annotations::keep_short;
pub use channels::{
    AfterContactWorkConfig, AfterContactWorkConfigPerChannel, AutoAcceptConfig, Channel, PersistentConnectionConfig,
    PhoneNumberConfig, VoiceEnhancementConfig, VoiceEnhancementMode,
};
pub use conditions::{Reason, Type as ConditionType};
pub use crd::{crd, crd_yaml};
pub use ignored::IgnoredField;
pub use parts::{IdentityInfo, PhoneConfig, PhoneType, UserProficiency};
pub use policy::{AdoptionPolicy, DeletionPolicy, ManagementPolicy};
pub use rules::Rules;
pub use spec::{ConnectUser, ConnectUserSpec, MAX_TAGS, PasswordSecretRef};
pub use status::{ConnectUserStatus, CreateAttempt, DriftedField, ObservedUser};
pub use structure::BrokenRule;

/// The finalizer that keeps a ConnectUser until its user is gone from Connect.
pub const FINALIZER: &str = "connect-operator.dev/finalizer";
/// The name under which the operator owns fields of a resource (server-side apply).
pub const FIELD_MANAGER: &str = "connect-operator";
/// The prefix of the operator's annotations and of its tags on a Connect user.
pub const PREFIX: &str = "connect-operator.dev/";
/// An annotation: any new value requests an immediate pass that reads the user from Connect.
pub const RECONCILE_REQUESTED_AT: &str = "connect-operator.dev/reconcile-requested-at";
/// An annotation: `"true"` keeps the operator from doing anything for the resource, its deletion included.
pub const PAUSED: &str = "connect-operator.dev/paused";
/// An annotation with a time: it confirms a deletion that the guard against mass deletion holds, if that was requested by then.
pub const CONFIRM_DELETION: &str = "connect-operator.dev/confirm-deletion";
/// An annotation of a namespace: the deletion policy of its ConnectUsers that name none themselves.
pub const DELETION_POLICY: &str = "connect-operator.dev/deletion-policy";

impl ConnectUser {
    /// Returns whether the resource has the operator's finalizer.
    pub fn has_finalizer(&self) -> bool {
        self.metadata.finalizers.iter().flatten().any(|finalizer| finalizer == FINALIZER)
    }
}
