//! How contacts reach a user: `phoneConfig`, which holds for all channels alike, and the five lists by channel.
//!
//! They are two ways to write one set of settings, with a call each. UpdateUserPhoneConfig makes all channels the same, so it is
//! used only if they are the same and the spec has no list; UpdateUserConfig does everything else, with the members of
//! `phoneConfig` spelled out for every channel. A plan holds at most one of the two: they cannot undo each other.
//!
//! AWS does not say whether UpdateUserConfig merges a list channel by channel or replaces it whole. Each list that the spec manages
//! is therefore sent whole, with the channels that the spec does not name as they are: both readings have the same result. A list
//! that the spec does not manage is never sent.

mod setting;
mod spelling;

use std::{collections::BTreeSet, hash::Hash};

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, InstanceId, PersistentConnectionConfig, PhoneConfig,
    PhoneNumberConfig, PhoneType, UpdateUserConfig, UpdateUserPhoneConfig, User, VoiceEnhancementConfig, VoiceEnhancementMode,
};

use self::setting::Setting;
use crate::{
    api::{self, ConnectUserSpec, IgnoredField},
    plan::{
        action::{Action, Change, UserUpdate},
        live::Live,
        spec_error::SpecError,
    },
};

/// The settings that a spec asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Channels {
    /// Settings for all channels, by member.
    pub phone: DesiredPhone,
    /// Settings by channel: each list that is not None, with no channel twice. An empty list clears. A setting is never in both
    /// `phone` and a list.
    pub lists: ChannelConfigs,
}

/// Phone settings that the spec manages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesiredPhone {
    /// Soft phone or desk phone.
    pub phone_type: Option<PhoneType>,
    /// Whether contacts are accepted automatically.
    pub auto_accept: Option<bool>,
    /// After-contact work in seconds.
    pub after_contact_work_time_limit: Option<i32>,
    /// The desk phone's number; goes with the phone type.
    pub desk_phone_number: Option<String>,
    /// Whether the connection stays open between calls.
    pub persistent_connection: Option<bool>,
}

/// Reads the settings of a spec. A list that is left out is None.
///
/// # Errors
/// A list that names a channel twice, or one that does not have the setting; a list beside its member of `phoneConfig`: with two
/// owners, each pass would undo what the one before did; a value that this version does not know.
pub(super) fn parse(spec: &ConnectUserSpec) -> Result<Channels, SpecError> {
    let phone = phone_parse(spec.phone_config.as_ref())?;
    let DesiredPhone { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection } =
        &phone;
    let lists = ChannelConfigs {
        auto_accept: list_parse(&spec.auto_accept_configs, auto_accept.is_some())?,
        after_contact_work: list_parse(&spec.after_contact_work_configs, after_contact_work_time_limit.is_some())?,
        phone_number: list_parse(&spec.phone_number_configs, phone_type.is_some() || desk_phone_number.is_some())?,
        persistent_connection: list_parse(&spec.persistent_connection_configs, persistent_connection.is_some())?,
        voice_enhancement: list_parse(&spec.voice_enhancement_configs, false)?,
    };
    if let Some(PhoneType::Other(name)) = lists.phone_number.iter().flatten().map(|c| c.phone_type).find(is_unknown_type) {
        return Err(SpecError { field: PhoneNumberConfig::LIST, message: format!("{name:?} is not a phone type") });
    }
    let is_unknown = |mode: &VoiceEnhancementMode| !VoiceEnhancementMode::ALL.contains(mode);
    let mut modes = lists.voice_enhancement.iter().flatten().map(|c| c.voice_enhancement_mode);
    if let Some(mode) = modes.find(is_unknown) {
        return Err(SpecError { field: VoiceEnhancementConfig::LIST, message: format!("{:?} is not a mode", mode.as_str()) });
    }
    Ok(Channels { phone, lists })
}

fn is_unknown_type(phone_type: &PhoneType) -> bool {
    !PhoneType::ALL.contains(phone_type)
}

fn phone_parse(spec: Option<&api::PhoneConfig>) -> Result<DesiredPhone, SpecError> {
    let api::PhoneConfig { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection } =
        spec.cloned().unwrap_or_default();
    let phone_type = phone_type.map(PhoneType::from);
    if let Some(PhoneType::Other(name)) = phone_type.filter(is_unknown_type) {
        return Err(SpecError { field: "phoneConfig.phoneType", message: format!("{name:?} is not a phone type") });
    }
    Ok(DesiredPhone { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection })
}

fn list_parse<A: Clone, S: Setting + From<A>>(list: &Option<Vec<A>>, in_phone_config: bool) -> Result<Option<Vec<S>>, SpecError> {
    let Some(list) = list else { return Ok(None) };
    let error = |message| Err(SpecError { field: S::LIST, message });
    let list: Vec<S> = list.iter().cloned().map(S::from).collect();
    for (n, setting) in list.iter().enumerate() {
        let channel = setting.channel();
        if !S::CHANNELS.contains(&channel) {
            return error(format!("there is no such setting for the channel {}", channel.as_str()));
        }
        if list.iter().take(n).any(|other| other.channel() == channel) {
            return error(format!("it names the channel {} twice", channel.as_str()));
        }
    }
    if in_phone_config {
        return error("phoneConfig sets the same thing: keep one of the two".to_owned());
    }
    Ok(Some(list))
}

