//! PhoneConfig and the five per-channel lists, which are two views of the same settings.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, PersistentConnectionConfig, PhoneConfig,
    PhoneNumberConfig, PhoneType,
};

use super::identity::is_e164;
use crate::{Rules, UserConfigUpdate, refusal::Refusal, request::PhoneSettings, state::Settings};

/// The longest after-contact work, from AWS' documentation.
const LONGEST_WORK: i32 = 2_000_000;
/// The longest after-contact work of CHAT, from AWS' documentation. 0 is without an end for all channels.
const LONGEST_CHAT_WORK: i32 = 5_400;
/// A channel of the future.
const UNKNOWN: &str = "SMS";

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
    let PhoneSettings { auto_accept, after_contact_work_time_limit: work, persistent_connection: persistent, .. } = phone;
    let number = phone.phone_type.is_some() || phone.desk_phone_number.is_some();
    let pairs = [
        ("AutoAccept", auto_accept.is_some(), "AutoAcceptConfigs", lists.auto_accept.is_some()),
        ("AfterContactWorkTimeLimit", work.is_some(), "AfterContactWorkConfigs", lists.after_contact_work.is_some()),
        ("PhoneType or PhoneConfig.DeskPhoneNumber", number, "PhoneNumberConfigs", lists.phone_number.is_some()),
        ("PersistentConnection", persistent.is_some(), "PersistentConnectionConfigs", lists.persistent_connection.is_some()),
    ];
    match pairs.into_iter().find(|(_, one, _, other)| *one && *other) {
        Some((member, _, list, _)) => {
            Err(Refusal::invalid_request(format!("PhoneConfig.{member} and {list} must not be given together")))
        }
        None => Ok(()),
    }
}

pub(super) fn check_lists(rules: &Rules, lists: &ChannelConfigs) -> Result<(), Refusal> {
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
    let all: Vec<_> = Channel::ALL.into_iter().chain(rules.unknown_channel.then(|| Channel::from(UNKNOWN))).collect();
    check_channels("AutoAcceptConfigs", auto_accept, |c| c.channel, &all)?;
    check_channels("AfterContactWorkConfigs", after_contact_work, |c| c.channel, &all)?;
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
pub(super) fn spread(rules: &Rules, settings: &mut Settings, phone: &PhoneSettings) {
    let (auto_accept, seconds) = (phone.auto_accept.unwrap_or(false), phone.after_contact_work_time_limit.unwrap_or(0));
    for channel in Channel::ALL {
        let entry = settings.auto_accept.entry(channel);
        entry.or_insert_with(|| AutoAcceptConfig::new(channel, auto_accept)).auto_accept = auto_accept;
        let entry = settings.after_contact_work.entry(channel);
        entry.or_insert_with(|| AfterContactWorkConfig::new(channel, seconds)).after_contact_work_time_limit = seconds;
    }
    let channel = Channel::Voice;
    let (phone_type, phone_number) = (phone.phone_type.unwrap_or_default(), phone.desk_phone_number.clone());
    settings.phone_number.insert(channel, PhoneNumberConfig { channel, phone_type, phone_number });
    cap_chat(rules, settings);
    let persistent = phone.persistent_connection;
    settings.persistent_connection = persistent
        .map(|persistent_connection| (channel, PersistentConnectionConfig { channel, persistent_connection }))
        .into_iter()
        .collect();
}

/// Applies the lists to the settings. The rule determines the effect on omitted channels and lists.
pub(super) fn set(rules: &Rules, settings: &mut Settings, lists: &ChannelConfigs, rule: UserConfigUpdate) {
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } = lists;
    set_list(&mut settings.auto_accept, auto_accept, |c| c.channel, rule);
    set_list(&mut settings.after_contact_work, after_contact_work, |c| c.channel, rule);
    set_list(&mut settings.phone_number, phone_number, |c| c.channel, rule);
    set_list(&mut settings.persistent_connection, persistent_connection, |c| c.channel, rule);
    set_list(&mut settings.voice_enhancement, voice_enhancement, |c| c.channel, rule);
    cap_chat(rules, settings);
}

fn cap_chat(rules: &Rules, settings: &mut Settings) {
    if let Some(chat) = settings.after_contact_work.get_mut(&Channel::Chat).filter(|_| rules.chat_work_capped) {
        chat.after_contact_work_time_limit = chat.after_contact_work_time_limit.min(LONGEST_CHAT_WORK);
    }
}

/// Adds a setting of a channel that the API's model does not name.
pub(super) fn add_unknown(settings: &mut Settings) {
    let channel = Channel::from(UNKNOWN);
    settings.auto_accept.insert(channel, AutoAcceptConfig::new(channel, true));
}

fn set_list<T: Clone>(
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

/// Returns the settings as PhoneConfig: those of the voice channel.
pub(super) fn as_phone_config(settings: &Settings) -> PhoneConfig {
    let voice = &Channel::Voice;
    let number = settings.phone_number.get(voice);
    PhoneConfig {
        phone_type: number.map(|c| c.phone_type).unwrap_or_default(),
        desk_phone_number: number.and_then(|c| c.phone_number.clone()),
        auto_accept: settings.auto_accept.get(voice).is_some_and(|c| c.auto_accept),
        after_contact_work_time_limit: settings.after_contact_work.get(voice).map_or(0, |c| c.after_contact_work_time_limit),
        persistent_connection: settings.persistent_connection.get(voice).map(|c| c.persistent_connection),
    }
}

/// Returns the settings as per-channel lists. A list without entries is None unless `empty_ones`.
pub(super) fn as_lists(rules: &Rules, settings: &Settings, empty_ones: bool) -> ChannelConfigs {
    let (mut auto_accept, mut after_contact_work) = (settings.auto_accept.clone(), settings.after_contact_work.clone());
    if rules.show_unset_channels {
        for channel in Channel::ALL {
            auto_accept.entry(channel).or_insert_with(|| AutoAcceptConfig::new(channel, false));
            after_contact_work.entry(channel).or_insert_with(|| AfterContactWorkConfig::new(channel, 0));
        }
    }
    ChannelConfigs {
        auto_accept: list(auto_accept, empty_ones),
        after_contact_work: list(after_contact_work, empty_ones),
        phone_number: list(settings.phone_number.clone(), empty_ones),
        persistent_connection: list(settings.persistent_connection.clone(), empty_ones),
        voice_enhancement: list(settings.voice_enhancement.clone(), empty_ones),
    }
}

fn list<T>(map: BTreeMap<Channel, T>, if_empty: bool) -> Option<Vec<T>> {
    (if_empty || !map.is_empty()).then(|| map.into_values().collect())
}
