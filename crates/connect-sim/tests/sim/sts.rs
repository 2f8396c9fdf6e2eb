//! STS, and the accounts of access keys.

use connect_api::OperationName as Op;
use connect_sim::{Config, Effect, Fault, InstanceConfig, RoleConfig, Sim, StsConfig, Throttling};

use crate::support::*;

const ROLE: &str = "arn:aws:iam::210987654321:role/teams/operator";

struct TwoAccounts(ServedSim);

/// A key and the token that goes with it.
type Key<'a> = (&'a str, Option<&'a str>);

const STATIC: Key<'_> = ("AKIDONE", None);
const UNKNOWN: Key<'_> = ("AKIDANY", None);

impl TwoAccounts {
    async fn new() -> Self {
        let other =
            InstanceConfig { account: "210987654321".into(), ..InstanceConfig::new("11111111-aaaa-4bbb-8ccc-000000000002") };
        let role =
            RoleConfig { external_id: Some("secret-handshake".into()), session_duration: seconds(900), ..RoleConfig::new(ROLE) };
        let sim = Sim::new(Config {
            throttling: Throttling::off(),
            instances: vec![InstanceConfig::new("11111111-aaaa-4bbb-8ccc-000000000001"), other],
            sts: StsConfig { access_keys: [("AKIDONE".to_owned(), "123456789012".to_owned())].into(), roles: vec![role] },
            ..Config::manual()
        });
        Self(ServedSim::new(sim.unwrap()).await)
    }

    async fn call_sts(&self, (key, token): Key<'_>, form: &str) -> Raw {
        let token = token.map(|token| format!("X-Amz-Security-Token: {token}\r\n")).unwrap_or_default();
        let headers = format!(
            "Authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/us-west-2/sts/aws4_request, SignedHeaders=host, Signature=00\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n{token}"
        );
        raw(&self.0.url(), "POST", "/", &headers, &format!("{form}&Version=2011-06-15")).await.unwrap()
    }

    /// Describes an instance. Returns status and code.
    async fn sees(&self, (key, token): Key<'_>, instance: &str) -> (u16, String) {
        let token = token.map(|token| format!("X-Amz-Security-Token: {token}\r\n")).unwrap_or_default();
        let headers = format!("{}{token}", SIGNED.replace("AKID", key));
        let reply = raw(&self.0.url(), "GET", &format!("/instance/{instance}"), &headers, "").await.unwrap();
        let (status, code) = reply.error();
        (status, code.to_owned())
    }

    /// Opens a session of the role.
    async fn session(&self) -> (String, String) {
        let reply = self.call_sts(STATIC, &assume("one", "secret-handshake")).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        (within(&reply.body, "AccessKeyId"), within(&reply.body, "SessionToken"))
    }
}

fn assume(name: &str, external_id: &str) -> String {
    let role = ROLE.replace(':', "%3A").replace('/', "%2F");
    format!(
        "Action=AssumeRole&RoleArn={role}&RoleSessionName={name}&ExternalId={external_id}&Tags.member.1.Key=a&Tags.member.1.Value=b+c"
    )
}

fn within(xml: &str, element: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{element}>")).unwrap_or_else(|| panic!("{element} in {xml}"));
    rest.split_once('<').unwrap().0.to_owned()
}

fn ok() -> (u16, String) {
    (200, String::new())
}

#[tokio::test]
async fn a_key_sees_only_the_instances_of_its_account() {
    let accounts = TwoAccounts::new().await;
    let (key, token) = accounts.session().await;
    let session: Key<'_> = (&key, Some(&token));
    assert_eq!(accounts.sees(session, "11111111-aaaa-4bbb-8ccc-000000000002").await, ok());
    assert_eq!(accounts.sees(session, "11111111-aaaa-4bbb-8ccc-000000000001").await, not_found());
    assert_eq!(accounts.sees(STATIC, "11111111-aaaa-4bbb-8ccc-000000000001").await, ok());
    assert_eq!(accounts.sees(STATIC, "11111111-aaaa-4bbb-8ccc-000000000002").await, not_found());
    for instance in ["11111111-aaaa-4bbb-8ccc-000000000001", "11111111-aaaa-4bbb-8ccc-000000000002"] {
        assert_eq!(accounts.sees(UNKNOWN, instance).await, ok(), "an unknown key sees all accounts");
    }
    let view = &accounts.0.sim.sessions()[0];
    assert_eq!(view.arn, "arn:aws:sts::210987654321:assumed-role/operator/one");
    assert_eq!((view.external_id.as_deref(), view.tags["a"].as_str()), (Some("secret-handshake"), "b c"));
}

