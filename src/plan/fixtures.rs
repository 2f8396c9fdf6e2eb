//! A spec and its user, for the tests of the plan. Every value differs from every other, so that swapped arguments show.

use std::collections::{BTreeMap, BTreeSet};

use connect_api::{ChannelConfigs, IdentityInfo, PhoneConfig, PhoneType, ProficiencyKey, Tags, User};

use super::{Desired, DesiredPhone, Directory, Known, Live, Mark, Owner, Seen};

/// Sales' Jane, in the cluster `blue`.
pub(super) fn owner() -> Owner {
    Owner { uid: "uid-7".into(), cluster: "blue".into(), namespace: "sales".into(), name: "jane".into() }
}

/// Somebody else's resource.
pub(super) fn another_owner() -> Owner {
    Owner { uid: "uid-8".into(), cluster: "green".into(), namespace: "care".into(), name: "joe".into() }
}

pub(super) fn proficiency(name: &str, value: &str) -> ProficiencyKey {
    ProficiencyKey { attribute_name: name.into(), attribute_value: value.into() }
}

/// A spec that manages everything.
pub(super) fn full() -> Desired {
    Desired {
        instance: "arn:aws:connect:us-west-2:123456789012:instance/i-1".parse().unwrap(),
        username: "jane.doe".into(),
        directory_user_id: Some("directory-2".into()),
        identity_info: IdentityInfo {
            first_name: Some("Jane".into()),
            last_name: Some("Doe".into()),
            email: Some("jane@example.com".into()),
            secondary_email: Some("jane.doe@example.org".into()),
            mobile: Some("+12065550100".into()),
        },
        phone: DesiredPhone {
            phone_type: Some(PhoneType::DeskPhone),
            auto_accept: Some(true),
            after_contact_work_time_limit: Some(45),
            desk_phone_number: Some("+12065550199".into()),
            persistent_connection: Some(true),
        },
        routing_profile: "routing-3".into(),
        security_profiles: BTreeSet::from(["security-4".into(), "security-5".into()]),
        hierarchy_group: Some(Some("group-6".into())),
        names: Directory::default(),
        proficiencies: Some(BTreeMap::from([(proficiency("language", "fr"), 3), (proficiency("product", "loans"), 4)])),
        tags: Tags::from([("team".into(), "north".into()), ("cost".into(), "c-9".into())]),
        owner: owner(),
    }
}

/// The same with only what a spec must have: all else is not managed.
pub(super) fn bare() -> Desired {
    Desired {
        directory_user_id: None,
        identity_info: IdentityInfo::default(),
        phone: DesiredPhone::default(),
        hierarchy_group: None,
        proficiencies: None,
        tags: Tags::new(),
        ..full()
    }
}

/// The user that equals [`full`], and [`bare`] too.
pub(super) fn live() -> Live {
    let user = User {
        id: "user-1".into(),
        arn: "arn:aws:connect:us-west-2:123456789012:instance/i-1/agent/user-1".into(),
        username: "jane.doe".into(),
        identity_info: full().identity_info,
        phone_config: Some(PhoneConfig {
            phone_type: PhoneType::DeskPhone,
            auto_accept: true,
            after_contact_work_time_limit: 45,
            desk_phone_number: Some("+12065550199".into()),
            persistent_connection: Some(true),
        }),
        channel_configs: ChannelConfigs::default(),
        directory_user_id: Some("directory-2".into()),
        security_profile_ids: full().security_profiles,
        routing_profile_id: Some("routing-3".into()),
        hierarchy_group_id: Some("group-6".into()),
        tags: full().all_tags(),
        last_modified_time: None,
    };
    let proficiencies = [(proficiency("language", "fr"), 3.0), (proficiency("product", "loans"), 4.0)];
    Live { user, proficiencies: Some(BTreeMap::from(proficiencies)) }
}

/// A pass that has just begun over a resource without a history.
pub(super) fn nothing_known() -> Known {
    Known {
        deleting: false,
        recorded: None,
        mark: Mark::None,
        settled: true,
        by_id: Seen::NotLooked,
        by_name: Seen::NotLooked,
        taken: false,
        applied_tag_keys: BTreeSet::new(),
        left_alone: BTreeSet::new(),
        policy: super::Policy::default(),
        quick_connects_of: None,
    }
}
