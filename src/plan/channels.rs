//! How contacts reach a user: `phoneConfig`, which holds for all channels alike, and the five lists by channel.
//!
//! They are two ways to write one set of settings, with a call each. UpdateUserPhoneConfig makes all channels the same, so it is
//! used only where they are the same and the spec names no list; UpdateUserConfig does everything else, with what `phoneConfig`
//! says spelled out for every channel. A plan holds one of them at most: they cannot undo each other.
//!
//! AWS does not say whether UpdateUserConfig merges what it is given channel by channel or replaces whole lists. Each list that
//! the spec manages is therefore sent whole, with the channels that the spec does not name as they are: both readings come to
//! the same. A list that the spec does not manage is never sent.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, PersistentConnectionConfig, PhoneConfig,
    PhoneNumberConfig, PhoneType, UpdateUserConfig, UpdateUserPhoneConfig, User, VoiceEnhancementConfig, VoiceEnhancementMode,
};

use super::{
    Desired, DesiredPhone, Live,
    diff::{Action, Change, carrying, change},
};

/// The call that makes a user's settings equal the spec, if they differ.
pub(super) fn settings(desired: &Desired, live: &Live) -> Option<Action> {
    let (phone, lists) = (&desired.phone, &desired.channel_configs);
    let is = Settings::of(&live.user);
    let mut because = is.unlike_phone_config(phone);
    because.extend(is.unlike_lists(lists));
    let (instance, user) = (desired.instance_id(), live.user.id.clone());
    if *lists == ChannelConfigs::default() && is.are_alike() {
        let phone_config = over(phone, is.voice);
        carrying(carries_phone(phone), UpdateUserPhoneConfig { instance, user, phone_config }, because)
    } else {
        let wanted = or(cleared(lists), spelled_out(phone, &is.voice));
        let channel_configs = is.with(&wanted);
        let carries = is.carries_lists(&wanted) || (lists.phone_number.is_none() && carries_number(phone));
        carrying(carries, UpdateUserConfig { instance, user, channel_configs }, because)
    }
}

/// What CreateUser is given: `phoneConfig`, or lists. It does not take both for the same setting, and the SDK cannot leave a
/// phone configuration's phone type out.
pub(super) fn at_creation(desired: &Desired) -> (Option<PhoneConfig>, ChannelConfigs) {
    let (phone, lists) = (&desired.phone, &desired.channel_configs);
    if *lists == ChannelConfigs::default() {
        let phone = (*phone != DesiredPhone::default()).then(|| PhoneConfig {
            phone_type: phone.phone_type.unwrap_or_default(),
            auto_accept: phone.auto_accept.unwrap_or_default(),
            after_contact_work_time_limit: phone.after_contact_work_time_limit.unwrap_or_default(),
            desk_phone_number: phone.desk_phone_number.clone(),
            persistent_connection: phone.persistent_connection,
        });
        return (phone, ChannelConfigs::default());
    }
    let unset = Settings::spelled_out(&ChannelConfigs::default(), PhoneConfig::default());
    // What is to be cleared was never set.
    (None, unset.with(&or(without_empty(lists), spelled_out(phone, &unset.voice))))
}

/// An element of one of the lists.
trait Setting: Clone {
    /// The list's name in the spec.
    const LIST: &'static str;
    /// The channels that have the setting.
    const CHANNELS: &'static [Channel] = &[Channel::Voice];

    /// The channel that it is for.
    fn channel(&self) -> Channel;
    /// What a phone configuration means for a channel. The default one means what Connect does where nobody set anything.
    fn of_phone(channel: Channel, phone: &PhoneConfig) -> Self;
    /// Members by their path in the spec. Not set and set to the default are the same.
    fn members(&self) -> Vec<(&'static str, Option<String>)>;

    /// What is asked for, with members that are not managed as they are.
    fn over(&self, _is: &Self) -> Self {
        self.clone()
    }
    /// Whether all members are managed.
    fn is_complete(&self) -> bool {
        true
    }
    /// The channel with every member at Connect's default.
    fn cleared(channel: Channel) -> Self {
        Self::of_phone(channel, &PhoneConfig::default())
    }
}

impl Setting for AutoAcceptConfig {
    const LIST: &'static str = "autoAcceptConfigs";
    const CHANNELS: &'static [Channel] = &Channel::ALL;

