//! What the process writes: its log, Events, statuses, metrics and traces. All of it is searched.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use connect_api::{IdentityInfo, OperationName, UpdateUserIdentityInfo};
use connect_sim::{Effect, Fault, QuickConnectTarget};
use serde_json::json;

use super::{
    harness::{ELSEWHERE, Harness, HarnessBuilder, OTHER_ACCOUNT, OTHER_ROLE, PASSWORD},
    mangler::{Mangler, always},
    orphans::tagged,
    sweeps::next_sweep,
    traces::Collector,
};
use crate::support::eventually;

/// A place that the operator writes to, and what it has written there.
type Written = (&'static str, String);

/// Returns the ways in which a secret may be written.
fn spellings(secret: &str) -> [String; 3] {
    let bytes = format!("{:?}", secret.as_bytes());
    [secret.to_owned(), BASE64_STANDARD.encode(secret), bytes.trim_matches(['[', ']']).to_owned()]
}

/// Fails if one of the texts contains one of the values, whatever its case.
fn assert_absent(values: &[String], written: &[Written]) {
    let values: Vec<_> = values.iter().map(|value| value.to_lowercase()).collect();
    let mut found = Vec::new();
    for (place, text) in written {
        for line in text.lines() {
            let lower = line.to_lowercase();
            let of_line = values.iter().filter(|value| lower.contains(*value));
            found.extend(of_line.map(|value| format!("{value} in {place}: {}", line.chars().take(1000).collect::<String>())));
        }
    }
    assert!(found.is_empty(), "{} times, for example:\n{}", found.len(), found[..found.len().min(30)].join("\n"));
}

/// Stops the operator. Returns what it wrote to its log and to the collector, and its pages.
fn stopped(harness: &mut Harness<'_>, collector: &Collector) -> [Written; 4] {
    let [(_, metrics), (_, readiness)] = ["/metrics", "/readyz"].map(|page| harness.operator.get(page));
    assert!(harness.operator.stop().success());
    let (log, traces) = (harness.operator.log(), collector.text());
    assert!(traces.contains("CreateUser") && metrics.contains("CreateUser") && log.contains("CreateUser"));
    [("the log", log), ("/metrics", metrics), ("/readyz", readiness), ("the traces", traces)]
}

/// Builds an operator that writes as much as it can.
fn talkative(prefix: &'static str, collector: &str) -> HarnessBuilder<'static> {
    Harness::builder(prefix)
        .flag("--log-level=trace")
        .flag(&format!("--otlp-endpoint={collector}"))
        // With these, the SDK logs what it otherwise leaves out.
        .variable("LOG_SENSITIVE_BODIES", "true")
        .variable("LOG_SIGNABLE_BODY", "true")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_written_at_any_level() {
    const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";
    /// The value that a Secret's reply has as a number: an error of serde quotes it.
    const NUMBER: &str = "73194602855173946";
    let (collector, mangler) = (Collector::default(), Mangler::start().await);
    let accounts = format!("accounts: {{ \"{OTHER_ACCOUNT}\": {{ roleArn: {}, externalId: {} }} }}", OTHER_ROLE.0, OTHER_ROLE.1);
    let mut harness = talkative("secretive", &collector.start().await)
        .through(mangler.kubeconfig())
        .with_two_accounts(Duration::from_secs(3600))
        .config_file(&accounts)
        .variable("AWS_SESSION_TOKEN", SESSION_TOKEN)
        .start()
        .await;
    harness.allow_generated_passwords();

    harness.apply_until_ready("plain", &json!({})).await;
    harness.apply_until_ready("there", &harness.in_instance(ELSEWHERE)).await;
    harness.apply_until_ready("generated", &json!({ "passwordSecretRef": null, "generatePassword": true })).await;
    let generated = harness.password("generated-initial-password").await;
    let mut secrets = [PASSWORD, &generated, NUMBER, "an-example-and-no-secret", SESSION_TOKEN].map(str::to_owned).to_vec();
    // Parts of those that the simulated STS makes, and of the token of the operator's service account.
    secrets.extend(["secret-of-ASIA", "session-token-", &mangler.token()[..20]].map(str::to_owned));

    harness.secret("weak", json!({ "password": "weakbutunmistakable" })).await;
    secrets.push("weakbutunmistakable".to_owned());
    harness.apply("weak", &json!({ "passwordSecretRef": { "name": "weak" } })).await;
    harness.wait_for_condition("weak", "Ready", "False", "InvalidSpec").await;

    for name in ["cut", "flat", "number", "broken"] {
        let (password, key) = (format!("Mangled-{name}-Passw0rd"), format!("{name}-other-key"));
        harness.secret(name, json!({ "password": password, &key: "x" })).await;
        secrets.extend([password, key]);
        harness.kubectl(&["label", "secret", name, &format!("number={NUMBER}")]);
        harness.apply(name, &json!({ "passwordSecretRef": { "name": name } })).await;
        let named = format!("could not read Secret {}/{name}", harness.namespace());
        let reported = |user: &connect_operator::api::ConnectUser| {
            user.status.iter().flat_map(|status| &status.conditions).any(|condition| condition.message.contains(&named))
        };
        harness.wait_until(name, "reported as unreadable", reported).await;
    }
    // The API server stores the Secret, but its reply is the refusal of a webhook that quotes the request.
    harness.apply("quoted", &json!({ "passwordSecretRef": null, "generatePassword": true })).await;
    let note = harness.wait_for_event("quoted", "CreateFailed").await;
    assert!(note.contains("admission webhook") && note.contains("[password]"), "{note}");
    secrets.push(harness.password("quoted-initial-password").await);
    harness.delete_until_gone("plain").await;

    let shown = ["events.events.k8s.io", "connectusers"].map(|kind| (kind, harness.kubectl(&["get", kind, "--output=json"])));
    let written = stopped(&mut harness, &collector);
    let secrets: Vec<_> = secrets.iter().flat_map(|secret| spellings(secret)).collect();
    assert_absent(&secrets, &[&shown[..], &written[..]].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_in_a_reply_that_cannot_be_read_are_not_logged() {
    const SECRETS: [&str; 3] =
        ["wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "FwoGZXIvYXdzEXAMPLESESSION", "eyJhbGciOiJSUzI1NiJ9EXAMPLE"];
    let [key, session, token] = SECRETS;
    let directory = tempfile::tempdir().unwrap();
    let token_file = directory.path().join("token");
    std::fs::write(&token_file, token).unwrap();
    // Both end too early.
    let of_sts = format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>\
         <SecretAccessKey>{key}</SecretAccessKey><SessionToken>{session}</SessionToken><Expiration>202"
    );
    let of_container =
        format!(r#"{{ "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "{key}", "Token": "{session}", "Expiration": 202"#);
    let sts = always("text/xml", of_sts).await;
    let container = always("application/json", of_container).await;
    let irsa = [
        ("AWS_ENDPOINT_URL_STS", sts.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/connect-operator"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token_file.to_str().unwrap()),
    ];
    let pod_identity = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", token),
        ("AWS_REGION", "us-west-2"),
    ];
    for source in [irsa, pod_identity] {
        let builder = talkative("irsa", "http://127.0.0.1:9");
        // Without the key that every test has.
        let builder = builder.variable("AWS_ACCESS_KEY_ID", "").variable("AWS_SECRET_ACCESS_KEY", "");
        let harness = source.into_iter().fold(builder, |builder, (name, value)| builder.variable(name, value)).start().await;
        harness.apply("jane", &json!({})).await;
        harness.wait_until("jane", "reported", |user| user.status.as_ref().is_some_and(|s| s.conditions.len() > 1)).await;
        let shown = harness.kubectl(&["get", "events.events.k8s.io,connectusers", "--output=json"]);
        let written = [
            ("Events and ConnectUsers", shown),
            ("the log", harness.operator.log()),
            ("/readyz", harness.operator.get("/readyz").1),
        ];
        assert_absent(&SECRETS.map(spellings).concat(), &written);
    }
}

/// The life of users, in which the operator has a reason to mention every kind of personal data.
async fn lives(harness: &Harness<'_>, cluster: &str) {
    let identity = |last_name: &str| {
        json!({
            "firstName": "Mariam",
            "lastName": last_name,
            "email": "mariam.okonkwo@example.com",
            "secondaryEmail": "mariam@home.example.com",
            "mobile": "+14155550142",
        })
    };
    let mariam = |last_name: &str| json!({ "username": "mariam.okonkwo", "identityInfo": identity(last_name) });
    harness.apply_until_ready("mariam-okonkwo", &mariam("Okonkwo")).await;
    harness.apply_until_ready("mariam-okonkwo", &mariam("Adeyemi")).await;

    // Drift.
    let user = harness.live("mariam.okonkwo").user;
    let changed = IdentityInfo {
        email: Some("adeyemi@example.org".into()),
        mobile: Some("+14155550199".into()),
        ..user.identity_info.clone()
    };
    harness
        .call_at_console(UpdateUserIdentityInfo { instance: harness.instance(), user: user.id.clone(), identity_info: changed })
        .await;
    harness.route("mariam.okonkwo", "Sales").await;
    harness.requeue("mariam-okonkwo").await;
    harness.wait_until_ready("mariam-okonkwo").await;
    next_sweep(harness);

    // Conflicts: with a user that has no owner, and with one that another ConnectUser owns.
    harness.create_by_hand("tadeusz.wozniak", |_| {}).await;
    for (name, username) in [("tadeusz-wozniak", "tadeusz.wozniak"), ("second-wozniak", "mariam.okonkwo")] {
        harness.apply(name, &json!({ "username": username })).await;
        harness.wait_for_condition(name, "Ready", "False", "Conflict").await;
    }
    // A refusal that quotes a value, and a Secret that is missing.
    let message = "Value 'wozniak@example.org' at 'identityInfo.email' failed to satisfy constraint".to_owned();
    let refusal = Effect::Error { status: 400, code: Some("InvalidParameterException".into()), message };
    harness.sim.inject(Fault::on(OperationName::CreateUser, refusal));
    harness.apply("refused-wozniak", &json!({ "identityInfo": identity("Wozniak") })).await;
    harness.wait_for_condition("refused-wozniak", "Ready", "False", "InvalidSpec").await;
    harness.apply("secretless-wozniak", &json!({ "passwordSecretRef": { "name": "password-of-wozniak" } })).await;
    harness.wait_for_condition("secretless-wozniak", "Ready", "False", "SecretNotFound").await;

    // Deletions: with a quick connect, and of an orphan.
    harness.sim.create_quick_connect(&harness.instance(), "Mariam Okonkwo", QuickConnectTarget::User(user.id.to_string()));
    harness.sim.advance(Duration::from_secs(60));
    harness.delete_until_gone("mariam-okonkwo").await;
    tagged(harness, "orphaned-okonkwo", cluster).await;
    eventually("the orphan is deleted", || !harness.usernames().contains(&"orphaned-okonkwo".to_owned()));
}

/// Parts of the names, addresses and numbers in [`lives`].
const PERSONAL: [&str; 6] = ["mariam", "okonkwo", "adeyemi", "tadeusz", "wozniak", "41555501"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_and_traces_hold_no_personal_data_and_logs_need_not() {
    let collector = Collector::default();
    let mut harness = talkative("private", &collector.start().await)
        .flag("--log-personal-data=false")
        .flag("--sweep-interval=1s")
        .flag("--cluster-name=private")
        .flag("--delete-orphans")
        .flag("--delete-quick-connects")
        .start()
        .await;
    lives(&harness, "private").await;
    let uid = harness.users().get("tadeusz-wozniak").await.unwrap().metadata.uid.unwrap();
    let written = stopped(&mut harness, &collector);
    assert_absent(&PERSONAL.map(str::to_owned), &written);
    let log = &written[0].1;
    let conflict = log.lines().find(|line| line.contains(&uid) && line.contains("\"reason\":\"Conflict\""));
    assert!(conflict.is_some_and(|line| line.contains(harness.namespace())), "the log says what happened to which resource");
    for event in
        ["DeleteQuickConnect", "created the user", "updated the user", "deleted the user", "InvalidSpec", "SecretNotFound"]
    {
        assert!(log.contains(event), "{event}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_and_traces_hold_no_personal_data_if_the_log_does() {
    let collector = Collector::default();
    let mut harness = talkative("public", &collector.start().await)
        .flag("--sweep-interval=1s")
        .flag("--cluster-name=public")
        .flag("--delete-orphans")
        .flag("--delete-quick-connects")
        .start()
        .await;
    lives(&harness, "public").await;
    let [(_, log), others @ ..] = stopped(&mut harness, &collector);
    assert_absent(&PERSONAL.map(str::to_owned), &others);
    for personal in PERSONAL {
        assert!(log.to_lowercase().contains(personal), "{personal} is mentioned nowhere, so the other test shows nothing");
    }
}
