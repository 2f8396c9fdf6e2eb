//! The next step for a ConnectUser, by the create and delete protocol (docs/design.md).
//!
//! A pass asks again after each step, with what it has learnt. Steps that read are returned only if the answer matters.

use std::collections::BTreeSet;

use connect_api::{CreateUser, UserId};

use super::{
    action::{Action, Change},
    desired::{Desired, diff, differences},
    live::Live,
    ownership::{Owner, Ownership},
};
use crate::api::{AdoptionPolicy, DeletionPolicy, IgnoredField, ManagementPolicy};

/// Whether CreateUser was ever attempted, and whether the outcome of every attempt but the last is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateAttempts {
    /// Never, or the only attempt was refused.
    None,
    /// Once; the outcome of every earlier attempt is known.
    Clean,
    /// More than once: an earlier attempt may still take effect.
    Unclean,
}

/// The result of reading a user in Connect.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// It was not read in this pass.
    NotLooked,
    /// This read did not show it.
    Absent,
    /// This read showed it.
    Present(Box<Live>),
}

/// What the operator may do with this user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// With an existing user.
    pub adoption: AdoptionPolicy,
    /// With the user when the resource is deleted.
    pub deletion: DeletionPolicy,
    /// In general.
    pub management: ManagementPolicy,
    /// With the quick connects that point to a deleted user.
    pub quick_connects: QuickConnects,
}

/// What to do with the quick connects that point to a deleted user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuickConnects {
    /// They stay, as Connect leaves them.
    #[default]
    Stay,
    /// They are deleted too.
    Go,
}

impl Policy {
    /// Returns whether the quick connects of a user are deleted with it.
    fn takes_quick_connects_along(self) -> bool {
        (self.deletion, self.quick_connects) == (DeletionPolicy::Delete, QuickConnects::Go)
    }
}

/// All that a pass knows about a resource and its user.
#[derive(Clone, Debug)]
pub struct Knowledge {
    /// The resource is being deleted.
    pub deleting: bool,
    /// The user's id, as the status recorded it.
    pub recorded: Option<UserId>,
    /// The create mark in the status.
    pub mark: CreateAttempts,
    /// Whether an absence counts: the mark is older than the settle window, or there is none.
    pub settled: bool,
    /// The user with the recorded id.
    pub by_id: Observation,
    /// The same user from the status, if that is known to be fresh: as good as a read for steps that destroy nothing, and never used
    /// for a deletion.
    pub remembered: Option<Box<Live>>,
    /// The user with the spec's username.
    pub by_name: Observation,
    /// Connect refused CreateUser in this pass because the username is taken.
    pub taken: bool,
    /// Keys of tags that this resource has set before.
    pub applied_tag_keys: BTreeSet<String>,
    /// Fields whose drift is ignored.
    pub ignored: BTreeSet<IgnoredField>,
    /// What the operator may do.
    pub policy: Policy,
    /// The user whose quick connects were handled in this pass, successfully or not.
    pub quick_connects_of: Option<UserId>,
}

impl Knowledge {
    /// Records that the user of a resource under deletion is certainly gone and that no other of ours can appear: no read is needed.
    pub fn nothing_of_ours_is_left(&mut self) {
        self.by_id = Observation::Absent;
        self.by_name = Observation::Absent;
        self.settled = true;
    }
}

/// What to do next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Read the user with this id.
    LookById(UserId),
    /// Find the user with the spec's username.
    LookByName,
    /// Read this user's proficiencies.
    ReadProficiencies(UserId),
    /// Mark the attempt, then create the user; the request lacks its password.
    Create(Box<CreateUser>),
    /// Tag this user, which has no owner, as ours, and read it again before anything else: another operator may do the same.
    Claim(Box<Live>),
    /// Write the id of this user into the status.
    Record(Box<Live>),
    /// The recorded user is gone: remove its id from the status.
    Forget,
    /// Make these calls.
    Update(Box<Live>, Vec<Action>),
    /// Nothing is left to do.
    InSync(Box<Live>),
    /// There is no such user, and none may be created.
    Missing,
    /// Connect differs from the spec, which is only reported.
    Drifted(Box<Live>, Vec<Change>),
    /// The user belongs to another owner: do nothing.
    Conflict(Ownership),
    /// The username is taken, but no read shows its user: try again.
    Raced,
    /// No read shows the user, but its absence does not count yet.
    Wait,
    /// Delete this user.
    Delete(UserId),
    /// Delete the quick connects that point to this user, which is gone.
    DeleteQuickConnects(UserId),
    /// Remove our tags from this user, which stays.
    Disown(Box<Live>),
    /// Remove the finalizer.
    Release {
        /// A user that stays in Connect because it is not ours.
        left: Option<Ownership>,
    },
}

