//! The next step for a ConnectUser, by the create and delete protocol (docs/design.md).
//!
//! A pass asks again after each step, with what it has learnt. Steps that read are returned only if the answer matters.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use connect_api::{CreateUser, UserId};

use super::{
    action::{Action, Change},
    bounds::OthersUsers,
    desired::{Desired, diff, differences},
    live::Live,
    ownership::{Owner, Ownership},
    parts::without_addresses,
};
use crate::api::{AdoptionPolicy, DeletionPolicy, IgnoredField, ManagementPolicy};

/// Whether CreateUser was ever attempted, and whether the outcome of every attempt but the last is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CreateAttempts {
    /// Never, or the only attempt was refused.
    #[default]
    None,
    /// Once; the outcome of every earlier attempt is known.
    Clean,
    /// More than once: an earlier attempt may still take effect.
    Unclean,
}

/// What has become of CreateUser in a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Creation {
    /// It was not tried.
    #[default]
    Untried,
    /// Connect refused it because the username is taken.
    Taken,
    /// It cannot succeed now: there is no password, or Connect refused it for another reason. The user may exist all the same.
    Impossible,
}

/// The result of reading a user in Connect.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Observation {
    /// It was not read in this pass.
    #[default]
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
    /// With another owner's user, or one without an owner, that is only observed.
    pub others_users: OthersUsers,
    /// The security profiles that users may have are bounded: a user is read before it is changed, since it may have got others.
    pub bounded: bool,
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
        self.deletes() && self.quick_connects == QuickConnects::Go
    }

    /// Returns whether the user is deleted with its resource.
    fn deletes(self) -> bool {
        (self.management, self.deletion) == (ManagementPolicy::Full, DeletionPolicy::Delete)
    }
}

/// All that a pass knows about a resource and its user. By default nothing, and no absence counts.
#[derive(Clone, Debug, Default)]
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
    /// What has become of CreateUser in this pass.
    pub creation: Creation,
    /// The user is looked up before it is created: something suggests that it exists, or the attempt would leave something behind.
    pub look_first: bool,
    /// The resource has our finalizer.
    pub finalizer: bool,
    /// The recorded user carried our tags when it was last seen, or the operator created it.
    pub was_ours: bool,
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
    /// Replaces what the reads of this pass have shown of a user.
    pub fn replace(&mut self, user: &UserId, with: impl Fn(&Live) -> Observation) {
        for seen in [&mut self.by_id, &mut self.by_name] {
            if let Observation::Present(live) = seen
                && live.user.id == *user
            {
                *seen = with(live);
            }
        }
    }

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
    /// Tag this user, which has no owner, as ours, and read its tags before anything else: another operator may do the same.
    Claim(Box<Live>),
    /// Add the finalizer to a resource whose user is ours.
    AddFinalizer,
    /// Tag this user, which its resource only observes from now on, as one that stays.
    Keep(Box<Live>),
    /// Write the id of this user into the status.
    Record(Box<Live>),
    /// The recorded user is gone: remove its id from the status.
    Forget,
    /// Make these calls.
    Update(Box<Live>, Vec<Action>),
    /// Nothing is left to do.
    InSync(Box<Live>),
    /// The user equals the spec but for this, which no call changes.
    Immutable(Box<Live>, Change),
    /// There is no such user, and none may be created.
    Missing,
    /// There is no such user, and creating it failed.
    NotCreated,
    /// All else is done, but names in the spec do not resolve, and the parts that they give have to wait.
    Unresolved,
    /// Connect differs from the spec, which is only reported.
    Drifted(Box<Live>, Vec<Change>),
    /// The user belongs to another owner: do nothing.
    Conflict(Ownership),
    /// The user belongs to another owner, and the resource may not even observe it.
    Hidden,
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
            | Self::AddFinalizer
            | Self::Keep(_)
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
            | Self::Immutable(..)
            | Self::Missing
            | Self::NotCreated
            | Self::Unresolved
            | Self::Drifted(..)
            | Self::Conflict(_)
            | Self::Hidden
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
        // An observer may have managed the user before: then it hands the user back.
        (true, ManagementPolicy::Full | ManagementPolicy::Observe) => Some(leave(owner, known)),
        (false, ManagementPolicy::Full) => desired.map(|d| stay(d, known)),
        (false, ManagementPolicy::Observe) => desired.map(|d| observe(d, known)),
    }
}

