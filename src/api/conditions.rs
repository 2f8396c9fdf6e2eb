//! The conditions of a ConnectUser and their reasons: a closed list, since people and tools match on them.

/// A condition's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// The user exists in Connect as the spec asks.
    Ready,
    /// The live user was seen to equal the spec.
    Synced,
    /// The Secret, profiles, groups and attributes that the spec names exist.
    ReferencesResolved,
    /// The operator is working (kstatus: InProgress). Only present when true.
    Reconciling,
    /// The operator cannot continue without help (kstatus: Failed). Only present when true.
    Stalled,
    /// The Secret changed after its password was sent, and Connect cannot change it. Only present when true; the user is fine.
    PasswordChangeIgnored,
}

impl Type {
    /// Returns the name as it appears in the resource.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Synced => "Synced",
            Self::ReferencesResolved => "ReferencesResolved",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::PasswordChangeIgnored => "PasswordChangeIgnored",
        }
    }
}

macro_rules! reasons {
    ($(#[doc = $doc:literal] $name:ident,)*) => {
        /// Why a condition has its status. Stable: alerts and scripts match on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $(#[doc = $doc] $name,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the name as it appears in the resource.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Returns the address of the section of docs/troubleshooting.md about it.
            pub fn guide(self) -> String {
                let page = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/troubleshooting.md");
                format!("{page}#{}", self.as_str().to_lowercase())
            }

            /// Returns what the reason says, as a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $doc.trim_ascii(),)* }
            }
        }
    };
}

reasons! {
    /// The user exists as the spec asks.
    Available,
    /// The live user equals the spec.
    InSync,
    /// Everything that the spec names was found.
    Resolved,
    /// The user is being created.
    Creating,
    /// The deletion of the user has to wait: Synced and Reconciling say for what.
    Deleting,
    /// The operator waits for Connect's rate limit or its own.
    Throttled,
    /// Connect or the way to it failed temporarily. Lasting failures have their own reasons.
    Transient,
    /// Connect may not show yet what was done: an absence counts only once it has settled.
    Settling,
    /// A profile, group or attribute that the spec names does not exist.
    DependencyNotFound,
    /// The Secret or its key does not exist.
    SecretNotFound,
    /// AWS refused the credentials or the action.
    AccessDenied,
    /// Connect, or the operator, cannot accept the spec.
    InvalidSpec,
    /// The user belongs to another owner.
    Conflict,
    /// The operator's configuration does not let the resource's namespace use the instance.
    InstanceNotAllowed,
    /// The operator's configuration does not let the namespace give users this profile or group, or change a user that has it.
    ProfileNotAllowed,
    /// The operator's configuration does not let the namespace take users over.
    AdoptionNotAllowed,
    /// The operator's configuration does not let the namespace observe users of other owners.
    ObservationNotAllowed,
    /// A quota of the instance is reached.
    QuotaExceeded,
    /// More of the users that ConnectUsers have in the instance would be deleted than the guard allows without a confirmation.
    DeletionHeld,
    /// A Kubernetes call failed.
    KubernetesError,
    /// Connect differs from the spec, and the operator may only observe.
    Drifted,
    /// Connect accepts a value of the spec, and keeps another.
    NotKept,
    /// The annotation `connect-operator.dev/paused` keeps the operator from acting.
    Paused,
    /// The Secret changed after its password was sent, and the user keeps the old one.
    PasswordChangeIgnored,
}

impl Reason {
    /// Returns whether only the person who writes the resource can help, or has chosen this. The operator and the people who run it cannot
    /// do anything about it, so it is not among their alerts.
    pub fn is_for_owner(self) -> bool {
        match self {
            Self::DependencyNotFound
            | Self::SecretNotFound
            | Self::InvalidSpec
            | Self::Conflict
            | Self::InstanceNotAllowed
            | Self::ProfileNotAllowed
            | Self::AdoptionNotAllowed
            | Self::ObservationNotAllowed
            | Self::DeletionHeld
            | Self::Drifted
            | Self::NotKept
            | Self::Paused
            | Self::PasswordChangeIgnored => true,
            Self::Available
            | Self::InSync
            | Self::Resolved
            | Self::Creating
            | Self::Deleting
            | Self::Throttled
            | Self::Transient
            | Self::Settling
            | Self::AccessDenied
            | Self::QuotaExceeded
            | Self::KubernetesError => false,
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_section_in_the_guide() {
        let page = include_str!("../../docs/troubleshooting.md");
        for reason in Reason::ALL {
            let guide = reason.guide();
            let (_, anchor) = guide.rsplit_once('#').unwrap();
            let is_heading = |line: &str| line.strip_prefix("## ").is_some_and(|heading| heading.to_lowercase() == anchor);
            assert!(page.lines().any(is_heading), "{reason}");
        }
    }
}
