//! Specs that the API server admits and Connect refuses: a condition says why and what to do, all other resources are still
//! processed, and no restart is needed once the cause is gone.

use connect_api::{CreateUser, DeleteUser, OperationName};
use serde_json::{Value, json};

use super::scene::{PASSWORD, SECRET, Scene, condition, scene};

/// The expected report of a refusal.
struct Refusal<'a> {
    reason: &'a str,
    /// Connect's own words.
    said: &'a str,
    /// What to do.
    advice: &'a str,
    /// The condition besides Ready that shows it: `Stalled` if only a person can help.
    besides: (&'a str, &'a str),
}

const STALLED: (&str, &str) = ("Stalled", "True");

/// Applies a spec that Connect refuses, and checks the conditions and the Event.
async fn is_refused(scene: &Scene<'_>, name: &str, spec: &Value, refusal: Refusal<'_>) {
    let Refusal { reason, said, advice, besides } = refusal;
    scene.apply(name, spec).await;
    let message = scene.shown(name, "Ready", "False", reason).await;
    assert!(message.contains(said), "{message:?} does not say {said:?}");
    assert!(message.contains(advice), "{message:?} does not say {advice:?}");
    let user = scene.users().get(name).await.unwrap();
    let besides_it = condition(&user, besides.0).map(|c| (c.type_.as_str(), c.status.as_str()));
    assert_eq!(besides_it, Some(besides));
    let note = scene.event_note(name, "CreateFailed").await;
    assert!(note.contains(reason) && note.contains(said), "{note}");
    assert_eq!(scene.sim.calls().creates.get(name).map_or(0, |creates| creates.created), 0);
}

/// Asserts that another resource in the namespace is not held up, and that the refused call is not repeated meanwhile.
async fn others_go_on(scene: &Scene<'_>, refused: &str) {
    let attempts = || scene.sim.calls().creates.get(refused).map_or(0, |creates| creates.attempts);
    let before = attempts();
    scene.applied("other", &json!({})).await;
    scene.requeue("other").await;
    assert_eq!((before, attempts()), (1, 1));
}

