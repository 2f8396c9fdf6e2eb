//! The next step in a ConnectUser's life, by the create and delete protocol (docs/design.md).
//!
//! A pass asks again after each step, with what it has learnt. Steps that read are asked for only where the answer matters.

use std::collections::BTreeSet;

use connect_api::{CreateUser, UserId};

use super::{
    action::{Action, Change},
    desired::{Desired, diff, differences},
    live::Live,
    ownership::{Owner, Ownership},
};
use crate::api::{AdoptionPolicy, DeletionPolicy, IgnoredField, ManagementPolicy};

/// Whether CreateUser was ever attempted, and whether every attempt's outcome is known but the last one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateAttempts {
    /// Never, or the only attempt was refused.
    None,
    /// Once; no earlier attempt is open.
    Clean,
    /// More than once: an earlier attempt may still show its effect.
    Unclean,
}

/// What a look at Connect showed.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// Nobody has looked in this pass.
    NotLooked,
    /// It is not there, as far as this read tells.
    Absent,
    /// It is there.
    Present(Box<Live>),
}

/// How far the operator may go with this user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// With a user that exists already.
    pub adoption: AdoptionPolicy,
    /// With the user of a resource that goes.
    pub deletion: DeletionPolicy,
    /// At all.
    pub management: ManagementPolicy,
    /// With the quick connects that point to a deleted user.
    pub quick_connects: QuickConnects,
}

/// What becomes of the quick connects that point to a user once it is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuickConnects {
    /// They stay, as Connect leaves them.
    #[default]
    Stay,
    /// They are deleted too.
    Go,
}

impl Policy {
    /// Whether the quick connects of a user go with it.
    fn takes_quick_connects_along(self) -> bool {
        (self.deletion, self.quick_connects) == (DeletionPolicy::Delete, QuickConnects::Go)
    }
}

/// All that a pass knows of a resource and its user.
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
    /// The same user as the status has it, where that is known to be fresh: as good as a look for what does not destroy anything,
    /// and never for a user that is to go.
    pub remembered: Option<Box<Live>>,
    /// The user with the spec's username.
    pub by_name: Observation,
    /// Connect refused CreateUser in this pass because the username is taken.
    pub taken: bool,
    /// Keys of tags that this resource has set before.
    pub applied_tag_keys: BTreeSet<String>,
    /// Fields that are Connect's own affair.
    pub ignored: BTreeSet<IgnoredField>,
    /// How far the operator may go.
    pub policy: Policy,
    /// The user whose quick connects were seen to in this pass, with success or without.
    pub quick_connects_of: Option<UserId>,
}

impl Knowledge {
    /// The user of a resource that goes is certainly gone, and no other of ours can come: no look need tell.
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
    /// Mark the attempt, then create the user; the password is still to be added.
    Create(Box<CreateUser>),
    /// Tag this user, which nobody owns, as ours, and look at it again before anything else: somebody may do the same.
    Claim(Box<Live>),
    /// Write the id of the user that was found into the status.
    Record(Box<Live>),
    /// The recorded user is gone for good: take its id out of the status.
    Forget,
    /// Make these calls.
    Update(Box<Live>, Vec<Action>),
    /// Nothing is left to do.
    InSync(Box<Live>),
    /// There is no such user, and none may be created.
    Missing,
    /// Connect differs from the spec, and that is only to be told.
    Drifted(Box<Live>, Vec<Change>),
    /// The username is somebody else's: leave it alone.
    Conflict(Ownership),
    /// Taken, yet nobody is seen: look again.
    Raced,
    /// Not seen, but that does not count yet.
    Wait,
    /// Delete this user.
    Delete(UserId),
    /// Delete the quick connects that point to this user, which is gone.
    DeleteQuickConnects(UserId),
    /// Take our tags off this user, which stays.
    Disown(Box<Live>),
    /// Let the resource go.
    Release {
        /// A user that stays in Connect because it is not ours.
        left: Option<Ownership>,
    },
}

