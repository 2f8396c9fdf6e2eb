//! `ignoreDrift`: fields that are set once and then left to the people at Connect's console.

use connect_api::{
    OperationName, Proficiency, ProficiencyKey, TagResource, UpdateUserProficiencies, UpdateUserRoutingProfile, User,
};
use serde_json::{Value, json};

use super::{
    policies::by_hand,
    scene::{Scene, scene},
};

const LANGUAGE: &str = "Language";

async fn route(scene: &Scene<'_>, user: &User, profile: &str) {
    let routing_profile_id = scene.sim.routing_profile_id(&scene.instance(), profile).unwrap();
    scene.console(UpdateUserRoutingProfile { instance: scene.instance(), user: user.id.clone(), routing_profile_id }).await;
}

fn spec(scene: &Scene<'_>, other: &Value) -> Value {
    let mut spec = json!({
        "routingProfileArn": scene.routing_profile("Basic Routing Profile"),
        "userProficiencies": [{ "attributeName": LANGUAGE, "attributeValue": "Danish", "level": 3 }],
        "tags": { "team": "billing" },
        "ignoreDrift": ["routingProfileArn", "userProficiencies", "tags"],
    });
    spec.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    spec
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ignored_field_is_set_at_creation_and_when_the_spec_changes() {
    let scene = scene("ignoring").await;
    scene.applied("agent", &spec(&scene, &json!({}))).await;
    let created = scene.live("agent");
    assert_eq!(created.user.tags["team"], "billing");
    assert_eq!(created.proficiencies.len(), 1, "they are set although CreateUser does not take them");

    // A supervisor changes all three, and one field that is not ignored.
    route(&scene, &created.user, "Sales").await;
    let key = ProficiencyKey { attribute_name: LANGUAGE.into(), attribute_value: "Danish".into() };
    let proficiencies = vec![Proficiency { key, level: 5.0 }];
    let user = created.user.id.clone();
    scene.console(UpdateUserProficiencies { instance: scene.instance(), user: user.clone(), proficiencies }).await;
    scene.console(TagResource { arn: scene.arn_of(&user), tags: [("team".into(), "sales".into())].into() }).await;
    let changed = scene.live("agent");
    scene.sim.reset_calls();
    let seen = scene.requeue("agent").await;
    assert_eq!(scene.live("agent"), changed);
    assert_eq!(scene.sim.calls().writes(), 0, "{:#?}", scene.sim.calls());
    assert!(super::scene::is_ready(&seen));
    let observed = seen.status.unwrap().observed.unwrap();
    assert_eq!(observed.routing_profile_arn, Some(scene.routing_profile("Sales")), "the ignored field is shown");
    assert_eq!(observed.user_proficiencies.unwrap()[0].level, 5);
    assert_eq!(observed.tags["team"], "sales");

    // Another edit does not revert them.
    scene.applied("agent", &spec(&scene, &json!({ "identityInfo": { "firstName": "New" } }))).await;
    let calls = scene.sim.calls();
    assert_eq!((calls.writes(), calls.of(OperationName::UpdateUserIdentityInfo)), (1, 1), "{calls:#?}");

    // A change of an ignored field in Git is applied once, to that field alone.
    scene.sim.reset_calls();
    let tags = json!({ "tags": { "team": "claims" }, "identityInfo": { "firstName": "New" } });
    scene.applied("agent", &spec(&scene, &tags)).await;
    let live = scene.live("agent");
    assert_eq!(live.user.tags["team"], "claims");
    assert_eq!(live.user.routing_profile_id, changed.user.routing_profile_id);
    scene.console(TagResource { arn: scene.arn_of(&user), tags: [("team".into(), "sales".into())].into() }).await;
    scene.requeue("agent").await;
    assert_eq!(scene.live("agent").user.tags["team"], "sales");
    let calls = scene.sim.calls();
    assert_eq!((calls.writes(), calls.of(OperationName::TagResource)), (1, 1), "{calls:#?}");

    // A field that is removed from the list is managed again.
    let managed = json!({ "ignoreDrift": ["tags"], "tags": { "team": "claims" }, "identityInfo": { "firstName": "New" } });
    scene.applied("agent", &spec(&scene, &managed)).await;
    let live = scene.live("agent");
    assert_eq!(live.user.routing_profile_id, created.user.routing_profile_id);
    assert_eq!(live.proficiencies, created.proficiencies);
    assert_eq!(live.user.tags["team"], "sales");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ignored_fields_of_an_adopted_user_stay_as_they_are() {
    let scene = scene("ignoring").await;
    by_hand(&scene, "veteran").await;
    let before = scene.live("veteran").user;
    let spec = spec(&scene, &json!({ "adoptionPolicy": "AdoptOrCreate", "tags": { "made": "by us" } }));
    scene.applied("veteran", &spec).await;
    let after = scene.live("veteran").user;
    assert_eq!(after.routing_profile_id, before.routing_profile_id);
    assert_eq!(after.tags["made"], "by hand");
    assert_ne!(after.security_profile_ids, before.security_profile_ids, "fields that are not ignored are corrected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn observer_does_not_report_ignored_fields_as_drift() {
    let scene = scene("ignoring").await;
    scene.applied("watched", &spec(&scene, &json!({}))).await;
    scene.applied("watched", &spec(&scene, &json!({ "managementPolicy": "Observe" }))).await;
    route(&scene, &scene.live("watched").user, "Sales").await;
    assert!(super::scene::is_ready(&scene.requeue("watched").await));
}