impl Step {
    /// Returns whether the step requires a resource that was read from the API server, not from a cache.
    pub fn needs_fresh_resource(&self) -> bool {
        match self {
            Self::Create(_)
            | Self::Claim(_)
            | Self::Record(_)
            | Self::Forget
            | Self::Update(..)
            | Self::Delete(_)
            | Self::DeleteQuickConnects(_)
            | Self::Disown(_)
            | Self::Release { .. } => true,
            Self::LookById(_)
            | Self::LookByName
            | Self::ReadProficiencies(_)
            | Self::InSync(_)
            | Self::Missing
            | Self::Drifted(..)
            | Self::Conflict(_)
            | Self::Raced
            | Self::Wait => false,
        }
    }
}

/// Returns the next step for a resource, which is deleted if `known.deleting`.
///
/// `desired` is None if the spec could not be read: a deletion does not need it.
pub fn next(owner: &Owner, desired: Option<&Desired>, known: &Knowledge) -> Option<Step> {
    match (known.deleting, known.policy.management) {
        (true, ManagementPolicy::Full) => Some(leave(owner, known)),
        (true, ManagementPolicy::Observe) => Some(Step::Release { left: None }),
        (false, ManagementPolicy::Full) => desired.map(|d| stay(d, known)),
        (false, ManagementPolicy::Observe) => desired.map(|d| observe(d, known)),
    }
}

/// Reads the user, no matter which owner it has, and reports.
fn observe(desired: &Desired, known: &Knowledge) -> Step {
    let live = match (&known.recorded, &known.by_id, &known.by_name) {
        (Some(id), Observation::NotLooked, _) => match &known.remembered {
            Some(live) if desired.parts.proficiencies.is_none() || live.proficiencies.is_some() => live,
            _ => return Step::LookById(id.clone()),
        },
        (Some(_), Observation::Present(live), _) => live,
        (_, _, Observation::NotLooked) => return Step::LookByName,
        (_, _, Observation::Present(live)) => live,
        (_, _, Observation::Absent) => return Step::Missing,
    };
    if desired.parts.proficiencies.is_some() && live.proficiencies.is_none() {
        return Step::ReadProficiencies(live.user.id.clone());
    }
    let changes = differences(&desired.without_ignored(&known.ignored, live), live, &known.applied_tag_keys);
    if changes.is_empty() { Step::InSync(live.clone()) } else { Step::Drifted(live.clone(), changes) }
}

fn stay(desired: &Desired, known: &Knowledge) -> Step {
    let Some(id) = &known.recorded else { return appear(desired, known) };
    match &known.by_id {
        Observation::NotLooked => from_memory(desired, known).unwrap_or_else(|| Step::LookById(id.clone())),
        Observation::Present(live) => match desired.owner.of(&live.user.tags) {
            Ownership::Ours => align(desired, live, known),
            other => claim(live, other, known),
        },
        Observation::Absent if known.settled => Step::Forget,
        Observation::Absent => Step::Wait,
    }
}

/// Returns the step that needs no read of the user, if there is one: the user was ours when it was last read, and no call would send
/// members that others may have changed since.
fn from_memory(desired: &Desired, known: &Knowledge) -> Option<Step> {
    let live = known.remembered.as_deref().filter(|live| desired.owner.of(&live.user.tags) == Ownership::Ours)?;
    match align(desired, live, known) {
        Step::Update(_, actions) if actions.iter().any(|action| action.carries) => None,
        Step::ReadProficiencies(_) => None,
        step => Some(step),
    }
}