/// Requests a reconcile, now that the cause is gone, and waits until the user is ready.
async fn recovers(scene: &Scene<'_>, name: &str) {
    scene.requeue(name).await;
    scene.ready(name).await;
    let user = scene.users().get(name).await.unwrap();
    assert!(condition(&user, "Stalled").is_none());
    assert_eq!(scene.sim.calls().creates[name].created, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn unknown_routing_profile_is_reported_until_the_spec_changes() {
    let scene = scene("refused").await;
    let missing = format!("{}-gone", scene.routing_profile("Sales"));
    let refusal = Refusal {
        reason: "DependencyNotFound",
        said: "Routing profile not found",
        advice: "Check instanceArn, routingProfileArn, securityProfileArns and hierarchyGroupArn",
        besides: ("ReferencesResolved", "False"),
    };
    is_refused(&scene, "lost", &json!({ "routingProfileArn": missing }), refusal).await;
    others_go_on(&scene, "lost").await;
    scene.applied("lost", &json!({})).await;
    assert_eq!(scene.sim.calls().creates["lost"].created, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn unknown_profile_in_an_edit_does_not_block_the_rest() {
    let scene = scene("refused").await;
    scene.applied("editor", &json!({})).await;
    let missing = format!("{}-gone", scene.security_profile("Agent"));
    let both = json!({ "securityProfileArns": [missing], "routingProfileArn": scene.routing_profile("Sales") });
    scene.apply("editor", &both).await;
    let message = scene.shown("editor", "Ready", "False", "DependencyNotFound").await;
    assert!(message.contains("Security profile not found") && message.contains("securityProfileArns"), "{message}");
    let sales = scene.sim.routing_profile_id(&scene.instance(), "Sales");
    assert_eq!(scene.live("editor").user.routing_profile_id, sales);
    assert_eq!(scene.live("editor").user.security_profile_ids.len(), 1);
    scene.applied("editor", &json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_created_by_a_person_is_a_conflict_and_left_alone() {
    let scene = scene("refused").await;
    let taken = scene
        .console(CreateUser {
            instance: scene.instance(),
            username: "taken".into(),
            password: Some(connect_api::Password::new("By-hand-0123")),
            identity_info: Some(connect_api::IdentityInfo {
                first_name: Some("By".into()),
                last_name: Some("Hand".into()),
                ..Default::default()
            }),
            phone_config: None,
            channel_configs: Default::default(),
            directory_user_id: None,
            security_profile_ids: [scene.sim.security_profile_id(&scene.instance(), "Admin").unwrap()].into(),
            routing_profile_id: scene.sim.routing_profile_id(&scene.instance(), "Sales").unwrap(),
            hierarchy_group_id: None,
            tags: Default::default(),
        })
        .await;
    let before = scene.live("taken");
    let refusal =
        Refusal { reason: "Conflict", said: "\"taken\" exists already", advice: "Choose another username", besides: STALLED };
    is_refused(&scene, "taken", &json!({}), refusal).await;
    others_go_on(&scene, "taken").await;
    assert_eq!(scene.live("taken"), before);

    scene.console(DeleteUser { instance: scene.instance(), user: taken.id }).await;
    recovers(&scene, "taken").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_of_another_resource_outlives_a_conflicting_resource() {
    let scene = scene("refused").await;
    scene.applied("first", &json!({})).await;
    scene.apply("second", &json!({ "username": "first" })).await;
    let message = scene.shown("second", "Ready", "False", "Conflict").await;
    assert!(message.contains(&format!("ConnectUser {}/first", scene.namespace())), "{message}");
    scene.delete("second").await;
    scene.gone("second").await;
    assert_eq!(scene.sim.calls().of(OperationName::DeleteUser), 0);
    assert_eq!(scene.live("first").user.username, "first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn weak_password_is_reported_until_the_secret_changes() {
    let scene = scene("refused").await;
    scene.secret("weak", json!({ "password": "weak" })).await;
    let refusal = Refusal {
        reason: "InvalidSpec",
        said: "Password must have 8 to 64 characters",
        advice: "Correct the password that passwordSecretRef names: it has fewer than 8 characters",
        besides: STALLED,
    };
    is_refused(&scene, "weakling", &json!({ "passwordSecretRef": { "name": "weak" } }), refusal).await;
    others_go_on(&scene, "weakling").await;
    scene.secret("weak", json!({ "password": PASSWORD })).await;
    recovers(&scene, "weakling").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn exhausted_quota_is_reported_until_it_is_raised() {
    let scene = scene("refused").await;
    scene.applied("only", &json!({})).await;
    scene.sim.set_users_quota(&scene.instance(), 1);
    let refusal = Refusal {
        reason: "QuotaExceeded",
        said: "The limit of 1 users for this instance has been reached",
        advice: "Ask AWS to raise the quota",
        besides: STALLED,
    };
    is_refused(&scene, "waiting", &json!({}), refusal).await;
    // No user can be created, but existing ones can be changed.
    scene.applied("only", &json!({ "routingProfileArn": scene.routing_profile("Sales") })).await;
    scene.sim.set_users_quota(&scene.instance(), 2);
    recovers(&scene, "waiting").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_denied_action_is_named_until_it_is_allowed() {
    let scene = scene("refused").await;
    scene.applied("only", &json!({})).await;
    scene.sim.deny([OperationName::CreateUser]);
    let refusal = Refusal {
        reason: "AccessDenied",
        said: "is not authorized to perform: connect:CreateUser",
        advice: "Allow this action in the IAM policy of the operator's role",
        besides: STALLED,
    };
    is_refused(&scene, "denied", &json!({}), refusal).await;
    assert_eq!(scene.operator.metric("connect_operator_access_denied"), 1.0);
    scene.applied("only", &json!({ "routingProfileArn": scene.routing_profile("Sales") })).await;
    scene.sim.deny::<OperationName>([]);
    recovers(&scene, "denied").await;
    assert_eq!(scene.operator.metric("connect_operator_access_denied"), 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn user_of_a_lost_create_reply_is_adopted() {
    let scene = scene("refused").await;
    scene.sim.inject(connect_sim::Fault::on(OperationName::CreateUser, connect_sim::Effect::LostReply));
    scene.applied("echo", &json!({ "passwordSecretRef": { "name": SECRET, "key": "password" } })).await;
    assert_eq!(scene.sim.users(&scene.instance()).len(), 1);
    assert_eq!(scene.sim.calls().creates["echo"].created, 1);
    scene.event_note("echo", "Adopted").await;
}