/// Reads the user, no matter which owner it has, and reports what the policy lets it see.
fn observe(desired: &Desired, known: &Knowledge) -> Step {
    let shows_all =
        |live: &Live| desired.owner.of(&live.user.tags) == Ownership::Ours || known.policy.others_users == OthersUsers::Shown;
    let live = match (&known.recorded, &known.by_id, &known.by_name) {
        (Some(id), Observation::NotLooked, _) => match &known.remembered {
            // The status lacks what must not be shown.
            Some(live) if shows_all(live) && (desired.parts.proficiencies.is_none() || live.proficiencies.is_some()) => live,
            _ => return Step::LookById(id.clone()),
        },
        (Some(_), Observation::Present(live), _) => live,
        (_, _, Observation::NotLooked) => return Step::LookByName,
        (_, _, Observation::Present(live)) => live,
        (_, _, Observation::Absent) => return Step::Missing,
    };
    let shows_all = shows_all(live);
    if !shows_all && known.policy.others_users == OthersUsers::Hidden {
        return Step::Hidden;
    }
    if desired.parts.proficiencies.is_some() && live.proficiencies.is_none() {
        return Step::ReadProficiencies(live.user.id.clone());
    }
    let tags = &live.user.tags;
    if desired.owner.of(tags) == Ownership::Ours && desired.owner.tags().iter().any(|(key, value)| tags.get(key) != Some(value)) {
        return Step::Keep(live.clone());
    }
    let mut changes = differences(&desired.without_ignored(&known.ignored, live), live, &known.applied_tag_keys);
    changes.extend(desired.immutable_difference(live));
    let (live, changes) = if shows_all { (live.clone(), changes) } else { without_addresses(live, changes) };
    match changes.is_empty() {
        true if desired.awaits_names(&known.ignored) => Step::Unresolved,
        true => Step::InSync(live),
        false => Step::Drifted(live, changes),
    }
}

fn stay(desired: &Desired, known: &Knowledge) -> Step {
    let Some(id) = &known.recorded else { return appear(desired, known) };
    match &known.by_id {
        Observation::NotLooked => from_memory(desired, known).unwrap_or_else(|| Step::LookById(id.clone())),
        Observation::Present(live) => match desired.owner.of(&live.user.tags) {
            Ownership::Ours if !known.finalizer => Step::AddFinalizer,
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
    if !known.finalizer {
        return Some(Step::AddFinalizer);
    }
    match align(desired, live, known) {
        Step::Update(_, actions) if known.policy.bounded || actions.iter().any(|action| action.carries) => None,
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
    let create = || desired.create_request().map_or(Step::Unresolved, |request| Step::Create(Box::new(request)));
    match &known.by_name {
        Observation::Present(live) => match desired.owner.of(&live.user.tags) {
            Ownership::Ours => Step::Record(live.clone()),
            other => claim(live, other, known),
        },
        // A first attempt needs no read: usernames are unique, and Connect checks that when it writes.
        Observation::NotLooked
            if known.mark == CreateAttempts::None
                && known.creation == Creation::Untried
                && !known.look_first
                && known.policy.adoption != AdoptionPolicy::Adopt
                // An existing user can be adopted without them.
                && desired.unresolved.is_empty() =>
        {
            create()
        }
        Observation::NotLooked => Step::LookByName,
        Observation::Absent if known.policy.adoption == AdoptionPolicy::Adopt => Step::Missing,
        Observation::Absent => match known.creation {
            Creation::Untried => create(),
            Creation::Taken => Step::Raced,
            Creation::Impossible => Step::NotCreated,
        },
    }
}

fn align(desired: &Desired, live: &Live, known: &Knowledge) -> Step {
    if desired.parts.proficiencies.is_some() && live.proficiencies.is_none() {
        return Step::ReadProficiencies(live.user.id.clone());
    }
    let actions = diff(&desired.without_ignored(&known.ignored, live), live, &known.applied_tag_keys);
    let live = Box::new(live.clone());
    match actions.is_empty() {
        true if desired.awaits_names(&known.ignored) => Step::Unresolved,
        true => match desired.immutable_difference(&live) {
            Some(change) => Step::Immutable(live, change),
            None => Step::InSync(live),
        },
        false => Step::Update(live, actions),
    }
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
            Observation::Absent
                if known.was_ours
                    && known.policy.takes_quick_connects_along()
                    && known.quick_connects_of.as_ref() != Some(id) =>
            {
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
    if !known.policy.deletes() {
        return Step::Disown(Box::new(live.clone()));
    }
    // Once the user is gone, only its recorded id shows which quick connects were its own.
    if known.policy.takes_quick_connects_along() && known.recorded.as_ref() != Some(&live.user.id) {
        return Step::Record(Box::new(live.clone()));
    }
    Step::Delete(live.user.id.clone())
}
