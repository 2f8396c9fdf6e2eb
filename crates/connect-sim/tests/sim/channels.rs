//! PhoneConfig and the per-channel lists.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, CreateUser, PersistentConnectionConfig, PhoneConfig,
    PhoneNumberConfig, PhoneType, SearchUsers, UpdateUserConfig, UpdateUserPhoneConfig, User, VoiceEnhancementConfig,
    VoiceEnhancementMode,
};
use connect_sim::{Config, EmptyLists, Sim, UserConfigUpdate};

use crate::support::*;

fn auto(channel: Channel, auto_accept: bool) -> AutoAcceptConfig {
    AutoAcceptConfig::new(channel, auto_accept)
}

fn work(channel: Channel, seconds: i32) -> AfterContactWorkConfig {
    AfterContactWorkConfig::new(channel, seconds)
}

fn desk(seconds: i32) -> PhoneConfig {
    PhoneConfig {
        phone_type: PhoneType::DeskPhone,
        auto_accept: true,
        after_contact_work_time_limit: seconds,
        desk_phone_number: Some("+12065550100".into()),
        persistent_connection: Some(true),
    }
}

fn number(channel: Channel, phone_type: PhoneType, number: Option<&str>) -> PhoneNumberConfig {
    PhoneNumberConfig { channel, phone_type, phone_number: number.map(Into::into) }
}

fn persistent(channel: Channel) -> PersistentConnectionConfig {
    PersistentConnectionConfig { channel, persistent_connection: true }
}

fn enhanced(channel: Channel) -> VoiceEnhancementConfig {
    VoiceEnhancementConfig { channel, voice_enhancement_mode: VoiceEnhancementMode::NoiseSuppression }
}

/// Returns lists of which these are given.
fn lists(give: impl FnOnce(&mut ChannelConfigs)) -> ChannelConfigs {
    let mut lists = ChannelConfigs::default();
    give(&mut lists);
    lists
}

struct SimWithUser {
    sim: Sim,
    user: connect_api::UserId,
}

impl SimWithUser {
    fn new(config: Config, phone_config: Option<PhoneConfig>) -> Self {
        let sim = Sim::new(config).unwrap();
        let user = call(&sim, CreateUser { phone_config, ..new_user(&sim, "jane") }).unwrap().id;
        Self { sim, user }
    }

    fn set(&self, channel_configs: ChannelConfigs) -> Result<(), connect_api::Error> {
        call(&self.sim, UpdateUserConfig { instance: instance(), user: self.user.clone(), channel_configs })
    }

    fn set_phone(&self, phone_config: PhoneConfig) -> Result<(), connect_api::Error> {
        call(&self.sim, UpdateUserPhoneConfig { instance: instance(), user: self.user.clone(), phone_config })
    }

    fn user(&self) -> User {
        describe(&self.sim, &self.user).unwrap()
    }
}

#[test]
fn a_phone_config_applies_to_all_channels() {
    let jane = SimWithUser::new(config(), Some(desk(30)));
    let user = jane.user();
    assert_eq!(user.phone_config, Some(desk(30)));
    let lists = user.channel_configs;
    assert_eq!(lists.auto_accept, Some(Channel::ALL.map(|c| auto(c, true)).into()));
    assert_eq!(lists.after_contact_work, Some(Channel::ALL.map(|c| work(c, 30)).into()));
    assert_eq!(lists.phone_number.unwrap()[0].phone_number.as_deref(), Some("+12065550100"));
    assert!(lists.persistent_connection.unwrap()[0].persistent_connection);
    assert_eq!(lists.voice_enhancement, None);

    jane.set_phone(PhoneConfig::default()).unwrap();
    let user = jane.user();
    assert_eq!(user.phone_config, Some(PhoneConfig::default()), "omitted members are false, 0 and SOFT_PHONE");
    assert_eq!(user.channel_configs.auto_accept, Some(Channel::ALL.map(|c| auto(c, false)).into()));
    assert_eq!(user.channel_configs.persistent_connection, None);
}

