//! What users are asked for depends on how their instance's users sign in. Connect's answer decides; the condition says which
//! field it is about, why, and what to do.

use connect_api::OperationName;
use connect_sim::{EmailRule, Rules};
use serde_json::{Value, json};

use super::scene::{DIRECTORY, SAML, SECRET, Scene, Setting, condition, scene};

/// What makes [`Scene::manifest`] one for another instance, without a password.
fn there(scene: &Scene<'_>, instance: &str) -> Value {
    let (sim, id) = (&scene.sim, instance.into());
    json!({
        "instanceArn": sim.instances().iter().find(|i| i.id == id).unwrap().arn,
        "routingProfileArn": sim.routing_profile_arn(&id, "Basic Routing Profile"),
        "securityProfileArns": [sim.security_profile_arn(&id, "Agent")],
        "passwordSecretRef": null,
    })
}

fn with(spec: &Value, member: &str, value: Value) -> Value {
    let mut spec = spec.clone();
    spec[member] = value;
    spec
}

/// Applies what Connect refuses because of its identity type, and checks what is told of it.
async fn is_refused(scene: &Scene<'_>, name: &str, spec: &Value, words: &[&str]) {
    scene.apply(name, spec).await;
    let message = scene.shown(name, "Stalled", "True", "InvalidSpec").await;
    for words in words {
        assert!(message.contains(words), "{message:?} does not say {words:?}");
    }
    assert_eq!(scene.shown(name, "Ready", "False", "InvalidSpec").await, message);
    assert_eq!(scene.sim.calls().creates.get(name).map_or(0, |creates| creates.created), 0);
}

/// What Connect was asked about a user does not grow while its spec stays as it is.
async fn is_left_alone(scene: &Scene<'_>, operation: OperationName) {
    let before = scene.sim.calls().of(operation);
    scene.applied("other", &json!({})).await;
    scene.requeue("other").await;
    assert_eq!(scene.sim.calls().of(operation) - before, u64::from(operation == OperationName::CreateUser));
}

