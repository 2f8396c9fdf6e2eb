//! How far a paginated list has been read.

use std::{collections::HashSet, hash::BuildHasher};

use crate::{Class, Error, OperationName};

/// How far a list has been read. It rejects a repeated page token, which would make the read endless.
#[derive(Clone, Debug, Default)]
pub struct PageCursor {
    next_token: Option<String>,
    /// Hashes of all tokens so far, to keep only a few bytes per page.
    seen: HashSet<u64>,
}

impl PageCursor {
    /// Returns the token of the next page, or None for the first page.
    pub fn token(&self) -> Option<String> {
        self.next_token.clone()
    }

    /// Moves past a page that was read. Returns whether it was the last one.
    ///
    /// # Errors
    /// A page token that Connect returned before: the list has to be read from the start.
    pub fn turn(&mut self, operation: OperationName, next_token: Option<String>) -> Result<bool, Error> {
        if let Some(token) = &next_token {
            let hash = self.seen.hasher().hash_one(token);
            if !self.seen.insert(hash) {
                return Err(Error::no_reply(operation, "Connect returned the same page token again"));
            }
        }
        self.next_token = next_token;
        Ok(self.next_token.is_none())
    }

    /// Returns whether this error means that the page token is no longer valid, so that the list has to be read from the start.
    pub fn is_lost(&self, error: &Error) -> bool {
        self.next_token.is_some() && error.class == Class::Invalid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATION: OperationName = OperationName::ListUsers;

    #[test]
    fn a_list_ends_with_a_page_without_a_token() {
        let mut cursor = PageCursor::default();
        assert_eq!(cursor.token(), None);
        assert_eq!(cursor.turn(OPERATION, Some("2".into())).ok(), Some(false));
        assert_eq!(cursor.token().as_deref(), Some("2"));
        assert_eq!(cursor.turn(OPERATION, None).ok(), Some(true));
    }

    #[test]
    fn no_token_is_accepted_twice() {
        let mut cursor = PageCursor::default();
        for token in ["2", "3", "4"] {
            assert!(cursor.turn(OPERATION, Some(token.into())).is_ok());
        }
        let error = cursor.turn(OPERATION, Some("2".into())).unwrap_err();
        assert_eq!((error.operation, error.class), (OPERATION, Class::Transient));
    }

    #[test]
    fn a_refused_token_loses_the_list_but_the_first_page_has_none() {
        let refusal = Error { class: Class::Invalid, ..Error::no_reply(OPERATION, "") };
        let mut cursor = PageCursor::default();
        assert!(!cursor.is_lost(&refusal));
        cursor.turn(OPERATION, Some("2".into())).unwrap();
        assert!(cursor.is_lost(&refusal));
        assert!(!cursor.is_lost(&Error::no_reply(OPERATION, "")));
    }
}