/// Returns what CreateUser is given: `phoneConfig`, or lists. It does not take both for the same setting, and the SDK cannot leave
/// a phone configuration's phone type out.
pub(super) fn at_creation(Channels { phone, lists }: &Channels) -> (Option<PhoneConfig>, ChannelConfigs) {
    if *lists == ChannelConfigs::default() {
        let given = *phone != DesiredPhone::default();
        return (given.then(|| phone_at_creation(phone)), ChannelConfigs::default());
    }
    let unset = Settings::spelled_out(&ChannelConfigs::default(), PhoneConfig::default());
    // A new user has nothing to clear.
    (None, unset.with(&or(without_empty(lists), spelled_out(phone, &unset.voice))))
}

fn phone_at_creation(phone: &DesiredPhone) -> PhoneConfig {
    let DesiredPhone { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection } = phone;
    PhoneConfig {
        phone_type: phone_type.unwrap_or_default(),
        auto_accept: auto_accept.unwrap_or_default(),
        after_contact_work_time_limit: after_contact_work_time_limit.unwrap_or_default(),
        desk_phone_number: desk_phone_number.clone(),
        persistent_connection: *persistent_connection,
    }
}

/// Returns the call that makes a user's settings equal the spec, if they differ.
pub(super) fn diff(Channels { phone, lists }: &Channels, live: &Live, instance: &InstanceId) -> Option<Action> {
    let is = Settings::of(&live.user);
    let mut changes = is.unlike_phone_config(phone);
    changes.extend(is.unlike_lists(lists));
    let (instance, user) = (instance.clone(), live.user.id.clone());
    if *lists == ChannelConfigs::default() && is.are_alike() {
        let request = UpdateUserPhoneConfig { instance, user, phone_config: over(phone, is.voice) };
        Action::carrying(carries_phone(phone), UserUpdate::UpdateUserPhoneConfig(request), changes)
    } else {
        let wanted = or(cleared(lists), spelled_out(phone, &is.voice));
        let carries = is.carries_lists(&wanted) || (lists.phone_number.is_none() && carries_number(phone));
        let request = UpdateUserConfig { instance, user, channel_configs: is.with(&wanted) };
        Action::carrying(carries, UserUpdate::UpdateUserConfig(request), changes)
    }
}

/// Predicts the user after a phone configuration is spread over all channels.
pub(super) fn predict_phone(user: &mut User, phone: &PhoneConfig) {
    let is = Settings::of(user);
    let auto_accept = |c| AutoAcceptConfig { auto_accept: phone.auto_accept, ..c };
    let limit = phone.after_contact_work_time_limit;
    let work = |c| AfterContactWorkConfig { after_contact_work_time_limit: limit, ..c };
    let number = PhoneNumberConfig {
        channel: Channel::Voice,
        phone_type: phone.phone_type,
        phone_number: phone.desk_phone_number.clone(),
    };
    let persistent = |persistent_connection| PersistentConnectionConfig { channel: Channel::Voice, persistent_connection };
    user.channel_configs.auto_accept = Some(is.auto_accept.into_iter().map(auto_accept).collect());
    user.channel_configs.after_contact_work = Some(is.after_contact_work.into_iter().map(work).collect());
    user.channel_configs.phone_number = Some(vec![number]);
    user.channel_configs.persistent_connection = phone.persistent_connection.map(|v| vec![persistent(v)]);
    user.phone_config = Some(phone.clone());
}

/// Predicts the user after lists are set: each replaces the one before, and `PhoneConfig` shows the voice channel. If Connect merges
/// instead, it also shows channels at their defaults.
pub(super) fn predict_lists(user: &mut User, lists: &ChannelConfigs) {
    fn replace<S: Clone>(list: &mut Option<Vec<S>>, given: &Option<Vec<S>>) {
        if given.is_some() {
            list.clone_from(given);
        }
    }
    let mut phone = Settings::of(user).voice;
    set_voice(&mut phone, lists);
    user.phone_config = Some(phone);
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } = lists;
    replace(&mut user.channel_configs.auto_accept, auto_accept);
    replace(&mut user.channel_configs.after_contact_work, after_contact_work);
    replace(&mut user.channel_configs.phone_number, phone_number);
    replace(&mut user.channel_configs.persistent_connection, persistent_connection);
    replace(&mut user.channel_configs.voice_enhancement, voice_enhancement);
}

