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
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, hash::Hash};

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, InstanceId, PersistentConnectionConfig, PhoneConfig,
    PhoneNumberConfig, PhoneType, UpdateUserConfig, UpdateUserPhoneConfig, User, VoiceEnhancementConfig, VoiceEnhancementMode,
};

use self::setting::Setting;
use super::{Action, Change, ConnectUserSpec, IgnoredField, Live, SpecError, UserUpdate, api};

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
    pub phone_type: Option<PhoneType>,
    /// Whether contacts are accepted automatically.
    pub auto_accept: Option<bool>,
    pub after_contact_work_time_limit: Option<i32>,
    /// The desk phone's number; goes with the phone type.
    pub desk_phone_number: Option<String>,
    /// Whether the connection stays open between calls.
    pub persistent_connection: Option<bool>,
}

impl From<api::PhoneConfig> for DesiredPhone {
    fn from(phone: api::PhoneConfig) -> Self {
        let api::PhoneConfig { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection } =
            phone;
        let phone_type = phone_type.map(PhoneType::from);
        Self { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection }
    }
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
    let phone = DesiredPhone::from(spec.cloned().unwrap_or_default());
    if let Some(PhoneType::Other(name)) = phone.phone_type.filter(is_unknown_type) {
        return Err(SpecError { field: "phoneConfig.phoneType", message: format!("{name:?} is not a phone type") });
    }
    Ok(phone)
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
    (None, unset.with(&or(filled(lists, Empty::Omitted), spelled_out(phone, &unset.voice))))
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
        let wanted = or(filled(lists, Empty::Defaults), spelled_out(phone, &is.voice));
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
    let mut phone = Settings::of(user).voice;
    set_voice(&mut phone, lists);
    user.phone_config = Some(phone);
    user.channel_configs = or(lists.clone(), std::mem::take(&mut user.channel_configs));
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

/// Writes a user's settings into a spec: a setting that is the same for all channels into `phoneConfig`, another one as a list. Returns
/// what no spec can say.
pub(in crate::plan) fn channels_to_spec(user: &User, spec: &mut ConnectUserSpec) -> Vec<String> {
    let is = Settings::of(user);
    let api::PhoneConfig { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number, persistent_connection } =
        phone_to_status(&is.voice);
    let mut left_out = Vec::new();
    let is_known = !is_unknown_type(&is.voice.phone_type);
    if !is_known {
        left_out
            .push(format!("phoneConfig.phoneType: {} is not a phone type that a spec may hold", is.voice.phone_type.as_str()));
    }
    let has_one = |c: &AutoAcceptConfig| c.auto_accept == is.voice.auto_accept && c.agent_first_callback_auto_accept.is_none();
    let accepts_alike = is.auto_accept.iter().all(has_one);
    let limit = is.voice.after_contact_work_time_limit;
    let works_alike = is
        .after_contact_work
        .iter()
        .all(|c| c.after_contact_work_time_limit == limit && c.agent_first_callback_after_contact_work_time_limit.is_none());
    spec.phone_config = Some(api::PhoneConfig {
        phone_type: phone_type.filter(|_| is_known),
        auto_accept: auto_accept.filter(|_| accepts_alike),
        after_contact_work_time_limit: after_contact_work_time_limit.filter(|_| works_alike),
        desk_phone_number: desk_phone_number.filter(|_| is_known),
        persistent_connection,
    })
    .filter(|phone| *phone != api::PhoneConfig::default());
    // Channels that this version does not know are not managed.
    fn known<S: Setting, A: From<S>>(list: &[S]) -> Option<Vec<A>> {
        list_to_status(&Some(list.iter().filter(|c| S::CHANNELS.contains(&c.channel())).cloned().collect()))
    }
    spec.auto_accept_configs = known(&is.auto_accept).filter(|_| !accepts_alike);
    spec.after_contact_work_configs = known(&is.after_contact_work).filter(|_| !works_alike);
    let mode = |c: &VoiceEnhancementConfig| c.voice_enhancement_mode;
    if let Some(other) = is.voice_enhancement.iter().map(mode).find(|mode| !VoiceEnhancementMode::ALL.contains(mode)) {
        left_out.push(format!("voiceEnhancementConfigs: {} is not a mode that a spec may hold", other.as_str()));
    } else if is.voice_enhancement.iter().any(|c| mode(c) != VoiceEnhancementMode::None) {
        spec.voice_enhancement_configs = known(&is.voice_enhancement);
    }
    left_out
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
    phone_at_creation(&phone.into())
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
        let mut list = list.clone().filter(|list| !list.is_empty());
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
        differs("deskPhoneNumber", is.desk_phone_number.clone(), want.desk_phone_number.clone());
        differs(
            "persistentConnection",
            Some(is.persistent_connection.unwrap_or_default().to_string()),
            want.persistent_connection.map(|v| v.to_string()),
        );
        changes
    }

    /// Returns the differences from the spec's lists.
    fn unlike_lists(&self, lists: &ChannelConfigs) -> Vec<Change> {
        let lists = filled(lists, Empty::Defaults);
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
    PhoneConfig {
        phone_type: want.phone_type.unwrap_or(is.phone_type),
        auto_accept: want.auto_accept.unwrap_or(is.auto_accept),
        after_contact_work_time_limit: want.after_contact_work_time_limit.unwrap_or(is.after_contact_work_time_limit),
        // Connect keeps the number of a desk phone that a soft phone has replaced.
        desk_phone_number: want.desk_phone_number.clone().or(is.desk_phone_number),
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
    want.phone_type.is_some() != want.desk_phone_number.is_some()
}

/// What to put in the place of a spec's empty list.
#[derive(Clone, Copy)]
enum Empty {
    Omitted,
    /// Connect's default for every channel.
    Defaults,
}

/// Returns the spec's lists without empty ones.
fn filled(lists: &ChannelConfigs, empty: Empty) -> ChannelConfigs {
    fn list<S: Setting>(list: &Option<Vec<S>>, empty: Empty) -> Option<Vec<S>> {
        match (list, empty) {
            (Some(list), Empty::Omitted) if list.is_empty() => None,
            (Some(list), Empty::Defaults) if list.is_empty() => Some(S::CHANNELS.iter().map(|c| S::cleared(*c)).collect()),
            (list, _) => list.clone(),
        }
    }
    ChannelConfigs {
        auto_accept: list(&lists.auto_accept, empty),
        after_contact_work: list(&lists.after_contact_work, empty),
        phone_number: list(&lists.phone_number, empty),
        persistent_connection: list(&lists.persistent_connection, empty),
        voice_enhancement: list(&lists.voice_enhancement, empty),
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
        for ((member, from), (_, to)) in is.members_beside(want).into_iter().zip(want.over(is).members()) {
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
