//! Several accounts with their own credentials, and instances that only some namespaces may use.

use std::{process::Command, time::Duration};

use connect_api::{InstanceId, OperationName};
use connect_sim::{Effect, Fault, UserView};
use serde_json::{Value, json};

use super::{
    harness::{ELSEWHERE, Harness, OTHER_ACCOUNT, OTHER_ROLE, condition, operators_kubeconfig},
    process::Operator,
};
use crate::support::{eventually, operator_under_test};

const HOUR: Duration = Duration::from_secs(3600);

/// Configures the other account with its role and this external id.
fn with_role(external_id: &str) -> String {
    let role = OTHER_ROLE.0;
    format!(
        "accounts:\n  \"{OTHER_ACCOUNT}\":\n    roleArn: {role}\n    externalId: {external_id}\n    sessionTags: {{ cluster: tests }}\n"
    )
}

/// Allows these namespaces to use the first instance, and no namespace to use the others.
fn for_namespaces(namespaces: &str) -> String {
    format!("instances:\n  {FIRST_INSTANCE}:\n    namespaces: [{namespaces}]\ninstancesNotListed: Refuse\n")
}

const FIRST_INSTANCE: &str = "arn:aws:connect:us-west-2:123456789012:instance/5a1e0000-c0ff-4eee-8000-000000000001";

fn on_sts(action: &str, effect: Effect) -> Fault {
    let mut fault = Fault::any(effect).always();
    fault.operation = Some(action.into());
    fault
}

/// Counts the calls to Connect, without those to STS.
fn calls_to_connect(harness: &Harness<'_>) -> u64 {
    let calls = harness.sim.calls();
    calls.total() - calls.of("AssumeRole") - calls.of("GetCallerIdentity")
}

fn users_elsewhere(harness: &Harness<'_>) -> Vec<UserView> {
    harness.sim.users(&InstanceId::new(ELSEWHERE))
}