fn directory_update(scene: &Scene<'_>) -> u64 {
    scene.sim.calls().of(OperationName::UpdateUserIdentityInfo)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_saml_user_needs_names_and_no_password_and_nobody_asks_for_the_identity_type() {
    let scene = scene("saml").await;
    scene.applied("federated", &there(&scene, SAML)).await;
    let users = scene.sim.users(&SAML.into());
    assert_eq!((users.len(), users[0].has_password), (1, false));
    assert_eq!(scene.sim.calls().of(OperationName::DescribeInstance), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_password_for_a_saml_user_is_told_of_until_it_is_taken_out() {
    let scene = scene("saml").await;
    let spec = there(&scene, SAML);
    let wrong = with(&spec, "passwordSecretRef", json!({ "name": SECRET }));
    let words = ["Password must not be given for SAML", "Correct passwordSecretRef: take it out", "sign in by SAML"];
    is_refused(&scene, "federated", &wrong, &words).await;
    is_left_alone(&scene, OperationName::CreateUser).await;
    // Of the instance, one answer is enough.
    is_refused(&scene, "another", &with(&wrong, "username", json!("another")), &words).await;
    assert_eq!(scene.sim.calls().of(OperationName::DescribeInstance), 1);

    let user = scene.applied("federated", &spec).await;
    assert!(condition(&user, "Stalled").is_none());
    let users = scene.sim.users(&SAML.into());
    assert_eq!((users.len(), users[0].has_password), (1, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_saml_user_without_names_is_told_which_are_missing() {
    let scene = scene("saml").await;
    let nameless = with(&there(&scene, SAML), "identityInfo", json!({ "firstName": "Only" }));
    is_refused(&scene, "nameless", &nameless, &["LastName is required", "Correct identityInfo.lastName"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_managed_user_without_a_password_is_told_that_it_is_needed_until_it_is_given() {
    let scene = scene("managed").await;
    let words = ["Password is required", "Correct passwordSecretRef: it is needed", "CONNECT_MANAGED", "generatePassword: true"];
    is_refused(&scene, "open", &json!({ "passwordSecretRef": null }), &words).await;
    is_left_alone(&scene, OperationName::CreateUser).await;
    scene.applied("open", &json!({})).await;
    assert!(scene.live("open").has_password);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn connects_own_words_are_shown_where_the_identity_type_may_not_be_asked_for() {
    let scene = scene("managed").await;
    scene.sim.deny([OperationName::DescribeInstance]);
    let words = ["Password is required", "Correct the field that Connect names"];
    is_refused(&scene, "open", &json!({ "passwordSecretRef": null }), &words).await;
    scene.applied("open", &json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_directorys_user_needs_its_id_there_and_neither_password_nor_names() {
    let scene = scene("directory").await;
    let spec = with(&there(&scene, DIRECTORY), "identityInfo", Value::Null);
    let words =
        ["DirectoryUserId is required", "Correct directoryUserId: it is needed where Connect cannot reach", "create another"];
    is_refused(&scene, "anonymous", &spec, &words).await;
    scene.delete("anonymous").await;
    scene.gone("anonymous").await;

    let spec = with(&spec, "directoryUserId", json!("S-1-5-21-7"));
    let wrong = with(&spec, "passwordSecretRef", json!({ "name": SECRET }));
    let words = ["Password must not be given for EXISTING_DIRECTORY", "Correct passwordSecretRef: take it out", "its directory"];
    is_refused(&scene, "listed", &wrong, &words).await;
    let named = with(&spec, "identityInfo", json!({ "firstName": "Given" }));
    let words = ["come from the directory", "Correct identityInfo.firstName: take it out"];
    is_refused(&scene, "listed", &named, &words).await;

    let user = scene.applied("listed", &spec).await;
    let live = &scene.sim.users(&DIRECTORY.into())[0];
    assert!(!live.has_password);
    assert_eq!(live.user.directory_user_id.as_deref(), Some("S-1-5-21-7"));
    assert_eq!(user.status.unwrap().user_id.as_deref(), Some(live.user.id.as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_change_of_what_the_directory_keeps_is_told_of_and_not_asked_for_again() {
    let scene = scene("directory").await;
    let base = with(&there(&scene, DIRECTORY), "directoryUserId", json!("S-1-5-21-8"));
    let spec = with(&base, "identityInfo", Value::Null);
    scene.applied("listed", &spec).await;
    let from_directory = scene.sim.users(&DIRECTORY.into())[0].user.identity_info.clone();

    let renamed = with(&base, "identityInfo", json!({ "lastName": "Married" }));
    let sales = with(&renamed, "securityProfileArns", json!([scene.sim.security_profile_arn(&DIRECTORY.into(), "Admin")]));
    scene.apply("listed", &sales).await;
    let message = scene.shown("listed", "Ready", "False", "InvalidSpec").await;
    for words in ["FirstName, LastName and Email come from the directory", "Correct identityInfo.lastName: take it out"] {
        assert!(message.contains(words), "{message}");
    }
    scene.told("listed", "UpdateFailed").await;
    let asked = directory_update(&scene);
    is_left_alone(&scene, OperationName::UpdateUserIdentityInfo).await;
    assert_eq!(directory_update(&scene), asked);
    let admin = scene.sim.security_profile_id(&DIRECTORY.into(), "Admin").unwrap();
    let live = scene.sim.users(&DIRECTORY.into())[0].user.clone();
    assert_eq!(live.security_profile_ids, [admin].into(), "the rest of the edit is made");
    assert_eq!(live.identity_info, from_directory);

    let user = scene.applied("listed", &with(&spec, "securityProfileArns", sales["securityProfileArns"].clone())).await;
    assert!(condition(&user, "Stalled").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_the_directory_does_not_keep_can_be_changed_and_its_names_are_not_sent_along() {
    let scene = scene("directory").await;
    let base = with(&there(&scene, DIRECTORY), "directoryUserId", json!("S-1-5-21-9"));
    scene.applied("listed", &with(&base, "identityInfo", Value::Null)).await;
    let mut expected = scene.sim.users(&DIRECTORY.into())[0].user.identity_info.clone();
    assert!(expected.first_name.is_some());
    // The first such change learns how the instance's users sign in; the second knows.
    for (mobile, asked) in [("+12065550107", 2), ("+12065550108", 3)] {
        scene.applied("listed", &with(&base, "identityInfo", json!({ "mobile": mobile }))).await;
        expected.mobile = Some(mobile.into());
        assert_eq!(scene.sim.users(&DIRECTORY.into())[0].user.identity_info, expected);
        assert_eq!(directory_update(&scene), asked);
    }
    assert_eq!(scene.sim.calls().of(OperationName::DescribeInstance), 1);
}

/// AWS' pages contradict each other on e-mail addresses: the operator sends what the spec says, and shows what Connect says.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whether_an_email_address_is_wanted_is_for_connect_to_say() {
    let lenient = scene("email").await;
    let with_email =
        |spec: &Value| with(spec, "identityInfo", json!({ "firstName": "A", "lastName": "B", "email": "a@b.example" }));
    lenient.applied("managed", &json!({})).await;
    lenient.applied("federated", &with_email(&there(&lenient, SAML))).await;

    let documented = Setting::shared("email").rules(Rules { email: EmailRule::Documented, ..Rules::default() }).start().await;
    let (managed, saml) = (json!({}), there(&documented, SAML));
    is_refused(&documented, "managed", &managed, &["Email is required for CONNECT_MANAGED", "the field that Connect names"])
        .await;
    documented.applied("managed", &with_email(&managed)).await;
    is_refused(&documented, "federated", &with_email(&saml), &["Email must not be given for SAML"]).await;
    documented.applied("federated", &saml).await;
}