    fn channel(&self) -> Channel {
        self.channel
    }

    fn of_phone(channel: Channel, phone: &PhoneConfig) -> Self {
        Self { channel, auto_accept: phone.auto_accept, agent_first_callback_auto_accept: None }
    }

    fn members(&self) -> Vec<(&'static str, Option<String>)> {
        let callback = self.agent_first_callback_auto_accept.unwrap_or_default();
        vec![("autoAccept", Some(self.auto_accept.to_string())), ("agentFirstCallbackAutoAccept", Some(callback.to_string()))]
    }

    fn over(&self, is: &Self) -> Self {
        let callback = self.agent_first_callback_auto_accept.or(is.agent_first_callback_auto_accept);
        Self { agent_first_callback_auto_accept: callback, ..*self }
    }

    fn is_complete(&self) -> bool {
        // Calls back are a matter of the voice channel.
        self.agent_first_callback_auto_accept.is_some() || self.channel != Channel::Voice
    }

    fn cleared(channel: Channel) -> Self {
        // Said aloud: what is left out might be taken for what stays.
        let callback = (channel == Channel::Voice).then_some(false);
        Self { channel, auto_accept: false, agent_first_callback_auto_accept: callback }
    }
}

impl Setting for AfterContactWorkConfig {
    const LIST: &'static str = "afterContactWorkConfigs";
    const CHANNELS: &'static [Channel] = &Channel::ALL;

    fn channel(&self) -> Channel {
        self.channel
    }

    fn of_phone(channel: Channel, phone: &PhoneConfig) -> Self {
        Self {
            channel,
            after_contact_work_time_limit: phone.after_contact_work_time_limit,
            agent_first_callback_after_contact_work_time_limit: None,
        }
    }

    fn members(&self) -> Vec<(&'static str, Option<String>)> {
        let callback = self.agent_first_callback_after_contact_work_time_limit.unwrap_or_default();
        vec![
            ("afterContactWorkConfig.afterContactWorkTimeLimit", Some(self.after_contact_work_time_limit.to_string())),
            ("agentFirstCallbackAfterContactWorkConfig.afterContactWorkTimeLimit", Some(callback.to_string())),
        ]
    }

    fn over(&self, is: &Self) -> Self {
        let callback =
            self.agent_first_callback_after_contact_work_time_limit.or(is.agent_first_callback_after_contact_work_time_limit);
        Self { agent_first_callback_after_contact_work_time_limit: callback, ..*self }
    }

    fn is_complete(&self) -> bool {
        self.agent_first_callback_after_contact_work_time_limit.is_some() || self.channel != Channel::Voice
    }

    fn cleared(channel: Channel) -> Self {
        let callback = (channel == Channel::Voice).then_some(0);
        Self { channel, after_contact_work_time_limit: 0, agent_first_callback_after_contact_work_time_limit: callback }
    }
}

impl Setting for PhoneNumberConfig {
    const LIST: &'static str = "phoneNumberConfigs";

    fn channel(&self) -> Channel {
        self.channel
    }

    fn of_phone(channel: Channel, phone: &PhoneConfig) -> Self {
        Self { channel, phone_type: phone.phone_type, phone_number: phone.desk_phone_number.clone() }
    }

    fn members(&self) -> Vec<(&'static str, Option<String>)> {
        // A soft phone has no number, whatever is left from a desk phone.
        let number = self.phone_number.clone().filter(|_| self.phone_type != PhoneType::SoftPhone);
        vec![("phoneType", Some(self.phone_type.as_str().into())), ("phoneNumber", number)]
    }