/// Returns the step for a user that is not ours: only one without an owner may be adopted, and only if the policy allows it.
fn claim(live: &Live, owner: Ownership, known: &Knowledge) -> Step {
    match (known.policy.adoption, owner) {
        (AdoptionPolicy::AdoptOrCreate | AdoptionPolicy::Adopt, Ownership::Unowned) => Step::Claim(Box::new(live.clone())),
        (_, owner) => Step::Conflict(owner),
    }
}

/// Returns the step if no user is recorded: find ours, or create it.
fn appear(desired: &Desired, known: &Knowledge) -> Step {
    match &known.by_name {
        Observation::Present(live) => match desired.owner.of(&live.user.tags) {
            Ownership::Ours => Step::Record(live.clone()),
            other => claim(live, other, known),
        },
        // A first attempt needs no read: usernames are unique, and Connect checks that when it writes.
        Observation::NotLooked
            if known.mark == CreateAttempts::None && !known.taken && known.policy.adoption != AdoptionPolicy::Adopt =>
        {
            Step::Create(Box::new(desired.create_request()))
        }
        Observation::NotLooked => Step::LookByName,
        Observation::Absent if known.policy.adoption == AdoptionPolicy::Adopt => Step::Missing,
        Observation::Absent if known.taken => Step::Raced,
        Observation::Absent => Step::Create(Box::new(desired.create_request())),
    }
}

fn align(desired: &Desired, live: &Live, known: &Knowledge) -> Step {
    if desired.parts.proficiencies.is_some() && live.proficiencies.is_none() {
        return Step::ReadProficiencies(live.user.id.clone());
    }
    let actions = diff(&desired.without_ignored(&known.ignored, live), live, &known.applied_tag_keys);
    let live = Box::new(live.clone());
    if actions.is_empty() { Step::InSync(live) } else { Step::Update(live, actions) }
}

fn leave(owner: &Owner, known: &Knowledge) -> Step {
    let mut left = None;
    // The recorded user, if it is gone and its quick connects may still exist.
    let mut dangling = None;
    if let Some(id) = &known.recorded {
        match &known.by_id {
            Observation::NotLooked => return Step::LookById(id.clone()),
            Observation::Present(live) => match owner.of(&live.user.tags) {
                Ownership::Ours => return remove(live, known),
                // It stays. Another user of ours may exist all the same, or appear.
                other => left = Some(other),
            },
            Observation::Absent if known.policy.takes_quick_connects_along() && known.quick_connects_of.as_ref() != Some(id) => {
                dangling = Some(id);
            }
            Observation::Absent => {}
        }
    }
    let open = known.mark != CreateAttempts::None && !known.settled;
    match (&known.by_name, dangling) {
        (Observation::NotLooked, _) => Step::LookByName,
        // If another user of ours exists too, its id will replace this one in the status, but not yet.
        (Observation::Present(live), dangling)
            if owner.of(&live.user.tags) == Ownership::Ours && dangling.is_none_or(|id| *id == live.user.id) =>
        {
            remove(live, known)
        }
        // A read that may lag and that shows another owner's user does not prove that ours is gone.
        (Observation::Present(_) | Observation::Absent, _) if open => Step::Wait,
        (Observation::Present(_) | Observation::Absent, Some(id)) => Step::DeleteQuickConnects(id.clone()),
        (Observation::Present(_) | Observation::Absent, None) => Step::Release { left },
    }
}

/// Deletes or disowns a user of ours.
fn remove(live: &Live, known: &Knowledge) -> Step {
    match known.policy.deletion {
        // Once the user is gone, only its recorded id shows which quick connects were its own.
        DeletionPolicy::Delete if known.policy.takes_quick_connects_along() && known.recorded.as_ref() != Some(&live.user.id) => {
            Step::Record(Box::new(live.clone()))
        }
        DeletionPolicy::Delete => Step::Delete(live.user.id.clone()),
        DeletionPolicy::Retain => Step::Disown(Box::new(live.clone())),
    }
}

#[cfg(test)]
mod tests {
    use connect_api::{CreatedUser, User};

    use super::*;
    use crate::plan::{
        created,
        fixtures::{another_owner, bare, full, live, nothing_known, owner},
    };