/// Stops managing what is ignored.
pub(super) fn ignore(Channels { phone, lists }: &Channels, ignored: &BTreeSet<IgnoredField>, live: &Live) -> Channels {
    fn managed<T: Clone>(value: &Option<T>, is_ignored: bool) -> Option<T> {
        value.clone().filter(|_| !is_ignored)
    }
    let is_ignored = |field: IgnoredField| ignored.contains(&field);
    let all = is_ignored(IgnoredField::PhoneConfig);
    let DesiredPhone { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection } = phone;
    let desk_phone_number = if is_ignored(IgnoredField::DeskPhoneNumber) {
        // A desk phone cannot be without a number.
        let number = Settings::of(&live.user).voice.desk_phone_number;
        number.or_else(|| managed(desk_phone_number, all))
    } else {
        managed(desk_phone_number, all)
    };
    let phone = DesiredPhone {
        phone_type: managed(phone_type, all || is_ignored(IgnoredField::PhoneType)),
        auto_accept: managed(auto_accept, all || is_ignored(IgnoredField::AutoAccept)),
        after_contact_work_time_limit: managed(
            after_contact_work_time_limit,
            all || is_ignored(IgnoredField::AfterContactWorkTimeLimit),
        ),
        desk_phone_number,
        persistent_connection: managed(persistent_connection, all || is_ignored(IgnoredField::PersistentConnection)),
    };
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } = lists;
    let lists = ChannelConfigs {
        auto_accept: managed(auto_accept, is_ignored(IgnoredField::AutoAcceptConfigs)),
        after_contact_work: managed(after_contact_work, is_ignored(IgnoredField::AfterContactWorkConfigs)),
        phone_number: managed(phone_number, is_ignored(IgnoredField::PhoneNumberConfigs)),
        persistent_connection: managed(persistent_connection, is_ignored(IgnoredField::PersistentConnectionConfigs)),
        voice_enhancement: managed(voice_enhancement, is_ignored(IgnoredField::VoiceEnhancementConfigs)),
    };
    Channels { phone, lists }
}

pub(super) fn phone_to_status(phone: &PhoneConfig) -> api::PhoneConfig {
    let PhoneConfig { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection } =
        phone.clone();
    api::PhoneConfig {
        phone_type: Some(phone_type.into()),
        auto_accept: Some(auto_accept),
        after_contact_work_time_limit: Some(after_contact_work_time_limit),
        desk_phone_number,
        persistent_connection,
    }
}

pub(super) fn phone_from_status(phone: api::PhoneConfig) -> PhoneConfig {
    let api::PhoneConfig { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection } =
        phone;
    PhoneConfig {
        phone_type: phone_type.map(Into::into).unwrap_or_default(),
        auto_accept: auto_accept.unwrap_or_default(),
        after_contact_work_time_limit: after_contact_work_time_limit.unwrap_or_default(),
        desk_phone_number,
        persistent_connection,
    }
}

/// Writes a list in the words of the spec, in a fixed order. A list without elements says nothing, and is left out.
pub(super) fn list_to_status<S: Setting, A: From<S>>(list: &Option<Vec<S>>) -> Option<Vec<A>> {
    let mut list = list.clone().filter(|list| !list.is_empty())?;
    list.sort_by_key(S::channel);
    Some(list.into_iter().map(A::from).collect())
}

pub(super) fn list_from_status<A, S: Setting + From<A>>(list: Option<Vec<A>>) -> Option<Vec<S>> {
    list.map(|list| list.into_iter().map(S::from).collect())
}

/// Returns what SearchUsers shows. What Connect leaves out is at its default, and lists have no order.
pub(super) fn fingerprint(phone: &Option<PhoneConfig>, lists: &ChannelConfigs) -> impl Hash + use<> {
    fn sorted<S: Setting>(list: &Option<Vec<S>>) -> Option<Vec<S>> {
        let mut list = list.clone();
        list.iter_mut().for_each(|list| list.sort_by_key(S::channel));
        list
    }
    let phone = phone.clone().unwrap_or_default();
    let phone = PhoneConfig { persistent_connection: Some(phone.persistent_connection.unwrap_or_default()), ..phone };
    let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } = lists;
    let lists = ChannelConfigs {
        auto_accept: sorted(auto_accept),
        after_contact_work: sorted(after_contact_work),
        phone_number: sorted(phone_number),
        persistent_connection: sorted(persistent_connection),
        voice_enhancement: sorted(voice_enhancement),
    };
    (phone, lists)
}

/// A user's settings, spelled out: each list with every channel that has the setting.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::plan) struct Settings {
    /// The voice channel's, in the shape of a phone configuration: that is the channel that a phone is for.
    pub(in crate::plan) voice: PhoneConfig,
    pub(in crate::plan) auto_accept: Vec<AutoAcceptConfig>,
    pub(in crate::plan) after_contact_work: Vec<AfterContactWorkConfig>,
    phone_number: Vec<PhoneNumberConfig>,
    persistent_connection: Vec<PersistentConnectionConfig>,
    pub(in crate::plan) voice_enhancement: Vec<VoiceEnhancementConfig>,
}

impl Settings {
    /// Returns the settings of a user, in whichever form Connect shows them. A list takes precedence over `PhoneConfig`, which has no
    /// channels.
    pub(in crate::plan) fn of(user: &User) -> Self {
        Self::spelled_out(&user.channel_configs, user.phone_config.clone().unwrap_or_default())
    }

