//! `ignoreDrift`: fields that are set once and then left to changes at Connect's console.

use connect_api::{OperationName, Proficiency, ProficiencyKey, TagResource, UpdateUserProficiencies};
use serde_json::{Value, json};

use super::harness::{Harness, harness};

const LANGUAGE: &str = "Language";

fn spec(harness: &Harness<'_>, other: &Value) -> Value {
    let mut spec = json!({
        "routingProfileArn": harness.routing_profile("Basic Routing Profile"),
        "userProficiencies": [{ "attributeName": LANGUAGE, "attributeValue": "Danish", "level": 3 }],
        "tags": { "team": "billing" },
        "ignoreDrift": ["routingProfileArn", "userProficiencies", "tags"],
    });
    spec.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    spec
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ignored_field_is_set_at_creation_and_when_the_spec_changes() {
    let harness = harness("ignoring").await;
    harness.apply_until_ready("agent", &spec(&harness, &json!({}))).await;
    let created = harness.live("agent");
    assert_eq!(created.user.tags["team"], "billing");
    assert_eq!(created.proficiencies.len(), 1, "they are set although CreateUser does not take them");

    // A supervisor changes all three, and one field that is not ignored.
    harness.route("agent", "Sales").await;
    let key = ProficiencyKey { attribute_name: LANGUAGE.into(), attribute_value: "Danish".into() };
    let proficiencies = vec![Proficiency { key, level: 5.0 }];
    let user = created.user.id.clone();
    harness.call_at_console(UpdateUserProficiencies { instance: harness.instance(), user: user.clone(), proficiencies }).await;
    harness.call_at_console(TagResource { arn: harness.arn_of(&user), tags: [("team".into(), "sales".into())].into() }).await;
    let changed = harness.live("agent");
    harness.sim.reset_calls();
    let seen = harness.requeue("agent").await;
    assert_eq!(harness.live("agent"), changed);
    assert_eq!(harness.sim.calls().writes(), 0, "{:#?}", harness.sim.calls());
    assert!(super::harness::is_ready(&seen));
    let observed = seen.status.unwrap().observed.unwrap();
    assert_eq!(observed.routing_profile_arn, Some(harness.routing_profile("Sales")), "the ignored field is shown");
    assert_eq!(observed.user_proficiencies.unwrap()[0].level, 5);
    assert_eq!(observed.tags["team"], "sales");

    // Another edit does not revert them.
    harness.apply_until_ready("agent", &spec(&harness, &json!({ "identityInfo": { "firstName": "New" } }))).await;
    let calls = harness.sim.calls();
    assert_eq!((calls.writes(), calls.of(OperationName::UpdateUserIdentityInfo)), (1, 1), "{calls:#?}");

    // A change of an ignored field in Git is applied once, to that field alone.
    harness.sim.reset_calls();
    let tags = json!({ "tags": { "team": "claims" }, "identityInfo": { "firstName": "New" } });
    harness.apply_until_ready("agent", &spec(&harness, &tags)).await;
    let live = harness.live("agent");
    assert_eq!(live.user.tags["team"], "claims");
    assert_eq!(live.user.routing_profile_id, changed.user.routing_profile_id);
    harness.call_at_console(TagResource { arn: harness.arn_of(&user), tags: [("team".into(), "sales".into())].into() }).await;
    harness.requeue("agent").await;
    assert_eq!(harness.live("agent").user.tags["team"], "sales");
    let calls = harness.sim.calls();
    assert_eq!((calls.writes(), calls.of(OperationName::TagResource)), (1, 1), "{calls:#?}");

    // A field that is removed from the list is managed again.
    let managed = json!({ "ignoreDrift": ["tags"], "tags": { "team": "claims" }, "identityInfo": { "firstName": "New" } });
    harness.apply_until_ready("agent", &spec(&harness, &managed)).await;
    let live = harness.live("agent");
    assert_eq!(live.user.routing_profile_id, created.user.routing_profile_id);
    assert_eq!(live.proficiencies, created.proficiencies);
    assert_eq!(live.user.tags["team"], "sales");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ignored_fields_of_an_adopted_user_stay_as_they_are() {
    let harness = harness("ignoring").await;
    harness.create_by_hand("veteran", |create| create.tags = [("made".into(), "by hand".into())].into()).await;
    let before = harness.live("veteran").user;
    let spec = spec(&harness, &json!({ "adoptionPolicy": "AdoptOrCreate", "tags": { "made": "by us" } }));
    harness.apply_until_ready("veteran", &spec).await;
    let after = harness.live("veteran").user;
    assert_eq!(after.routing_profile_id, before.routing_profile_id);
    assert_eq!(after.tags["made"], "by hand");
    assert_ne!(after.security_profile_ids, before.security_profile_ids, "fields that are not ignored are corrected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn observer_does_not_report_ignored_fields_as_drift() {
    let harness = harness("ignoring").await;
    harness.apply_until_ready("watched", &spec(&harness, &json!({}))).await;
    harness.apply_until_ready("watched", &spec(&harness, &json!({ "managementPolicy": "Observe" }))).await;
    harness.route("watched", "Sales").await;
    assert!(super::harness::is_ready(&harness.requeue("watched").await));
}