fn status_of<'a>(user: &'a connect_operator::api::ConnectUser, kind: &str) -> Option<&'a str> {
    condition(user, kind).map(|condition| condition.status.as_str())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_account_is_called_with_its_own_credentials() {
    let harness = Harness::builder("accounts").with_two_accounts(HOUR).config_file(&with_role(OTHER_ROLE.1)).start().await;
    harness.apply_until_ready("here", &json!({})).await;
    harness.apply_until_ready("there", &harness.in_instance(ELSEWHERE)).await;
    assert_eq!(users_elsewhere(&harness).len(), 1);

    let sessions = harness.sim.sessions();
    assert!(!sessions.is_empty());
    for session in sessions {
        assert_eq!((session.role_arn.as_str(), session.external_id.as_deref()), (OTHER_ROLE.0, Some(OTHER_ROLE.1)));
        assert_eq!((session.session_name.as_str(), session.tags["cluster"].as_str()), ("connect-operator", "tests"));
    }
    // STS is asked for the account of the operator's own key. A session comes with its account.
    assert_eq!(harness.sim.calls().of("GetCallerIdentity"), 1);
    assert_eq!(harness.operator.get("/readyz"), (200, "[+] connectusers listed\n".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn credentials_of_another_account_are_not_used() {
    let harness = Harness::builder("accounts").with_two_accounts(HOUR).config_file("{}").start().await;
    harness.apply("there", &harness.in_instance(ELSEWHERE)).await;
    let message = harness.wait_for_condition("there", "Ready", "False", "AccessDenied").await;
    for part in ["123456789012", OTHER_ACCOUNT, "accounts.210987654321.roleArn"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(calls_to_connect(&harness), 0);

    harness.configure(&with_role(OTHER_ROLE.1));
    harness.wait_until_ready("there").await;
    assert_eq!(users_elsewhere(&harness).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn resource_of_an_account_without_credentials_can_be_deleted() {
    let harness = Harness::builder("accounts").with_two_accounts(HOUR).config_file("{}").start().await;
    harness.apply("typo", &harness.in_instance(ELSEWHERE)).await;
    harness.wait_for_condition("typo", "Ready", "False", "AccessDenied").await;
    let user = harness.users().get("typo").await.unwrap();
    assert_eq!(user.metadata.finalizers, None, "nothing was begun that would have to be undone");
    assert!(user.status.unwrap().create_attempt.is_none());
    harness.delete_until_gone("typo").await;
    assert_eq!(calls_to_connect(&harness), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn wrong_external_id_is_reported_and_blocks_no_other_account() {
    let harness = Harness::builder("accounts").with_two_accounts(HOUR).config_file(&with_role("7f3c-mistyped")).start().await;
    harness.apply("there", &harness.in_instance(ELSEWHERE)).await;
    let message = harness.wait_for_condition("there", "Ready", "False", "AccessDenied").await;
    for part in ["not authorized to perform: sts:AssumeRole", OTHER_ROLE.0, "accounts.210987654321.externalId"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(calls_to_connect(&harness), 0);
    harness.apply_until_ready("here", &json!({})).await;
    assert_eq!(harness.operator.get("/readyz").0, 200, "one account's trust policy does not stop a rollout");

    harness.configure(&with_role(OTHER_ROLE.1));
    harness.wait_until_ready("there").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sessions_are_renewed_before_they_expire() {
    // The SDK renews them ten seconds before they expire at the latest.
    let short = Duration::from_secs(12);
    let harness = Harness::builder("accounts").with_two_accounts(short).config_file(&with_role(OTHER_ROLE.1)).start().await;
    harness.apply_until_ready("there", &harness.in_instance(ELSEWHERE)).await;
    let before = harness.sim.sessions().len();
    while harness.sim.sessions().len() < before + 2 {
        harness.requeue("there").await;
    }
    harness.requeue("there").await;
    let refused: Vec<_> = harness.sim.calls().operations.into_values().filter(|calls| calls.failed > 0).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn unreachable_sts_at_the_start_is_reported_and_retried() {
    let lost = on_sts("AssumeRole", Effect::LostRequest);
    let setting = Harness::builder("accounts").with_two_accounts(HOUR).config_file(&with_role(OTHER_ROLE.1)).with_fault(lost);
    let harness = setting.start().await;
    let readiness = || harness.operator.get("/readyz").1;
    let says = format!("[-] credentials of account {OTHER_ACCOUNT}: STS cannot be reached to assume {}", OTHER_ROLE.0);
    eventually("readiness names what is missing", || readiness().contains(&says));
    assert!(readiness().contains("AWS_ENDPOINT_URL_STS"), "{}", readiness());
    assert_eq!(harness.operator.get("/readyz").0, 503);
    assert_eq!(harness.operator.get("/healthz").0, 200);
    harness.apply("there", &harness.in_instance(ELSEWHERE)).await;
    let message = harness.wait_for_condition("there", "Synced", "Unknown", "Transient").await;
    assert!(message.contains("STS cannot be reached"), "{message}");
    // The account that needs no STS is still served.
    harness.apply_until_ready("here", &json!({})).await;

    harness.sim.clear_faults();
    harness.wait_until_ready("there").await;
    eventually("it is ready", || harness.operator.get("/readyz").0 == 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn role_that_is_added_later_is_assumed_until_sts_answers() {
    let harness = Harness::builder("accounts").with_two_accounts(HOUR).config_file("{}").start().await;
    let readiness = || harness.operator.get("/readyz");
    eventually("it is ready", || readiness().0 == 200);
    harness.sim.inject(on_sts("AssumeRole", Effect::LostRequest));
    harness.configure(&with_role(OTHER_ROLE.1));
    eventually("readiness names what is missing", || readiness().1.contains("STS cannot be reached to assume"));
    assert_eq!(readiness().0, 503);
    harness.sim.clear_faults();
    eventually("it is ready again", || readiness().0 == 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn operator_without_credentials_is_not_ready_and_says_why() {
    let arguments =
        ["run", "--log-format=json", "--health-address=127.0.0.1:0", "--metrics-address=127.0.0.1:0", "--namespace=default"];
    let no_metadata = vec![("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned())];
    let operator = Operator::launch(&operators_kubeconfig(), arguments.map(str::to_owned).into(), no_metadata);
    let says = "AWS credentials of the operator itself: ";
    eventually("it names what is missing", || operator.log().contains(says));
    eventually("it has listed the ConnectUsers", || operator.get("/readyz").1.contains("[+] connectusers listed"));
    let (status, text) = operator.get("/readyz");
    assert!(status == 503 && text.contains(&format!("[-] {says}")) && text.contains("IRSA"), "{status} {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sts_that_does_not_name_the_account_blocks_no_resource() {
    let lost = on_sts("GetCallerIdentity", Effect::LostRequest);
    let harness = Harness::builder("accounts").with_two_accounts(HOUR).with_fault(lost).start().await;
    harness.apply_until_ready("here", &json!({})).await;
    assert!(harness.operator.log().contains("STS does not say which account the AWS credentials belong to"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn forbidden_namespace_is_refused_without_a_call() {
    let harness = Harness::builder("accounts").config_file(&for_namespaces("other-team")).start().await;
    harness.apply("uninvited", &json!({})).await;
    let message = harness.wait_for_condition("uninvited", "Ready", "False", "InstanceNotAllowed").await;
    for part in [harness.namespace(), FIRST_INSTANCE, &format!("instances.{FIRST_INSTANCE}.namespaces")] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("other-team"), "{message}");
    let user = harness.users().get("uninvited").await.unwrap();
    assert_eq!((status_of(&user, "Stalled"), status_of(&user, "Reconciling")), (Some("True"), None));
    let note = harness.wait_for_event("uninvited", "CreateFailed").await;
    assert!(note.starts_with("InstanceNotAllowed: "), "{note}");

    // No namespace may use instances that are not listed, nor a listed one under another account.
    harness.apply("elsewhere", &json!({ "instanceArn": FIRST_INSTANCE.replace("123456789012", OTHER_ACCOUNT) , "routingProfileArn": null, "securityProfileArns": null, "routingProfileName": "Basic Routing Profile", "securityProfileNames": ["Agent"] })).await;
    harness.wait_for_condition("elsewhere", "Ready", "False", "InstanceNotAllowed").await;

    for name in ["uninvited", "elsewhere"] {
        harness.delete_until_gone(name).await;
    }
    assert_eq!(harness.sim.calls().total(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn namespace_that_is_no_longer_allowed_keeps_its_users() {
    let harness = Harness::builder("accounts").config_file(&for_namespaces("'*'")).start().await;
    harness.apply_until_ready("kept", &json!({})).await;
    harness.apply_until_ready("leaver", &json!({})).await;
    let before = harness.live("kept");

    harness.configure(&for_namespaces("other-team"));
    for name in ["kept", "leaver"] {
        harness.wait_for_condition(name, "Ready", "False", "InstanceNotAllowed").await;
    }
    harness.sim.reset_calls();
    harness.apply("kept", &json!({ "routingProfileArn": harness.routing_profile("Sales") })).await;
    harness.wait_for_condition("kept", "Ready", "False", "InstanceNotAllowed").await;
    assert_eq!((harness.live("kept"), harness.sim.calls().total()), (before, 0));

    harness.delete_until_gone("leaver").await;
    assert!(harness.sim.user(&harness.instance(), "leaver").is_none());
    assert_eq!(harness.sim.calls().writes(), 1, "{:?}", harness.sim.calls());

    harness.configure(&for_namespaces(harness.namespace()));
    harness.wait_until_ready("kept").await;
    assert!(harness.is_routed("kept", "Sales"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn invalid_new_configuration_leaves_the_previous_one_in_force() {
    let harness = Harness::builder("accounts").config_file(&for_namespaces("'*'")).start().await;
    let valid = || harness.operator.metric("connect_operator_config_valid");
    harness.apply_until_ready("before", &json!({})).await;
    assert_eq!(valid(), 1.0);

    harness.configure("instancesNotListed: Maybe\n");
    eventually("the metric shows it", || valid() == 0.0);
    let log = harness.operator.log();
    let line =
        log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|line| line["level"] == "ERROR").unwrap();
    let said = line["message"].as_str().unwrap();
    assert!(said.contains("config.yaml: instancesNotListed: ") && said.contains("Refuse"), "{said}");
    harness.apply_until_ready("meanwhile", &json!({})).await;

    harness.configure(&for_namespaces(""));
    harness.wait_for_condition("meanwhile", "Ready", "False", "InstanceNotAllowed").await;
    assert_eq!(valid(), 1.0);
    assert_eq!(harness.sim.calls().of(OperationName::CreateUser), 2);
}

#[test]
fn invalid_configuration_at_the_start_ends_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.yaml");
    let run = || {
        let mut program = Command::new(operator_under_test());
        let output = program.env_clear().env("CONNECT_OPERATOR_CONFIG", &file).arg("run").output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, error) = run();
    assert_eq!((code, error.lines().count()), (Some(1), 1), "{error}");
    assert!(error.starts_with(&format!("error: {}: cannot be read: ", file.display())), "{error}");

    std::fs::write(&file, with_role("x")).unwrap();
    let (code, error) = run();
    assert_eq!((code, error.lines().count()), (Some(1), 1), "{error}");
    let line = format!("error: {}: accounts.210987654321.externalId: is not an external id: 2 to 1224", file.display());
    assert!(error.starts_with(&line), "{error}");
}
