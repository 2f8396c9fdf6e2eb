//! The operations, by area. Each function is one operation: the request out, one attempt, the reply in.

pub(crate) mod instance;
pub(crate) mod listings;
pub(crate) mod proficiencies;
pub(crate) mod quick_connects;
pub(crate) mod search;
pub(crate) mod tags;
pub(crate) mod updates;
pub(crate) mod users;
