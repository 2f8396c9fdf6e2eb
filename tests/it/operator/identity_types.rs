//! The required fields depend on how the users of an instance sign in. Connect's answer decides; the condition names the field at
//! fault, the reason, and what to do.

use connect_api::OperationName;
use connect_sim::{EmailRule, Rules};
use serde_json::{Value, json};

use super::scene::{DIRECTORY, SAML, SECRET, Scene, Setting, condition, scene};

/// Returns the members that turn [`Scene::manifest`] into one for another instance, without a password.
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

/// Applies a spec that Connect refuses because of the identity type, and checks the message.
async fn is_refused(scene: &Scene<'_>, name: &str, spec: &Value, words: &[&str]) {
    scene.apply(name, spec).await;
    let message = scene.shown(name, "Stalled", "True", "InvalidSpec").await;
    for words in words {
        assert!(message.contains(words), "{message:?} does not say {words:?}");
    }
    assert_eq!(scene.shown(name, "Ready", "False", "InvalidSpec").await, message);
    assert_eq!(scene.sim.calls().creates.get(name).map_or(0, |creates| creates.created), 0);
}

/// Asserts that the number of calls to Connect does not grow while the spec stays the same.
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
async fn saml_user_is_created_without_reading_the_identity_type() {
    let scene = scene("saml").await;
    scene.applied("federated", &there(&scene, SAML)).await;
    let users = scene.sim.users(&SAML.into());
    assert_eq!((users.len(), users[0].has_password), (1, false));
    assert_eq!(scene.sim.calls().of(OperationName::DescribeInstance), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn password_of_a_saml_user_is_refused_until_it_is_removed() {
    let scene = scene("saml").await;
    let spec = there(&scene, SAML);
    let wrong = with(&spec, "passwordSecretRef", json!({ "name": SECRET }));
    let words = ["Password must not be given for SAML", "Correct passwordSecretRef: take it out", "sign in by SAML"];
    is_refused(&scene, "federated", &wrong, &words).await;
    is_left_alone(&scene, OperationName::CreateUser).await;
    // The identity type is read once per instance.
    is_refused(&scene, "another", &with(&wrong, "username", json!("another")), &words).await;
    assert_eq!(scene.sim.calls().of(OperationName::DescribeInstance), 1);

    let user = scene.applied("federated", &spec).await;
    assert!(condition(&user, "Stalled").is_none());
    let users = scene.sim.users(&SAML.into());
    assert_eq!((users.len(), users[0].has_password), (1, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn saml_user_without_names_is_refused_with_the_missing_field() {
    let scene = scene("saml").await;
    let nameless = with(&there(&scene, SAML), "identityInfo", json!({ "firstName": "Only" }));
    is_refused(&scene, "nameless", &nameless, &["LastName is required", "Correct identityInfo.lastName"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn managed_user_without_a_password_is_refused_until_it_has_one() {
    let scene = scene("managed").await;
    let words = ["Password is required", "Correct passwordSecretRef: it is needed", "CONNECT_MANAGED", "generatePassword: true"];
    is_refused(&scene, "open", &json!({ "passwordSecretRef": null }), &words).await;
    is_left_alone(&scene, OperationName::CreateUser).await;
    scene.applied("open", &json!({})).await;
    assert!(scene.live("open").has_password);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn connects_words_are_shown_if_the_identity_type_is_denied() {
    let scene = scene("managed").await;
    scene.sim.deny([OperationName::DescribeInstance]);
    let words = ["Password is required", "Correct the field that Connect names"];
    is_refused(&scene, "open", &json!({ "passwordSecretRef": null }), &words).await;
    scene.applied("open", &json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn directory_user_needs_its_id_and_neither_password_nor_names() {
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
async fn change_of_a_directory_field_is_reported_and_not_retried() {
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
    scene.event_note("listed", "UpdateFailed").await;
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
async fn fields_outside_the_directory_can_be_changed_without_names() {
    let scene = scene("directory").await;
    let base = with(&there(&scene, DIRECTORY), "directoryUserId", json!("S-1-5-21-9"));
    scene.applied("listed", &with(&base, "identityInfo", Value::Null)).await;
    let mut expected = scene.sim.users(&DIRECTORY.into())[0].user.identity_info.clone();
    assert!(expected.first_name.is_some());
    // The first such change reads the identity type; the second knows it.
    for (mobile, calls) in [("+12065550107", 2), ("+12065550108", 3)] {
        scene.applied("listed", &with(&base, "identityInfo", json!({ "mobile": mobile }))).await;
        expected.mobile = Some(mobile.into());
        assert_eq!(scene.sim.users(&DIRECTORY.into())[0].user.identity_info, expected);
        assert_eq!(directory_update(&scene), calls);
    }
    assert_eq!(scene.sim.calls().of(OperationName::DescribeInstance), 1);
}

/// AWS' pages contradict each other on e-mail addresses: the operator sends what the spec says, and shows what Connect says.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn connect_decides_whether_an_email_address_is_required() {
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