#[test]
fn a_user_without_settings_has_the_defaults_and_no_lists() {
    let user = SimWithUser::new(config(), None).user();
    assert_eq!(user.phone_config, Some(PhoneConfig::default()));
    assert_eq!(user.channel_configs, ChannelConfigs::default());
    let mut shown = config();
    shown.rules.show_unset_channels = true;
    let lists = SimWithUser::new(shown, None).user().channel_configs;
    assert_eq!(lists.auto_accept, Some(Channel::ALL.map(|c| auto(c, false)).into()));
    assert_eq!(lists.after_contact_work, Some(Channel::ALL.map(|c| work(c, 0)).into()));
}

#[test]
fn after_contact_work_of_chat_is_cut_or_kept() {
    for (chat_work_capped, kept) in [(true, 5_400), (false, 6_000)] {
        let mut config = config();
        config.rules.chat_work_capped = chat_work_capped;
        let jane = SimWithUser::new(config, Some(desk(6_000)));
        let of = |channel| {
            let all = jane.user().channel_configs.after_contact_work.unwrap_or_default();
            all.into_iter().find(|c| c.channel == channel).map(|c| c.after_contact_work_time_limit)
        };
        assert_eq!((of(Channel::Chat), of(Channel::Voice)), (Some(kept), Some(6_000)));
        jane.set(lists(|l| l.after_contact_work = Some(vec![work(Channel::Chat, 7_000)]))).unwrap();
        assert_eq!(of(Channel::Chat), Some(if chat_work_capped { 5_400 } else { 7_000 }));
        jane.set(lists(|l| l.after_contact_work = Some(vec![work(Channel::Chat, 0)]))).unwrap();
        assert_eq!(of(Channel::Chat), Some(0), "without an end");
    }
}

#[test]
fn a_rule_decides_which_read_shows_empty_lists() {
    for (rule, described, found) in
        [(EmptyLists::InSearch, false, true), (EmptyLists::InDescribe, true, false), (EmptyLists::Nowhere, false, false)]
    {
        let mut config = config();
        config.rules.empty_lists = rule;
        config.search_lag = std::time::Duration::ZERO;
        let jane = SimWithUser::new(config, Some(desk(30)));
        let list = jane.user().channel_configs.voice_enhancement;
        assert_eq!(list, described.then(Vec::new), "{rule:?}");
        let request = SearchUsers { instance: instance(), max_results: 1, next_token: None, username: None };
        let hit = call(&jane.sim, request).unwrap().items.remove(0);
        assert_eq!(hit.channel_configs.voice_enhancement, found.then(Vec::new), "{rule:?}");
    }
}

#[test]
fn users_may_have_a_channel_of_the_future() {
    let mut config = config();
    config.rules.unknown_channel = true;
    let jane = SimWithUser::new(config, None);
    let shown = jane.user().channel_configs;
    assert_eq!(shown.auto_accept.clone().unwrap()[0].channel.as_str(), "SMS");
    jane.set(shown.clone()).unwrap();
    assert_eq!(jane.user().channel_configs, shown);
}

#[test]
fn lists_and_phone_config_are_views_of_the_same_settings() {
    let jane = SimWithUser::new(config(), Some(PhoneConfig::default()));
    let voice = Channel::Voice;
    jane.set(ChannelConfigs {
        auto_accept: Some(vec![auto(voice, true), auto(Channel::Chat, false)]),
        after_contact_work: Some(vec![work(voice, 60), work(Channel::Task, 90)]),
        phone_number: Some(vec![number(voice, PhoneType::DeskPhone, Some("+12065550111"))]),
        persistent_connection: Some(vec![persistent(voice)]),
        voice_enhancement: Some(vec![enhanced(voice)]),
    })
    .unwrap();
    let shown = jane.user().phone_config.unwrap();
    let wanted = PhoneConfig { desk_phone_number: Some("+12065550111".into()), ..desk(60) };
    assert_eq!(shown, wanted, "the voice channel's");

    jane.set_phone(desk(10)).unwrap();
    let lists = jane.user().channel_configs;
    assert_eq!(lists.after_contact_work, Some(Channel::ALL.map(|c| work(c, 10)).into()), "flattened");
    assert!(lists.voice_enhancement.is_some(), "PhoneConfig does not contain it");
}

