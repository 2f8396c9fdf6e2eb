//! Pages and their tokens, which are opaque, bound to one query and valid for a day.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use connect_api::Page;
use jiff::Timestamp;

use crate::{clock::later, refusal::Refusal};

/// The requested page of a listing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paging {
    pub max_results: Option<i32>,
    pub next_token: Option<String>,
}

/// The settings of pagination.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paginator {
    pub now: Timestamp,
    /// The most items on a page, for any request.
    pub limit: Option<usize>,
    pub token_lifetime: Duration,
}

/// The start and maximal length of the requested page.
#[derive(Debug)]
pub(crate) struct PageStart {
    query: u64,
    length: usize,
    /// The key of the last item on the page before.
    pub after: Option<String>,
    now: Timestamp,
}

const DEFAULT_LENGTH: i32 = 100;

impl Paginator {
    /// Reads the start of a page. `query` identifies the listing.
    pub fn start(self, paging: &Paging, max: i32, query: impl Hash) -> Result<PageStart, Refusal> {
        let asked = paging.max_results.unwrap_or(DEFAULT_LENGTH.min(max));
        if !(1..=max).contains(&asked) {
            return Err(Refusal::invalid_parameter(format!("MaxResults must be between 1 and {max}, but is {asked}")));
        }
        let length = usize::try_from(asked).unwrap_or(usize::MAX).min(self.limit.unwrap_or(usize::MAX));
        let mut hasher = DefaultHasher::new();
        query.hash(&mut hasher);
        let query = hasher.finish();
        let after = match &paging.next_token {
            Some(token) => Some(self.read(token, query).ok_or_else(|| {
                Refusal::invalid_parameter("InvalidToken: the NextToken belongs to another request or has expired")
            })?),
            None => None,
        };
        Ok(PageStart { query, length, after, now: self.now })
    }

    fn read(self, token: &str, query: u64) -> Option<String> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let mut parts = text.splitn(3, ':');
        let of = u64::from_str_radix(parts.next()?, 16).ok()?;
        let issued = Timestamp::from_millisecond(parts.next()?.parse().ok()?).ok()?;
        let key = parts.next()?;
        (of == query && self.now < later(issued, self.token_lifetime)).then(|| key.to_owned())
    }
}

impl PageStart {
    /// Returns a page of the items after its start. `keyed` yields items with their keys, in order of keys.
    pub fn page<T>(self, keyed: impl Iterator<Item = (String, T)>) -> Page<T> {
        let mut rest = keyed.peekable();
        let mut items = Vec::new();
        let mut last = None;
        while items.len() < self.length
            && let Some((key, item)) = rest.next()
        {
            items.push(item);
            last = Some(key);
        }
        let next_token = last
            .filter(|_| rest.peek().is_some())
            .map(|key| URL_SAFE_NO_PAD.encode(format!("{:x}:{}:{key}", self.query, self.now.as_millisecond())));
        Page { items, next_token }
    }

    /// Returns a page of all items. `keyed` yields items with their keys, in order of keys.
    pub fn page_of<T>(self, keyed: impl Iterator<Item = (String, T)>) -> Page<T> {
        let after = self.after.clone();
        self.page(keyed.skip_while(move |(key, _)| after.as_ref().is_some_and(|after| key <= after)))
    }
}

/// Converts the items of a page.
pub(crate) fn map<T, U>(page: Page<T>, convert: impl FnMut(T) -> U) -> Page<U> {
    Page { items: page.items.into_iter().map(convert).collect(), next_token: page.next_token }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn paginator(now: Timestamp) -> Paginator {
        Paginator { now, limit: None, token_lifetime: DAY }
    }

    fn items() -> impl Iterator<Item = (String, u32)> {
        (0..5).map(|i| (format!("k{i}"), i))
    }

    fn paging(max: i32, token: Option<String>) -> Paging {
        Paging { max_results: Some(max), next_token: token }
    }

    #[test]
    fn a_token_of_another_query_or_an_expired_one_is_refused() {
        let now = Timestamp::UNIX_EPOCH;
        let token = paginator(now).start(&paging(2, None), 100, "q").unwrap().page_of(items()).next_token;
        let just_in_time = now + (DAY - Duration::from_secs(1));
        assert!(paginator(just_in_time).start(&paging(2, token.clone()), 100, "q").is_ok());
        for refused in [
            paginator(now + DAY).start(&paging(2, token.clone()), 100, "q"),
            paginator(now).start(&paging(2, token), 100, "other"),
            paginator(now).start(&paging(2, Some("gibberish".into())), 100, "q"),
        ] {
            let refusal = refused.unwrap_err();
            assert_eq!((refusal.status, refusal.code.as_deref()), (400, Some("InvalidParameterException")));
            assert!(refusal.message.contains("InvalidToken"));
        }
    }

    #[test]
    fn a_full_last_page_has_no_token() {
        let page = paginator(Timestamp::UNIX_EPOCH).start(&paging(5, None), 100, "q").unwrap().page_of(items());
        assert_eq!((page.items.len(), page.next_token), (5, None));
    }

    #[test]
    fn pages_have_a_default_length() {
        let paginator = paginator(Timestamp::UNIX_EPOCH);
        assert_eq!(paginator.start(&Paging::default(), 10, "q").unwrap().length, 10);
        assert_eq!(paginator.start(&Paging::default(), 1000, "q").unwrap().length, 100);
    }

    #[test]
    fn pages_may_be_shorter_than_requested() {
        let paginator = Paginator { limit: Some(3), ..paginator(Timestamp::UNIX_EPOCH) };
        let page = paginator.start(&paging(100, None), 100, "q").unwrap().page_of(items());
        assert_eq!(page.items, [0, 1, 2]);
        assert!(page.next_token.is_some());
    }
}
