//! PhoneConfig and the five per-channel lists, which are two views of the same settings.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, PersistentConnectionConfig, PhoneConfig,
    PhoneNumberConfig, PhoneType, VoiceEnhancementConfig,
};

use super::identity::is_e164;
use crate::{Rules, UserConfigUpdate, refusal::Refusal, request::PhoneSettings, state::Settings};

/// The longest after-contact work, from AWS' documentation.
const LONGEST_WORK: i32 = 2_000_000;

pub(super) fn check_phone(config: &PhoneSettings) -> Result<(), Refusal> {
    check_work(config.after_contact_work_time_limit.unwrap_or(0))?;
    check_number(config.phone_type.unwrap_or_default(), config.desk_phone_number.as_deref(), "DeskPhoneNumber")
}

fn check_work(seconds: i32) -> Result<(), Refusal> {
    if (0..=LONGEST_WORK).contains(&seconds) {
        return Ok(());
    }
    Err(Refusal::invalid_parameter(format!("AfterContactWorkTimeLimit must be between 0 and {LONGEST_WORK}, but is {seconds}")))
}

fn check_number(phone_type: PhoneType, number: Option<&str>, member: &str) -> Result<(), Refusal> {
    match (phone_type, number) {
        (_, Some(number)) if !is_e164(number) => {
            Err(Refusal::invalid_parameter(format!("{member} must be in E.164 format, such as +12065550100")))
        }
        (PhoneType::DeskPhone, None) => Err(Refusal::invalid_parameter(format!("{member} is required for DESK_PHONE"))),
        _ => Ok(()),
    }
}

/// Checks the pairs of which CreateUser accepts only one.
pub(super) fn check_pairs(phone: &PhoneSettings, lists: &ChannelConfigs) -> Result<(), Refusal> {
    let pairs = [
        ("AutoAccept", phone.auto_accept.is_some(), "AutoAcceptConfigs", lists.auto_accept.is_some()),
        (
            "AfterContactWorkTimeLimit",
            phone.after_contact_work_time_limit.is_some(),
            "AfterContactWorkConfigs",
            lists.after_contact_work.is_some(),
        ),
        (
            "PhoneType or PhoneConfig.DeskPhoneNumber",
            phone.phone_type.is_some() || phone.desk_phone_number.is_some(),
            "PhoneNumberConfigs",
            lists.phone_number.is_some(),
        ),
        (
            "PersistentConnection",
            phone.persistent_connection.is_some(),
            "PersistentConnectionConfigs",
            lists.persistent_connection.is_some(),
        ),
    ];
    match pairs.into_iter().find(|(_, one, _, other)| *one && *other) {
        Some((member, _, list, _)) => {
            Err(Refusal::invalid_request(format!("PhoneConfig.{member} and {list} must not be given together")))
        }
        None => Ok(()),
    }
}

pub(super) fn check_lists(lists: &ChannelConfigs) -> Result<(), Refusal> {
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } = lists;
    for config in auto_accept.iter().flatten() {
        check_callback(config.channel, config.agent_first_callback_auto_accept.is_some())?;
    }
    for config in after_contact_work.iter().flatten() {
        check_callback(config.channel, config.agent_first_callback_after_contact_work_time_limit.is_some())?;
        check_work(config.after_contact_work_time_limit)?;
        check_work(config.agent_first_callback_after_contact_work_time_limit.unwrap_or(0))?;
    }
    for config in phone_number.iter().flatten() {
        check_number(config.phone_type, config.phone_number.as_deref(), "PhoneNumber")?;
    }
    check_channels("AutoAcceptConfigs", auto_accept, |c| c.channel, &Channel::ALL)?;
    check_channels("AfterContactWorkConfigs", after_contact_work, |c| c.channel, &Channel::ALL)?;
    check_channels("PhoneNumberConfigs", phone_number, |c| c.channel, &[Channel::Voice])?;
    check_channels("PersistentConnectionConfigs", persistent_connection, |c| c.channel, &[Channel::Voice])?;
    check_channels("VoiceEnhancementConfigs", voice_enhancement, |c| c.channel, &[Channel::Voice])
}

fn check_callback(channel: Channel, given: bool) -> Result<(), Refusal> {
    if given && channel != Channel::Voice {
        return Err(Refusal::invalid_parameter(format!("agent-first callbacks are for VOICE, not for {}", channel.as_str())));
    }
    Ok(())
}

fn check_channels<T>(
    list: &str,
    configs: &Option<Vec<T>>,
    channel: impl Fn(&T) -> Channel,
    allowed: &[Channel],
) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for channel in configs.iter().flatten().map(channel) {
        if !allowed.contains(&channel) {
            return Err(Refusal::invalid_parameter(format!("{list} does not take the channel {}", channel.as_str())));
        }
        if !seen.insert(channel) {
            return Err(Refusal::invalid_parameter(format!("{list} names the channel {} twice", channel.as_str())));
        }
    }
    Ok(())
}

