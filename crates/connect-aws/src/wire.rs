//! The SDK's types to and from the port's.
//!
//! Channels, phone types and modes that AWS may add later are kept as they are, so that they can be sent back unchanged. An entry
//! that lacks a required member is left out. Nothing is made up, and nothing panics.

pub(crate) mod channels;
pub(crate) mod identity;
pub(crate) mod phone;
pub(crate) mod quick_connect;
pub(crate) mod user;

use connect_api::{Error, Page};

/// In which unit a reply tells after-contact work times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    Seconds,
    Milliseconds,
}

/// A page of a listing. One bad item fails the page: a listing with a gap must not pass for complete.
///
/// An empty token would be refused by Connect as a value, so it ends the listing as none does.
pub(crate) fn page<W, T>(
    items: Option<Vec<W>>,
    next_token: Option<String>,
    read: impl FnMut(W) -> Result<T, Error>,
) -> Result<Page<T>, Error> {
    Ok(Page {
        items: items.unwrap_or_default().into_iter().map(read).collect::<Result<_, _>>()?,
        next_token: next_token.filter(|token| !token.is_empty()),
    })
}
