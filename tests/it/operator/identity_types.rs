//! The required fields depend on how the users of an instance sign in. Connect's answer decides; the condition names the field at
//! fault, the reason, and what to do.

use connect_api::OperationName;
use connect_operator::api::Reason;
use connect_sim::{EmailRule, Rules};
use serde_json::{Value, json};

use super::harness::{DIRECTORY, Harness, SAML, SECRET, condition, harness};

/// Returns the members that turn [`Harness::manifest`] into one for another instance, without a password.
fn there(harness: &Harness<'_>, instance: &str) -> Value {
    with(&harness.in_instance(instance), "passwordSecretRef", Value::Null)
}

fn with(spec: &Value, member: &str, value: Value) -> Value {
    let mut spec = spec.clone();
    spec[member] = value;
    spec
}

/// Applies a spec that Connect refuses because of the identity type, and checks the message.
async fn is_refused(harness: &Harness<'_>, name: &str, spec: &Value, words: &[&str]) {
    harness.apply(name, spec).await;
    let message = harness.wait_for_condition(name, "Stalled", "True", "InvalidSpec").await;
    for words in words {
        assert!(message.contains(words), "{message:?} does not say {words:?}");
    }
    let ready = harness.wait_for_condition(name, "Ready", "False", "InvalidSpec").await;
    assert_eq!(format!("{ready}. See {}", Reason::InvalidSpec.guide()), message);
    assert_eq!(harness.sim.calls().creates.get(name).map_or(0, |creates| creates.created), 0);
}

/// Asserts that the number of calls to Connect does not grow while the spec stays the same.
async fn is_left_alone(harness: &Harness<'_>, operation: OperationName) {
    let before = harness.sim.calls().of(operation);
    harness.apply_until_ready("other", &json!({})).await;
    harness.requeue("other").await;
    assert_eq!(harness.sim.calls().of(operation) - before, u64::from(operation == OperationName::CreateUser));
}