    fn over(&self, is: &Self) -> Self {
        let phone_number = match self.phone_type {
            PhoneType::DeskPhone | PhoneType::Other(_) => self.phone_number.clone().or_else(|| is.phone_number.clone()),
            PhoneType::SoftPhone => None,
        };
        Self { phone_number, ..self.clone() }
    }

    fn is_complete(&self) -> bool {
        self.phone_number.is_some() || self.phone_type == PhoneType::SoftPhone
    }
}

impl Setting for PersistentConnectionConfig {
    const LIST: &'static str = "persistentConnectionConfigs";

    fn channel(&self) -> Channel {
        self.channel
    }

    fn of_phone(channel: Channel, phone: &PhoneConfig) -> Self {
        // Connect leaves the member out where it was never set: that is the same as false.
        Self { channel, persistent_connection: phone.persistent_connection.unwrap_or_default() }
    }

    fn members(&self) -> Vec<(&'static str, Option<String>)> {
        vec![("persistentConnection", Some(self.persistent_connection.to_string()))]
    }
}

impl Setting for VoiceEnhancementConfig {
    const LIST: &'static str = "voiceEnhancementConfigs";

    fn channel(&self) -> Channel {
        self.channel
    }

    fn of_phone(channel: Channel, _: &PhoneConfig) -> Self {
        Self { channel, voice_enhancement_mode: VoiceEnhancementMode::None }
    }

    fn members(&self) -> Vec<(&'static str, Option<String>)> {
        vec![("voiceEnhancementMode", Some(self.voice_enhancement_mode.as_str().into()))]
    }
}

/// A user's settings, spelled out: each list with every channel that has the setting.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    /// The voice channel's, in the shape of a phone configuration: that is the channel that a phone is for.
    pub(super) voice: PhoneConfig,
    pub(super) auto_accept: Vec<AutoAcceptConfig>,
    pub(super) after_contact_work: Vec<AfterContactWorkConfig>,
    phone_number: Vec<PhoneNumberConfig>,
    persistent_connection: Vec<PersistentConnectionConfig>,
    pub(super) voice_enhancement: Vec<VoiceEnhancementConfig>,
}

