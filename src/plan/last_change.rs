//! Whether a user was changed outside of Kubernetes, by the time that ListUsers shows.

use jiff::{SignedDuration, Timestamp};

/// How much later than the operator's last write Connect's time of the last change may be and still be that write: clocks differ,
/// and the time of a sync is written to the second.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// Returns whether Connect's time of the last change shows a change that the operator has not seen. `seen` is that time as it was
/// last read. If it is unknown (after a write of the operator, or a start), a change that is not later than the last sync is taken
/// for the operator's own.
pub fn modified(listed: Option<Timestamp>, seen: Option<Timestamp>, last_sync: Option<Timestamp>) -> bool {
    match (listed, seen, last_sync) {
        // Connect shows none.
        (None, ..) => false,
        (Some(listed), Some(seen), _) => listed > seen,
        (Some(listed), None, Some(synced)) => listed.duration_since(synced) > TOLERANCE,
        (Some(_), None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_news_unless_it_was_seen_or_is_our_own() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let table = [
            (None, None, None, false),
            (at(100), at(100), None, false),
            (at(101), at(100), at(500), true),
            (at(100), None, None, true),
            (at(100), None, at(40), false),
            (at(101), None, at(40), true),
            (at(40), None, at(100), false),
        ];
        for (listed, seen, synced, news) in table {
            assert_eq!(modified(listed, seen, synced), news, "{listed:?} {seen:?} {synced:?}");
        }
    }
}