    /// Describes a step in a few words.
    fn describe(step: Option<Step>) -> String {
        let Some(step) = step else { return "nothing".into() };
        match step {
            Step::LookById(id) => format!("look by id {id}"),
            Step::LookByName => "look by name".into(),
            Step::ReadProficiencies(id) => format!("read proficiencies of {id}"),
            Step::Create(_) => "mark, create".into(),
            Step::Claim(live) => format!("claim {}", live.user.id),
            Step::Record(live) => format!("record {}", live.user.id),
            Step::Forget => "forget".into(),
            Step::Update(live, actions) => {
                let calls: Vec<_> = actions.iter().map(|a| a.update.name().as_str()).collect();
                format!("update {}: {}", live.user.id, calls.join(", "))
            }
            Step::InSync(live) => format!("{} in sync", live.user.id),
            Step::Missing => "missing".into(),
            Step::Drifted(live, changes) => {
                let fields: Vec<_> = changes.iter().map(|c| c.field.as_str()).collect();
                format!("report that {} drifted: {}", live.user.id, fields.join(", "))
            }
            Step::Disown(live) => format!("disown {}", live.user.id),
            Step::Conflict(Ownership::Unowned) => "conflict, no owner".into(),
            Step::Conflict(owner) => format!("conflict with {owner:?}"),
            Step::Raced => "raced".into(),
            Step::Wait => "wait".into(),
            Step::Delete(id) => format!("delete {id}"),
            Step::DeleteQuickConnects(id) => format!("delete quick connects of {id}"),
            Step::Release { left: None } => "release".into(),
            Step::Release { left: Some(_) } => "release, the user stays".into(),
        }
    }

    fn ours() -> Observation {
        Observation::Present(Box::new(live()))
    }

    fn differs() -> Observation {
        let mut live = live();
        live.user.routing_profile_id = Some("another".into());
        Observation::Present(Box::new(live))
    }

    fn with_tags(tags: connect_api::Tags) -> Observation {
        let mut live = live();
        live.user.tags = tags;
        Observation::Present(Box::new(live))
    }

    fn unowned() -> Observation {
        with_tags(connect_api::Tags::new())
    }

    fn clean() -> Knowledge {
        Knowledge { mark: CreateAttempts::Clean, settled: false, ..nothing_known() }
    }

    fn unclean() -> Knowledge {
        Knowledge { mark: CreateAttempts::Unclean, ..clean() }
    }

    fn settled(known: Knowledge) -> Knowledge {
        Knowledge { settled: true, ..known }
    }

    fn recorded(known: Knowledge) -> Knowledge {
        Knowledge { recorded: Some("user-1".into()), ..known }
    }

    fn by_id(seen: Observation, known: Knowledge) -> Knowledge {
        Knowledge { by_id: seen, ..known }
    }

    fn by_name(seen: Observation, known: Knowledge) -> Knowledge {
        Knowledge { by_name: seen, ..known }
    }

    fn taken(known: Knowledge) -> Knowledge {
        Knowledge { taken: true, ..known }
    }

    use Observation::Absent;

    #[test]
    fn resource_that_stays() {
        let table = [
            // A first attempt needs no read: Connect checks that the name is free.
            (nothing_known(), "mark, create"),
            (by_name(Absent, nothing_known()), "mark, create"),
            // A later one reads first: the user may exist already.
            (clean(), "look by name"),
            (unclean(), "look by name"),
            (settled(unclean()), "look by name"),
            // Absent, settled or not: the name is unique, so that another attempt is safe.
            (by_name(Absent, clean()), "mark, create"),
            (by_name(Absent, unclean()), "mark, create"),
            (by_name(Absent, settled(unclean())), "mark, create"),
            (by_name(ours(), clean()), "record user-1"),
            (by_name(ours(), nothing_known()), "record user-1"),
            (by_name(unowned(), clean()), "conflict, no owner"),
            // Connect says that the name is taken.
            (taken(nothing_known()), "look by name"),
            (taken(by_name(Absent, nothing_known())), "raced"),
            (taken(by_name(ours(), clean())), "record user-1"),
            (taken(by_name(unowned(), nothing_known())), "conflict, no owner"),
            // Recorded.
            (recorded(clean()), "look by id user-1"),
            (recorded(by_id(ours(), clean())), "user-1 in sync"),
            (recorded(by_id(differs(), clean())), "update user-1: UpdateUserRoutingProfile"),
            (recorded(by_id(unowned(), clean())), "conflict, no owner"),
            (recorded(by_id(Absent, clean())), "wait"),
            (recorded(by_id(Absent, unclean())), "wait"),
            (recorded(by_id(Absent, settled(clean()))), "forget"),
            (recorded(by_id(Absent, settled(unclean()))), "forget"),
            (recorded(by_id(Absent, nothing_known())), "forget"),
        ];
        for (known, expected) in table {
            assert_eq!(describe(next(&owner(), Some(&bare()), &known)), expected, "{known:#?}");
        }
    }

