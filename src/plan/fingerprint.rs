//! What SearchUsers and ListUsers tell of a user without reading it: whether it is worth a look.

use std::hash::{DefaultHasher, Hash, Hasher};

use connect_api::{ChannelConfigs, FoundUser, PhoneConfig, User};
use jiff::{SignedDuration, Timestamp};

/// How much later than our own last write Connect's time of the last change may be and still be that write: clocks differ, and
/// the time of a sync is written to the second.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// What SearchUsers shows of a user, in eight bytes: everything but e-mail addresses, mobile and proficiencies. The index lags
/// behind, so that a user which looks different may be as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Of a user as SearchUsers shows it.
    pub fn of_found(user: &FoundUser) -> Self {
        let names = (text(&user.first_name), text(&user.last_name));
        let profiles = (&user.routing_profile_id, &user.security_profile_ids, &user.hierarchy_group_id);
        Self::of((names, phone(&user.phone_config), channels(&user.channel_configs), profiles, &user.tags))
    }

    /// Of a user that was read.
    pub fn of_user(user: &User) -> Self {
        let names = (text(&user.identity_info.first_name), text(&user.identity_info.last_name));
        let profiles = (&user.routing_profile_id, &user.security_profile_ids, &user.hierarchy_group_id);
        Self::of((names, phone(&user.phone_config), channels(&user.channel_configs), profiles, &user.tags))
    }

    fn of(shown: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        shown.hash(&mut hasher);
        Self(hasher.finish())
    }
}

fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

/// What Connect leaves out is what it is by default.
fn phone(config: &Option<PhoneConfig>) -> PhoneConfig {
    let config = config.clone().unwrap_or_default();
    PhoneConfig { persistent_connection: Some(config.persistent_connection.unwrap_or_default()), ..config }
}

fn channels(configs: &ChannelConfigs) -> ChannelConfigs {
    let mut configs = configs.clone();
    configs.auto_accept.iter_mut().for_each(|list| list.sort_by_key(|c| c.channel));
    configs.after_contact_work.iter_mut().for_each(|list| list.sort_by_key(|c| c.channel));
    configs.phone_number.iter_mut().for_each(|list| list.sort_by_key(|c| c.channel));
    configs.persistent_connection.iter_mut().for_each(|list| list.sort_by_key(|c| c.channel));
    configs.voice_enhancement.iter_mut().for_each(|list| list.sort_by_key(|c| c.channel));
    configs
}

/// Whether Connect's time of the last change tells of one that the operator has not seen. `seen` is that time as it last was;
/// where it is not known (after a write of our own, or a start), a change is taken for ours if it is not later than the last sync.
pub fn modified(listed: Option<Timestamp>, seen: Option<Timestamp>, last_sync: Option<Timestamp>) -> bool {
    match (listed, seen, last_sync) {
        // Connect does not say.
        (None, ..) => false,
        (Some(listed), Some(seen), _) => listed > seen,
        (Some(listed), None, Some(synced)) => listed.duration_since(synced) > TOLERANCE,
        (Some(_), None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixtures::{found, live};

    #[test]
    fn whatever_searchusers_shows_makes_a_difference() {
        let known = Fingerprint::of_user(&live().user);
        assert_eq!(Fingerprint::of_found(&found()), known);
        let changes: [fn(&mut FoundUser); 8] = [
            |u| u.first_name = None,
            |u| u.last_name = Some("Roe".into()),
            |u| u.phone_config.as_mut().unwrap().after_contact_work_time_limit += 1,
            |u| u.phone_config.as_mut().unwrap().persistent_connection = Some(false),
            |u| u.routing_profile_id = None,
            |u| _ = u.security_profile_ids.pop_first(),
            |u| u.hierarchy_group_id = Some("another".into()),
            |u| _ = u.tags.pop_first(),
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut other = found();
            change(&mut other);
            assert_ne!(Fingerprint::of_found(&other), known, "{number}");
        }
    }

    #[test]
    fn what_connect_leaves_out_is_what_it_is_by_default() {
        let (mut shown, mut known) = (found(), live().user);
        (shown.phone_config, shown.last_name) = (None, Some(String::new()));
        (known.phone_config, known.identity_info.last_name) = (Some(PhoneConfig::default()), None);
        assert_eq!(Fingerprint::of_found(&shown), Fingerprint::of_user(&known));
    }

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