    fn spelled_out(lists: &ChannelConfigs, mut voice: PhoneConfig) -> Self {
        set_voice(&mut voice, lists);
        Self {
            auto_accept: every_channel(&lists.auto_accept, &voice),
            after_contact_work: every_channel(&lists.after_contact_work, &voice),
            phone_number: every_channel(&lists.phone_number, &voice),
            persistent_connection: every_channel(&lists.persistent_connection, &voice),
            voice_enhancement: every_channel(&lists.voice_enhancement, &voice),
            voice,
        }
    }

    /// Returns whether all channels have the same settings, so that UpdateUserPhoneConfig, which makes them the same, changes nothing
    /// else.
    fn are_alike(&self) -> bool {
        self.auto_accept
            .iter()
            .all(|c| c.auto_accept == self.voice.auto_accept && !c.agent_first_callback_auto_accept.unwrap_or_default())
            && self.after_contact_work.iter().all(|c| {
                c.after_contact_work_time_limit == self.voice.after_contact_work_time_limit
                    && c.agent_first_callback_after_contact_work_time_limit.unwrap_or_default() == 0
            })
    }

    /// Returns the differences from `phoneConfig`.
    fn unlike_phone_config(&self, want: &DesiredPhone) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut differs = |field: &str, from: Option<String>, to: Option<String>| {
            if to.is_some() && from != to {
                changes.push(Change::new(format!("phoneConfig.{field}"), from, to));
            }
        };
        let is = &self.voice;
        differs("phoneType", Some(is.phone_type.as_str().into()), want.phone_type.map(|t| t.as_str().into()));
        // Channels that this version does not know stay as they are: they must not keep the known ones from being in sync.
        let known = |channel: &Channel| Channel::ALL.contains(channel);
        let auto_accept = self.auto_accept.iter().filter(|c| known(&c.channel)).map(|c| (c.channel, c.auto_accept)).collect();
        differs("autoAccept", Some(describe(auto_accept)), want.auto_accept.map(|v| v.to_string()));
        let limits = self.after_contact_work.iter().filter(|c| known(&c.channel));
        let limits = limits.map(|c| (c.channel, c.after_contact_work_time_limit)).collect();
        differs("afterContactWorkTimeLimit", Some(describe(limits)), want.after_contact_work_time_limit.map(|v| v.to_string()));
        // A soft phone has no number: it would be set again on every pass.
        if want.phone_type.unwrap_or(is.phone_type) != PhoneType::SoftPhone {
            differs("deskPhoneNumber", is.desk_phone_number.clone(), want.desk_phone_number.clone());
        }
        differs(
            "persistentConnection",
            Some(is.persistent_connection.unwrap_or_default().to_string()),
            want.persistent_connection.map(|v| v.to_string()),
        );
        changes
    }

    /// Returns the differences from the spec's lists.
    fn unlike_lists(&self, lists: &ChannelConfigs) -> Vec<Change> {
        let lists = cleared(lists);
        [
            unlike_list(&lists.auto_accept, &self.auto_accept),
            unlike_list(&lists.after_contact_work, &self.after_contact_work),
            unlike_list(&lists.phone_number, &self.phone_number),
            unlike_list(&lists.persistent_connection, &self.persistent_connection),
            unlike_list(&lists.voice_enhancement, &self.voice_enhancement),
        ]
        .concat()
    }

    /// Returns whether lists that are sent have channels, or members of channels, that the spec does not manage.
    fn carries_lists(&self, wanted: &ChannelConfigs) -> bool {
        fn carries<S: Setting>(wanted: &Option<Vec<S>>, is: &[S]) -> bool {
            wanted.is_some() && !is.iter().all(|is| find(wanted, is.channel()).is_some_and(Setting::is_complete))
        }
        let ChannelConfigs { auto_accept, after_contact_work, phone_number, persistent_connection, voice_enhancement } = wanted;
        carries(auto_accept, &self.auto_accept)
            || carries(after_contact_work, &self.after_contact_work)
            || carries(phone_number, &self.phone_number)
            || carries(persistent_connection, &self.persistent_connection)
            || carries(voice_enhancement, &self.voice_enhancement)
    }

    /// Returns the lists to send: the wanted settings, and the other channels as they are.
    fn with(&self, wanted: &ChannelConfigs) -> ChannelConfigs {
        ChannelConfigs {
            auto_accept: whole(&wanted.auto_accept, &self.auto_accept),
            after_contact_work: whole(&wanted.after_contact_work, &self.after_contact_work),
            phone_number: whole(&wanted.phone_number, &self.phone_number),
            persistent_connection: whole(&wanted.persistent_connection, &self.persistent_connection),
            voice_enhancement: whole(&wanted.voice_enhancement, &self.voice_enhancement),
        }
    }
}

/// Replaces members of a phone configuration by the settings of the voice channel in lists.
fn set_voice(phone: &mut PhoneConfig, lists: &ChannelConfigs) {
    if let Some(c) = find(&lists.auto_accept, Channel::Voice) {
        phone.auto_accept = c.auto_accept;
    }
    if let Some(c) = find(&lists.after_contact_work, Channel::Voice) {
        phone.after_contact_work_time_limit = c.after_contact_work_time_limit;
    }
    if let Some(c) = find(&lists.phone_number, Channel::Voice) {
        phone.phone_type = c.phone_type;
        phone.desk_phone_number.clone_from(&c.phone_number);
    }
    if let Some(c) = find(&lists.persistent_connection, Channel::Voice) {
        phone.persistent_connection = Some(c.persistent_connection);
    }
}

