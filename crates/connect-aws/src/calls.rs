//! The operations, by area. Each function sends one request in one attempt and reads its reply.

pub(crate) mod instance;
pub(crate) mod proficiencies;
pub(crate) mod quick_connects;
pub(crate) mod updates;
pub(crate) mod users;