impl Step {
    /// Whether the step may only follow from the resource as the API server has it now, not from a cache.
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

/// The next step for a resource that is to stay, or, with `known.deleting`, for one that is to go.
///
/// `desired` is None where the spec could not be read: a deletion does not need it.
pub fn next(owner: &Owner, desired: Option<&Desired>, known: &Knowledge) -> Option<Step> {
    match (known.deleting, known.policy.management) {
        (true, ManagementPolicy::Full) => Some(leave(owner, known)),
        (true, ManagementPolicy::Observe) => Some(Step::Release { left: None }),
        (false, ManagementPolicy::Full) => desired.map(|d| stay(d, known)),
        (false, ManagementPolicy::Observe) => desired.map(|d| observe(d, known)),
    }
}

/// Look, whoever owns the user, and tell.
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

/// What can be done without a look at the user, if anything: it was ours when it was last seen, and no call would send what
/// somebody else may have changed since.
fn from_memory(desired: &Desired, known: &Knowledge) -> Option<Step> {
    let live = known.remembered.as_deref().filter(|live| desired.owner.of(&live.user.tags) == Ownership::Ours)?;
    match align(desired, live, known) {
        Step::Update(_, actions) if actions.iter().any(|action| action.carries) => None,
        Step::ReadProficiencies(_) => None,
        step => Some(step),
    }
}

/// A user that is not ours: only one that nobody owns may be taken, and only where that is asked for.
fn claim(live: &Live, owner: Ownership, known: &Knowledge) -> Step {
    match (known.policy.adoption, owner) {
        (AdoptionPolicy::AdoptOrCreate | AdoptionPolicy::Adopt, Ownership::Nobodys) => Step::Claim(Box::new(live.clone())),
        (_, owner) => Step::Conflict(owner),
    }
}

/// No user is recorded: find ours, or create it.
fn appear(desired: &Desired, known: &Knowledge) -> Step {
    match &known.by_name {
        Observation::Present(live) => match desired.owner.of(&live.user.tags) {
            Ownership::Ours => Step::Record(live.clone()),
            other => claim(live, other, known),
        },
        // A first attempt needs no look: usernames are unique, and Connect checks that when it writes.
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
    // The recorded user, where it is gone and its quick connects may still be there.
    let mut dangling = None;
    if let Some(id) = &known.recorded {
        match &known.by_id {
            Observation::NotLooked => return Step::LookById(id.clone()),
            Observation::Present(live) => match owner.of(&live.user.tags) {
                Ownership::Ours => return part(live, known),
                // It stays, which does not mean that no other user of ours is there, or on its way.
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
        // Where another of ours is there too, its id is to take the place of this one's in the status: not yet.
        (Observation::Present(live), dangling)
            if owner.of(&live.user.tags) == Ownership::Ours && dangling.is_none_or(|id| *id == live.user.id) =>
        {
            part(live, known)
        }
        // That somebody else has the username, by a read that may lag, does not prove that ours is gone.
        (Observation::Present(_) | Observation::Absent, _) if open => Step::Wait,
        (Observation::Present(_) | Observation::Absent, Some(id)) => Step::DeleteQuickConnects(id.clone()),
        (Observation::Present(_) | Observation::Absent, None) => Step::Release { left },
    }
}

/// Part with a user of ours.
fn part(live: &Live, known: &Knowledge) -> Step {
    match known.policy.deletion {
        // Once the user is gone, nothing but its recorded id tells which quick connects were its own.
        DeletionPolicy::Delete if known.policy.takes_quick_connects_along() && known.recorded.as_ref() != Some(&live.user.id) => {
            Step::Record(Box::new(live.clone()))
        }
        DeletionPolicy::Delete => Step::Delete(live.user.id.clone()),
        DeletionPolicy::Retain => Step::Disown(Box::new(live.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixtures::{another_owner, bare, full, live, nothing_known, owner};

    /// A step in a few words.
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
                format!("tell that {} drifted: {}", live.user.id, fields.join(", "))
            }
            Step::Disown(live) => format!("disown {}", live.user.id),
            Step::Conflict(Ownership::Nobodys) => "conflict with nobody's".into(),
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

    fn with_tags(tags: connect_api::Tags) -> Observation {
        let mut live = live();
        live.user.tags = tags;
        Observation::Present(Box::new(live))
    }

    fn nobodys() -> Observation {
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
    fn a_resource_that_is_to_stay() {
        let table = [
            // A first attempt needs no look: Connect itself checks that the name is free.
            (nothing_known(), "mark, create"),
            (by_name(Absent, nothing_known()), "mark, create"),
            // A later one looks first: the user may be there already.
            (clean(), "look by name"),
            (unclean(), "look by name"),
            (settled(unclean()), "look by name"),
            // Not seen, settled or not: the name is unique, so that another attempt is safe.
            (by_name(Absent, clean()), "mark, create"),
            (by_name(Absent, unclean()), "mark, create"),
            (by_name(Absent, settled(unclean())), "mark, create"),
            (by_name(ours(), clean()), "record user-1"),
            (by_name(ours(), nothing_known()), "record user-1"),
            (by_name(nobodys(), clean()), "conflict with nobody's"),
            // Connect says that the name is taken.
            (taken(nothing_known()), "look by name"),
            (taken(by_name(Absent, nothing_known())), "raced"),
            (taken(by_name(ours(), clean())), "record user-1"),
            (taken(by_name(nobodys(), nothing_known())), "conflict with nobody's"),
            // Recorded.
            (recorded(clean()), "look by id user-1"),
            (recorded(by_id(ours(), clean())), "user-1 in sync"),
            (recorded(by_id(nobodys(), clean())), "conflict with nobody's"),
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
    fn what_nobody_owns_is_taken_only_where_that_is_asked_for() {
        use AdoptionPolicy::{Adopt, AdoptOrCreate, Never};
        let theirs = || with_tags(another_owner().tags());
        let table = [
            (Never, taken(by_name(nobodys(), nothing_known())), "conflict with nobody's"),
            (AdoptOrCreate, nothing_known(), "mark, create"),
            (AdoptOrCreate, taken(nothing_known()), "look by name"),
            (AdoptOrCreate, taken(by_name(nobodys(), nothing_known())), "claim user-1"),
            (AdoptOrCreate, by_name(ours(), nothing_known()), "record user-1"),
            (AdoptOrCreate, recorded(by_id(nobodys(), nothing_known())), "claim user-1"),
            (Adopt, nothing_known(), "look by name"),
            (Adopt, by_name(nobodys(), nothing_known()), "claim user-1"),
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
    fn an_observer_looks_and_tells() {
        let table = [
            (nothing_known(), "look by name"),
            (by_name(Absent, nothing_known()), "missing"),
            (by_name(nobodys(), nothing_known()), "user-1 in sync"),
            (by_name(ours(), nothing_known()), "user-1 in sync"),
            (recorded(nothing_known()), "look by id user-1"),
            (recorded(by_id(nobodys(), nothing_known())), "user-1 in sync"),
            (recorded(by_id(Absent, nothing_known())), "look by name"),
            (recorded(by_id(Absent, by_name(Absent, nothing_known()))), "missing"),
        ];
        for (known, expected) in table {
            assert_eq!(describe(next(&owner(), Some(&bare()), &observing(known.clone()))), expected, "{known:#?}");
        }
        let mut other = live();
        other.user.routing_profile_id = Some("another".into());
        let step = next(&owner(), Some(&bare()), &observing(by_name(Observation::Present(Box::new(other)), nothing_known())));
        assert_eq!(describe(step), "tell that user-1 drifted: routingProfileArn");
        for known in [nothing_known(), recorded(clean()), by_name(ours(), unclean())] {
            let step = next(&owner(), None, &observing(Knowledge { deleting: true, ..known }));
            assert_eq!(describe(step), "release", "nothing is deleted");
        }
    }

    #[test]
    fn a_user_that_is_to_stay_loses_our_tags_and_nothing_else() {
        let retaining = |known: Knowledge| Knowledge {
            deleting: true,
            policy: Policy { deletion: DeletionPolicy::Retain, ..Policy::default() },
            ..known
        };
        let table = [
            (recorded(clean()), "look by id user-1"),
            (recorded(by_id(ours(), clean())), "disown user-1"),
            (by_name(ours(), unclean()), "disown user-1"),
            (by_name(nobodys(), nothing_known()), "release"),
            (by_name(Absent, clean()), "wait"),
        ];
        for (known, expected) in table {
            assert_eq!(describe(next(&owner(), None, &retaining(known.clone()))), expected, "{known:#?}");
        }
    }

    #[test]
    fn a_resource_that_is_to_go() {
        let table = [
            // Never attempted: what is not seen is not there.
            (nothing_known(), "look by name"),
            (by_name(Absent, nothing_known()), "release"),
            (by_name(nobodys(), nothing_known()), "release"),
            (by_name(ours(), nothing_known()), "delete user-1"),
            // Attempted: what is not seen may come.
            (clean(), "look by name"),
            (by_name(Absent, clean()), "wait"),
            (by_name(Absent, unclean()), "wait"),
            (by_name(Absent, settled(clean())), "release"),
            (by_name(Absent, settled(unclean())), "release"),
            (by_name(ours(), unclean()), "delete user-1"),
            // That somebody else has the name, by a read that lags, proves nothing.
            (by_name(nobodys(), clean()), "wait"),
            (by_name(nobodys(), settled(clean())), "release"),
            // Recorded.
            (recorded(clean()), "look by id user-1"),
            (recorded(by_id(ours(), clean())), "delete user-1"),
            (recorded(by_id(ours(), settled(unclean()))), "delete user-1"),
            (recorded(by_id(Absent, clean())), "look by name"),
            (recorded(by_id(Absent, by_name(Absent, clean()))), "wait"),
            (recorded(by_id(Absent, by_name(ours(), clean()))), "delete user-1"),
            (recorded(by_id(Absent, by_name(Absent, settled(clean())))), "release"),
            (recorded(by_id(Absent, by_name(Absent, nothing_known()))), "release"),
            // Somebody took the proof of ownership off: the user stays, but another of ours may be there, or on its way.
            (recorded(by_id(nobodys(), settled(clean()))), "look by name"),
            (recorded(by_id(nobodys(), by_name(nobodys(), settled(clean())))), "release, the user stays"),
            (recorded(by_id(nobodys(), by_name(Absent, nothing_known()))), "release, the user stays"),
            (recorded(by_id(nobodys(), by_name(nobodys(), unclean()))), "wait"),
            (recorded(by_id(nobodys(), by_name(ours(), unclean()))), "delete user-1"),
        ];
        for (known, expected) in table {
            let known = Knowledge { deleting: true, ..known };
            assert_eq!(describe(next(&owner(), Some(&bare()), &known)), expected, "{known:#?}");
            assert_eq!(describe(next(&owner(), None, &known)), expected, "without a spec that can be read: {known:#?}");
        }
    }

    #[test]
    fn quick_connects_go_once_their_user_is_gone_and_before_the_resource() {
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
            (recorded(by_id(Absent, by_name(nobodys(), settled(clean())))), "delete quick connects of user-1"),
            // Not seen, but that does not count yet.
            (recorded(by_id(Absent, by_name(Absent, clean()))), "wait"),
            // A user whose id is not recorded would take it along.
            (by_name(ours(), unclean()), "record user-1"),
            (recorded(by_id(Absent, by_name(ours(), clean()))), "delete user-1"),
            // Another of ours came late: the id of the first is about to go out of the status.
            (recorded(by_id(Absent, by_name(another_of_ours(), unclean()))), "wait"),
            (recorded(by_id(Absent, by_name(another_of_ours(), settled(unclean())))), "delete quick connects of user-1"),
            (done(recorded(by_id(Absent, by_name(another_of_ours(), unclean())))), "record user-2"),
            // Never ours, or no longer.
            (by_name(Absent, nothing_known()), "release"),
            (by_name(nobodys(), nothing_known()), "release"),
            (recorded(by_id(nobodys(), by_name(nobodys(), nothing_known()))), "release, the user stays"),
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
    fn a_spec_that_cannot_be_read_leaves_nothing_to_do() {
        assert_eq!(describe(next(&owner(), None, &recorded(by_id(ours(), clean())))), "nothing");
    }

    #[test]
    fn proficiencies_are_read_only_where_the_spec_manages_them() {
        let unread = Observation::Present(Box::new(Live { proficiencies: None, ..live() }));
        let known = recorded(by_id(unread, clean()));
        assert_eq!(describe(next(&owner(), Some(&bare()), &known)), "user-1 in sync");
        assert_eq!(describe(next(&owner(), Some(&full()), &known)), "read proficiencies of user-1");
        assert_eq!(describe(next(&owner(), Some(&full()), &recorded(by_id(ours(), clean())))), "user-1 in sync");
    }

    #[test]
    fn a_user_that_differs_is_updated() {
        let mut desired = bare();
        desired.parts.routing_profile = "routing-9".into();
        let known = recorded(by_id(ours(), clean()));
        assert_eq!(describe(next(&owner(), Some(&desired), &known)), "update user-1: UpdateUserRoutingProfile");
    }

    #[test]
    fn another_resources_user_is_told_of_by_its_owner() {
        let known = by_name(with_tags(another_owner().tags()), clean());
        let told = describe(next(&owner(), Some(&bare()), &known));
        assert!(told.contains("care/joe of cluster green"), "{told}");
    }

    #[test]
    fn only_steps_that_change_nothing_may_follow_from_a_cache() {
        let fresh = |known: Knowledge| next(&owner(), Some(&bare()), &known).is_some_and(|s| s.needs_fresh_resource());
        assert!(fresh(nothing_known()), "create");
        assert!(fresh(by_name(ours(), clean())), "record");
        assert!(fresh(recorded(by_id(Absent, nothing_known()))), "forget");
        let mut differs = live();
        differs.user.routing_profile_id = None;
        assert!(fresh(recorded(by_id(Observation::Present(Box::new(differs)), clean()))), "update");
        assert!(fresh(Knowledge { deleting: true, ..by_name(ours(), clean()) }), "delete");
        assert!(fresh(Knowledge { deleting: true, ..by_name(Absent, nothing_known()) }), "release");
        assert!(!fresh(clean()), "look");
        assert!(!fresh(recorded(by_id(Absent, clean()))), "wait");
        assert!(!fresh(recorded(by_id(ours(), clean()))), "in sync");
    }

    #[test]
    fn a_create_request_carries_all_that_the_spec_asks_for_and_the_proof_of_ownership() {
        let Some(Step::Create(request)) = next(&owner(), Some(&full()), &nothing_known()) else { panic!("no create") };
        let expected = live().user;
        let CreateUser {
            instance,
            username,
            password,
            identity_info,
            phone_config,
            channel_configs,
            directory_user_id,
            security_profile_ids,
            routing_profile_id,
            hierarchy_group_id,
            tags,
        } = *request;
        assert_eq!((instance.as_str(), username.as_str()), ("i-1", "jane.doe"));
        assert!(password.is_none());
        assert_eq!(identity_info, Some(expected.identity_info));
        assert_eq!(phone_config, expected.phone_config);
        assert_eq!(channel_configs, expected.channel_configs);
        assert_eq!(directory_user_id, expected.directory_user_id);
        assert_eq!(security_profile_ids, expected.security_profile_ids);
        assert_eq!(Some(routing_profile_id), expected.routing_profile_id);
        assert_eq!(hierarchy_group_id, expected.hierarchy_group_id);
        assert_eq!(tags, expected.tags);
    }

    #[test]
    fn a_create_request_leaves_out_what_is_not_managed_or_empty() {
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
