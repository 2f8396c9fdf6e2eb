//! Settings by channel: each change is one call, of the right kind, and neither way of writing them undoes the other.

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, OperationName, PersistentConnectionConfig, PhoneConfig,
    PhoneNumberConfig, PhoneType, UpdateUserConfig, UpdateUserPhoneConfig, VoiceEnhancementConfig, VoiceEnhancementMode,
};
use connect_sim::{Rules, UserConfigUpdate};
use kube::ResourceExt;
use serde_json::{Value, json};

use super::harness::{Harness, harness};
use crate::support::eventually;

fn auto(channel: Channel, auto_accept: bool) -> AutoAcceptConfig {
    AutoAcceptConfig { channel, auto_accept, agent_first_callback_auto_accept: None }
}

fn work(channel: Channel, seconds: i32) -> AfterContactWorkConfig {
    AfterContactWorkConfig {
        channel,
        after_contact_work_time_limit: seconds,
        agent_first_callback_after_contact_work_time_limit: None,
    }
}

fn accept(channel: &str, auto_accept: bool) -> Value {
    json!({ "channel": channel, "autoAccept": auto_accept })
}

fn limit(channel: &str, seconds: i32) -> Value {
    json!({ "channel": channel, "afterContactWorkConfig": { "afterContactWorkTimeLimit": seconds } })
}

/// Returns for each channel whether Connect has auto-accept set, and the seconds of its after-contact work.
fn by_channel(harness: &Harness<'_>, username: &str) -> [(bool, i32); 4] {
    let lists = harness.live(username).user.channel_configs;
    Channel::ALL.map(|channel| {
        let accepts = lists.auto_accept.iter().flatten().any(|c| c.channel == channel && c.auto_accept);
        let work = lists.after_contact_work.iter().flatten().find(|c| c.channel == channel);
        (accepts, work.map_or(0, |c| c.after_contact_work_time_limit))
    })
}