/// Applies PhoneConfig to all channels. Omitted members become false, 0 or SOFT_PHONE.
pub(super) fn spread(settings: &mut Settings, phone: &PhoneSettings) {
    for channel in Channel::ALL {
        let auto_accept = phone.auto_accept.unwrap_or(false);
        settings.auto_accept.entry(channel).and_modify(|c| c.auto_accept = auto_accept).or_insert(AutoAcceptConfig {
            channel,
            auto_accept,
            agent_first_callback_auto_accept: None,
        });
        let seconds = phone.after_contact_work_time_limit.unwrap_or(0);
        settings.after_contact_work.entry(channel).and_modify(|c| c.after_contact_work_time_limit = seconds).or_insert(
            AfterContactWorkConfig {
                channel,
                after_contact_work_time_limit: seconds,
                agent_first_callback_after_contact_work_time_limit: None,
            },
        );
    }
    settings.phone_number = Some((phone.phone_type.unwrap_or_default(), phone.desk_phone_number.clone()));
    settings.persistent_connection = phone.persistent_connection;
}

/// Applies the lists to the settings. The rule determines the effect on omitted channels and lists.
pub(super) fn set(settings: &mut Settings, lists: &ChannelConfigs, rule: UserConfigUpdate) {
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } = lists;
    set_map(&mut settings.auto_accept, auto_accept, |c| c.channel, rule);
    set_map(&mut settings.after_contact_work, after_contact_work, |c| c.channel, rule);
    set_one(&mut settings.phone_number, phone_number, |c| (c.phone_type, c.phone_number.clone()), rule);
    set_one(&mut settings.persistent_connection, persistent_connection, |c| c.persistent_connection, rule);
    set_one(&mut settings.voice_enhancement, voice_enhancement, |c| c.voice_enhancement_mode, rule);
}

fn set_map<T: Clone>(
    map: &mut BTreeMap<Channel, T>,
    list: &Option<Vec<T>>,
    channel: impl Fn(&T) -> Channel,
    rule: UserConfigUpdate,
) {
    match rule {
        UserConfigUpdate::MergeChannels => {}
        UserConfigUpdate::ReplaceLists if list.is_none() => {}
        UserConfigUpdate::ReplaceLists | UserConfigUpdate::ReplaceAll => map.clear(),
    }
    map.extend(list.iter().flatten().map(|c| (channel(c), c.clone())));
}

fn set_one<T, V>(value: &mut Option<V>, list: &Option<Vec<T>>, of: impl Fn(&T) -> V, rule: UserConfigUpdate) {
    match (list, rule) {
        (None, UserConfigUpdate::MergeChannels | UserConfigUpdate::ReplaceLists) => {}
        (None, UserConfigUpdate::ReplaceAll) => *value = None,
        (Some(list), UserConfigUpdate::MergeChannels) => {
            if let Some(first) = list.first() {
                *value = Some(of(first));
            }
        }
        (Some(list), UserConfigUpdate::ReplaceLists | UserConfigUpdate::ReplaceAll) => *value = list.first().map(of),
    }
}

/// Returns the settings as PhoneConfig: those of the voice channel.
pub(super) fn as_phone_config(settings: &Settings) -> PhoneConfig {
    let (phone_type, desk_phone_number) = settings.phone_number.clone().unwrap_or_default();
    PhoneConfig {
        phone_type,
        desk_phone_number,
        auto_accept: settings.auto_accept.get(&Channel::Voice).is_some_and(|c| c.auto_accept),
        after_contact_work_time_limit: settings
            .after_contact_work
            .get(&Channel::Voice)
            .map_or(0, |c| c.after_contact_work_time_limit),
        persistent_connection: settings.persistent_connection,
    }
}

/// Returns the settings as per-channel lists. A list without entries is None.
pub(super) fn as_lists(rules: &Rules, settings: &Settings) -> ChannelConfigs {
    let channel = Channel::Voice;
    let unset_auto = |channel| AutoAcceptConfig { channel, auto_accept: false, agent_first_callback_auto_accept: None };
    let unset_work = |channel| AfterContactWorkConfig {
        channel,
        after_contact_work_time_limit: 0,
        agent_first_callback_after_contact_work_time_limit: None,
    };
    ChannelConfigs {
        auto_accept: listed(rules, &settings.auto_accept, unset_auto),
        after_contact_work: listed(rules, &settings.after_contact_work, unset_work),
        phone_number: settings
            .phone_number
            .clone()
            .map(|(phone_type, phone_number)| vec![PhoneNumberConfig { channel, phone_type, phone_number }]),
        persistent_connection: settings
            .persistent_connection
            .map(|persistent_connection| vec![PersistentConnectionConfig { channel, persistent_connection }]),
        voice_enhancement: settings
            .voice_enhancement
            .map(|voice_enhancement_mode| vec![VoiceEnhancementConfig { channel, voice_enhancement_mode }]),
    }
}

fn listed<T: Clone>(rules: &Rules, map: &BTreeMap<Channel, T>, unset: impl Fn(Channel) -> T) -> Option<Vec<T>> {
    let list: Vec<T> = Channel::ALL
        .into_iter()
        .filter_map(|channel| map.get(&channel).cloned().or_else(|| rules.show_unset_channels.then(|| unset(channel))))
        .collect();
    Some(list).filter(|list| !list.is_empty())
}