#[tokio::test]
async fn caller_identity_works_for_every_kind_of_key() {
    let accounts = TwoAccounts::new().await;
    let (key, token) = accounts.session().await;
    for (key, account, arn) in [
        ((key.as_str(), Some(token.as_str())), "210987654321", "arn:aws:sts::210987654321:assumed-role/operator/one"),
        (STATIC, "123456789012", "arn:aws:iam::123456789012:user/AKIDONE"),
        (UNKNOWN, "123456789012", "arn:aws:iam::123456789012:user/AKIDANY"),
    ] {
        let reply = accounts.call_sts(key, "Action=GetCallerIdentity").await;
        assert_eq!((within(&reply.body, "Account"), within(&reply.body, "Arn")), (account.to_owned(), arn.to_owned()));
    }
    assert_eq!(accounts.0.sim.calls().of("GetCallerIdentity"), 3);
    assert_eq!(accounts.0.sim.calls().writes(), 0);
}

#[tokio::test]
async fn the_key_of_an_expired_session_is_refused() {
    let accounts = TwoAccounts::new().await;
    let (key, token) = accounts.session().await;
    let session: Key<'_> = (&key, Some(&token));
    accounts.0.sim.advance(seconds(899));
    assert_eq!(accounts.sees(session, "11111111-aaaa-4bbb-8ccc-000000000002").await, ok());
    accounts.0.sim.advance(seconds(1));
    assert_eq!(accounts.sees(session, "11111111-aaaa-4bbb-8ccc-000000000002").await, (403, "ExpiredTokenException".into()));
    let reply = accounts.call_sts(session, "Action=GetCallerIdentity").await;
    assert_eq!((reply.status, within(&reply.body, "Code").as_str()), (403, "ExpiredToken"));
    let (renewed, token) = accounts.session().await;
    assert_ne!(renewed, key);
    assert_eq!(accounts.sees((&renewed, Some(&token)), "11111111-aaaa-4bbb-8ccc-000000000002").await, ok());
}

#[tokio::test]
async fn a_session_key_requires_its_token() {
    let accounts = TwoAccounts::new().await;
    let (key, _) = accounts.session().await;
    for token in [None, Some("another")] {
        assert_eq!(
            accounts.sees((&key, token), "11111111-aaaa-4bbb-8ccc-000000000002").await,
            (403, "UnrecognizedClientException".into())
        );
        let reply = accounts.call_sts((&key, token), "Action=GetCallerIdentity").await;
        assert_eq!(within(&reply.body, "Code"), "InvalidClientTokenId");
    }
}

#[tokio::test]
async fn requests_against_the_trust_policy_are_denied() {
    let accounts = TwoAccounts::new().await;
    for (form, status, code) in [
        (assume("one", "wrong"), 403, "AccessDenied"),
        (assume("one", "secret-handshake").replace("operator", "other"), 403, "AccessDenied"),
        (assume("o", "secret-handshake"), 400, "ValidationError"),
        (assume("one", "a%20b"), 400, "ValidationError"),
        (format!("{}&DurationSeconds=60", assume("one", "secret-handshake")), 400, "ValidationError"),
        ("Action=AssumeRole".into(), 400, "ValidationError"),
        ("Action=DecodeEverything".into(), 400, "InvalidAction"),
    ] {
        let reply = accounts.call_sts(STATIC, &form).await;
        assert_eq!((reply.status, within(&reply.body, "Code").as_str()), (status, code), "{form}");
    }
    let reply = accounts.call_sts(STATIC, &assume("one", "wrong")).await;
    let expected =
        format!("User: arn:aws:iam::123456789012:user/AKIDONE is not authorized to perform: sts:AssumeRole on resource: {ROLE}");
    assert_eq!(within(&reply.body, "Message"), expected);
    assert!(accounts.0.sim.sessions().is_empty());
}

#[tokio::test]
async fn faults_and_denials_reach_sts_too() {
    let accounts = TwoAccounts::new().await;
    accounts.0.sim.deny(["AssumeRole"]);
    assert_eq!(within(&accounts.call_sts(STATIC, &assume("one", "secret-handshake")).await.body, "Code"), "AccessDenied");
    accounts.0.sim.deny([] as [Op; 0]);
    let mut fault = Fault::any(Effect::internal_error());
    fault.operation = Some("GetCallerIdentity".into());
    accounts.0.sim.inject(fault);
    accounts.session().await;
    assert_eq!(accounts.call_sts(STATIC, "Action=GetCallerIdentity").await.status, 500);
    assert_eq!(accounts.call_sts(STATIC, "Action=GetCallerIdentity").await.status, 200);
}
