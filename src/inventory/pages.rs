//! A list that is read page by page, by one caller after another if the rate limit interrupts it.

use std::time::Duration;

use connect_api::{Class, Error, OperationName, Page, PageCursor};

/// The pages that were read so far.
#[derive(Debug)]
pub(super) struct Pages<T> {
    /// The uptime at which the first page was read.
    began: Duration,
    items: Vec<T>,
    cursor: PageCursor,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { began: Duration::ZERO, items: Vec::new(), cursor: PageCursor::default() }
    }
}

impl<T> Pages<T> {
    /// Continues after the last page that was read, or starts over if there is none, or if the first one is older than `lasts`.
    pub(super) fn resume(&mut self, now: Duration, lasts: Duration) {
        if self.cursor.token().is_none() || now > self.began.saturating_add(lasts) {
            *self = Self { began: now, ..Self::default() };
        }
    }

    /// Returns the token of the next page.
    pub(super) fn token(&self) -> Option<String> {
        self.cursor.token()
    }

    /// Adds a page. After the last one, returns the whole list and the uptime at which its first page was read.
    ///
    /// # Errors
    /// The call that failed: its page may be read again. If Connect rejects the page token, or repeats one, the list starts over.
    pub(super) fn add(
        &mut self,
        operation: OperationName,
        page: Result<Page<T>, Error>,
    ) -> Result<Option<(Vec<T>, Duration)>, Error> {
        let page = match page {
            Ok(page) => page,
            Err(error) if self.cursor.is_lost(&error) => {
                *self = Self::default();
                return Err(Error { class: Class::Transient, ..error });
            }
            Err(error) => return Err(error),
        };
        self.items.extend(page.items);
        match self.cursor.turn(operation, page.next_token) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let Self { began, items, .. } = std::mem::take(self);
                Ok(Some((items, began)))
            }
            Err(error) => {
                *self = Self::default();
                Err(error)
            }
        }
    }
}
