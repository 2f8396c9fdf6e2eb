//! An edit of one field costs the one call that it needs, and touches nothing else.

use connect_api::{IdentityInfo, OperationName, PhoneConfig, TagResource, UpdateUserIdentityInfo, UpdateUserPhoneConfig};
use connect_sim::UserView;
use serde_json::{Value, json};

use super::scene::{Scene, scene};

type Effect = Box<dyn Fn(&mut UserView)>;

/// What is to be compared: all but the time of the change, and the per-channel view of the settings for all channels.
fn comparable(mut user: UserView) -> UserView {
    user.user.last_modified_time = None;
    user.user.channel_configs = Default::default();
    user
}

/// Edits, in this order: the member of the spec, its new value, the one call, and what it makes of the user.
fn edits(scene: &Scene<'_>) -> Vec<(&'static str, Value, OperationName, Effect)> {
    let (sim, instance) = (&scene.sim, scene.instance());
    let sales = sim.routing_profile_id(&instance, "Sales");
    let profiles = ["Admin", "QualityAnalyst"].map(|name| sim.security_profile_id(&instance, name).unwrap());
    let munich = sim.hierarchy_group_id(&instance, "/South/Munich");
    let language = |value: &str, level: u8| json!({ "attributeName": "Language", "attributeValue": value, "level": level });
    let identity = |email: &str| json!({ "firstName": "Erika", "lastName": "Mustermann", "email": email });
    vec![
        (
            "routingProfileArn",
            json!(scene.routing_profile("Sales")),
            OperationName::UpdateUserRoutingProfile,
            Box::new(move |user| user.user.routing_profile_id = sales.clone()),
        ),
        (
            "securityProfileArns",
            json!([scene.security_profile("QualityAnalyst"), scene.security_profile("Admin")]),
            OperationName::UpdateUserSecurityProfiles,
            Box::new(move |user| user.user.security_profile_ids = profiles.clone().into()),
        ),
        (
            "hierarchyGroupArn",
            json!(scene.hierarchy_group("/South/Munich")),
            OperationName::UpdateUserHierarchy,
            Box::new(move |user| user.user.hierarchy_group_id = munich.clone()),
        ),
        (
            "hierarchyGroupArn",
            json!(""),
            OperationName::UpdateUserHierarchy,
            Box::new(|user| user.user.hierarchy_group_id = None),
        ),
        (
            "identityInfo",
            identity("erika@example.com"),
            OperationName::UpdateUserIdentityInfo,
            Box::new(|user| {
                let info = &mut user.user.identity_info;
                info.first_name = Some("Erika".into());
                info.last_name = Some("Mustermann".into());
                info.email = Some("erika@example.com".into());
            }),
        ),
        (
            "identityInfo",
            identity(""),
            OperationName::UpdateUserIdentityInfo,
            Box::new(|user| user.user.identity_info.email = None),
        ),
        (
            "phoneConfig",
            json!({ "autoAccept": false, "afterContactWorkTimeLimit": 30 }),
            OperationName::UpdateUserPhoneConfig,
            Box::new(|user| user.user.phone_config.as_mut().unwrap().auto_accept = false),
        ),
        (
            "phoneConfig",
            json!({ "autoAccept": false, "afterContactWorkTimeLimit": 0 }),
            OperationName::UpdateUserPhoneConfig,
            Box::new(|user| user.user.phone_config.as_mut().unwrap().after_contact_work_time_limit = 0),
        ),
        (
            "tags",
            json!({ "team": "sales", "cost": "4711" }),
            OperationName::TagResource,
            Box::new(|user| drop(user.user.tags.insert("team".into(), "sales".into()))),
        ),
        ("tags", json!({ "team": "sales" }), OperationName::UntagResource, Box::new(|user| drop(user.user.tags.remove("cost")))),
        (
            "userProficiencies",
            json!([language("German", 5)]),
            OperationName::UpdateUserProficiencies,
            Box::new(|user| user.proficiencies[0].level = 5.0),
        ),
        (
            "userProficiencies",
            json!([language("German", 5), language("French", 1)]),
            OperationName::AssociateUserProficiencies,
            Box::new(|user| {
                let mut french = user.proficiencies[0].clone();
                french.key.attribute_value = "French".into();
                french.level = 1.0;
                user.proficiencies.insert(0, french);
            }),
        ),
        (
            "userProficiencies",
            json!([language("French", 1)]),
            OperationName::DisassociateUserProficiencies,
            Box::new(|user| drop(user.proficiencies.pop())),
        ),
        (
            "userProficiencies",
            json!([]),
            OperationName::DisassociateUserProficiencies,
            Box::new(|user| user.proficiencies.clear()),
        ),
    ]
}