fn find<S: Setting>(list: &Option<Vec<S>>, channel: Channel) -> Option<&S> {
    list.iter().flatten().find(|s| s.channel() == channel)
}

/// Returns the settings of every channel. A channel that is missing in a list is at Connect's default; without a list, the voice
/// channel's settings hold for all. Elements for channels that are not known to have the setting follow, so that they are sent back.
fn every_channel<S: Setting>(list: &Option<Vec<S>>, voice: &PhoneConfig) -> Vec<S> {
    let is_shown = list.as_ref().is_some_and(|list| !list.is_empty());
    let one = |channel: &Channel| match find(list, *channel) {
        Some(setting) => setting.clone(),
        None if is_shown && *channel != Channel::Voice => S::of_phone(*channel, &PhoneConfig::default()),
        None => S::of_phone(*channel, voice),
    };
    let others = list.iter().flatten().filter(|setting| !S::CHANNELS.contains(&setting.channel()));
    S::CHANNELS.iter().map(one).chain(others.cloned()).collect()
}

/// Returns one value for all channels, or each channel's.
fn describe<T: PartialEq + ToString>(values: Vec<(Channel, T)>) -> String {
    match values.split_first() {
        Some(((_, first), rest)) if rest.iter().all(|(_, value)| value == first) => first.to_string(),
        _ => values.iter().map(|(c, value)| format!("{}: {}", c.as_str(), value.to_string())).collect::<Vec<_>>().join(", "),
    }
}

/// Returns the settings of `phoneConfig` as lists.
fn spelled_out(want: &DesiredPhone, voice: &PhoneConfig) -> ChannelConfigs {
    let asked = over(want, voice.clone());
    let number = want.phone_type.is_some() || want.desk_phone_number.is_some();
    ChannelConfigs {
        auto_accept: want.auto_accept.map(|_| every_channel(&None, &asked)),
        after_contact_work: want.after_contact_work_time_limit.map(|_| every_channel(&None, &asked)),
        phone_number: number.then(|| every_channel(&None, &asked)),
        persistent_connection: want.persistent_connection.map(|_| every_channel(&None, &asked)),
        voice_enhancement: None,
    }
}

/// Returns the settings of `phoneConfig`, with unmanaged members as they are.
fn over(want: &DesiredPhone, is: PhoneConfig) -> PhoneConfig {
    let phone_type = want.phone_type.unwrap_or(is.phone_type);
    PhoneConfig {
        phone_type,
        auto_accept: want.auto_accept.unwrap_or(is.auto_accept),
        after_contact_work_time_limit: want.after_contact_work_time_limit.unwrap_or(is.after_contact_work_time_limit),
        // The number of a desk phone is removed together with the desk phone.
        desk_phone_number: match phone_type {
            PhoneType::DeskPhone | PhoneType::Other(_) => want.desk_phone_number.clone().or(is.desk_phone_number),
            PhoneType::SoftPhone => None,
        },
        persistent_connection: want.persistent_connection.or(is.persistent_connection),
    }
}

/// Returns whether a phone configuration to send has members that the spec does not manage. Differences between channels do not
/// count: if `phoneConfig` manages all members, the channels should not differ.
fn carries_phone(want: &DesiredPhone) -> bool {
    let DesiredPhone { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number: _, persistent_connection } =
        want;
    let set = auto_accept.is_some() && after_contact_work_time_limit.is_some() && persistent_connection.is_some();
    !set || phone_type.is_none() || carries_number(want)
}

/// Returns whether only one of a phone's type and number is managed, while the other is sent with it.
fn carries_number(want: &DesiredPhone) -> bool {
    match (want.phone_type, &want.desk_phone_number) {
        (Some(PhoneType::DeskPhone | PhoneType::Other(_)), None) | (None, Some(_)) => true,
        (Some(PhoneType::DeskPhone | PhoneType::Other(_)), Some(_)) | (Some(PhoneType::SoftPhone), _) | (None, None) => false,
    }
}

/// Returns the spec's lists, with Connect's default for every channel in place of an empty list.
fn cleared(lists: &ChannelConfigs) -> ChannelConfigs {
    fn list<S: Setting>(list: &Option<Vec<S>>) -> Option<Vec<S>> {
        let every = || S::CHANNELS.iter().map(|channel| S::cleared(*channel)).collect();
        list.as_ref().map(|list| if list.is_empty() { every() } else { list.clone() })
    }
    ChannelConfigs {
        auto_accept: list(&lists.auto_accept),
        after_contact_work: list(&lists.after_contact_work),
        phone_number: list(&lists.phone_number),
        persistent_connection: list(&lists.persistent_connection),
        voice_enhancement: list(&lists.voice_enhancement),
    }
}

