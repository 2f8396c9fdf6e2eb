//! A spec and its user, for the tests of the plan. All values differ, so that swapped arguments show.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use connect_api::{
    AfterContactWorkConfig, AutoAcceptConfig, Channel, ChannelConfigs, FoundUser, IdentityInfo, PersistentConnectionConfig,
    PhoneConfig, PhoneNumberConfig, PhoneType, ProficiencyKey, Tags, User, VoiceEnhancementConfig, VoiceEnhancementMode,
};

use super::{
    Catalog, Channels, Desired, Knowledge, Live, NameIndex, Owner, Parts, ReferenceKind,
    parts::{self, DesiredPhone},
};

/// The owner of the fixtures, in the cluster `blue`.
pub(crate) fn owner() -> Owner {
    Owner { uid: "uid-7".into(), cluster: "blue".into(), namespace: "sales".into(), name: "jane".into() }
}

/// Another resource, in another cluster.
pub(crate) fn another_owner() -> Owner {
    Owner { uid: "uid-8".into(), cluster: "green".into(), namespace: "care".into(), name: "joe".into() }
}

pub(crate) fn proficiency(name: &str, value: &str) -> ProficiencyKey {
    ProficiencyKey { attribute_name: name.into(), attribute_value: value.into() }
}

/// A spec that manages everything, for all channels alike.
pub(crate) fn full() -> Desired {
    Desired {
        instance: "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001".parse().unwrap(),
        username: "jane.doe".into(),
        directory_user_id: Some("directory-2".into()),
        parts: Parts {
            identity: IdentityInfo {
                first_name: Some("Jane".into()),
                last_name: Some("Doe".into()),
                email: Some("jane@example.com".into()),
                secondary_email: Some("jane.doe@example.org".into()),
                mobile: Some("+12065550100".into()),
            },
            channels: Channels {
                phone: DesiredPhone {
                    phone_type: Some(PhoneType::DeskPhone),
                    auto_accept: Some(true),
                    after_contact_work_time_limit: Some(45),
                    desk_phone_number: Some("+12065550199".into()),
                    persistent_connection: Some(true),
                },
                lists: ChannelConfigs::default(),
            },
            routing_profile: Some("routing-3".into()),
            security_profiles: Some(BTreeSet::from(["security-4".into(), "security-5".into()])),
            hierarchy_group: Some(Some("group-6".into())),
            proficiencies: Some(BTreeMap::from([(proficiency("language", "fr"), 3), (proficiency("product", "loans"), 4)])),
            tags: Tags::from([("team".into(), "north".into()), ("cost".into(), "c-9".into())]),
        },
        names: NameIndex::default(),
        unresolved: vec![],
        owner: owner(),
    }
}

/// The same with only the required fields: everything else is not managed.
pub(crate) fn bare() -> Desired {
    let full = full();
    let parts = Parts {
        identity: IdentityInfo::default(),
        channels: Channels::default(),
        hierarchy_group: None,
        proficiencies: None,
        tags: Tags::new(),
        ..full.parts
    };
    Desired { directory_user_id: None, parts, ..full }
}

/// The user that equals [`full`], and [`bare`] too.
pub(crate) fn live() -> Live {
    let user = User {
        id: "user-1".into(),
        arn: "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001/agent/user-1".into(),
        username: "jane.doe".into(),
        identity_info: full().parts.identity,
        phone_config: Some(PhoneConfig {
            phone_type: PhoneType::DeskPhone,
            auto_accept: true,
            after_contact_work_time_limit: 45,
            desk_phone_number: Some("+12065550199".into()),
            persistent_connection: Some(true),
        }),
        channel_configs: ChannelConfigs::default(),
        directory_user_id: Some("directory-2".into()),
        security_profile_ids: full().parts.security_profiles.unwrap(),
        routing_profile_id: Some("routing-3".into()),
        hierarchy_group_id: Some("group-6".into()),
        tags: full().all_tags(),
        last_modified_time: None,
    };
    let proficiencies = [(proficiency("language", "fr"), 3.0), (proficiency("product", "loans"), 4.0)];
    Live { user, proficiencies: Some(BTreeMap::from(proficiencies)) }
}

