//! The next step in a ConnectUser's life, by the create and delete protocol (docs/design.md).
//!
//! A pass asks again after each step, with what it has learnt. Steps that read are asked for only where the answer matters.

use std::collections::BTreeSet;

use connect_api::{CreateUser, IdentityInfo, PhoneConfig, UserId};

use super::{Action, Desired, Live, Owner, Ownership, diff};

/// Whether CreateUser was ever attempted, and whether every attempt's outcome is known but the last one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Never, or the only attempt was refused.
    None,
    /// Once; no earlier attempt is open.
    Clean,
    /// More than once: an earlier attempt may still show its effect.
    Unclean,
}

/// What a look at Connect showed.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Nobody has looked in this pass.
    NotLooked,
    /// It is not there, as far as this read tells.
    Absent,
    /// It is there.
    Present(Box<Live>),
}

/// All that a pass knows of a resource and its user.
#[derive(Clone, Debug)]
pub struct Known {
    /// The resource is being deleted.
    pub deleting: bool,
    /// The user's id, as the status recorded it.
    pub recorded: Option<UserId>,
    /// The create mark in the status.
    pub mark: Mark,
    /// Whether an absence counts: the mark is older than the settle window, or there is none.
    pub settled: bool,
    /// The user with the recorded id.
    pub by_id: Seen,
    /// The user with the spec's username.
    pub by_name: Seen,
    /// Connect refused CreateUser in this pass because the username is taken.
    pub taken: bool,
    /// Keys of tags that this resource has set before.
    pub applied_tag_keys: BTreeSet<String>,
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
    /// Write the id of the user that was found into the status.
    Record(Box<Live>),
    /// The recorded user is gone for good: take its id out of the status.
    Forget,
    /// Make these calls.
    Update(Box<Live>, Vec<Action>),
    /// Nothing is left to do.
    InSync(Box<Live>),
    /// The username is somebody else's: leave it alone.
    Conflict(Ownership),
    /// Taken, yet nobody is seen: look again.
    Raced,
    /// Not seen, but that does not count yet.
    Wait,
    /// Delete this user.
    Delete(UserId),
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
            Self::Create(_) | Self::Record(_) | Self::Forget | Self::Delete(_) | Self::Release { .. } => true,
            Self::LookById(_)
            | Self::LookByName
            | Self::ReadProficiencies(_)
            | Self::Update(..)
            | Self::InSync(_)
            | Self::Conflict(_)
            | Self::Raced
            | Self::Wait => false,
        }
    }
}

/// The next step for a resource that is to stay, or, with `known.deleting`, for one that is to go.
///
/// `desired` is None where the spec could not be read: a deletion does not need it.
pub fn next(owner: &Owner, desired: Option<&Desired>, known: &Known) -> Option<Step> {
    if known.deleting { Some(leave(owner, known)) } else { desired.map(|d| stay(d, known)) }
}

fn stay(desired: &Desired, known: &Known) -> Step {
    let Some(id) = &known.recorded else { return appear(desired, known) };
    match &known.by_id {
        Seen::NotLooked => Step::LookById(id.clone()),
        Seen::Present(live) => match desired.owner.of(&live.user.tags) {
            Ownership::Ours => align(desired, live, known),
            other => Step::Conflict(other),
        },
        Seen::Absent if known.settled => Step::Forget,
        Seen::Absent => Step::Wait,
    }
}

/// No user is recorded: find ours, or create it.
fn appear(desired: &Desired, known: &Known) -> Step {
    match &known.by_name {
        Seen::Present(live) => match desired.owner.of(&live.user.tags) {
            Ownership::Ours => Step::Record(live.clone()),
            other => Step::Conflict(other),
        },
        // A first attempt needs no look: usernames are unique, and Connect checks that when it writes.
        Seen::NotLooked if known.mark == Mark::None && !known.taken => Step::Create(Box::new(create(desired))),
        Seen::NotLooked => Step::LookByName,
        Seen::Absent if known.taken => Step::Raced,
        Seen::Absent => Step::Create(Box::new(create(desired))),
    }
}

fn align(desired: &Desired, live: &Live, known: &Known) -> Step {
    if desired.proficiencies.is_some() && live.proficiencies.is_none() {
        return Step::ReadProficiencies(live.user.id.clone());
    }
    let actions = diff(desired, live, &known.applied_tag_keys);
    let live = Box::new(live.clone());
    if actions.is_empty() { Step::InSync(live) } else { Step::Update(live, actions) }
}

fn leave(owner: &Owner, known: &Known) -> Step {
    if let Some(id) = &known.recorded {
        match &known.by_id {
            Seen::NotLooked => return Step::LookById(id.clone()),
            Seen::Present(live) => {
                return match owner.of(&live.user.tags) {
                    Ownership::Ours => Step::Delete(live.user.id.clone()),
                    other => Step::Release { left: Some(other) },
                };
            }
            Seen::Absent => {}
        }
    }
    match &known.by_name {
        Seen::NotLooked => Step::LookByName,
        Seen::Present(live) if owner.of(&live.user.tags) == Ownership::Ours => Step::Delete(live.user.id.clone()),
        // That somebody else has the username, by a read that may lag, does not prove that ours is gone.
        Seen::Present(_) | Seen::Absent => {
            if known.mark != Mark::None && !known.settled {
                Step::Wait
            } else {
                Step::Release { left: None }
            }
        }
    }
}

/// The CreateUser that a spec asks for, without its password.
fn create(desired: &Desired) -> CreateUser {
    let filled = |v: &Option<String>| v.clone().filter(|v| !v.is_empty());
    let identity = IdentityInfo {
        first_name: filled(&desired.identity_info.first_name),
        last_name: filled(&desired.identity_info.last_name),
        email: filled(&desired.identity_info.email),
        secondary_email: filled(&desired.identity_info.secondary_email),
        mobile: filled(&desired.identity_info.mobile),
    };
    let phone = &desired.phone;
    let phone_config = (*phone != super::DesiredPhone::default()).then(|| PhoneConfig {
        phone_type: phone.phone_type.unwrap_or_default(),
        auto_accept: phone.auto_accept.unwrap_or_default(),
        after_contact_work_time_limit: phone.after_contact_work_time_limit.unwrap_or_default(),
        desk_phone_number: phone.desk_phone_number.clone(),
        persistent_connection: phone.persistent_connection,
    });
    CreateUser {
        instance: desired.instance_id(),
        username: desired.username.clone(),
        password: None,
        identity_info: (identity != IdentityInfo::default()).then_some(identity),
        phone_config,
        channel_configs: connect_api::ChannelConfigs::default(),
        directory_user_id: desired.directory_user_id.clone(),
        security_profile_ids: desired.security_profiles.clone(),
        routing_profile_id: desired.routing_profile.clone(),
        hierarchy_group_id: desired.hierarchy_group.clone().flatten(),
        tags: desired.all_tags(),
    }
}