#[test]
fn a_rule_decides_what_user_config_does_to_omitted_lists() {
    let after = |rule, given: ChannelConfigs| {
        let mut config = config();
        config.rules.user_config_update = rule;
        let jane = SimWithUser::new(config, Some(desk(30)));
        jane.set(given).unwrap();
        jane.user().channel_configs
    };
    let voice_only = || lists(|l| l.auto_accept = Some(vec![auto(Channel::Voice, false)]));

    let merged = after(UserConfigUpdate::MergeChannels, voice_only());
    assert_eq!(merged.auto_accept.unwrap().len(), 4);
    assert!(merged.after_contact_work.is_some());

    let replaced = after(UserConfigUpdate::ReplaceLists, voice_only());
    assert_eq!(replaced.auto_accept, Some(vec![auto(Channel::Voice, false)]));
    assert!(replaced.after_contact_work.is_some() && replaced.phone_number.is_some());

    let emptied = lists(|l| l.auto_accept = Some(vec![]));
    assert_eq!(after(UserConfigUpdate::ReplaceLists, emptied.clone()).auto_accept, None);
    assert_eq!(after(UserConfigUpdate::MergeChannels, emptied).auto_accept.unwrap().len(), 4);

    let all = after(UserConfigUpdate::ReplaceAll, voice_only());
    assert_eq!(all, voice_only());
}

#[test]
fn create_refuses_a_setting_that_is_given_twice() {
    let sim = sim();
    let voice = Channel::Voice;
    // The SDK always sends the phone type, and never false and 0.
    for (i, (list, taken_with_defaults)) in [
        (lists(|l| l.auto_accept = Some(vec![auto(voice, true)])), true),
        (lists(|l| l.after_contact_work = Some(vec![work(voice, 1)])), true),
        (lists(|l| l.phone_number = Some(vec![number(voice, PhoneType::SoftPhone, None)])), false),
        (lists(|l| l.persistent_connection = Some(vec![persistent(voice)])), true),
    ]
    .into_iter()
    .enumerate()
    {
        let with = |phone_config| {
            let (phone_config, channel_configs) = (Some(phone_config), list.clone());
            call(&sim, CreateUser { phone_config, channel_configs, ..new_user(&sim, &format!("user{i}")) })
        };
        assert_eq!(refusal(with(desk(5))), invalid_request(), "{list:?}");
        assert_eq!(with(PhoneConfig::default()).is_ok(), taken_with_defaults, "{list:?}");
    }
}

#[test]
fn lists_accept_each_channel_once_and_callbacks_for_voice() {
    let jane = SimWithUser::new(config(), None);
    let before = jane.user();
    let chat = Channel::Chat;
    let callback = AutoAcceptConfig { agent_first_callback_auto_accept: Some(true), ..auto(chat, true) };
    let late = AfterContactWorkConfig { agent_first_callback_after_contact_work_time_limit: Some(5), ..work(chat, 5) };
    for bad in [
        lists(|l| l.auto_accept = Some(vec![auto(chat, true), auto(chat, false)])),
        lists(|l| l.auto_accept = Some(vec![callback])),
        lists(|l| l.after_contact_work = Some(vec![late])),
        lists(|l| l.after_contact_work = Some(vec![work(chat, 2_000_001)])),
        lists(|l| l.phone_number = Some(vec![number(chat, PhoneType::SoftPhone, None)])),
        lists(|l| l.persistent_connection = Some(vec![persistent(chat)])),
        lists(|l| l.voice_enhancement = Some(vec![enhanced(chat)])),
    ] {
        assert_eq!(refusal(jane.set(bad.clone())), invalid_parameter(), "{bad:?}");
    }
    assert_eq!(jane.user(), before);
}
