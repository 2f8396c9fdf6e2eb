//! The calls that a difference needs, the user as the status shows it, and as SearchUsers does.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use connect_api::{Arn, Channel, FoundUser, PhoneConfig, PhoneType, VoiceEnhancementMode};

use super::{Fingerprint, from_status, to_status};
use crate::{
    api::ConnectUserStatus,
    plan::{
        Catalog, ReferenceKind, diff,
        fixtures::{auto, found, full, live, live_by_channel, number, proficiency, voice},
    },
};

#[test]
fn changes_use_the_names_that_are_known() {
    let catalog =
        |named: [(&str, &str); 2]| -> Catalog { named.map(|(id, n)| (id.to_owned(), n.to_owned())).into_iter().collect() };
    let mut groups = catalog([("group-0", "Kiel"), ("group-6", "Hamburg")]);
    groups.place("group-6", vec!["North".to_owned(), "Hamburg".to_owned()]);
    let mut desired = full();
    let security = catalog([("security-4", "Agent"), ("security-9", "Admin")]);
    for (kind, catalog) in [(ReferenceKind::SecurityProfile, security), (ReferenceKind::HierarchyGroup, groups)] {
        desired.names.insert(kind, Arc::new(catalog));
    }
    let mut live = live();
    live.user.routing_profile_id = Some("routing-0".into());
    live.user.security_profile_ids = BTreeSet::from(["security-9".into()]);
    live.user.hierarchy_group_id = Some("group-0".into());
    let reasons: Vec<_> =
        diff(&desired, &live, &BTreeSet::new()).iter().flat_map(|a| &a.changes).map(ToString::to_string).collect();
    assert_eq!(
        reasons,
        [
            r#"routingProfileArn: "routing-0" → "routing-3""#,
            r#"securityProfileNames: "Admin" → "Agent, security-5""#,
            r#"hierarchyGroupPath: "group-0" → "/North/Hamburg""#,
        ]
    );
}

#[test]
fn each_part_that_differs_has_one_call_in_a_fixed_order() {
    let (mut desired, mut live) = (full(), live());
    // An empty string clears a member: both sides show it as nothing.
    desired.parts.identity.mobile = Some(String::new());
    live.user.identity_info.email = Some(String::new());
    live.user.phone_config.as_mut().unwrap().after_contact_work_time_limit = 90;
    live.user.routing_profile_id = None;
    live.user.security_profile_ids = BTreeSet::from(["security-9".into()]);
    live.user.hierarchy_group_id = Some("group-0".into());
    live.proficiencies = Some(BTreeMap::from([(proficiency("language", "fr"), 2.5), (proficiency("language", "de"), 2.0)]));
    live.user.tags.insert("team".into(), "south".into());
    live.user.tags.insert("old".into(), "1".into());
    let actions = diff(&desired, &live, &BTreeSet::from(["old".into()]));
    let calls: Vec<_> = actions.iter().flat_map(|a| a.changes.iter().map(|c| format!("{}: {c}", a.update.name()))).collect();
    assert_eq!(
        calls,
        [
            r#"TagResource: tags[team]: "south" → "north""#,
            r#"UpdateUserIdentityInfo: identityInfo.email: (none) → "jane@example.com""#,
            r#"UpdateUserIdentityInfo: identityInfo.mobile: "+12065550100" → (none)"#,
            r#"UpdateUserPhoneConfig: phoneConfig.afterContactWorkTimeLimit: "90" → "45""#,
            r#"UpdateUserRoutingProfile: routingProfileArn: (none) → "routing-3""#,
            r#"UpdateUserSecurityProfiles: securityProfileArns: "security-9" → "security-4, security-5""#,
            r#"UpdateUserHierarchy: hierarchyGroupArn: "group-0" → "group-6""#,
            r#"DisassociateUserProficiencies: userProficiencies[language=de].level: "2" → (none)"#,
            r#"UpdateUserProficiencies: userProficiencies[language=fr].level: "2.5" → "3""#,
            r#"AssociateUserProficiencies: userProficiencies[product=loans].level: (none) → "4""#,
            r#"UntagResource: tags[old]: "1" → (none)"#,
        ]
    );
}

#[test]
fn fingerprint_covers_all_that_search_users_shows() {
    let known = Fingerprint::of_found(&found());
    let changes: [fn(&mut FoundUser); 8] = [
        |u| u.first_name = None,
        |u| u.last_name = Some("Roe".into()),
        |u| u.phone_config.as_mut().unwrap().after_contact_work_time_limit += 1,
        |u| u.phone_config.as_mut().unwrap().persistent_connection = Some(false),
        |u| u.routing_profile_id = None,
        |u| _ = u.security_profile_ids.pop_first(),
        |u| u.hierarchy_group_id = Some("another".into()),
        |u| _ = u.tags.pop_first(),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut other = found();
        change(&mut other);
        assert_ne!(Fingerprint::of_found(&other), known, "{number}");
    }
}

#[test]
fn members_that_connect_omits_count_as_defaults() {
    let (mut shown, mut known) = (found(), live().user);
    (shown.phone_config, shown.last_name) = (None, Some(String::new()));
    (known.phone_config, known.identity_info.last_name) = (Some(PhoneConfig::default()), None);
    assert_eq!(Fingerprint::of_found(&shown), Fingerprint::of_user(known));
}

#[test]
fn status_reads_back_as_the_same_user() {
    let instance: Arn = "arn:aws:connect:us-west-2:123456789012:instance/11111111-aaaa-4bbb-8ccc-000000000001".parse().unwrap();
    let mut unknown = live_by_channel();
    let (pigeon, lists) = (Channel::Other("PIGEON".into()), &mut unknown.user.channel_configs);
    lists.auto_accept.as_mut().unwrap().push(auto(pigeon, true));
    lists.voice_enhancement = Some(vec![voice(VoiceEnhancementMode::Other("CHOIR".into()))]);
    lists.phone_number = Some(vec![number(PhoneType::Other("SMOKE_SIGNAL".into()), None)]);
    for live in [live(), live_by_channel(), unknown] {
        let status = ConnectUserStatus {
            user_id: Some(live.user.id.as_str().to_owned()),
            user_arn: Some(live.user.arn.clone()),
            observed: Some(to_status(&instance, &live)),
            ..ConnectUserStatus::default()
        };
        assert_eq!(from_status(&instance, &status), Some(live));
    }
}
