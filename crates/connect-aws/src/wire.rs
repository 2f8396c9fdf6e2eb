//! Conversions between the SDK's types and the port's.
//!
//! Channels, phone types and modes that AWS may add later are kept as they are, so that they can be sent back unchanged. An entry
//! without a required member is skipped. Nothing is invented, and nothing panics.

pub(crate) mod channels;
pub(crate) mod phone;
pub(crate) mod user;

use connect_api::Page;

use crate::error::Failure;

/// Reads a page of a listing. One bad item fails the page, since a listing with a gap must not count as complete.
///
/// Connect would refuse an empty token, so it ends the listing like an absent one.
pub(crate) fn page<W, T>(
    items: Option<Vec<W>>,
    next_token: Option<String>,
    read: impl FnMut(W) -> Result<T, Failure>,
) -> Result<Page<T>, Failure> {
    Ok(Page {
        items: items.unwrap_or_default().into_iter().map(read).collect::<Result<_, _>>()?,
        next_token: next_token.filter(|token| !token.is_empty()),
    })
}