    fn adopting(adoption: AdoptionPolicy, known: Knowledge) -> Knowledge {
        Knowledge { policy: Policy { adoption, ..Policy::default() }, ..known }
    }

    fn observing(known: Knowledge) -> Knowledge {
        Knowledge { policy: Policy { management: ManagementPolicy::Observe, ..Policy::default() }, ..known }
    }

    #[test]
    fn user_without_an_owner_is_adopted_only_if_allowed() {
        use AdoptionPolicy::{Adopt, AdoptOrCreate, Never};
        let theirs = || with_tags(another_owner().tags());
        let table = [
            (Never, taken(by_name(unowned(), nothing_known())), "conflict, no owner"),
            (AdoptOrCreate, nothing_known(), "mark, create"),
            (AdoptOrCreate, taken(nothing_known()), "look by name"),
            (AdoptOrCreate, taken(by_name(unowned(), nothing_known())), "claim user-1"),
            (AdoptOrCreate, by_name(ours(), nothing_known()), "record user-1"),
            (AdoptOrCreate, recorded(by_id(unowned(), nothing_known())), "claim user-1"),
            (Adopt, nothing_known(), "look by name"),
            (Adopt, by_name(unowned(), nothing_known()), "claim user-1"),
            (Adopt, by_name(Absent, nothing_known()), "missing"),
            (Adopt, by_name(Absent, clean()), "missing"),
        ];
        for (policy, known, expected) in table {
            assert_eq!(
                describe(next(&owner(), Some(&bare()), &adopting(policy, known.clone()))),
                expected,
                "{policy:?} {known:#?}"
            );
        }
        for policy in [Never, AdoptOrCreate, Adopt] {
            let step = describe(next(&owner(), Some(&bare()), &adopting(policy, by_name(theirs(), nothing_known()))));
            assert!(step.starts_with("conflict with Theirs"), "{policy:?}: {step}");
        }
    }

    #[test]
    fn observer_reads_and_reports() {
        let table = [
            (nothing_known(), "look by name"),
            (by_name(Absent, nothing_known()), "missing"),
            (by_name(unowned(), nothing_known()), "user-1 in sync"),
            (by_name(ours(), nothing_known()), "user-1 in sync"),
            (recorded(nothing_known()), "look by id user-1"),
            (recorded(by_id(unowned(), nothing_known())), "user-1 in sync"),
            (recorded(by_id(Absent, nothing_known())), "look by name"),
            (recorded(by_id(Absent, by_name(Absent, nothing_known()))), "missing"),
        ];
        for (known, expected) in table {
            assert_eq!(describe(next(&owner(), Some(&bare()), &observing(known.clone()))), expected, "{known:#?}");
        }
        let step = next(&owner(), Some(&bare()), &observing(by_name(differs(), nothing_known())));
        assert_eq!(describe(step), "report that user-1 drifted: routingProfileArn");
        for known in [nothing_known(), recorded(clean()), by_name(ours(), unclean())] {
            let step = next(&owner(), None, &observing(Knowledge { deleting: true, ..known }));
            assert_eq!(describe(step), "release", "nothing is deleted");
        }
    }