/// Returns the spec's lists without the empty ones.
fn without_empty(lists: &ChannelConfigs) -> ChannelConfigs {
    fn list<S: Clone>(list: &Option<Vec<S>>) -> Option<Vec<S>> {
        list.clone().filter(|list| !list.is_empty())
    }
    ChannelConfigs {
        auto_accept: list(&lists.auto_accept),
        after_contact_work: list(&lists.after_contact_work),
        phone_number: list(&lists.phone_number),
        persistent_connection: list(&lists.persistent_connection),
        voice_enhancement: list(&lists.voice_enhancement),
    }
}

/// Returns each list, or the other one if it is None.
fn or(lists: ChannelConfigs, others: ChannelConfigs) -> ChannelConfigs {
    ChannelConfigs {
        auto_accept: lists.auto_accept.or(others.auto_accept),
        after_contact_work: lists.after_contact_work.or(others.after_contact_work),
        phone_number: lists.phone_number.or(others.phone_number),
        persistent_connection: lists.persistent_connection.or(others.persistent_connection),
        voice_enhancement: lists.voice_enhancement.or(others.voice_enhancement),
    }
}

/// Returns the differences of the channels that a list names.
fn unlike_list<S: Setting>(wanted: &Option<Vec<S>>, is: &[S]) -> Vec<Change> {
    let mut changes = Vec::new();
    for is in is {
        let Some(want) = find(wanted, is.channel()) else { continue };
        for ((member, from), (_, to)) in is.members().into_iter().zip(want.over(is).members()) {
            if from != to {
                changes.push(Change::new(format!("{}[{}].{member}", S::LIST, is.channel().as_str()), from, to));
            }
        }
    }
    changes
}

