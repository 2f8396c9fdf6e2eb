//! What a step has learnt. Steps return it, and only the pass applies it to what it knows.

use connect_api::{Proficiency, UserId};

use super::failure::Failure;
use crate::plan::{CreateAttempts, Live, Observation};

/// What a step has learnt of a user.
#[derive(Debug)]
pub(super) enum Learnt {
    /// The recorded user was read.
    ById(Observation),
    /// The user with the spec's username was looked up.
    ByName(Observation),
    /// The proficiencies of a user were read.
    Proficiencies(UserId, Vec<Proficiency>),
    /// This user is gone.
    Gone(UserId),
    /// CreateUser made this user, in an attempt that was marked so.
    Created(CreateAttempts, Box<Live>),
    /// CreateUser was refused because the username is taken.
    Taken {
        /// The create mark as the refusal leaves it.
        mark: CreateAttempts,
        /// Whether an absence counts now.
        settled: bool,
    },
    /// The user cannot be created now, for this reason.
    NotCreated {
        /// The create mark as the attempt leaves it.
        mark: CreateAttempts,
        /// Whether an absence counts now.
        settled: bool,
        /// What to report if the user does not exist.
        failure: Box<Failure>,
    },
    /// The resource has its finalizer.
    FinalizerAdded,
    /// This user carries tags that say that it stays.
    Kept(Box<Live>),
    /// A user without an owner was tagged as ours, and read again.
    Claimed(UserId, Observation),
    /// This user is ours, and not recorded yet.
    Found(Box<Live>),
    /// The calls of an update leave the user like this.
    Updated(Box<Live>),
    /// Connect refused an update that relied on the status' account of the user.
    StatusOutdated,
    RecordedGone,
    /// The user was deleted, or was gone; an earlier create attempt may still show its effect.
    Deleted,
    /// The user was deleted, and no other user of ours can exist.
    DeletedLast,
    /// The user no longer carries our tags, or is gone; an earlier create attempt may still show its effect.
    Disowned,
    /// The user no longer carries our tags, and no other user of ours can exist.
    DisownedLast,
    /// The quick connects of this user were deleted as far as possible.
    QuickConnectsDone(UserId),
}