    #[test]
    fn retained_user_loses_our_tags_and_nothing_else() {
        let retaining = |known: Knowledge| Knowledge {
            deleting: true,
            policy: Policy { deletion: DeletionPolicy::Retain, ..Policy::default() },
            ..known
        };
        let table = [
            (recorded(clean()), "look by id user-1"),
            (recorded(by_id(ours(), clean())), "disown user-1"),
            (by_name(ours(), unclean()), "disown user-1"),
            (by_name(unowned(), nothing_known()), "release"),
            (by_name(Absent, clean()), "wait"),
        ];
        for (known, expected) in table {
            assert_eq!(describe(next(&owner(), None, &retaining(known.clone()))), expected, "{known:#?}");
        }
    }

    #[test]
    fn resource_that_is_deleted() {
        let table = [
            // Never attempted: an absence counts.
            (nothing_known(), "look by name"),
            (by_name(Absent, nothing_known()), "release"),
            (by_name(unowned(), nothing_known()), "release"),
            (by_name(ours(), nothing_known()), "delete user-1"),
            // Attempted: a user may appear.
            (clean(), "look by name"),
            (by_name(Absent, clean()), "wait"),
            (by_name(Absent, unclean()), "wait"),
            (by_name(Absent, settled(clean())), "release"),
            (by_name(Absent, settled(unclean())), "release"),
            (by_name(ours(), unclean()), "delete user-1"),
            // A read that lags and shows another owner's user proves nothing.
            (by_name(unowned(), clean()), "wait"),
            (by_name(unowned(), settled(clean())), "release"),
            // Recorded.
            (recorded(clean()), "look by id user-1"),
            (recorded(by_id(ours(), clean())), "delete user-1"),
            (recorded(by_id(ours(), settled(unclean()))), "delete user-1"),
            (recorded(by_id(Absent, clean())), "look by name"),
            (recorded(by_id(Absent, by_name(Absent, clean()))), "wait"),
            (recorded(by_id(Absent, by_name(ours(), clean()))), "delete user-1"),
            (recorded(by_id(Absent, by_name(Absent, settled(clean())))), "release"),
            (recorded(by_id(Absent, by_name(Absent, nothing_known()))), "release"),
            // The proof of ownership was removed: the user stays, but another of ours may exist, or appear.
            (recorded(by_id(unowned(), settled(clean()))), "look by name"),
            (recorded(by_id(unowned(), by_name(unowned(), settled(clean())))), "release, the user stays"),
            (recorded(by_id(unowned(), by_name(Absent, nothing_known()))), "release, the user stays"),
            (recorded(by_id(unowned(), by_name(unowned(), unclean()))), "wait"),
            (recorded(by_id(unowned(), by_name(ours(), unclean()))), "delete user-1"),
        ];
        for (known, expected) in table {
            let known = Knowledge { deleting: true, ..known };
            assert_eq!(describe(next(&owner(), Some(&bare()), &known)), expected, "{known:#?}");
            assert_eq!(describe(next(&owner(), None, &known)), expected, "without a spec that can be read: {known:#?}");
        }
    }

    #[test]
    fn quick_connects_are_deleted_between_user_and_resource() {
        let going = |known: Knowledge| Knowledge {
            deleting: true,
            policy: Policy { quick_connects: QuickConnects::Go, ..Policy::default() },
            ..known
        };
        let done = |known: Knowledge| Knowledge { quick_connects_of: Some("user-1".into()), ..known };
        let another_of_ours = || {
            let mut live = live();
            live.user.id = "user-2".into();
            Observation::Present(Box::new(live))
        };
        let gone = || recorded(by_id(Absent, by_name(Absent, nothing_known())));
        let table = [
            (recorded(by_id(ours(), clean())), "delete user-1"),
            (gone(), "delete quick connects of user-1"),
            (done(gone()), "release"),
            (recorded(by_id(Absent, by_name(unowned(), settled(clean())))), "delete quick connects of user-1"),
            // Absent, but that does not count yet.
            (recorded(by_id(Absent, by_name(Absent, clean()))), "wait"),
            // The id has to be recorded before the user is deleted.
            (by_name(ours(), unclean()), "record user-1"),
            (recorded(by_id(Absent, by_name(ours(), clean()))), "delete user-1"),
            // Another user of ours appeared late: its id will replace that of the first in the status.
            (recorded(by_id(Absent, by_name(another_of_ours(), unclean()))), "wait"),
            (recorded(by_id(Absent, by_name(another_of_ours(), settled(unclean())))), "delete quick connects of user-1"),
            (done(recorded(by_id(Absent, by_name(another_of_ours(), unclean())))), "record user-2"),
            // Never ours, or no longer.
            (by_name(Absent, nothing_known()), "release"),
            (by_name(unowned(), nothing_known()), "release"),
            (recorded(by_id(unowned(), by_name(unowned(), nothing_known()))), "release, the user stays"),
        ];
        for (known, expected) in table {
            assert_eq!(describe(next(&owner(), None, &going(known.clone()))), expected, "{known:#?}");
        }
        for policy in [
            Policy::default(),
            Policy { deletion: DeletionPolicy::Retain, ..going(gone()).policy },
            Policy { management: ManagementPolicy::Observe, ..going(gone()).policy },
        ] {
            assert_eq!(describe(next(&owner(), None, &Knowledge { policy, ..going(gone()) })), "release", "{policy:?}");
        }
    }

