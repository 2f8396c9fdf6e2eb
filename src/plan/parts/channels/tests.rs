//! The calls for channel settings that differ, and settings in the words of the spec.

use serde_json::json;

use super::*;
use crate::{
    api::fixtures::spec,
    plan::{
        Desired, Parts,
        fixtures::{auto, bare, full, live, live_by_channel, number, persistent, voice, work},
    },
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

fn autos(list: impl Into<Vec<AutoAcceptConfig>>) -> ChannelConfigs {
    ChannelConfigs { auto_accept: Some(list.into()), ..none() }
}

fn none() -> ChannelConfigs {
    ChannelConfigs::default()
}

const VOICE: Channel = Channel::Voice;

#[test]
fn channels_that_a_list_omits_are_sent_as_they_are() {
    let callback = AutoAcceptConfig { agent_first_callback_auto_accept: Some(true), ..auto(VOICE, false) };
    let live = shows(autos([auto(Channel::Email, false), callback, auto(Channel::Task, true)]));
    let desired = asks(autos([auto(Channel::Chat, true)]));
    let expected = vec![callback, auto(Channel::Chat, true), auto(Channel::Task, true)];
    assert_eq!(sent(&desired, &live), Some(autos(expected)));

    // A callback's setting stays if the spec leaves it out.
    let desired = asks(autos([auto(VOICE, true)]));
    let expected = vec![AutoAcceptConfig { auto_accept: true, ..callback }, auto(Channel::Task, true)];
    assert_eq!(sent(&desired, &live), Some(autos(expected)));
}

#[test]
fn without_lists_all_channels_have_the_phone_config() {
    let mut live = live();
    live.user.channel_configs.auto_accept = Some(vec![]);
    let desired = asks(autos([auto(Channel::Chat, false)]));
    let expected = vec![auto(VOICE, true), auto(Channel::Chat, false), auto(Channel::Task, true), auto(Channel::Email, true)];
    assert_eq!(sent(&desired, &live), Some(autos(expected)));
    let desired = asks(autos([auto(Channel::Chat, true)]));
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
    assert_eq!(at_creation(&asks(every).parts.channels), (None, none()), "a new user has nothing to clear");
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
    assert_eq!(call.channel_configs, autos(expected));
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