fn directory_update(harness: &Harness<'_>) -> u64 {
    harness.sim.calls().of(OperationName::UpdateUserIdentityInfo)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn saml_user_is_created_without_reading_the_identity_type() {
    let harness = harness("saml").await;
    harness.apply_until_ready("federated", &there(&harness, SAML)).await;
    let users = harness.sim.users(&SAML.into());
    assert_eq!((users.len(), users[0].has_password), (1, false));
    assert_eq!(harness.sim.calls().of(OperationName::DescribeInstance), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn password_of_a_saml_user_is_refused_until_it_is_removed() {
    let harness = harness("saml").await;
    let spec = there(&harness, SAML);
    let wrong = with(&spec, "passwordSecretRef", json!({ "name": SECRET }));
    let words = ["Password must not be given for SAML", "Correct passwordSecretRef: take it out", "sign in by SAML"];
    is_refused(&harness, "federated", &wrong, &words).await;
    is_left_alone(&harness, OperationName::CreateUser).await;
    // The identity type is read once per instance.
    is_refused(&harness, "another", &with(&wrong, "username", json!("another")), &words).await;
    assert_eq!(harness.sim.calls().of(OperationName::DescribeInstance), 1);

    let user = harness.apply_until_ready("federated", &spec).await;
    assert!(condition(&user, "Stalled").is_none());
    let users = harness.sim.users(&SAML.into());
    assert_eq!((users.len(), users[0].has_password), (1, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn saml_user_without_names_is_refused_with_the_missing_field() {
    let harness = harness("saml").await;
    let nameless = with(&there(&harness, SAML), "identityInfo", json!({ "firstName": "Only" }));
    is_refused(&harness, "nameless", &nameless, &["LastName is required", "Correct identityInfo.lastName"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn managed_user_without_a_password_is_refused_until_it_has_one() {
    let harness = harness("managed").await;
    let words = ["Password is required", "Correct passwordSecretRef: it is needed", "CONNECT_MANAGED", "generatePassword: true"];
    is_refused(&harness, "open", &json!({ "passwordSecretRef": null }), &words).await;
    is_left_alone(&harness, OperationName::CreateUser).await;
    harness.apply_until_ready("open", &json!({})).await;
    assert!(harness.live("open").has_password);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn connects_words_are_shown_if_the_identity_type_is_denied() {
    let harness = harness("managed").await;
    harness.sim.deny([OperationName::DescribeInstance]);
    let words = ["Password is required", "Correct the field that Connect names"];
    is_refused(&harness, "open", &json!({ "passwordSecretRef": null }), &words).await;
    harness.apply_until_ready("open", &json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn directory_user_needs_its_id_and_neither_password_nor_names() {
    let harness = harness("directory").await;
    let spec = with(&there(&harness, DIRECTORY), "identityInfo", Value::Null);
    let words =
        ["DirectoryUserId is required", "Correct directoryUserId: it is needed where Connect cannot reach", "create another"];
    is_refused(&harness, "anonymous", &spec, &words).await;
    harness.delete_until_gone("anonymous").await;

    let spec = with(&spec, "directoryUserId", json!("S-1-5-21-7"));
    let wrong = with(&spec, "passwordSecretRef", json!({ "name": SECRET }));
    let words = ["Password must not be given for EXISTING_DIRECTORY", "Correct passwordSecretRef: take it out", "its directory"];
    is_refused(&harness, "listed", &wrong, &words).await;
    let named = with(&spec, "identityInfo", json!({ "firstName": "Given" }));
    let words = ["come from the directory", "Correct identityInfo.firstName: take it out"];
    is_refused(&harness, "listed", &named, &words).await;

    let user = harness.apply_until_ready("listed", &spec).await;
    let live = &harness.sim.users(&DIRECTORY.into())[0];
    assert!(!live.has_password);
    assert_eq!(live.user.directory_user_id.as_deref(), Some("S-1-5-21-7"));
    assert_eq!(user.status.unwrap().user_id.as_deref(), Some(live.user.id.as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn change_of_a_directory_field_is_reported_and_not_retried() {
    let harness = harness("directory").await;
    let base = with(&there(&harness, DIRECTORY), "directoryUserId", json!("S-1-5-21-8"));
    let spec = with(&base, "identityInfo", Value::Null);
    harness.apply_until_ready("listed", &spec).await;
    let from_directory = harness.sim.users(&DIRECTORY.into())[0].user.identity_info.clone();

    let renamed = with(&base, "identityInfo", json!({ "lastName": "Married" }));
    let sales = with(&renamed, "securityProfileArns", json!([harness.sim.security_profile_arn(&DIRECTORY.into(), "Admin")]));
    harness.apply("listed", &sales).await;
    let message = harness.wait_for_condition("listed", "Ready", "False", "InvalidSpec").await;
    for words in ["FirstName, LastName and Email come from the directory", "Correct identityInfo.lastName: take it out"] {
        assert!(message.contains(words), "{message}");
    }
    harness.wait_for_event("listed", "UpdateFailed").await;
    let asked = directory_update(&harness);
    is_left_alone(&harness, OperationName::UpdateUserIdentityInfo).await;
    assert_eq!(directory_update(&harness), asked);
    let admin = harness.sim.security_profile_id(&DIRECTORY.into(), "Admin").unwrap();
    let live = harness.sim.users(&DIRECTORY.into())[0].user.clone();
    assert_eq!(live.security_profile_ids, [admin].into(), "the rest of the edit is made");
    assert_eq!(live.identity_info, from_directory);

    let user =
        harness.apply_until_ready("listed", &with(&spec, "securityProfileArns", sales["securityProfileArns"].clone())).await;
    assert!(condition(&user, "Stalled").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn fields_outside_the_directory_can_be_changed_without_names() {
    let harness = harness("directory").await;
    let base = with(&there(&harness, DIRECTORY), "directoryUserId", json!("S-1-5-21-9"));
    harness.apply_until_ready("listed", &with(&base, "identityInfo", Value::Null)).await;
    let mut expected = harness.sim.users(&DIRECTORY.into())[0].user.identity_info.clone();
    assert!(expected.first_name.is_some());
    // The first such change reads the identity type; the second knows it.
    for (mobile, calls) in [("+12065550107", 2), ("+12065550108", 3)] {
        harness.apply_until_ready("listed", &with(&base, "identityInfo", json!({ "mobile": mobile }))).await;
        expected.mobile = Some(mobile.into());
        assert_eq!(harness.sim.users(&DIRECTORY.into())[0].user.identity_info, expected);
        assert_eq!(directory_update(&harness), calls);
    }
    assert_eq!(harness.sim.calls().of(OperationName::DescribeInstance), 1);
}

/// AWS' pages contradict each other on e-mail addresses: the operator sends the spec and shows Connect's answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn connect_decides_whether_an_email_address_is_required() {
    let lenient = harness("email").await;
    let with_email =
        |spec: &Value| with(spec, "identityInfo", json!({ "firstName": "A", "lastName": "B", "email": "a@b.example" }));
    lenient.apply_until_ready("managed", &json!({})).await;
    lenient.apply_until_ready("federated", &with_email(&there(&lenient, SAML))).await;

    let documented = Harness::builder("email").rules(Rules { email: EmailRule::Documented, ..Rules::default() }).start().await;
    let (managed, saml) = (json!({}), there(&documented, SAML));
    is_refused(&documented, "managed", &managed, &["Email is required for CONNECT_MANAGED", "the field that Connect names"])
        .await;
    documented.apply_until_ready("managed", &with_email(&managed)).await;
    is_refused(&documented, "federated", &with_email(&saml), &["Email must not be given for SAML"]).await;
    documented.apply_until_ready("federated", &saml).await;
}