/// Sets what the spec does not manage.
async fn change_what_is_not_managed(scene: &Scene<'_>, username: &str) {
    let (instance, live) = (scene.instance(), scene.live(username).user);
    let identity_info = IdentityInfo {
        secondary_email: Some("second@example.org".into()),
        mobile: Some("+12065550103".into()),
        ..live.identity_info
    };
    let phone_config = PhoneConfig { persistent_connection: Some(true), ..live.phone_config.unwrap() };
    let tags = [("noted at the console".to_owned(), "by hand".to_owned())].into();
    scene.console(UpdateUserIdentityInfo { instance: instance.clone(), user: live.id.clone(), identity_info }).await;
    scene.console(UpdateUserPhoneConfig { instance, user: live.id, phone_config }).await;
    scene.console(TagResource { arn: live.arn, tags }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_one_field_edit_is_one_write_of_the_right_operation_and_leaves_everything_else_alone() {
    let scene = scene("editing").await;
    let mut spec = json!({
        "identityInfo": { "firstName": "Max", "lastName": "Mustermann", "email": "max@example.com" },
        "phoneConfig": { "autoAccept": true, "afterContactWorkTimeLimit": 30 },
        "hierarchyGroupArn": scene.hierarchy_group("/North/Hamburg"),
        "tags": { "team": "billing", "cost": "4711" },
        "userProficiencies": [{ "attributeName": "Language", "attributeValue": "German", "level": 3 }],
    });
    scene.applied("max", &spec).await;
    change_what_is_not_managed(&scene, "max").await;

    let mut expected = comparable(scene.live("max"));
    for (member, value, operation, effect) in edits(&scene) {
        spec[member] = value;
        scene.sim.reset_calls();
        let user = scene.applied("max", &spec).await;
        scene.requeue("max").await;
        let calls = scene.sim.calls();
        assert_eq!((calls.of(operation), calls.writes()), (1, 1), "{member} = {}: {calls:#?}", spec[member]);
        effect(&mut expected);
        assert_eq!(comparable(scene.live("max")), expected, "{member} = {}", spec[member]);
        let note = scene.event_note("max", "Updated").await;
        assert!(!note.is_empty());
        assert_eq!(user.status.unwrap().user_id.as_deref(), Some(expected.user.id.as_str()));
    }
    assert!(scene.notes("max", "DriftDetected").await.is_empty(), "an edit is no drift");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_leaves_the_spec_is_left_as_it_is_but_for_tags() {
    let scene = scene("editing").await;
    let spec = json!({
        "phoneConfig": { "autoAccept": true, "afterContactWorkTimeLimit": 15 },
        "hierarchyGroupArn": scene.hierarchy_group("/South/Munich"),
        "tags": { "team": "billing" },
        "userProficiencies": [{ "attributeName": "Language", "attributeValue": "French", "level": 2 }],
    });
    scene.applied("ines", &spec).await;
    let mut expected = comparable(scene.live("ines"));
    scene.sim.reset_calls();
    scene.applied("ines", &json!({})).await;
    scene.requeue("ines").await;
    expected.user.tags.remove("team");
    assert_eq!(comparable(scene.live("ines")), expected);
    let calls = scene.sim.calls();
    assert_eq!((calls.of(OperationName::UntagResource), calls.writes()), (1, 1), "{calls:#?}");
}