pub(crate) fn auto(channel: Channel, auto_accept: bool) -> AutoAcceptConfig {
    AutoAcceptConfig { channel, auto_accept, agent_first_callback_auto_accept: None }
}

pub(crate) fn work(channel: Channel, seconds: i32) -> AfterContactWorkConfig {
    AfterContactWorkConfig {
        channel,
        after_contact_work_time_limit: seconds,
        agent_first_callback_after_contact_work_time_limit: None,
    }
}

pub(crate) fn number(phone_type: PhoneType, number: Option<&str>) -> PhoneNumberConfig {
    PhoneNumberConfig { channel: Channel::Voice, phone_type, phone_number: number.map(str::to_owned) }
}

pub(crate) fn persistent(persistent_connection: bool) -> PersistentConnectionConfig {
    PersistentConnectionConfig { channel: Channel::Voice, persistent_connection }
}

pub(crate) fn voice(voice_enhancement_mode: VoiceEnhancementMode) -> VoiceEnhancementConfig {
    VoiceEnhancementConfig { channel: Channel::Voice, voice_enhancement_mode }
}

/// All five lists.
pub(crate) fn lists() -> ChannelConfigs {
    ChannelConfigs {
        auto_accept: Some(vec![
            AutoAcceptConfig { agent_first_callback_auto_accept: Some(true), ..auto(Channel::Voice, false) },
            auto(Channel::Chat, true),
        ]),
        after_contact_work: Some(vec![
            AfterContactWorkConfig { agent_first_callback_after_contact_work_time_limit: Some(75), ..work(Channel::Voice, 45) },
            work(Channel::Task, 90),
        ]),
        phone_number: Some(vec![number(PhoneType::DeskPhone, Some("+12065550177"))]),
        persistent_connection: Some(vec![persistent(true)]),
        voice_enhancement: Some(vec![voice(VoiceEnhancementMode::NoiseSuppression)]),
    }
}

/// [`bare`], with settings for each channel.
pub(crate) fn by_channel() -> Desired {
    let mut desired = bare();
    desired.parts.channels.lists = lists();
    desired
}

/// The user that equals [`by_channel`].
pub(crate) fn live_by_channel() -> Live {
    let phone_config = PhoneConfig {
        phone_type: PhoneType::DeskPhone,
        auto_accept: false,
        after_contact_work_time_limit: 45,
        desk_phone_number: Some("+12065550177".into()),
        persistent_connection: Some(true),
    };
    let mut live = live();
    live.user.phone_config = Some(phone_config);
    live.user.channel_configs = lists();
    live
}

/// The knowledge of a pass that has just begun, of a resource without a history.
pub(crate) fn nothing_known() -> Knowledge {
    Knowledge { settled: true, finalizer: true, was_ours: true, ..Knowledge::default() }
}

/// The user [`live`] as SearchUsers shows it.
pub(crate) fn found() -> FoundUser {
    parts::found(live().user)
}

/// Two routing profiles of one name, a security profile with a trailing blank, and a group whose name has a slash.
pub(crate) fn export_names() -> NameIndex {
    let catalog = |named: &[(&str, &str)]| named.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect();
    let mut groups: Catalog = catalog(&[("group-0", "Hamburg"), ("group-1", "A/B"), ("group-6", "North")]);
    groups.place("group-0", vec!["North".into(), "Hamburg".into()]);
    groups.place("group-1", vec!["A/B".into()]);
    groups.place("group-6", vec!["North".into()]);
    let mut names = NameIndex::default();
    let routing = [("routing-0", "Basic"), ("routing-1", "Basic"), ("routing-2", "Sales [EU]"), ("routing-3", "Care")];
    names.insert(ReferenceKind::RoutingProfile, Arc::new(catalog(&routing)));
    names.insert(
        ReferenceKind::SecurityProfile,
        Arc::new(catalog(&[("security-0", "Lead "), ("security-4", "Agent"), ("security-5", "QA")])),
    );
    names.insert(ReferenceKind::HierarchyGroup, Arc::new(groups));
    names
}
