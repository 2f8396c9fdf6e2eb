//! The steps of a pass. Each takes what it needs, makes its calls, and returns what it has learnt or the end of the pass.

pub(super) mod claim;
pub(super) mod create;
pub(super) mod delete;
mod events;
pub(super) mod failures;
pub(super) mod finish;
mod identity_type;
pub(super) mod names;
pub(super) mod password;
pub(super) mod quick_connects;
pub(super) mod read;
pub(super) mod release;
pub(super) mod update;