/// Applies a spec, reconciles again, and asserts that it cost this one write, or none.
async fn costs(harness: &Harness<'_>, name: &str, spec: &Value, write: Option<OperationName>) {
    harness.sim.reset_calls();
    harness.apply_until_ready(name, spec).await;
    harness.requeue(name).await;
    let calls = harness.sim.calls();
    let expected = u64::from(write.is_some());
    assert_eq!((write.map_or(0, |write| calls.of(write)), calls.writes()), (expected, expected), "{spec}: {calls:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn create_sets_settings_by_channel() {
    let harness = harness("channels").await;
    let mut voice = limit("VOICE", 45);
    voice["agentFirstCallbackAfterContactWorkConfig"] = json!({ "afterContactWorkTimeLimit": 75 });
    let spec = json!({
        "autoAcceptConfigs": [
            { "channel": "VOICE", "autoAccept": false, "agentFirstCallbackAutoAccept": true },
            accept("CHAT", true),
        ],
        "afterContactWorkConfigs": [voice, limit("TASK", 90)],
        "phoneNumberConfigs": [{ "channel": "VOICE", "phoneType": "DESK_PHONE", "phoneNumber": "+12065550102" }],
        "persistentConnectionConfigs": [{ "channel": "VOICE", "persistentConnection": true }],
        "voiceEnhancementConfigs": [{ "channel": "VOICE", "voiceEnhancementMode": "NOISE_SUPPRESSION" }],
    });
    let user = harness.apply_until_ready("jane", &spec).await;
    let calls = harness.sim.calls();
    assert_eq!((calls.of(OperationName::CreateUser), calls.writes()), (1, 1), "{calls:#?}");
    let channel = Channel::Voice;
    let expected = ChannelConfigs {
        auto_accept: Some(vec![
            AutoAcceptConfig { agent_first_callback_auto_accept: Some(true), ..auto(channel, false) },
            auto(Channel::Chat, true),
        ]),
        after_contact_work: Some(vec![
            AfterContactWorkConfig { agent_first_callback_after_contact_work_time_limit: Some(75), ..work(channel, 45) },
            work(Channel::Task, 90),
        ]),
        phone_number: Some(vec![PhoneNumberConfig {
            channel,
            phone_type: PhoneType::DeskPhone,
            phone_number: Some("+12065550102".into()),
        }]),
        persistent_connection: Some(vec![PersistentConnectionConfig { channel, persistent_connection: true }]),
        voice_enhancement: Some(vec![VoiceEnhancementConfig {
            channel,
            voice_enhancement_mode: VoiceEnhancementMode::NoiseSuppression,
        }]),
    };
    assert_eq!(harness.live("jane").user.channel_configs, expected);
    let observed = serde_json::to_value(user.status.unwrap().observed.unwrap()).unwrap();
    for (list, written) in spec.as_object().unwrap() {
        assert_eq!(&observed[list], written, "{list}");
    }

    // Together with a list, phoneConfig is spelled out: CreateUser refuses the two together for one setting.
    let mixed = json!({
        "phoneConfig": { "phoneType": "SOFT_PHONE", "afterContactWorkTimeLimit": 30 },
        "autoAcceptConfigs": [accept("CHAT", true)],
        "voiceEnhancementConfigs": [],
    });
    costs(&harness, "mixed", &mixed, Some(OperationName::CreateUser)).await;
    assert_eq!(by_channel(&harness, "mixed"), [(false, 30), (true, 30), (false, 30), (false, 30)]);

    // Later passes find the user as predicted.
    let before = harness.requeue("jane").await;
    let after = harness.requeue("jane").await;
    assert_eq!(after.status.unwrap().observed, before.status.unwrap().observed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_change_of_a_list_is_one_call_and_an_empty_list_clears() {
    let harness = Harness::builder("channels").flag("--drift-interval=500ms").start().await;
    let update = Some(OperationName::UpdateUserConfig);
    harness.apply_until_ready("jane", &json!({ "autoAcceptConfigs": [accept("CHAT", true)] })).await;

    costs(&harness, "jane", &json!({ "autoAcceptConfigs": [accept("CHAT", false)] }), update).await;
    assert_eq!(by_channel(&harness, "jane"), [(false, 0); 4]);
    let more = json!({
        "autoAcceptConfigs": [accept("VOICE", true), accept("CHAT", true)],
        "afterContactWorkConfigs": [limit("VOICE", 30)],
    });
    costs(&harness, "jane", &more, update).await;
    assert_eq!(by_channel(&harness, "jane"), [(true, 30), (true, 0), (false, 0), (false, 0)]);
    // The order does not matter, and a channel that is no longer named is no longer managed.
    let mut fewer = more.clone();
    fewer["autoAcceptConfigs"].as_array_mut().unwrap().reverse();
    costs(&harness, "jane", &fewer, None).await;
    fewer["autoAcceptConfigs"] = json!([accept("CHAT", true)]);
    costs(&harness, "jane", &fewer, None).await;
    fewer["afterContactWorkConfigs"] = json!([limit("CHAT", 60)]);
    costs(&harness, "jane", &fewer, update).await;
    assert_eq!(by_channel(&harness, "jane"), [(true, 30), (true, 60), (false, 0), (false, 0)]);

    // Drift: a managed channel is corrected, and the others are left as they are.
    let (instance, user) = (harness.instance(), harness.live("jane").user.id);
    let channel_configs = ChannelConfigs {
        auto_accept: Some(vec![auto(Channel::Chat, false), auto(Channel::Task, true)]),
        ..ChannelConfigs::default()
    };
    harness.sim.reset_calls();
    harness.call_at_console(UpdateUserConfig { instance: instance.clone(), user: user.clone(), channel_configs }).await;
    eventually("the change is corrected", || harness.sim.calls().of(OperationName::UpdateUserConfig) == 1);
    harness.requeue("jane").await;
    assert_eq!(by_channel(&harness, "jane"), [(false, 30), (true, 60), (true, 0), (false, 0)]);
    let calls = harness.sim.calls();
    assert_eq!(calls.writes(), 1, "{calls:#?}");
    let note = harness.wait_for_event("jane", "DriftDetected").await;
    assert!(note.contains("autoAcceptConfigs[CHAT].autoAccept"), "{note}");

    costs(&harness, "jane", &json!({}), None).await;
    costs(&harness, "jane", &json!({ "autoAcceptConfigs": [] }), update).await;
    assert_eq!(by_channel(&harness, "jane"), [(false, 30), (false, 60), (false, 0), (false, 0)]);
    costs(&harness, "jane", &json!({ "autoAcceptConfigs": [], "afterContactWorkConfigs": [] }), update).await;
    assert_eq!(by_channel(&harness, "jane"), [(false, 0); 4]);
    costs(&harness, "jane", &json!({ "autoAcceptConfigs": [], "phoneNumberConfigs": [] }), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn settings_for_all_channels_convert_to_lists_and_back() {
    let harness = harness("channels").await;
    let (phone, lists) = (Some(OperationName::UpdateUserPhoneConfig), Some(OperationName::UpdateUserConfig));
    let for_all = |accepts, seconds| json!({ "phoneConfig": { "autoAccept": accepts, "afterContactWorkTimeLimit": seconds } });
    costs(&harness, "jane", &for_all(true, 30), Some(OperationName::CreateUser)).await;
    costs(&harness, "jane", &for_all(true, 40), phone).await;

    // The same settings written differently cost nothing.
    let mut by_list = json!({ "phoneConfig": { "afterContactWorkTimeLimit": 40 }, "autoAcceptConfigs": [accept("CHAT", true)] });
    costs(&harness, "jane", &by_list, None).await;
    by_list["autoAcceptConfigs"] = json!([accept("CHAT", false)]);
    costs(&harness, "jane", &by_list, lists).await;
    assert_eq!(by_channel(&harness, "jane"), [(true, 40), (false, 40), (true, 40), (true, 40)]);
    by_list["phoneConfig"]["afterContactWorkTimeLimit"] = json!(50);
    costs(&harness, "jane", &by_list, lists).await;
    assert_eq!(by_channel(&harness, "jane"), [(true, 50), (false, 50), (true, 50), (true, 50)]);

    // A setting that is no longer managed is not flattened by phoneConfig, which sets another one.
    costs(&harness, "jane", &json!({ "phoneConfig": { "afterContactWorkTimeLimit": 60 } }), lists).await;
    assert_eq!(by_channel(&harness, "jane"), [(true, 60), (false, 60), (true, 60), (true, 60)]);

    costs(&harness, "jane", &for_all(true, 60), lists).await;
    assert_eq!(by_channel(&harness, "jane"), [(true, 60); 4]);
    costs(&harness, "jane", &for_all(false, 60), phone).await;
    assert_eq!(by_channel(&harness, "jane"), [(false, 60); 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn phone_config_beside_lists_is_stable_whatever_connect_does() {
    for reading in [UserConfigUpdate::MergeChannels, UserConfigUpdate::ReplaceLists, UserConfigUpdate::ReplaceAll] {
        let rules = Rules { user_config_update: reading, ..Rules::default() };
        let harness = Harness::builder("channels").flag("--drift-interval=300ms").rules(rules).start().await;
        let spec = |seconds| {
            json!({
                "phoneConfig": { "phoneType": "SOFT_PHONE", "persistentConnection": true },
                "autoAcceptConfigs": [accept("VOICE", false), accept("CHAT", true)],
                "afterContactWorkConfigs": [limit("VOICE", seconds), limit("EMAIL", 120)],
            })
        };
        harness.apply_until_ready("jane", &spec(30)).await;
        harness.apply_until_ready("jane", &spec(31)).await;
        let calls = harness.sim.calls();
        assert_eq!((calls.of(OperationName::UpdateUserConfig), calls.writes()), (1, 2), "{reading:?}: {calls:#?}");
        let as_asked = [(false, 31), (true, 0), (false, 0), (false, 120)];
        assert_eq!(by_channel(&harness, "jane"), as_asked, "{reading:?}");
        rests(&harness, "jane", 6).await;

        // All channels are flattened in Connect, which makes no difference to what phoneConfig manages.
        let live = harness.live("jane").user;
        let phone_config = PhoneConfig { persistent_connection: Some(true), ..PhoneConfig::default() };
        harness.call_at_console(UpdateUserPhoneConfig { instance: harness.instance(), user: live.id, phone_config }).await;
        eventually("the channels are corrected", || harness.sim.calls().of(OperationName::UpdateUserConfig) == 1);
        assert_eq!(harness.sim.calls().writes(), 1, "{reading:?}");
        assert_eq!(by_channel(&harness, "jane"), as_asked, "{reading:?}");
        rests(&harness, "jane", 6).await;

        let mut cleared = spec(31);
        cleared["autoAcceptConfigs"] = json!([]);
        cleared["afterContactWorkConfigs"] = json!([]);
        costs(&harness, "jane", &cleared, Some(OperationName::UpdateUserConfig)).await;
        assert_eq!(by_channel(&harness, "jane"), [(false, 0); 4], "{reading:?}");
        assert_eq!(harness.live("jane").user.phone_config.unwrap().persistent_connection, Some(true), "{reading:?}");
        rests(&harness, "jane", 6).await;
    }
}

/// Asserts that this many passes write nothing, neither to Connect nor to Kubernetes.
pub async fn rests(harness: &Harness<'_>, name: &str, passes: u64) {
    // Connect adds a directory id, which the first read after the creation records in the status.
    let before = harness.requeue(name).await;
    harness.sim.reset_calls();
    eventually("passes were made", || harness.sim.calls().of(OperationName::DescribeUser) >= passes);
    let calls = harness.sim.calls();
    assert_eq!(calls.writes(), 0, "{calls:#?}");
    assert_eq!(harness.users().get(name).await.unwrap().resource_version(), before.resource_version());
    harness.sim.reset_calls();
}
