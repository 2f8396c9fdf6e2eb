//! The readings of what AWS does not document, from which a life picks.

use connect_operator::api::{AfterContactWorkConfig, AfterContactWorkConfigPerChannel, Channel, ConnectUserSpec, IdentityInfo};
use connect_sim::{EmptyLists, IdentityUpdate, LongSearchValues, Rules, UnknownReference, UserConfigUpdate};
use rand::{RngExt, rngs::StdRng};

type Reading = (&'static str, fn(&mut Rules));

/// Every reading that is not the default. Two of the same switch exclude each other.
const READINGS: [Reading; 18] = [
    ("the username is checked first", |rules| rules.username_checked_last = false),
    ("the username is checked before the quota", |rules| rules.quota_before_username = false),
    ("deleted usernames stay taken for a minute", |rules| rules.username_held_for = std::time::Duration::from_secs(60)),
    ("e-mail addresses keep their case", |rules| rules.lower_case_emails = false),
    ("spaces around values are kept", |rules| rules.trimmed_values = false),
    ("empty strings clear", |rules| rules.empty_string_clears = true),
    ("an unknown reference is a 400", |rules| rules.unknown_reference = UnknownReference::InvalidParameter),
    ("UpdateUserIdentityInfo merges", |rules| {
        rules.identity_update = IdentityUpdate::Merge;
        // Otherwise nothing could clear a member.
        rules.empty_string_clears = true;
    }),
    ("UpdateUserConfig merges channels", |rules| rules.user_config_update = UserConfigUpdate::MergeChannels),
    ("CHAT's after-contact work is not cut", |rules| rules.chat_work_capped = false),
    ("unset channels are shown", |rules| rules.show_unset_channels = true),
    ("DescribeUser alone shows empty lists", |rules| rules.empty_lists = EmptyLists::InDescribe),
    ("no read shows empty lists", |rules| rules.empty_lists = EmptyLists::Nowhere),
    ("tags move the time", |rules| rules.tags_touch_user = true),
    ("proficiencies move the time", |rules| rules.proficiencies_touch_user = true),
    ("ListUsers shows no times", |rules| rules.listed_times = false),
    ("long values are searched", |rules| rules.long_search_values = LongSearchValues::AsGiven),
    ("users have an unknown channel", |rules| rules.unknown_channel = true),
];

fn holds((_, apply): &Reading, rules: &Rules) -> bool {
    let mut applied = rules.clone();
    apply(&mut applied);
    applied == *rules
}

/// Returns the readings in these rules that are not the default.
pub(super) fn names(rules: &Rules) -> String {
    let names: Vec<_> = READINGS.iter().filter(|reading| holds(reading, rules)).map(|(name, _)| *name).collect();
    if names.is_empty() { "the hardest readings".to_owned() } else { names.join(", ") }
}

/// Picks the readings of a life. Half of the lives have the hardest, some the easiest, and some anything.
pub(super) fn random(rng: &mut StdRng) -> Rules {
    match rng.random_range(0..10) {
        0..5 => Rules::default(),
        5 => Rules::lenient(),
        _ => {
            let mut rules = Rules::default();
            READINGS.iter().filter(|_| rng.random_bool(0.25)).for_each(|(_, apply)| apply(&mut rules));
            rules
        }
    }
}

/// Returns simpler rules: the default, then with one reading less.
pub(super) fn simpler(rules: &Rules) -> Vec<Rules> {
    let mut simpler = vec![Rules::default()];
    let held: Vec<_> = READINGS.iter().filter(|reading| holds(reading, rules)).collect();
    for left_out in 0..held.len() {
        let mut fewer = Rules::default();
        held.iter().enumerate().filter(|(n, _)| *n != left_out).for_each(|(_, (_, apply))| apply(&mut fewer));
        simpler.push(fewer);
    }
    simpler.retain(|fewer| fewer != rules);
    simpler
}

/// Changes a spec to what Connect keeps of it.
pub(super) fn keep(rules: &Rules, spec: &mut ConnectUserSpec) {
    const LONGEST_CHAT_WORK: i32 = 5_400;
    if let Some(info) = &mut spec.identity_info {
        let IdentityInfo { first_name, last_name, email, secondary_email, mobile } = info;
        for value in [first_name, last_name, &mut *email, &mut *secondary_email, mobile].into_iter().flatten() {
            if rules.trimmed_values {
                *value = value.trim().to_owned();
            }
        }
        for address in [email, secondary_email].into_iter().flatten() {
            if rules.lower_case_emails {
                *address = address.to_lowercase();
            }
        }
    }
    if !rules.chat_work_capped {
        return;
    }
    let for_all = spec.phone_config.as_mut().and_then(|phone| phone.after_contact_work_time_limit.take());
    if let Some(after_contact_work_time_limit) = for_all {
        let channels = [Channel::Voice, Channel::Chat, Channel::Task, Channel::Email];
        let of = |channel| AfterContactWorkConfigPerChannel {
            channel,
            after_contact_work_config: AfterContactWorkConfig { after_contact_work_time_limit },
            agent_first_callback_after_contact_work_config: None,
        };
        spec.after_contact_work_configs = Some(channels.map(of).into());
    }
    for config in spec.after_contact_work_configs.iter_mut().flatten().filter(|config| config.channel == Channel::Chat) {
        let limit = &mut config.after_contact_work_config.after_contact_work_time_limit;
        *limit = (*limit).min(LONGEST_CHAT_WORK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reading_differs_from_the_default_and_can_be_left_out() {
        for (name, apply) in READINGS {
            let mut rules = Rules::default();
            apply(&mut rules);
            assert_ne!(rules, Rules::default(), "{name}");
            assert!(names(&rules).contains(name));
            assert_eq!(simpler(&rules)[0], Rules::default(), "{name}");
        }
        assert!(simpler(&Rules::default()).is_empty());
    }
}
