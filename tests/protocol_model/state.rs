//! The world: one ConnectUser in the API server, the users of one name in Connect, and everything that can go wrong around them.

use std::collections::BTreeSet;

use connect_operator::plan::CreateAttempts;

use super::operator::{Pass, PassStage, Proof, Protocol, Reading};

/// Users' ids, in the order in which they were created.
pub(super) type Id = u8;

/// The part of a spec that can change: a routing profile.
pub(super) type Profile = u8;

pub(super) const FIRST: Profile = 0;
pub(super) const EDITED: Profile = 1;

/// The origin of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Keeper {
    /// The operator created it.
    Operator,
    /// A person created it.
    Person,
    /// The operator created it, and a person removed the proof of ownership.
    TakenOver,
}

/// A user in Connect. All have the same username here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct User {
    pub(super) id: Id,
    pub(super) keeper: Keeper,
    /// It carries the tags that prove the resource's ownership.
    pub(super) proof: bool,
    pub(super) profile: Profile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Status {
    pub(super) recorded: Option<Id>,
    pub(super) mark: CreateAttempts,
}

/// The ConnectUser. Its resourceVersion is its content, which guards less than Kubernetes does and so allows more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Resource {
    pub(super) gone: bool,
    pub(super) deleting: bool,
    pub(super) finalizer: bool,
    pub(super) profile: Profile,
    pub(super) status: Status,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ModelState {
    pub(super) resource: Resource,
    /// The resource as the operators' caches show it.
    pub(super) cache: Resource,
    pub(super) users: Vec<User>,
    /// The users as reads show them, search, list and describe alike.
    pub(super) shown: Vec<User>,
    /// The pass that each operator is in. Kept sorted: the operators are alike.
    pub(super) operators: [Option<Pass>; 2],
    /// A create request whose sender is gone, or no longer listens: it may yet take effect.
    pub(super) adrift: Option<Profile>,
    pub(super) made: u8,
    pub(super) crashes: u8,
    pub(super) edits: u8,
    pub(super) people: u8,
    pub(super) strips: u8,
    /// A person deleted the resource after taking its finalizer off.
    pub(super) forced: bool,
    /// A user that is not ours was changed or deleted.
    pub(super) touched: bool,
    /// Users that an operator deleted, and whose quick connects are still there.
    pub(super) dangling: BTreeSet<Id>,
}

/// The hazards for a ConnectUser and its operators.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hazards {
    /// One, or two at once: an old leader may still be running.
    pub(super) operators: usize,
    pub(super) crashes: u8,
    /// How often the spec is edited: once at most.
    pub(super) edits: u8,
    /// How often a person creates, removes or takes over a user.
    pub(super) people: u8,
    /// How often a person takes the finalizer off.
    pub(super) strips: u8,
    /// Connect refuses to create with the spec's first profile.
    pub(super) refuses: bool,
    /// Connect accepts a username once.
    pub(super) unique_usernames: bool,
    /// No process stalls between its mark and its call for longer than the settle window.
    pub(super) short_stalls: bool,
}

/// One operator, and no hazard except lag.
pub(super) const PEACE: Hazards = Hazards {
    operators: 1,
    crashes: 0,
    edits: 0,
    people: 0,
    strips: 0,
    refuses: false,
    unique_usernames: true,
    short_stalls: true,
};

pub(super) const CRASH: Hazards = Hazards { crashes: 1, ..PEACE };

pub(super) const TWO_OPERATORS: Hazards = Hazards { operators: 2, ..PEACE };

/// The answers of CreateUser when it does not create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Invalid,
    Duplicate,
}

impl ModelState {
    pub(super) fn new() -> Self {
        let status = Status { recorded: None, mark: CreateAttempts::None };
        let resource = Resource { gone: false, deleting: false, finalizer: false, profile: FIRST, status };
        Self {
            resource,
            cache: resource,
            users: vec![],
            shown: vec![],
            operators: [None; 2],
            adrift: None,
            made: 0,
            crashes: 0,
            edits: 0,
            people: 0,
            strips: 0,
            forced: false,
            touched: false,
            dangling: BTreeSet::new(),
        }
    }

    /// Returns whether the settle window of every mark may be over.
    pub(super) fn calm(&self, hazards: Hazards) -> bool {
        let sending = self.operators.iter().flatten().any(|p| p.stage == PassStage::Creating);
        self.shown == self.users && !(hazards.short_stalls && (sending || self.adrift.is_some()))
    }

    pub(super) fn shown(&self, id: Id) -> Reading {
        self.shown.iter().find(|u| u.id == id).map_or(Reading::Absent, |u| Reading::Present(*u))
    }

    /// Handles CreateUser as Connect does.
    pub(super) fn create(&mut self, protocol: Protocol, hazards: Hazards, profile: Profile) -> Result<User, Refusal> {
        if hazards.refuses && profile == FIRST {
            return Err(Refusal::Invalid);
        }
        if hazards.unique_usernames && !self.users.is_empty() {
            return Err(Refusal::Duplicate);
        }
        self.made += 1;
        let user = User { id: self.made, keeper: Keeper::Operator, proof: protocol.proof == Proof::InCreate, profile };
        self.users.push(user);
        Ok(user)
    }

    /// Records a change to a user, if that user is not ours.
    pub(super) fn touch(&mut self, id: Id) {
        self.touched |= self.users.iter().any(|u| u.id == id && u.keeper == Keeper::Person);
    }
}
