//! Where a list is read on.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::{Class, Error, OperationName};

/// How far a list was read. With a page token that comes again, it would be read for ever.
#[derive(Clone, Debug, Default)]
pub struct PageCursor {
    next_token: Option<String>,
    /// Hashes of all tokens so far: a few bytes for each page.
    seen: HashSet<u64>,
}

impl PageCursor {
    /// The token of the next page; None: it is the first one.
    pub fn token(&self) -> Option<String> {
        self.next_token.clone()
    }

    /// Turns a page that was read, and says whether that was the last one.
    ///
    /// # Errors
    /// A page token that was given before, for a list that has to be read anew.
    pub fn turn(&mut self, operation: OperationName, next_token: Option<String>) -> Result<bool, Error> {
        if let Some(token) = &next_token {
            let mut hasher = DefaultHasher::new();
            token.hash(&mut hasher);
            if !self.seen.insert(hasher.finish()) {
                return Err(Error::no_reply(operation, "the same page token was given again"));
            }
        }
        self.next_token = next_token;
        Ok(self.next_token.is_none())
    }

    /// Whether this error says that the page token is no longer good, so that the list has to be read anew.
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
        let mut bookmark = PageCursor::default();
        assert_eq!(bookmark.token(), None);
        assert_eq!(bookmark.turn(OPERATION, Some("2".into())).ok(), Some(false));
        assert_eq!(bookmark.token().as_deref(), Some("2"));
        assert_eq!(bookmark.turn(OPERATION, None).ok(), Some(true));
    }

    #[test]
    fn no_token_is_taken_twice_whatever_comes_between() {
        let mut bookmark = PageCursor::default();
        for token in ["2", "3", "4"] {
            assert!(bookmark.turn(OPERATION, Some(token.into())).is_ok());
        }
        let error = bookmark.turn(OPERATION, Some("2".into())).unwrap_err();
        assert_eq!((error.operation, error.class), (OPERATION, Class::Transient));
    }

    #[test]
    fn what_is_refused_for_its_token_is_read_anew_and_the_first_page_has_none() {
        let refusal = Error { class: Class::Invalid, ..Error::no_reply(OPERATION, "") };
        let mut bookmark = PageCursor::default();
        assert!(!bookmark.is_lost(&refusal));
        bookmark.turn(OPERATION, Some("2".into())).unwrap();
        assert!(bookmark.is_lost(&refusal));
        assert!(!bookmark.is_lost(&Error::no_reply(OPERATION, "")));
    }
}