    #[test]
    fn proficiencies_are_read_only_if_the_spec_manages_them() {
        let unread = Observation::Present(Box::new(Live { proficiencies: None, ..live() }));
        let known = recorded(by_id(unread, clean()));
        assert_eq!(describe(next(&owner(), Some(&bare()), &known)), "user-1 in sync");
        assert_eq!(describe(next(&owner(), Some(&full()), &known)), "read proficiencies of user-1");
        assert_eq!(describe(next(&owner(), Some(&full()), &recorded(by_id(ours(), clean())))), "user-1 in sync");
    }

    #[test]
    fn conflict_names_the_owner() {
        let known = by_name(with_tags(another_owner().tags()), clean());
        let step = describe(next(&owner(), Some(&bare()), &known));
        assert!(step.contains("care/joe of cluster green"), "{step}");
    }

    #[test]
    fn steps_that_change_something_need_a_fresh_resource() {
        let fresh = |known: Knowledge| next(&owner(), Some(&bare()), &known).is_some_and(|s| s.needs_fresh_resource());
        assert!(fresh(nothing_known()), "create");
        assert!(fresh(by_name(ours(), clean())), "record");
        assert!(fresh(recorded(by_id(Absent, nothing_known()))), "forget");
        assert!(fresh(recorded(by_id(differs(), clean()))), "update");
        assert!(fresh(Knowledge { deleting: true, ..by_name(ours(), clean()) }), "delete");
        assert!(fresh(Knowledge { deleting: true, ..by_name(Absent, nothing_known()) }), "release");
        assert!(!fresh(clean()), "look");
        assert!(!fresh(recorded(by_id(Absent, clean()))), "wait");
        assert!(!fresh(recorded(by_id(ours(), clean()))), "in sync");
    }

    #[test]
    fn create_request_has_all_parts_and_the_proof_of_ownership() {
        let Some(Step::Create(request)) = next(&owner(), Some(&full()), &nothing_known()) else { panic!("no create") };
        assert!(request.instance.as_str() == "i-1" && request.password.is_none());
        let expected = live().user;
        assert_eq!((&request.phone_config, &request.channel_configs), (&expected.phone_config, &expected.channel_configs));
        let user = created(&request, &CreatedUser { id: expected.id.clone(), arn: expected.arn.clone() }).user;
        // The prediction shows the settings of each channel.
        assert_eq!(User { channel_configs: expected.channel_configs.clone(), ..user }, expected);
    }

    #[test]
    fn create_request_omits_unmanaged_and_empty_members() {
        let mut desired = bare();
        desired.parts.identity.email = Some(String::new());
        desired.parts.hierarchy_group = Some(None);
        let Some(Step::Create(request)) = next(&owner(), Some(&desired), &nothing_known()) else { panic!("no create") };
        assert_eq!(request.identity_info, None);
        assert_eq!(request.phone_config, None);
        assert_eq!(request.directory_user_id, None);
        assert_eq!(request.hierarchy_group_id, None);
        assert_eq!(request.tags, owner().tags());
    }
}