/// Returns a list as it is sent: each channel that it names, and each other one that is not at Connect's default.
fn whole<S: Setting>(wanted: &Option<Vec<S>>, is: &[S]) -> Option<Vec<S>> {
    wanted.as_ref()?;
    // The default of a channel that is not known to have the setting is not known either.
    let is_set = |is: &S| {
        !S::CHANNELS.contains(&is.channel()) || is.members() != S::of_phone(is.channel(), &PhoneConfig::default()).members()
    };
    let sent = is.iter().filter_map(|is| match find(wanted, is.channel()) {
        Some(want) => Some(want.over(is)),
        None => is_set(is).then(|| is.clone()),
    });
    Some(sent.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::plan::{
        Desired, Parts,
        fixtures::{auto, bare, by_channel, full, lists, live, live_by_channel, number, persistent, voice, work},
    };

    /// Returns the lists that are sent for a spec; None for no call.
    #[track_caller]
    fn sent(desired: &Desired, live: &Live) -> Option<ChannelConfigs> {
        settings(desired, live).map(|action| match action.update {
            UserUpdate::UpdateUserConfig(call) => call.channel_configs,
            other => panic!("{other:?}"),
        })
    }

    fn asks(channel_configs: ChannelConfigs) -> Desired {
        with(bare(), Channels { lists: channel_configs, ..Channels::default() })
    }

    fn shows(lists: ChannelConfigs) -> Live {
        let mut live = live();
        (live.user.phone_config, live.user.channel_configs) = (None, lists);
        live
    }

    fn with(desired: Desired, channels: Channels) -> Desired {
        let parts = Parts { channels, ..desired.parts };
        Desired { parts, ..desired }
    }

    fn settings(desired: &Desired, live: &Live) -> Option<Action> {
        diff(&desired.parts.channels, live, &desired.instance_id())
    }

    fn none() -> ChannelConfigs {
        ChannelConfigs::default()
    }

    const VOICE: Channel = Channel::Voice;

    #[test]
    fn lists_are_set_on_a_user_without_any() {
        assert_eq!(sent(&by_channel(), &shows(none())), Some(lists()));
        assert_eq!(sent(&by_channel(), &live_by_channel()), None);
    }

    #[test]
    fn channels_that_a_list_omits_are_sent_as_they_are() {
        let callback = AutoAcceptConfig { agent_first_callback_auto_accept: Some(true), ..auto(VOICE, false) };
        let live = shows(ChannelConfigs {
            auto_accept: Some(vec![auto(Channel::Email, false), callback, auto(Channel::Task, true)]),
            ..none()
        });
        let desired = asks(ChannelConfigs { auto_accept: Some(vec![auto(Channel::Chat, true)]), ..none() });
        let expected = vec![callback, auto(Channel::Chat, true), auto(Channel::Task, true)];
        assert_eq!(sent(&desired, &live), Some(ChannelConfigs { auto_accept: Some(expected), ..none() }));

        // A callback's setting stays if the spec leaves it out.
        let desired = asks(ChannelConfigs { auto_accept: Some(vec![auto(VOICE, true)]), ..none() });
        let expected = vec![AutoAcceptConfig { auto_accept: true, ..callback }, auto(Channel::Task, true)];
        assert_eq!(sent(&desired, &live), Some(ChannelConfigs { auto_accept: Some(expected), ..none() }));
    }

    #[test]
    fn without_lists_all_channels_have_the_phone_config() {
        let mut live = live();
        live.user.channel_configs.auto_accept = Some(vec![]);
        let desired = asks(ChannelConfigs { auto_accept: Some(vec![auto(Channel::Chat, false)]), ..none() });
        let expected = vec![auto(VOICE, true), auto(Channel::Chat, false), auto(Channel::Task, true), auto(Channel::Email, true)];
        assert_eq!(sent(&desired, &live), Some(ChannelConfigs { auto_accept: Some(expected), ..none() }));
        let desired = asks(ChannelConfigs { auto_accept: Some(vec![auto(Channel::Chat, true)]), ..none() });
        assert_eq!(sent(&desired, &live), None);
    }

    #[test]
    fn empty_list_resets_every_channel_once() {
        let every = ChannelConfigs {
            auto_accept: Some(vec![]),
            after_contact_work: Some(vec![]),
            phone_number: Some(vec![]),
            persistent_connection: Some(vec![]),
            voice_enhancement: Some(vec![]),
        };
        let mut autos = Channel::ALL.map(|c| auto(c, false));
        autos[0].agent_first_callback_auto_accept = Some(false);
        let mut works = Channel::ALL.map(|c| work(c, 0));
        works[0].agent_first_callback_after_contact_work_time_limit = Some(0);
        let cleared = ChannelConfigs {
            auto_accept: Some(autos.into()),
            after_contact_work: Some(works.into()),
            phone_number: Some(vec![number(PhoneType::SoftPhone, None)]),
            persistent_connection: Some(vec![persistent(false)]),
            voice_enhancement: Some(vec![voice(VoiceEnhancementMode::None)]),
        };
        assert_eq!(sent(&asks(every.clone()), &live_by_channel()), Some(cleared.clone()));
        for is_clear in [none(), every.clone(), cleared] {
            assert_eq!(sent(&asks(every.clone()), &shows(is_clear)), None);
        }
    }

    #[test]
    fn beside_a_list_phone_config_is_sent_for_every_channel() {
        let enhancement = Some(vec![voice(VoiceEnhancementMode::VoiceIsolation)]);
        let desired = with(
            full(),
            Channels { lists: ChannelConfigs { voice_enhancement: enhancement.clone(), ..none() }, ..full().parts.channels },
        );
        let expected = ChannelConfigs {
            auto_accept: Some(Channel::ALL.map(|c| auto(c, true)).into()),
            after_contact_work: Some(Channel::ALL.map(|c| work(c, 45)).into()),
            phone_number: Some(vec![number(PhoneType::DeskPhone, Some("+12065550199"))]),
            persistent_connection: Some(vec![persistent(true)]),
            voice_enhancement: enhancement,
        };
        assert_eq!(sent(&desired, &live()), Some(expected.clone()));
        assert_eq!(at_creation(&desired.parts.channels), (None, expected));
    }

    #[test]
    fn phone_config_is_sent_by_channel_if_channels_differ() {
        let phone = DesiredPhone { auto_accept: Some(true), ..DesiredPhone::default() };
        let action = settings(&with(bare(), Channels { phone, ..Channels::default() }), &live_by_channel()).unwrap();
        let reasons: Vec<_> = action.changes.iter().map(ToString::to_string).collect();
        let from = "VOICE: false, CHAT: true, TASK: false, EMAIL: false";
        assert_eq!(reasons, [format!("phoneConfig.autoAccept: {from:?} → \"true\"")]);
        let UserUpdate::UpdateUserConfig(call) = action.update else { panic!("{:?}", action.update) };
        let mut expected = Channel::ALL.map(|c| auto(c, true));
        expected[0].agent_first_callback_auto_accept = Some(true);
        assert_eq!(call.channel_configs, ChannelConfigs { auto_accept: Some(expected.into()), ..none() });
    }

    #[test]
    fn unknown_channels_and_modes_are_sent_back_unchanged() {
        let pigeon = Channel::Other("PIGEON".into());
        let choir = VoiceEnhancementConfig { channel: pigeon, ..voice(VoiceEnhancementMode::Other("CHOIR".into())) };
        let live = shows(ChannelConfigs {
            auto_accept: Some(vec![auto(pigeon, true), auto(VOICE, false), auto(Channel::Chat, true)]),
            voice_enhancement: Some(vec![choir]),
            ..none()
        });
        let desired = asks(ChannelConfigs {
            auto_accept: Some(
                Channel::ALL.map(|c| AutoAcceptConfig { agent_first_callback_auto_accept: Some(false), ..auto(c, true) }).into(),
            ),
            voice_enhancement: Some(vec![voice(VoiceEnhancementMode::VoiceIsolation)]),
            ..none()
        });
        let action = settings(&desired, &live).unwrap();
        assert!(action.carries, "the spec does not manage the unknown channel");
        let expected = ChannelConfigs {
            auto_accept: Some([desired.parts.channels.lists.auto_accept.clone().unwrap(), vec![auto(pigeon, true)]].concat()),
            voice_enhancement: Some(vec![voice(VoiceEnhancementMode::VoiceIsolation), choir]),
            ..none()
        };
        assert_eq!(sent(&desired, &live), Some(expected.clone()));
        assert_eq!(sent(&desired, &shows(expected)), None);
    }

    #[test]
    fn phone_config_is_not_sent_unless_the_spec_has_it() {
        assert_eq!(at_creation(&by_channel().parts.channels), (None, lists()));
        assert_eq!(at_creation(&bare().parts.channels), (None, none()));
        assert!(settings(&bare(), &live_by_channel()).is_none());
        let nothing = asks(ChannelConfigs { auto_accept: Some(vec![]), ..none() });
        assert_eq!(at_creation(&nothing.parts.channels), (None, none()), "a new user has nothing to clear");
    }

    fn spec(more: Value) -> ConnectUserSpec {
        let mut spec = json!({
            "instanceArn": "arn:aws:connect:us-west-2:123456789012:instance/i-1",
            "username": "jane.doe",
            "routingProfileArn": "arn:aws:connect:us-west-2:123456789012:instance/i-1/routing-profile/r-1",
            "securityProfileArns": ["arn:aws:connect:us-west-2:123456789012:instance/i-1/security-profile/s-1"],
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn lists_read_back_as_they_were_written() {
        let lists = json!({
            "autoAcceptConfigs": [
                { "channel": "VOICE", "autoAccept": false, "agentFirstCallbackAutoAccept": true },
                { "channel": "TASK", "autoAccept": true },
            ],
            "afterContactWorkConfigs": [
                {
                    "channel": "VOICE",
                    "afterContactWorkConfig": { "afterContactWorkTimeLimit": 30 },
                    "agentFirstCallbackAfterContactWorkConfig": { "afterContactWorkTimeLimit": 45 },
                },
                { "channel": "CHAT", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 60 } },
                { "channel": "EMAIL", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 0 } },
            ],
            "phoneNumberConfigs": [{ "channel": "VOICE", "phoneType": "DESK_PHONE", "phoneNumber": "+12065550100" }],
            "persistentConnectionConfigs": [{ "channel": "VOICE", "persistentConnection": true }],
            "voiceEnhancementConfigs": [{ "channel": "VOICE", "voiceEnhancementMode": "NOISE_SUPPRESSION" }],
        });
        let mut read = parse(&spec(lists.clone())).unwrap().lists;
        let voice = AutoAcceptConfig { agent_first_callback_auto_accept: Some(true), ..auto(VOICE, false) };
        assert_eq!(read.auto_accept, Some(vec![voice, auto(Channel::Task, true)]));
        let voice = AfterContactWorkConfig { agent_first_callback_after_contact_work_time_limit: Some(45), ..work(VOICE, 30) };
        assert_eq!(read.after_contact_work.as_ref().unwrap()[0], voice);

        // Connect may show them in any order.
        read.after_contact_work.as_mut().unwrap().reverse();
        let observed = json!({
            "autoAcceptConfigs": list_to_status::<_, api::AutoAcceptConfig>(&read.auto_accept),
            "afterContactWorkConfigs": list_to_status::<_, api::AfterContactWorkConfigPerChannel>(&read.after_contact_work),
            "phoneNumberConfigs": list_to_status::<_, api::PhoneNumberConfig>(&read.phone_number),
            "persistentConnectionConfigs":
                list_to_status::<_, api::PersistentConnectionConfig>(&read.persistent_connection),
            "voiceEnhancementConfigs": list_to_status::<_, api::VoiceEnhancementConfig>(&read.voice_enhancement),
        });
        assert_eq!(observed, lists);
    }

    #[test]
    fn missing_list_differs_from_an_empty_one() {
        assert_eq!(parse(&spec(json!({}))), Ok(Channels::default()));
        let empty = json!({ "autoAcceptConfigs": [], "voiceEnhancementConfigs": [] });
        let read = parse(&spec(empty)).unwrap().lists;
        assert_eq!((read.auto_accept, read.voice_enhancement, read.phone_number), (Some(vec![]), Some(vec![]), None));
    }

    #[test]
    fn specs_that_the_schema_refuses_are_errors() {
        let soft = |channel| json!({ "channel": channel, "phoneType": "SOFT_PHONE" });
        let persistent = json!([{ "channel": "VOICE", "persistentConnection": true }]);
        let work = json!([{ "channel": "CHAT", "afterContactWorkConfig": { "afterContactWorkTimeLimit": 1 } }]);
        let table = [
            ("phoneNumberConfigs", json!({ "phoneNumberConfigs": [soft("CHAT")] })),
            ("phoneNumberConfigs", json!({ "phoneNumberConfigs": [soft("VOICE"), soft("VOICE")] })),
            ("phoneNumberConfigs", json!({ "phoneNumberConfigs": [], "phoneConfig": { "deskPhoneNumber": "+12065550100" } })),
            ("autoAcceptConfigs", json!({ "autoAcceptConfigs": [], "phoneConfig": { "autoAccept": false } })),
            (
                "afterContactWorkConfigs",
                json!({ "afterContactWorkConfigs": work, "phoneConfig": { "afterContactWorkTimeLimit": 1 } }),
            ),
            (
                "persistentConnectionConfigs",
                json!({ "persistentConnectionConfigs": persistent, "phoneConfig": { "persistentConnection": true } }),
            ),
        ];
        for (field, more) in table {
            assert_eq!(parse(&spec(more)).unwrap_err().field, field);
        }
    }
}