impl Settings {
    /// The settings of a user, whichever way Connect shows them. A list speaks before `PhoneConfig`, which knows no channels.
    pub(super) fn of(user: &User) -> Self {
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

    /// Whether UpdateUserPhoneConfig, which makes all channels the same, would change none that it is not meant to.
    pub(super) fn are_alike(&self) -> bool {
        self.auto_accept
            .iter()
            .all(|c| c.auto_accept == self.voice.auto_accept && !c.agent_first_callback_auto_accept.unwrap_or_default())
            && self.after_contact_work.iter().all(|c| {
                c.after_contact_work_time_limit == self.voice.after_contact_work_time_limit
                    && c.agent_first_callback_after_contact_work_time_limit.unwrap_or_default() == 0
            })
    }

    /// How they differ from what the spec asks of all channels.
    fn unlike_phone_config(&self, want: &DesiredPhone) -> Vec<Change> {
        let mut because = Vec::new();
        let mut differs = |field: &str, from: Option<String>, to: Option<String>| {
            if to.is_some() && from != to {
                because.push(change(format!("phoneConfig.{field}"), from, to));
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
        // A soft phone has no number: to ask for one would be to ask again and again.
        if want.phone_type.unwrap_or(is.phone_type) != PhoneType::SoftPhone {
            differs("deskPhoneNumber", is.desk_phone_number.clone(), want.desk_phone_number.clone());
        }
        differs(
            "persistentConnection",
            Some(is.persistent_connection.unwrap_or_default().to_string()),
            want.persistent_connection.map(|v| v.to_string()),
        );
        because
    }

    /// How they differ from the spec's lists.
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

    /// What is sent for these lists: what they ask for, and the other channels as they are.
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

/// A phone configuration with what lists say of the voice channel in its place.
pub(super) fn set_voice(phone: &mut PhoneConfig, lists: &ChannelConfigs) {
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

/// A channel that is missing in a list is at Connect's default. Where there is no list, what holds for the voice channel holds
/// for all. Elements for channels that are not known to have the setting follow, so that they are sent back.
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

/// One value for all channels, or each channel's.
fn describe<T: PartialEq + ToString>(values: Vec<(Channel, T)>) -> String {
    match values.split_first() {
        Some(((_, first), rest)) if rest.iter().all(|(_, value)| value == first) => first.to_string(),
        _ => values.iter().map(|(c, value)| format!("{}: {}", c.as_str(), value.to_string())).collect::<Vec<_>>().join(", "),
    }
}

/// What `phoneConfig` asks for, as lists.
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

/// What `phoneConfig` asks for, with members that are not managed as they are.
fn over(want: &DesiredPhone, is: PhoneConfig) -> PhoneConfig {
    let phone_type = want.phone_type.unwrap_or(is.phone_type);
    PhoneConfig {
        phone_type,
        auto_accept: want.auto_accept.unwrap_or(is.auto_accept),
        after_contact_work_time_limit: want.after_contact_work_time_limit.unwrap_or(is.after_contact_work_time_limit),
        // A number that is left from a desk phone goes when the desk phone goes.
        desk_phone_number: match phone_type {
            PhoneType::DeskPhone | PhoneType::Other(_) => want.desk_phone_number.clone().or(is.desk_phone_number),
            PhoneType::SoftPhone => None,
        },
        persistent_connection: want.persistent_connection.or(is.persistent_connection),
    }
}

/// Whether a phone configuration that is sent has members which the spec does not manage. How the channels differ is none of them:
/// where `phoneConfig` says all, they are not to differ.
fn carries_phone(want: &DesiredPhone) -> bool {
    let DesiredPhone { phone_type, auto_accept, after_contact_work_time_limit, desk_phone_number: _, persistent_connection } =
        want;
    let set = auto_accept.is_some() && after_contact_work_time_limit.is_some() && persistent_connection.is_some();
    !set || phone_type.is_none() || carries_number(want)
}

/// Whether, of a phone's type and number, one is managed and the other, which is sent with it, is not.
fn carries_number(want: &DesiredPhone) -> bool {
    match (want.phone_type, &want.desk_phone_number) {
        (Some(PhoneType::DeskPhone | PhoneType::Other(_)), None) | (None, Some(_)) => true,
        (Some(PhoneType::DeskPhone | PhoneType::Other(_)), Some(_)) | (Some(PhoneType::SoftPhone), _) | (None, None) => false,
    }
}

/// The spec's lists, where an empty one asks for Connect's default on every channel.
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

/// The spec's lists but for the empty ones.
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

/// Lists, and others where there are none.
fn or(lists: ChannelConfigs, others: ChannelConfigs) -> ChannelConfigs {
    ChannelConfigs {
        auto_accept: lists.auto_accept.or(others.auto_accept),
        after_contact_work: lists.after_contact_work.or(others.after_contact_work),
        phone_number: lists.phone_number.or(others.phone_number),
        persistent_connection: lists.persistent_connection.or(others.persistent_connection),
        voice_enhancement: lists.voice_enhancement.or(others.voice_enhancement),
    }
}

/// How the channels that a list names differ from it.
fn unlike_list<S: Setting>(wanted: &Option<Vec<S>>, is: &[S]) -> Vec<Change> {
    let mut because = Vec::new();
    for is in is {
        let Some(want) = find(wanted, is.channel()) else { continue };
        for ((member, from), (_, to)) in is.members().into_iter().zip(want.over(is).members()) {
            if from != to {
                because.push(change(format!("{}[{}].{member}", S::LIST, is.channel().as_str()), from, to));
            }
        }
    }
    because
}

/// A list as it is sent: each channel that it names, and each other one that is not at Connect's default.
fn whole<S: Setting>(wanted: &Option<Vec<S>>, is: &[S]) -> Option<Vec<S>> {
    wanted.as_ref()?;
    let is_set = |is: &S| is.members() != S::of_phone(is.channel(), &PhoneConfig::default()).members();
    let sent = is.iter().filter_map(|is| match find(wanted, is.channel()) {
        Some(want) => Some(want.over(is)),
        None => is_set(is).then(|| is.clone()),
    });
    Some(sent.collect())
}

#[cfg(test)]
mod tests {
    use connect_api::Call;

    use super::*;
    use crate::plan::fixtures::{auto, bare, by_channel, full, lists, live, live_by_channel, number, persistent, voice, work};

    /// The lists that are sent for a spec to a user; None for no call.
    #[track_caller]
    fn sent(desired: &Desired, live: &Live) -> Option<ChannelConfigs> {
        settings(desired, live).map(|action| match action.call {
            Call::UpdateUserConfig(call) => call.channel_configs,
            other => panic!("{other:?}"),
        })
    }

    fn asks(channel_configs: ChannelConfigs) -> Desired {
        Desired { channel_configs, ..bare() }
    }

    fn shows(lists: ChannelConfigs) -> Live {
        let mut live = live();
        (live.user.phone_config, live.user.channel_configs) = (None, lists);
        live
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
    fn a_list_that_differs_is_sent_with_every_list_that_the_spec_manages_and_no_other() {
        let desired = asks(ChannelConfigs { voice_enhancement: None, phone_number: None, ..lists() });
        let mut live = live_by_channel();
        live.user.channel_configs.persistent_connection = None;
        live.user.phone_config.as_mut().unwrap().persistent_connection = None;
        assert_eq!(sent(&desired, &live), Some(desired.channel_configs));
    }

    #[test]
    fn channels_that_a_list_does_not_name_are_carried_over_if_they_are_set() {
        let callback = AutoAcceptConfig { agent_first_callback_auto_accept: Some(true), ..auto(VOICE, false) };
        let live = shows(ChannelConfigs {
            auto_accept: Some(vec![auto(Channel::Email, false), callback, auto(Channel::Task, true)]),
            ..none()
        });
        let desired = asks(ChannelConfigs { auto_accept: Some(vec![auto(Channel::Chat, true)]), ..none() });
        let expected = vec![callback, auto(Channel::Chat, true), auto(Channel::Task, true)];
        assert_eq!(sent(&desired, &live), Some(ChannelConfigs { auto_accept: Some(expected), ..none() }));

        // A callback's setting that the spec leaves out stays.
        let desired = asks(ChannelConfigs { auto_accept: Some(vec![auto(VOICE, true)]), ..none() });
        let expected = vec![AutoAcceptConfig { auto_accept: true, ..callback }, auto(Channel::Task, true)];
        assert_eq!(sent(&desired, &live), Some(ChannelConfigs { auto_accept: Some(expected), ..none() }));
    }

    #[test]
    fn where_connect_shows_no_list_all_channels_are_as_phone_config_says() {
        let mut live = live();
        live.user.channel_configs.auto_accept = Some(vec![]);
        let desired = asks(ChannelConfigs { auto_accept: Some(vec![auto(Channel::Chat, false)]), ..none() });
        let expected = vec![auto(VOICE, true), auto(Channel::Chat, false), auto(Channel::Task, true), auto(Channel::Email, true)];
        assert_eq!(sent(&desired, &live), Some(ChannelConfigs { auto_accept: Some(expected), ..none() }));
        let desired = asks(ChannelConfigs { auto_accept: Some(vec![auto(Channel::Chat, true)]), ..none() });
        assert_eq!(sent(&desired, &live), None);
    }

    #[test]
    fn an_empty_list_sets_every_channel_to_connects_default_once() {
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
    fn beside_a_list_phone_config_is_spelled_out_for_every_channel() {
        let enhancement = Some(vec![voice(VoiceEnhancementMode::VoiceIsolation)]);
        let desired = Desired { channel_configs: ChannelConfigs { voice_enhancement: enhancement.clone(), ..none() }, ..full() };
        let expected = ChannelConfigs {
            auto_accept: Some(Channel::ALL.map(|c| auto(c, true)).into()),
            after_contact_work: Some(Channel::ALL.map(|c| work(c, 45)).into()),
            phone_number: Some(vec![number(PhoneType::DeskPhone, Some("+12065550199"))]),
            persistent_connection: Some(vec![persistent(true)]),
            voice_enhancement: enhancement,
        };
        assert_eq!(sent(&desired, &live()), Some(expected.clone()));
        assert_eq!(at_creation(&desired), (None, expected));
    }

    #[test]
    fn where_channels_differ_phone_config_is_spelled_out_so_that_nothing_else_is_flattened() {
        let phone = DesiredPhone { auto_accept: Some(true), ..DesiredPhone::default() };
        let action = settings(&Desired { phone, ..bare() }, &live_by_channel()).unwrap();
        let reasons: Vec<_> = action.because.iter().map(ToString::to_string).collect();
        let from = "VOICE: false, CHAT: true, TASK: false, EMAIL: false";
        assert_eq!(reasons, [format!("phoneConfig.autoAccept: {from:?} → \"true\"")]);
        let Call::UpdateUserConfig(call) = action.call else { panic!("{:?}", action.call) };
        let mut expected = Channel::ALL.map(|c| auto(c, true));
        expected[0].agent_first_callback_auto_accept = Some(true);
        assert_eq!(call.channel_configs, ChannelConfigs { auto_accept: Some(expected.into()), ..none() });
    }

    #[test]
    fn where_channels_are_alike_phone_config_is_set_by_its_own_call() {
        let phone = DesiredPhone { auto_accept: Some(false), ..DesiredPhone::default() };
        let mut live = live();
        live.user.channel_configs.auto_accept = Some(Channel::ALL.map(|c| auto(c, true)).into());
        live.user.channel_configs.voice_enhancement = lists().voice_enhancement;
        let action = settings(&Desired { phone, ..bare() }, &live).unwrap();
        let Call::UpdateUserPhoneConfig(call) = action.call else { panic!("{:?}", action.call) };
        assert_eq!(call.phone_config, PhoneConfig { auto_accept: false, ..live.user.phone_config.unwrap() });
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
            auto_accept: Some([desired.channel_configs.auto_accept.clone().unwrap(), vec![auto(pigeon, true)]].concat()),
            voice_enhancement: Some(vec![voice(VoiceEnhancementMode::VoiceIsolation), choir]),
            ..none()
        };
        assert_eq!(sent(&desired, &live), Some(expected.clone()));
        assert_eq!(sent(&desired, &shows(expected)), None);
    }

    #[test]
    fn unknown_channels_do_not_keep_phone_config_from_being_in_sync() {
        let phone = DesiredPhone { auto_accept: Some(true), ..DesiredPhone::default() };
        let accepts = [Channel::ALL.map(|c| auto(c, true)).to_vec(), vec![auto(Channel::Other("PIGEON".into()), false)]].concat();
        let live = shows(ChannelConfigs { auto_accept: Some(accepts), ..none() });
        assert_eq!(sent(&Desired { phone, ..bare() }, &live), None);
    }

    #[test]
    fn without_phone_config_in_the_spec_none_is_sent() {
        assert_eq!(at_creation(&by_channel()), (None, lists()));
        assert_eq!(at_creation(&bare()), (None, none()));
        assert!(settings(&bare(), &live_by_channel()).is_none());
        let nothing = asks(ChannelConfigs { auto_accept: Some(vec![]), ..none() });
        assert_eq!(at_creation(&nothing), (None, none()), "a new user has nothing to clear");
    }
}
